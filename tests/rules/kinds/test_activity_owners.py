"""Whose activity it is where the owner of the record counts."""

from __future__ import annotations

import pytest

from crmsync.model.kinds.activities import About
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.records import Ref, Side
from crmsync.rules.kinds.activity.owners import record_of, record_owner
from crmsync.rules.merge.owners import match_owners

LEAD = Ref(Side.SALESFORCE, "Lead", "00Q000000000001AAA")
DEAL = Ref(Side.SALESFORCE, "Opportunity", "006000000000001AAA")
CONTACT = Ref(Side.HUBSPOT, "contact", "1")
COMPANY = Ref(Side.HUBSPOT, "company", "2")


def _one(identifier: str, kind: str, *, is_active: bool = True) -> Owner:
    return Owner(identifier, f"Name {identifier}", "", is_active=is_active, kind=kind)


MATCHES = match_owners(
    Owners(
        (_one("7", "PERSON"), _one("8", "PERSON", is_active=False), _one("9", "QUEUE")),
        (
            _one("005A", "Standard"),
            _one("005B", "Standard", is_active=False),
            _one("00G1", "Queue"),
        ),
    )
)


@pytest.mark.rule("ACT-6")
@pytest.mark.parametrize(
    ("record", "owner", "found", "words"),
    [
        (LEAD, "005A", "005A", ""),
        (LEAD, "005B", "", "is about a Lead of somebody who is no longer active"),
        (LEAD, "00G1", "", "is about a Lead of a queue"),
        (LEAD, "005X", "", "is about a Lead whose owner is not known"),
        (LEAD, "", "", "is about a Lead whose owner is not known"),
        (CONTACT, "7", "7", ""),
        (CONTACT, "8", "", "is about a contact of somebody who is no longer active"),
        (CONTACT, "9", "", "is about a contact of a queue"),
        (None, "005A", "", "is about nobody and nothing that is linked"),
    ],
)
def test_only_an_active_person_owns_an_activity(
    record: Ref | None, owner: str, found: str, words: str
) -> None:
    """The owner of the record owns the activity, unless it is a queue, not active or not known: the
    reason is said.
    """
    assert record_owner(record, {LEAD: owner, CONTACT: owner}, MATCHES) == (found, words)


@pytest.mark.rule("ACT-6")
def test_the_owner_of_the_person_comes_before_that_of_the_deal() -> None:
    """In HubSpot it is that of the counterpart: of what is not linked, the next one counts."""
    both = About(LEAD, DEAL)
    assert [record_of(both), record_of(About(None, DEAL)), record_of(About())] == [LEAD, DEAL, None]
    assert [
        record_of(both, back)
        for back in ({LEAD: CONTACT, DEAL: COMPANY}, {DEAL: COMPANY}, {CONTACT: LEAD})
    ] == [CONTACT, COMPANY, None]
