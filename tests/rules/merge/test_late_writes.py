"""A write of ours comes after one that was announced later: what it leaves is nobody's edit, though
the record shows the later one, or agrees where the other side does not.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.effects import UpdateRecord
from crmsync.model.fingerprints import tag
from crmsync.model.kinds.owners import Owner
from crmsync.model.links import LONGEST_WRITE, EarlierWrites, Intent
from crmsync.model.names import HUBSPOT_REVISION, salesforce_revision
from crmsync.model.records import Origin
from crmsync.plans.contact import plan_contact
from crmsync.rules.merge.intents import withdraw_lost, written
from crmsync.rules.merge.lost_writes import UNKNOWN_OWNER
from crmsync.rules.merge.owners import OwnerMatches
from tests.builders import (
    LEAD_ID,
    NOON,
    OUR_APP,
    OUR_USER,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    at,
)
from tests.plans.contact_facts import KEY, RULESET, H, S, linked

NAMES = {"Phone": "phone", "Title": "jobtitle", "Fax": "fax"}
AGREED = {"Phone": "1", "Title": "A", "Fax": "7"}
PERSON = "005000000000009AAA"


def shown(hubspot=None, salesforce=None, revisions=(None, None), *, by=OUR_USER, origin=""):
    """A pair that shows what was agreed on, except for these values, each under Salesforce's name
    of the field, and these revisions, HubSpot's first. `by` was the last to edit the lead, and
    `origin` to set each property.
    """
    mine = {NAMES[name]: value for name, value in (AGREED | (hubspot or {})).items()}
    theirs = AGREED | (salesforce or {}) | {salesforce_revision(555001): revisions[1]}
    contact = a_contact(mine | {HUBSPOT_REVISION: revisions[0]}, salesforce_id=LEAD_ID)
    origins = {name: Origin(NOON, origin) for name in NAMES.values()} if origin else {}
    return replace(contact, origins=origins), a_lead(theirs, key=KEY, by=by)


def planned(link, pair):
    """The plan for a pair whose stored link is `link`; None for a pair that has agreed before."""
    facts = linked(*pair, agreed=shown())
    return plan_contact(facts if link is None else replace(facts, link=link), RULESET)


def saved(link, pair, seconds=0):
    """The link as the plan for a pair saves it before it writes."""
    plan = planned(link, pair)
    after = plan.effects[0].link.announced_at(NOON + timedelta(seconds=seconds))
    return replace(after, version=after.version + 1)


def writes(link, pair):
    """What is written to each side, and whether HubSpot's history must be read before."""
    plan = planned(link, pair)
    return {one.side: dict(one.fields) for one in plan.effects if hasattr(one, "fields")}, (
        plan.undecided
    )


def text(link, side):
    """The revision that was announced for a side."""
    return link.intent(side).revision.hex()


TO_SALESFORCE = saved(saved(None, shown({"Phone": "2"})), shown({"Title": "B"}), 1)
"""HubSpot's Phone 2 was announced. The person went back to 1, and a second worker writes Title B."""

S_TEXT = text(TO_SALESFORCE, S)
THEN_FAX = saved(
    TO_SALESFORCE, shown({"Title": "B", "Fax": "8"}, {"Title": "B"}, (None, S_TEXT)), 2
)
"""A third worker, which has read the lead after the second write, writes Fax 8."""

TO_HUBSPOT = saved(saved(None, shown(None, {"Phone": "2"})), shown(None, {"Title": "B"}), 1)
"""The same, from Salesforce to HubSpot."""

H_TEXT = text(TO_HUBSPOT, H)


@pytest.mark.parametrize(
    ("link", "pair", "expected"),
    [
        (TO_SALESFORCE, {"salesforce": {"Title": "B", "Phone": "2"}}, {S: {"Phone": "1"}}),
        (
            TO_SALESFORCE,
            {"salesforce": {"Title": "B", "Phone": "2"}, "by": PERSON},
            {H: {"phone": "2"}},
        ),
        (
            TO_SALESFORCE,
            {"salesforce": {"Title": "B", "Phone": "3"}},
            {H: {"phone": "3"}},
        ),
        (
            THEN_FAX,
            {
                "hubspot": {"Title": "B", "Fax": "8"},
                "salesforce": {"Title": "B", "Phone": "2", "Fax": "8"},
                "revisions": (None, text(THEN_FAX, S)),
            },
            {S: {"Phone": "1"}},
        ),
        (
            THEN_FAX,
            {
                "hubspot": {"Title": "B", "Fax": "8"},
                "salesforce": {"Title": "A", "Phone": "1", "Fax": "8"},
                "revisions": (None, text(THEN_FAX, S)),
            },
            {H: {"jobtitle": "A"}},
        ),
    ],
    ids=[
        "the first write came just before the second",
        "a person edited the lead after it",
        "a person set another value before the second",
        "it came just before the third",
        "a person set back what the second had written",
    ],
)
def test_a_lead_does_not_keep_what_an_overtaken_write_left(link, pair, expected):
    """The lead shows the last revision, and that crmsync edited it last. What an earlier write may
    have left there is not taken for a person's edit; anything else is.
    """
    mine = {"hubspot": {"Title": "B"}, "revisions": (None, S_TEXT)}
    assert writes(link, shown(**(mine | pair))) == (expected, False)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (OUR_APP, ({H: {"phone": "1"}}, False)),
        ("CRM_UI", ({S: {"Phone": "2"}}, False)),
        ("", ({S: {"Phone": "2"}}, True)),
    ],
    ids=["crmsync set it", "a person set it", "the history has to be read first"],
)
def test_a_contact_does_not_keep_what_an_overtaken_write_left(origin, expected):
    """In HubSpot the history of the property shows whose the value is."""
    pair = shown(
        {"Title": "B", "Phone": "2"}, {"Title": "B"}, (H_TEXT, None), by=PERSON, origin=origin
    )
    assert writes(TO_HUBSPOT, pair) == expected


