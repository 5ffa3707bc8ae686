"""Consent is never lost silently: whichever lead or contact of a person is opted out in Salesforce,
HubSpot's contact is (OPT-4).
"""

from __future__ import annotations

import pytest

from crmsync.model.records import Ref
from crmsync.model.settings import CreateInHubspot, OutsideInclusionList
from tests.flows.kinds.test_opt_out_shown import OWN_ACT
from tests.memory.worlds import Town

OUT = {"HasOptedOutOfEmail": True}


def a_double(town: Town, **fields: object) -> tuple[Ref, Ref, Ref]:
    """A contact, its lead, and a second lead with the address, which is reported."""
    lead = town.new_lead()
    town.sync(lead)
    town.wait()
    contact = town.counterpart(lead)
    double = town.new_lead(**fields)
    return contact, lead, double


def is_out(town: Town, contact: Ref, *leads: Ref) -> list[bool]:
    """Whether HubSpot and each of the leads says that the person is out."""
    shown = [town.salesforce.fields(lead)["HasOptedOutOfEmail"] for lead in leads]
    return [town.hubspot.fields(contact).get("hs_email_optout") == "true", *map(bool, shown)]


def told(town: Town, ref: Ref) -> None:
    """A record is synced, and what follows is worked off."""
    town.sync(ref)
    town.drain()


@pytest.mark.rule("OPT-4")
@pytest.mark.parametrize("is_born_out", [True, False])
def test_a_double_that_is_opted_out_unsubscribes_the_contact(is_born_out: bool):  # noqa: FBT001
    """The contact's own lead is opted out, too; the double is reported as before, and nobody is
    unsubscribed twice.
    """
    town = Town()
    contact, lead, double = a_double(town, **(OUT if is_born_out else {}))
    told(town, double)
    if not is_born_out:
        assert is_out(town, contact, lead) == [False, False]
        town.salesforce.edit(double, OUT)
        told(town, double)
    assert is_out(town, contact, lead) == [True, True]
    assert [(one.ref, str(one.category)) for one in town.inbox.parked("acme")] == [
        (double, "duplicates")
    ]
    before = town.writes()
    told(town, double)
    assert town.writes() == before


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("OPT-6")
def test_a_person_who_came_back_is_not_opted_out_by_an_older_duplicate():
    """The person's own act is the later one; only a double that somebody has changed since opts out
    again.
    """
    town = Town()
    contact, lead, double = a_double(town, **OUT)
    told(town, double)
    town.wait()
    town.hubspot.edit(contact, {"hs_email_optout": "false"}, by=OWN_ACT)
    for ref in (contact, double):
        told(town, ref)
    assert is_out(town, contact, lead) == [False, False]
    town.wait()
    town.salesforce.edit(double, {"Title": "Baker"})
    told(town, double)
    assert is_out(town, contact, lead) == [True, True]


@pytest.mark.rule("OPT-4")
def test_a_contact_that_shows_itself_subscribed_since_it_was_made_did_not_come_back():
    """Its double is older than the contact, and counts."""
    town = Town()
    double = town.new_lead(Email="else@example.com", **OUT)
    town.wait()
    contact = town.new_contact(hs_email_optout="false")
    town.sync(contact)
    lead = town.counterpart(contact)
    town.salesforce.settle(double, {"Email": "ada@example.com"})
    told(town, double)
    assert is_out(town, contact, lead) == [True, True]


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("Q-12")
def test_a_contact_that_meets_several_leads_is_out_if_one_of_them_is():
    """It is linked with the oldest; a younger one is opted out."""
    town = Town()
    lead = town.new_lead()
    town.wait()
    town.new_lead(**OUT)
    contact = town.new_contact()
    told(town, contact)
    assert (town.counterpart(contact), is_out(town, contact, lead)) == (lead, [True, True])
    before = town.writes()
    told(town, contact)
    assert town.writes() == before


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("INC-2")
def test_a_double_counts_though_salesforce_makes_no_contacts():
    """Its contact is in the list and linked; that a new one would not be made is no matter."""
    town = Town()
    contact, lead, double = a_double(town, **OUT)
    town.lists.make("77")
    town.lists.put_in("77", contact)
    town.settings = {"inclusion_list": "77", "create_in_hubspot": CreateInHubspot.NEVER}
    told(town, double)
    assert is_out(town, contact, lead) == [True, True]


@pytest.mark.rule("OPT-7")
@pytest.mark.parametrize("setting", [OutsideInclusionList.FREEZE, OutsideInclusionList.IGNORE])
def test_a_duplicate_whose_contact_does_not_sync_is_reported(setting: OutsideInclusionList):
    """Outside the inclusion list nothing is carried over, so the report says that the two
    differ.
    """
    town = Town()
    contact, lead, double = a_double(town, **OUT)
    town.lists.make("77")
    town.settings = {"inclusion_list": "77", "outside_inclusion_list": setting}
    told(town, double)
    assert is_out(town, contact, lead) == [False, False]
    assert [(one.ref, "OPT-7" in one.because) for one in town.inbox.parked("acme")] == [
        (double, True)
    ]


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", ["survivor", "loser"])
@pytest.mark.parametrize("when", ["before the merge", "after it", "after all was looked at"])
def test_the_lead_of_a_contact_that_was_merged_away_still_opts_out(first: str, when: str):
    """Its box is ticked before or after the merge, seen or not: the survivor is unsubscribed, once;
    the lead is left alone otherwise.
    """
    town = Town()
    one, two = town.new_contact(email="one@example.com"), town.new_contact(email="two@example.com")
    town.sync(one, two)
    winner, loser = town.counterpart(one), town.counterpart(two)
    town.wait()
    if when == "before the merge":
        town.salesforce.edit(loser, OUT)
    survivor = town.hubspot.merge(one, two)
    if when == "after it":
        town.salesforce.edit(loser, OUT)
    for ref in [survivor, loser] if first == "survivor" else [loser, survivor]:
        told(town, ref)
    if when == "after all was looked at":
        town.salesforce.edit(loser, OUT)
        told(town, loser)
    assert is_out(town, survivor, winner, loser) == [True, True, True]
    assert town.salesforce.fields(loser)["Email"] == "two@example.com"
    town.wait()
    town.hubspot.edit(survivor, {"hs_email_optout": "false"}, by=OWN_ACT)
    told(town, survivor)
    town.salesforce.edit(loser, {"Title": "Baker"})
    told(town, loser)
    assert is_out(town, survivor, winner) == [False, False]
