"""Two writes of ours to one Salesforce record are in flight at once, and the older one arrives last:
only its own fields are ours then.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.fingerprints import tag
from crmsync.model.links import LONGEST_WRITE, EarlierWrites, Intent
from crmsync.model.names import salesforce_revision
from crmsync.plans.contact import plan_contact
from crmsync.rules.merge.intents import written
from tests.builders import LEAD_ID, NOON, OUR_USER, a_contact, a_lead
from tests.plans.contact_facts import KEY, RULESET, H, S, linked

NAMES = {"Phone": "phone", "Title": "jobtitle", "Fax": "fax"}
AGREED = {"Phone": "1", "Title": "A", "Fax": "7"}


def shown(hubspot=None, salesforce=None, revision=None):
    """A pair that shows what was agreed on, except for these values, each under Salesforce's name
    of the field. crmsync was the last to edit the lead.
    """
    mine = {NAMES[name]: value for name, value in (AGREED | (hubspot or {})).items()}
    theirs = AGREED | (salesforce or {}) | {salesforce_revision(555001): revision}
    return a_contact(mine, salesforce_id=LEAD_ID), a_lead(theirs, key=KEY, by=OUR_USER)


def by_a_person(*values):
    """The pair with these values, whose lead a person was the last to edit."""
    hubspot, lead = shown(*values)
    return hubspot, replace(lead, modified_by="a person")


def planned(link, pair):
    """The plan for a pair whose stored link is `link`; None for a pair that has agreed before."""
    facts = linked(*pair, agreed=shown())
    return plan_contact(facts if link is None else replace(facts, link=link), RULESET)


def saved(plan, now=NOON):
    """The link as the plan saves it before it writes."""
    link = plan.effects[0].link.announced_at(now)
    return replace(link, version=link.version + 1)


FIRST = saved(planned(None, shown({"Phone": "2"})))
"""HubSpot's Phone 2 is on its way."""

EDITED = shown({"Phone": "2", "Title": "B"})
SECOND_PLAN = planned(FIRST, EDITED)
SECOND = saved(SECOND_PLAN, NOON + timedelta(seconds=1))
"""Another worker writes the Phone as well, and Title B. The first write has not arrived."""

AFTERWARDS = written(SECOND, SECOND_PLAN, EDITED, RULESET)
"""The second worker has written, and noted it."""

FIRST_TEXT = FIRST.salesforce_intent.revision.hex()
SECOND_TEXT = SECOND.salesforce_intent.revision.hex()

WRITTEN = {"Phone": "2", "Title": "B"}
THIRD_PLAN = planned(SECOND, shown({**WRITTEN, "Fax": "8"}, WRITTEN, SECOND_TEXT))
"""Fax 8 is edited in HubSpot once the second write has arrived."""


@pytest.mark.parametrize(
    ("link", "salesforce", "writes"),
    [
        (AFTERWARDS, {"Phone": "2", "Title": "A"}, {H: {"jobtitle": "A"}}),
        (SECOND, {"Phone": "2", "Title": "A"}, {S: {"Title": "B"}}),
        (AFTERWARDS, {"Phone": "2", "Title": "B", "Fax": "9"}, {H: {"fax": "9"}}),
        (SECOND, {"Phone": "2", "Title": "A", "Fax": "9"}, {H: {"fax": "9"}, S: {"Title": "B"}}),
        (AFTERWARDS, {"Phone": "0", "Title": "B"}, {S: {"Phone": "2"}}),
    ],
    ids=[
        "a person set back the title, after both writes",
        "the second write never came",
        "a person edited another field, after both writes",
        "a person edited another field, and the second write never came",
        "the first write left another value than it announced",
    ],
)
def test_an_older_write_that_comes_last_accounts_for_its_own_fields_only(link, salesforce, writes):
    """The lead shows the first write's revision, and that crmsync was the last to edit it. Whatever
    else differs is a person's edit, unless the second write may be lost.
    """
    pair = shown({"Phone": "2", "Title": "B"}, salesforce, FIRST_TEXT)
    plan = planned(link, pair)
    assert {one.side: dict(one.fields) for one in plan.effects if hasattr(one, "fields")} == writes


def test_an_announcement_knows_the_writes_before_it_that_had_not_arrived():
    """Their revisions and their fields; three minutes later all of them have ended."""
    earlier = EarlierWrites(
        frozenset({FIRST.salesforce_intent.revision}), frozenset({tag("Phone")})
    )
    assert FIRST.salesforce_intent.earlier is None
    assert SECOND.salesforce_intent.earlier == earlier
    assert saved(SECOND_PLAN, NOON + LONGEST_WRITE).salesforce_intent.earlier is None


