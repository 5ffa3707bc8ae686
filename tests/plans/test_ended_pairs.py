"""A record is paired again while a write to it that was announced for its ended pair may still
arrive.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.fingerprints import tag
from crmsync.model.links import LONGEST_WRITE, EarlierWrites, Intent, LinkState
from crmsync.model.names import salesforce_revision
from crmsync.plans.contact import plan_contact
from crmsync.rules.merge.intents import writes_may_follow
from tests.builders import LEAD_ID, NOON, OUR_USER, a_contact, a_lead
from tests.plans.contact_facts import KEY, RULESET, H, S, born_in_hubspot, linked

A_SECOND = timedelta(seconds=1)
PORTAL_FIELD = salesforce_revision(555001)

OLD = linked(
    a_contact({"phone": "2"}, salesforce_id=LEAD_ID, modified=1),
    agreed=(a_contact({"phone": "1"}, salesforce_id=LEAD_ID), a_lead({"Phone": "1"}, key=KEY)),
)
ENDED = replace(
    plan_contact(OLD, RULESET).effects[0].link.announced_at(NOON),
    version=2,
    state=LinkState.TOMBSTONE,
    deleted_on=H,
)
"""HubSpot's phone 2 was on its way to the lead when its contact was deleted."""

LATE = ENDED.salesforce_intent.revision
NEW = a_contact(record_id="99", salesforce_id=LEAD_ID)
"""The contact that comes with the lead's address; what it should name is named already."""


def facts(lead, ended=ENDED, since=NOON + A_SECOND):
    """What is gathered about the new contact."""
    return replace(born_in_hubspot(NEW, [lead]), tombstones=(ended,), since=since)


def intent_of(lead, ended=ENDED, since=NOON + A_SECOND):
    """What the link of the new pair announces for the lead."""
    plan = plan_contact(facts(lead, ended, since), RULESET)
    return plan.effects[1].link.salesforce_intent


LEAD = a_lead({"Phone": "1"}, key=KEY)
AFTER = RULESET.fingerprinter.revision(f"after {LATE.hex()}")
PHONE_2 = RULESET.fingerprinter.fingerprint("Phone", "2")
TO_COME = {tag("Phone"): frozenset({PHONE_2})}
IN_FLIGHT = Intent(
    b"", TO_COME, NOON, EarlierWrites(frozenset({LATE}), frozenset({tag("Phone")}), values=TO_COME)
)


@pytest.mark.parametrize(
    ("lead", "ended", "since", "expected"),
    [
        (LEAD, ENDED, NOON + A_SECOND, IN_FLIGHT),
        (LEAD, ENDED, None, IN_FLIGHT),
        (LEAD, ENDED, NOON + LONGEST_WRITE, Intent()),
        (a_lead({"Phone": "2", PORTAL_FIELD: LATE.hex()}), ENDED, NOON + A_SECOND, Intent()),
        (LEAD, replace(ENDED, salesforce_intent=Intent(LATE)), NOON + A_SECOND, Intent()),
        (
            LEAD,
            replace(ENDED, key=7),
            NOON + A_SECOND,
            Intent(AFTER, {}, NOON, replace(IN_FLIGHT.earlier, values={})),
        ),
    ],
    ids=["under way", "no time", "over", "arrived", "nothing announced", "another key"],
)
def test_a_new_pair_knows_what_may_still_be_written_for_the_ended_one(lead, ended, since, expected):
    """The revision, the fields and the values of a write that may still arrive; the values only
    where their fingerprints can be compared.
    """
    assert intent_of(lead, ended, since) == expected
    follows = bool(expected.earlier)
    assert writes_may_follow(facts(lead, ended), RULESET, since or NOON) == follows


def shown_later(phone, revision, by):
    """The plan for the new pair when the lead shows this later; its phone 1 has filled HubSpot's
    blank.
    """
    plan = plan_contact(facts(LEAD), RULESET)
    link = replace(plan.effects[1].link.announced_at(NOON + A_SECOND), version=1)
    shown = {"phone": "1", "company": "example.com"}
    contact = a_contact(shown, record_id="99", salesforce_id=LEAD_ID)
    lead = a_lead({"Phone": phone, PORTAL_FIELD: revision}, key="555001-99", by=by)
    pair = replace(linked(contact, lead), link=link)
    plan = plan_contact(pair, RULESET)
    return {one.side: dict(one.fields) for one in plan.effects if hasattr(one, "fields")}


@pytest.mark.rule("MAP-3")
@pytest.mark.parametrize(
    ("phone", "revision", "by", "writes"),
    [
        ("2", LATE.hex(), OUR_USER, {S: {"Phone": "1"}}),
        ("2", LATE.hex(), "a person", {S: {"Phone": "1"}}),
        ("2", None, "a person", {H: {"phone": "2"}}),
        ("2", None, OUR_USER, {H: {"phone": "2"}}),
        ("3", LATE.hex(), "a person", {H: {"phone": "3"}}),
    ],
    ids=[
        "the write came late",
        "the write came late, and a person edited another field",
        "a person entered the same value",
        "a person entered the same value, and crmsync wrote its key",
        "a person edited the phone after the late write",
    ],
)
def test_a_late_write_for_the_ended_pair_is_nobodys_edit(phone, revision, by, writes):
    """What it leaves is replaced by what the new pair agreed on. A lead that does not show it was
    edited by a person.
    """
    assert shown_later(phone, revision, by) == writes