def test_earlier_writes_are_known_until_they_have_ended():
    """A write that has arrived in its turn does not end those that were announced before it."""
    earlier = EarlierWrites(
        frozenset({saved(None, shown({"Phone": "2"})).salesforce_intent.revision}),
        frozenset({tag("Phone")}),
        values={tag("Phone"): frozenset({RULESET.fingerprinter.fingerprint("Phone", "2")})},
    )
    assert TO_SALESFORCE.salesforce_intent.earlier == earlier
    assert THEN_FAX.salesforce_intent.earlier == earlier
    assert THEN_FAX.salesforce_intent.replaces.keys() == {tag("Phone"), tag("Fax")}
    pair = shown({"Title": "B", "Fax": "8"}, {"Title": "B"}, (None, S_TEXT))
    long_after = saved(TO_SALESFORCE, pair, 1 + LONGEST_WRITE.total_seconds())
    assert long_after.salesforce_intent.earlier is None


def test_an_intent_without_fields_dates_its_earlier_writes():
    """Otherwise it would not be known when they have ended."""
    intent = Intent(b"12345", earlier=EarlierWrites(frozenset({b"54321"}), frozenset()))
    assert intent.dated(NOON).at == NOON
    assert Intent.from_bytes(intent.dated(NOON).to_bytes()).earlier.at == NOON


@pytest.mark.parametrize("by", [OUR_USER, PERSON])
def test_a_record_that_shows_what_was_agreed_on_has_lost_nothing(by):
    """An older write of ours to both records arrives last and leaves its value in the contact alone:
    the lead shows what was agreed on, which is not to follow the contact.
    """
    link = saved(None, shown({"Phone": "2"}, revisions=("abcdef0123", None)))
    older = "0123456789"
    pair = shown({"Phone": "9"}, {"Phone": "2"}, (older, older), by=by, origin=OUR_APP)
    assert writes(link, pair) == ({H: {"phone": "2"}}, False)


BO = Owner("005B", "Bo", "bo@example.com", is_active=True, kind="Standard")
OWNED = a_ruleset(
    owners=OwnerMatches(
        {"1": "005J", "2": "005A", "3": BO.id},
        {"005J": "1", "005A": "2", BO.id: "3"},
        salesforce={BO.id: BO},
    )
)


def owned(hubspot, salesforce, title="A", lead_title="A", revision=None, *, mine=None, by=OUR_USER):
    """A pair with these owners: 1 and 005J are Jo, 2 and 005A Al, 3 and 005B Bo. The lead shows
    `revision`, and the contact `mine`.
    """
    contact = {"jobtitle": title, "hubspot_owner_id": hubspot, HUBSPOT_REVISION: mine}
    contact = a_contact(contact, salesforce_id=LEAD_ID)
    lead = {"Title": lead_title, "OwnerId": salesforce, salesforce_revision(555001): revision}
    return contact, a_lead(lead, key=KEY, by=by)


def owner_plan(link, pair):
    """The plan for a pair that belonged to Jo, or whose stored link is `link`."""
    agreed = owned("1", "005J")
    return plan_contact(
        replace(linked(*pair, agreed=agreed), link=link or a_link(*agreed, OWNED)), OWNED
    )


def owned_link(*pairs):
    """The link after each of these pairs was planned in turn, and nothing of it was written."""
    link = None
    for seconds, pair in enumerate(pairs):
        after = owner_plan(link, pair).effects[0].link
        after = after.announced_at(NOON + timedelta(seconds=seconds))
        link = replace(after, version=after.version + 1)
    return link


def owner_writes(link, pair):
    """What is written to each side, apart from what shows the owner in HubSpot."""
    effects = owner_plan(link, pair).effects
    updates = [one for one in effects if isinstance(one, UpdateRecord) and not one.best_effort]
    ours = {HUBSPOT_REVISION, salesforce_revision(555001)}
    return {
        one.side: {name: value for name, value in one.fields.items() if name not in ours}
        for one in updates
    }


@pytest.mark.parametrize(
    ("by", "owners"),
    [(OUR_USER, {S: {"OwnerId": "005J"}}), (PERSON, {H: {"hubspot_owner_id": "2"}})],
)
def test_an_owner_that_an_overtaken_write_left_does_not_stay(by, owners):
    """HubSpot's owner went from Jo to Al and back, and the write of Al comes after that of Title B."""
    link = owned_link(owned("2", "005J"), owned("1", "005J", "B"))
    revision = link.salesforce_intent.revision.hex()
    assert owner_writes(link, owned("1", "005A", "B", "B", revision, by=by)) == owners