def test_a_person_may_enter_what_an_earlier_write_replaced_once_that_has_ended():
    """The third write is lost, and a person sets the phone back to what the first one replaced:
    that is an edit, which crosses (MAP-3).
    """
    third = saved(THIRD_PLAN, NOON + LONGEST_WRITE)
    pair = by_a_person({**WRITTEN, "Fax": "8"}, {**WRITTEN, "Phone": "1"}, SECOND_TEXT)
    plan = planned(third, pair)
    writes = {one.side: dict(one.fields) for one in plan.effects if hasattr(one, "fields")}
    assert writes == {H: {"phone": "1"}, S: {"Fax": "8"}}


def test_what_a_person_enters_in_place_of_a_lost_write_is_theirs_to_take_back():
    """The first write is lost, and a person enters the phone by hand, which is read when a fax is
    to be written. That write is lost as well, and the person sets the phone back: an edit (MAP-3).
    """
    mine = {"Phone": "2", "Fax": "8"}
    by_hand = saved(planned(FIRST, by_a_person(mine, {"Phone": "2"})), NOON + LONGEST_WRITE)
    assert by_hand.salesforce_intent.replaces.keys() == {tag("Fax")}

    plan = planned(by_hand, by_a_person(mine, {"Phone": "1"}))
    writes = {one.side: dict(one.fields) for one in plan.effects if hasattr(one, "fields")}
    assert writes == {H: {"phone": "1"}, S: {"Fax": "8"}}


def test_what_only_an_earlier_lost_write_was_to_replace_is_an_edit_while_another_is_lost():
    """HubSpot's phone 2 is lost, as a person has entered phone 3 in Salesforce meanwhile, which
    crosses. The title that goes the other way is lost as well, and the person sets the phone back.
    HubSpot's record has the later time, and no news of the phone.
    """
    pair = by_a_person({"Phone": "2", "Title": "B"}, {"Phone": "3"})
    second = saved(planned(FIRST, pair), NOON + timedelta(seconds=1))
    hubspot, lead = by_a_person({"Phone": "3", "Title": "B"}, {"Phone": "1"})
    plan = planned(second, (replace(hubspot, modified_at=NOON + timedelta(hours=1)), lead))
    writes = {one.side: dict(one.fields) for one in plan.effects if hasattr(one, "fields")}
    assert writes == {H: {"phone": "1"}, S: {"Title": "B"}}


def test_only_what_an_earlier_write_can_bring_is_expected_once_the_last_one_has_arrived():
    """The second write has replaced phone 3, which the first one cannot bring."""
    pair = by_a_person({"Phone": "2", "Title": "B"}, {"Phone": "3"})
    later = replace(pair[0], modified_at=NOON + timedelta(hours=1))
    second = saved(planned(FIRST, (later, pair[1])), NOON + timedelta(seconds=1))
    text = second.salesforce_intent.revision.hex()
    third = planned(second, shown({**WRITTEN, "Fax": "8"}, WRITTEN, text))
    replaces = saved(third, NOON + timedelta(seconds=2)).salesforce_intent.replaces
    assert replaces.keys() == {tag("Fax"), tag("Phone")}
    assert {len(one) for one in replaces.values()} == {1}


def test_a_lead_that_shows_no_revision_has_no_value_of_ours():
    """The first write is lost. A person has entered a title before crmsync wrote the lead's key,
    which shows no revision, so that crmsync was the last to edit the lead.
    """
    plan = planned(FIRST, shown({"Phone": "2"}, {"Title": "C"}))
    writes = {one.side: dict(one.fields) for one in plan.effects if hasattr(one, "fields")}
    assert writes == {H: {"jobtitle": "C"}, S: {"Phone": "2"}}


def test_what_was_written_replaces_nothing_any_more():
    """Left is what the older write may still bring. A side that was not written stays as it is."""
    assert SECOND.salesforce_intent.replaces.keys() == {tag("Phone"), tag("Title")}
    noted = replace(SECOND.salesforce_intent, replaces={}, arrived=True)
    assert replace(SECOND, salesforce_intent=noted) == AFTERWARDS


def test_earlier_writes_are_stored_with_the_intent():
    """Nine bytes for each of their revisions and fields."""
    intent = SECOND.salesforce_intent
    assert Intent.from_bytes(intent.to_bytes()) == intent
    values = sum(map(len, intent.replaces.values()))
    assert len(intent.to_bytes()) == 11 + 9 * (values + 2)


def test_that_a_write_has_arrived_is_stored_with_the_intent():
    """Nine bytes."""
    noted = AFTERWARDS.salesforce_intent
    before = replace(noted, arrived=False)
    assert Intent.from_bytes(noted.to_bytes()) == noted
    assert len(noted.to_bytes()) == len(before.to_bytes()) + 9
