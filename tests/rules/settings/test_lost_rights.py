"""Rights to Salesforce's fields that a look finds gone."""

from __future__ import annotations

from datetime import UTC, datetime

from crmsync.model.fields import FieldRule, Update
from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Side
from crmsync.rules.merge.ruleset import always_read
from crmsync.rules.settings.lost_rights import NeededRights, unseen, unwritable, writable

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = (
    FieldRule("jobtitle", "Title"),
    FieldRule("email", "Email"),
    FieldRule("score", "Score__c", update=Update.ALWAYS_SALESFORCE),
    FieldRule("email_opt_out", "HasOptedOutOfEmail"),
)
OWN = always_read(Side.SALESFORCE, 555001)
LEAD = NeededRights("Lead", RULES, OWN)
ALL = {name.lower() for name in OWN} | {"title", "email", "score__c", "hasoptedoutofemail"}


def lacks(field: str, *, is_needed: bool = False, needs_edit: bool = False) -> Rest:
    """A lead's field that is lacking since noon."""
    return Rest(Side.SALESFORCE, "Lead", field, NOON, is_needed=is_needed, needs_edit=needs_edit)


def test_what_the_org_does_not_show_is_lacking() -> None:
    """Of a mapped field its mapping rests; without address, opt-out or a field of our own the
    concern waits.
    """
    shown = ALL - {"title", "email", "hasoptedoutofemail", "crmsync_hubspot_id__c"}
    assert list(unseen(LEAD, shown, NOON)) == [
        lacks("Crmsync_HubSpot_Id__c", is_needed=True),
        lacks("Email", is_needed=True),
        lacks("HasOptedOutOfEmail", is_needed=True),
        lacks("Title"),
    ]
    assert list(unseen(LEAD, ALL, NOON)) == []


def test_what_we_could_write_once_and_now_only_read_is_lacking() -> None:
    """A field that never was ours to write is not, nor one that only Salesforce has a say in."""
    once = writable(LEAD, ALL, {"email"})
    read_only = {"title", "email", "score__c"}

    assert "Lead.Score__c" not in once
    assert list(unwritable(LEAD, read_only, once, NOON)) == [lacks("Title", needs_edit=True)]
    assert list(unwritable(LEAD, read_only, frozenset(), NOON)) == []