@pytest.mark.parametrize("is_held", [False, True])
@pytest.mark.parametrize(
    ("hubspot", "owners"),
    [
        ("", {S: {"OwnerId": BO.id}}),
        ("9", {H: {"hubspot_owner_id": "3"}, S: {"OwnerId": BO.id}}),
    ],
)
def test_an_owner_whom_an_overtaken_write_replaced_comes_back(hubspot, owners, is_held):
    """Somebody gave Bo the lead, who has crossed, when the write of Al comes. HubSpot's owner is then
    removed or does not work in Salesforce; a limit may have held back the correction before.
    """
    link = owned_link(owned("2", "005J"), owned("2", BO.id, by=PERSON))
    late = owned_link(owned("2", "005J")).salesforce_intent.revision.hex()
    mine = link.hubspot_intent.revision.hex()
    if is_held:
        link = withdraw_lost(link, *owned("3", "005A", revision=late, mine=mine), OWNED)
    assert owner_writes(link, owned(hubspot, "005A", revision=late, mine=mine)) == owners


@pytest.mark.parametrize(
    ("shown", "overtaken"),
    [(("3", "005A"), BO.id), (("2", "005A"), BO.id), (("3", "005J"), "")],
)
def test_an_overtaken_owner_is_forgotten_once_salesforce_shows_another(shown, overtaken):
    """It is known until Salesforce's record shows another owner than the late one."""
    held = replace(
        a_link(*owned("3", "005A"), OWNED),
        hubspot_owner=UNKNOWN_OWNER,
        overtaken_owner=BO.id,
    )
    assert withdraw_lost(held, *owned(*shown), OWNED).overtaken_owner == overtaken
    crossed = replace(held, hubspot_owner="3", salesforce_owner="005A")
    assert withdraw_lost(crossed, *owned(*shown), OWNED).overtaken_owner == ""


def given(owner, salesforce, minutes, *, by="CRM_UI", **shown):
    """A contact that was given to `owner` so many minutes after noon, and the lead that belongs to
    `salesforce` and that a person has edited after that.
    """
    contact, lead = owned(owner, salesforce, by=PERSON, **shown)
    origins = {"hubspot_owner_id": Origin(at(minutes), by)}
    return replace(contact, origins=origins), replace(lead, modified_at=at(minutes + 1))


NOT_IN_SALESFORCE = owned("9", "005J")
IS_GIVEN_TO_BO = owned("1", BO.id, by=PERSON)


@pytest.mark.parametrize("before", [NOT_IN_SALESFORCE, IS_GIVEN_TO_BO])
def test_an_owner_given_after_a_lost_write_is_later_than_the_owner_that_was_lost(before):
    """HubSpot was to get Salesforce's owner at noon. Al crosses, though somebody has edited another
    field of the lead since, unless he was given the contact before a worker can have read it.
    """
    link, user = owned_link(before), before[1].fields["OwnerId"]
    shown_again = {H: {"hubspot_owner_id": {"005J": "1", BO.id: "3"}[user]}}
    assert owner_plan(link, owned("2", user)).undecided
    for minutes in (1, -1):
        assert owner_writes(link, given("2", user, minutes)) == {S: {"OwnerId": "005A"}}
    assert owner_writes(link, given("2", user, -4)) == shown_again


def test_a_lost_write_of_an_owner_that_still_arrives_does_not_overwrite_a_later_owner():
    """Al was given the contact after that, and has crossed."""
    lost = owned_link(NOT_IN_SALESFORCE)
    link = owned_link(NOT_IN_SALESFORCE, given("2", "005J", 1))
    shows = {"mine": lost.hubspot_intent.revision.hex(), "by": OUR_APP}
    late = given("1", "005A", 2, **shows, revision=link.salesforce_intent.revision.hex())
    assert owner_writes(link, late) == {H: {"hubspot_owner_id": "2"}}


@pytest.mark.parametrize(
    ("by", "owners"),
    [("CRM_UI", {S: {"OwnerId": "005J"}}), (OUR_APP, {H: {"hubspot_owner_id": "3"}})],
)
def test_an_owner_entered_after_a_write_had_arrived_is_told_by_history(by, owners):
    """Two writes give the contact to Bo; the later one arrives first. Then HubSpot shows Jo again,
    whom the earlier one was to replace.
    """
    not_in_salesforce = owned("9", BO.id)
    earlier = owned_link(IS_GIVEN_TO_BO)
    later = owned_link(IS_GIVEN_TO_BO, not_in_salesforce)
    plan = owner_plan(earlier, not_in_salesforce)
    link = written(later, plan, not_in_salesforce, OWNED)
    shows = earlier.hubspot_intent.revision.hex()

    assert owner_plan(link, owned("1", BO.id, mine=shows)).undecided
    assert owner_writes(link, given("1", BO.id, 1, by=by, mine=shows)) == owners
