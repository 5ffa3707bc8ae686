"""Somebody enters the very value that an overtaken write of ours would have brought: it is an edit
unless that write may have reached the record.
"""

from dataclasses import replace

import pytest

from crmsync.model.effects import SaveLink
from crmsync.model.facts import Facts
from crmsync.model.fingerprints import Fingerprinter, tag
from crmsync.model.links import LONGEST_WRITE, EarlierWrites, Intent
from crmsync.model.plan import Plan
from crmsync.model.records import Origin, Ref
from crmsync.rules.merge.fingerprint_renewal import with_newer_fingerprints
from tests.builders import (
    FINGERPRINTER,
    NEXT_FINGERPRINTER,
    NOON,
    OUR_APP,
    OUR_USER,
    a_change,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    at,
)
from tests.plans.contact_facts import H, S
from tests.rules.merge.test_late_writes import PERSON, saved, shown, text, writes

PHONE = tag("Phone")
FIRST = saved(None, shown({"Phone": "2"}))
"""HubSpot's Phone 2 was announced, and never reached the lead."""

OVERTAKEN = saved(FIRST, shown({"Phone": "3"}), 1)
"""Nor did its successor, Phone 3."""

LONG_AFTER = saved(OVERTAKEN, shown({"Phone": "3"}), 1 + LONGEST_WRITE.total_seconds())
"""Phone 3 was announced again when all writes before it had ended."""

CONVERTED = replace(OVERTAKEN, stored=(OVERTAKEN.hubspot, Ref(S, "Lead", "00Q000000000009AAA")))
"""The record has taken the place of a lead, and shows none of its revisions."""


@pytest.mark.rule("MAP-3")
@pytest.mark.parametrize(
    ("link", "phone", "revision", "by", "expected"),
    [
        (OVERTAKEN, "2", None, PERSON, {H: {"phone": "2"}}),
        (OVERTAKEN, "2", "0123456789", PERSON, {H: {"phone": "2"}}),
        (LONG_AFTER, "2", None, PERSON, {H: {"phone": "2"}}),
        (OVERTAKEN, "2", text(FIRST, S), PERSON, {S: {"Phone": "3"}}),
        (OVERTAKEN, "2", None, OUR_USER, {S: {"Phone": "3"}}),
        (OVERTAKEN, "1", None, PERSON, {S: {"Phone": "3"}}),
        (LONG_AFTER, "1", None, PERSON, {S: {"Phone": "3"}}),
        (CONVERTED, "2", None, PERSON, {S: {"Phone": "3"}}),
    ],
    ids=[
        "no write has reached the lead",
        "an older one was the last to reach it",
        "no write has reached it for minutes",
        "the overtaken one has reached it",
        "crmsync was the last to edit it",
        "it shows what the writes replace",
        "it shows what the last write replaces",
        "it was made of a lead that the write may have reached",
    ],
)
def test_a_value_in_salesforce_that_no_write_of_ours_has_left_is_an_edit(
    link, phone, revision, by, expected
):
    """The lead shows the phone number that the overtaken write would have brought, or the former one."""
    pair = shown({"Phone": "3"}, {"Phone": phone}, (None, revision), by=by)
    assert writes(link, pair) == (expected, False)


@pytest.mark.rule("MAP-3")
@pytest.mark.parametrize(
    ("revision", "by", "expected"),
    [
        (None, "CRM_UI", ({S: {"Phone": "2"}}, False)),
        (None, OUR_APP, ({H: {"phone": "3"}}, False)),
        (None, "", ({S: {"Phone": "2"}}, True)),
        ("the overtaken one", "CRM_UI", ({H: {"phone": "3"}}, False)),
        ("the overtaken one", "", ({H: {"phone": "3"}}, False)),
    ],
    ids=[
        "a person set it",
        "crmsync set it",
        "the history has to be read first",
        "the overtaken write has reached the contact",
        "it has, and no history is needed",
    ],
)
def test_a_value_in_hubspot_that_no_write_of_ours_has_left_is_an_edit(revision, by, expected):
    """The contact shows the phone number that the overtaken write would have brought."""
    first = saved(None, shown(None, {"Phone": "2"}))
    link = saved(first, shown(None, {"Phone": "3"}), 1)
    revisions = (text(first, H) if revision else None, None)
    contact, lead = shown({"Phone": "2"}, {"Phone": "3"}, revisions, by=PERSON, origin=by)
    origins = {name: Origin(at(30), one.by) for name, one in contact.origins.items()}
    assert writes(link, (replace(contact, modified_at=at(30), origins=origins), lead)) == expected


def _fingerprint(value: str, fingerprinter: Fingerprinter = FINGERPRINTER) -> bytes:
    return fingerprinter.fingerprint("Phone", value)


def test_what_only_an_earlier_write_can_leave_is_stored_with_the_intent():
    """Nine bytes for each value. What has left `replaces` meanwhile is not stored."""
    intent = OVERTAKEN.salesforce_intent
    assert intent.replaces == {PHONE: frozenset({_fingerprint("1"), _fingerprint("2")})}
    assert intent.earlier.values == {PHONE: frozenset({_fingerprint("2")})}
    assert Intent.from_bytes(intent.to_bytes()) == intent

    less = replace(intent, replaces={PHONE: frozenset({_fingerprint("1")})})
    none = replace(less, earlier=replace(less.earlier, values={}))
    assert Intent.from_bytes(less.to_bytes()) == none
    assert len(intent.to_bytes()) == len(none.to_bytes()) + 2 * 9


def test_what_earlier_writes_can_leave_ends_with_them():
    """Three minutes after the last of them was announced it is no longer among what is replaced."""
    assert LONG_AFTER.salesforce_intent == Intent(
        LONG_AFTER.salesforce_intent.revision,
        {PHONE: frozenset({_fingerprint("1")})},
        NOON + LONGEST_WRITE + (OVERTAKEN.salesforce_intent.at - NOON),
    )


def test_what_only_an_earlier_write_can_leave_is_fingerprinted_anew():
    """With the same key as what is replaced."""
    contact, lead = a_contact({"phone": "1"}), a_lead({"Phone": "1"})
    ruleset = replace(a_ruleset(), fingerprinter=NEXT_FINGERPRINTER)
    change, empty = a_change(contact.ref), Plan()

    def intent(fingerprinter):
        # The value is one that a record shows; otherwise nothing is made anew.
        values = {PHONE: frozenset({_fingerprint("1", fingerprinter)})}
        earlier = EarlierWrites(frozenset({b"54321"}), frozenset({PHONE}), NOON, values)
        return Intent(b"12345", values, NOON, earlier)

    old = replace(a_link(contact, lead, a_ruleset()), salesforce_intent=intent(FINGERPRINTER))
    new = replace(a_link(contact, lead, ruleset), salesforce_intent=intent(NEXT_FINGERPRINTER))
    renewed = with_newer_fingerprints(empty, Facts(change, old, contact, lead), ruleset)
    assert renewed == Plan((SaveLink(replace(new, key=2)),))
