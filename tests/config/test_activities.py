"""``[connection.activities]`` of the settings file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.config import load_settings
from crmsync.model.concerns import objects_of
from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.activities import (
    ActivityKind,
    ActivityKindSettings,
    ActivityOwner,
    ActivitySettings,
    ActivitySync,
)
from crmsync.model.records import Kind, Side
from crmsync.rules.settings.dates import dated
from crmsync.rules.settings.diff import differences
from crmsync.wire.settings.stored import from_json, to_json
from tests.builders import NOON, at
from tests.config.files import MINIMAL, complaints

CALLS = '[connection.activities.calls]\nsync = "two_way"\n'
LINE = MINIMAL.count("\n")


@pytest.mark.rule("ACT-1")
def test_nothing_syncs_by_default() -> None:
    """Without the section, no object of activities is looked at on either side."""
    (connection,) = load_settings(MINIMAL).connections
    assert connection.activities == ActivitySettings()
    assert Kind.ACTIVITY not in connection.kinds
    assert not {Kind.ACTIVITY} & {
        kind for side in Side for kind in objects_of(connection, side).values()
    }


@pytest.mark.rule("ACT-1")
def test_a_kind_is_switched_on_in_a_direction() -> None:
    """Only the objects of kinds that cross from a side are looked at there."""
    text = (
        CALLS
        + '[connection.activities.notes]\nsync = "to_salesforce"\nowner = "integration_user"\n'
        + 'subject = "Note: {first_line}"\nowners = ["7"]\n'
        + '[connection.activities.meetings]\nsync = "to_hubspot"\nowner = "record_owner"\n'
    )
    (connection,) = load_settings(MINIMAL + text).connections
    assert connection.activities == ActivitySettings(
        calls=ActivityKindSettings(ActivitySync.TWO_WAY),
        meetings=ActivityKindSettings(ActivitySync.TO_HUBSPOT, ActivityOwner.RECORD_OWNER),
        notes=ActivityKindSettings(
            ActivitySync.TO_SALESFORCE,
            ActivityOwner.INTEGRATION_USER,
            "Note: {first_line}",
            owners=("7",),
        ),
    )
    assert [
        {name for name, kind in objects_of(connection, side).items() if kind is Kind.ACTIVITY}
        for side in (Side.HUBSPOT, Side.SALESFORCE)
    ] == [{"call", "note"}, {"Task", "Event"}]


@pytest.mark.rule("ACT-8")
def test_what_is_deleted_after_a_deletion_is_a_setting_of_each_kind() -> None:
    """Nothing by default; a kind deletes only on the sides to which it goes."""
    text = (
        "[connection.activities]\nmax_deletes_per_hour = 20\n"
        + CALLS
        + "delete_in_hubspot = true\ndelete_in_salesforce = true\n"
        + '[connection.activities.notes]\nsync = "to_salesforce"\ndelete_in_salesforce = true\n'
        + '[connection.activities.tasks]\nsync = "two_way"\n'
        + "[connection.activities.emails]\ndelete_in_hubspot = true\n"
    )
    (connection,) = load_settings(MINIMAL + text).connections
    found = connection.activities
    assert found == ActivitySettings(
        calls=ActivityKindSettings(
            ActivitySync.TWO_WAY, delete_in_hubspot=True, delete_in_salesforce=True
        ),
        emails=ActivityKindSettings(delete_in_hubspot=True),
        notes=ActivityKindSettings(ActivitySync.TO_SALESFORCE, delete_in_salesforce=True),
        tasks=ActivityKindSettings(ActivitySync.TWO_WAY),
        max_deletes_per_hour=20,
    )
    assert {kind: found.of(kind).deletes_in for kind in ActivityKind} == {
        ActivityKind.CALL: {Side.HUBSPOT, Side.SALESFORCE},
        ActivityKind.EMAIL: set(),
        ActivityKind.MEETING: set(),
        ActivityKind.NOTE: {Side.SALESFORCE},
        ActivityKind.TASK: set(),
    }


@pytest.mark.rule("ACT-1")
def test_a_text_in_place_of_the_table_is_the_direction() -> None:
    """It stands for a table with nothing but ``sync``."""
    text = '[connection.activities]\ncalls = "two_way"\nnotes = "off"\n'
    (connection,) = load_settings(MINIMAL + text).connections
    assert connection.activities == ActivitySettings(
        calls=ActivityKindSettings(ActivitySync.TWO_WAY)
    )


def test_a_kind_is_dated_by_the_push_that_switches_it_on() -> None:
    """A later push keeps the date, another kind gets its own, and what is stored reads back."""
    first = dated(load_settings(MINIMAL), load_settings(MINIMAL + CALLS), NOON)
    notes = '[connection.activities.notes]\nsync = "to_salesforce"\n'
    second = dated(first, load_settings(MINIMAL + CALLS + notes), at(5))
    (connection,) = second.connections
    assert (connection.activities.calls.since, connection.activities.notes.since) == (NOON, at(5))
    assert from_json(to_json(second), 0) == second


def test_the_differences_name_the_key() -> None:
    """Before a push, a new direction is one line."""
    old = load_settings(MINIMAL)
    (connection,) = old.connections
    calls = ActivityKindSettings(ActivitySync.TWO_WAY, since=NOON)
    new = replace(old, connections=(replace(connection, activities=ActivitySettings(calls=calls)),))
    assert differences(old, new) == ('acme.activities.calls.sync: "off" -> "two_way"',)


def row(hubspot: str, salesforce: str, update: str = "two_way", kind: str = "calls") -> str:
    """A mapping of four lines."""
    return (
        f"[[connection.activities.{kind}.field]]\n"
        f'hubspot = "{hubspot}"\nsalesforce = "{salesforce}"\nupdate = "{update}"\n'
    )


REASON = FieldRule("call_reason", "Call_Reason__c", Update.PREFER_HUBSPOT)


@pytest.mark.rule("MAP-3")
@pytest.mark.rule("MAP-4")
def test_a_kind_has_rows_of_its_own() -> None:
    """A row of two new fields is a text until both CRMs have described them; a row of a default
    pair only changes its policy, however Salesforce's name is written.
    """
    rows = row("call_reason", "Call_Reason__c", "prefer_hubspot")
    title = row("hs_call_title", "subject", "never")
    settings = load_settings(MINIMAL + CALLS + rows + title)
    (connection,) = settings.connections
    assert connection.activities.calls.field == (
        REASON,
        FieldRule("hs_call_title", "Subject", Update.NEVER, length=255),
    )
    assert from_json(to_json(settings), 0) == settings


@pytest.mark.rule("MAP-6")
def test_a_row_that_is_added_later_is_dated() -> None:
    """It is not retroactive; that of a default pair is none of the new ones."""
    old, new = MINIMAL + CALLS, row("call_reason", "Call_Reason__c", "prefer_hubspot")
    changed = row("hs_call_title", "Subject", "fill_blank")
    found = dated(load_settings(old), load_settings(old + new + changed), NOON)
    (connection,) = found.connections
    assert [one.since for one in connection.activities.calls.field] == [NOON, None]
    assert from_json(to_json(found), 0) == found


def test_the_differences_name_the_row() -> None:
    """Before a push, a row is one line with both policies; so is a list of owners."""
    old = load_settings(MINIMAL + CALLS)
    title = row("hs_call_title", "Subject", "never")
    more = 'owners = ["7"]\n' + row("call_reason", "Call_Reason__c") + title
    assert differences(old, load_settings(MINIMAL + CALLS + more)) == (
        "acme.activities.calls.field hs_call_title / Subject: two_way -> never",
        'acme.activities.calls.owners: [] -> ["7"]',
        "acme.activities.calls.field call_reason / Call_Reason__c: none -> two_way",
    )


ONE_WAY = '[connection.activities.calls]\nsync = "to_salesforce"\n'
OFF = '[connection.activities.calls]\nsync = "off"\n'


WRONG: dict[str, tuple[str, str]] = {
    "a row that would cross the other way": (
        ONE_WAY + row("call_reason", "Call_Reason__c", "fill_blank"),
        (
            f"line {LINE + 6}: calls go one way, to_salesforce, so update must be one of "
            '"two_way", "prefer_hubspot", "always_hubspot", "never", not "fill_blank" (ACT-1)'
        ),
    ),
    "a row of a kind that is off": (
        OFF + row("call_reason", "Call_Reason__c"),
        f"line {LINE + 3}: calls cannot be mapped while their sync is off (MAP-10)",
    ),
    "a field that is mapped by default": (
        CALLS + row("call_reason", "Description"),
        (
            f"line {LINE + 5}: Description is mapped already: by default hs_call_body goes with it "
            "(MAP-8)"
        ),
    ),
    "whom an activity is about": (
        CALLS + row("call_reason", "WhoId"),
        (f"line {LINE + 5}: WhoId follows the associations; no mapping can change that (ACT-5)"),
    ),
    "the owner": (
        CALLS + row("hubspot_owner_id", "OwnerId"),
        (
            f"line {LINE + 4}: the owner of an activity crosses by the setting owner of its kind; "
            "no mapping can change that (ACT-6)"
        ),
    ),
    "the subtype": (
        CALLS + row("call_reason", "TaskSubtype"),
        (
            f"line {LINE + 5}: a task is of the subtype of its kind for ever; no mapping can change "
            "that (ACT-2)"
        ),
    ),
    "a row without a field": (
        CALLS + '[[connection.activities.calls.field]]\nhubspot = "call_reason"\n',
        (f"line {LINE + 3}: [[connection.activities.calls.field]] needs salesforce (MAP-8)"),
    ),
    "a policy that there is not": (
        CALLS + row("call_reason", "Call_Reason__c", "both"),
        (
            f'line {LINE + 6}: update is "both", must be one of two_way, prefer_salesforce, '
            "always_salesforce, prefer_hubspot, always_hubspot, fill_blank, never (MAP-3)"
        ),
    ),
    "an unknown direction": (
        CALLS.replace("two_way", "both"),
        (
            f'line {LINE + 2}: sync is "both", must be one of off, to_salesforce, to_hubspot, two_way '
            "(ACT-1)"
        ),
    ),
    "a deletion where the kind does not go": (
        CALLS.replace("two_way", "to_salesforce") + "delete_in_hubspot = true\n",
        (
            f"line {LINE + 3}: calls do not go to HubSpot, so nothing is deleted there: leave "
            "delete_in_hubspot out, or give sync another direction (ACT-8)"
        ),
    ),
    "a deletion that is neither true nor false": (
        CALLS + 'delete_in_salesforce = "no"\n',
        f'line {LINE + 3}: delete_in_salesforce is "no", must be true or false (ACT-8)',
    ),
    "an unknown kind": (
        CALLS.replace("calls", "faxes"),
        f'line {LINE + 1}: unknown key "faxes" in [connection.activities] (CFG-2)',
    ),
    "an unknown placeholder": (
        CALLS + 'subject = "{caller}"\n',
        (
            f'line {LINE + 3}: subject is "{{caller}}", must have no placeholders but {{direction}}, '
            "{outcome}, {first_line}; a brace is written twice (ACT-4)"
        ),
    ),
    "an owner that is no id": (
        CALLS + 'owners = ["ada"]\n',
        f'line {LINE + 3}: owners has "ada", must be the ids of HubSpot owners (digits) (ACT-3)',
    ),
    "a text that is no direction": (
        '[connection.activities]\ncalls = "both"\n',
        (
            f'line {LINE + 2}: calls is "both", must be one of off, to_salesforce, to_hubspot, '
            "two_way, or a table (CFG-1)"
        ),
    ),
    "notes that only Salesforce would make, in short": (
        '[connection.activities]\nnotes = "to_hubspot"\n',
        (
            f'line {LINE + 2}: Salesforce has no notes among its tasks: use "to_salesforce" or '
            '"two_way" (ACT-1)'
        ),
    ),
    "notes that only Salesforce would make": (
        '[connection.activities.notes]\nsync = "to_hubspot"\n',
        (
            f'line {LINE + 2}: Salesforce has no notes among its tasks: use "to_salesforce" or '
            '"two_way" (ACT-1)'
        ),
    ),
    "activities about nothing that syncs": (
        "[connection.contacts]\nsync = false\n[connection.companies]\nsync = false\n" + CALLS,
        (
            f"line {LINE + 6}: activities are about contacts, companies or deals: switch one of these "
            "on (ACT-1)"
        ),
    ),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_value_is_named_with_its_line(case: str) -> None:
    """Each complaint says what is wrong, what is right, and the rule."""
    text, sentence = WRONG[case]
    assert complaints(MINIMAL + text) == [sentence]


def test_every_kind_has_a_table() -> None:
    """The keys of the section are the kinds of activity."""
    assert all(ActivitySettings().of(kind) == ActivityKindSettings() for kind in ActivityKind)
