"""The objects that a backfill can list, and their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.operations.jobs import JobStep
from crmsync.model.records import Kind, Side
from crmsync.model.settings import CompanySettings
from crmsync.rules.backfill.objects import (
    BACKFILL_OBJECTS,
    IMPORTABLE,
    backfill_object,
    backfill_object_of,
    expected_on,
    importable,
)
from tests.builders import a_connection


@pytest.mark.rule("IMP-1")
def test_the_objects_that_can_be_imported() -> None:
    """Salesforce's accounts, contacts, leads and opportunities can be imported; contacts and leads
    need an address (IMP-4).
    """
    assert IMPORTABLE[:4] == ("accounts", "contacts", "leads", "opportunities")
    rows = [importable(word) for word in (*IMPORTABLE[:4], "Leads", "lists", "")]
    assert [[(row.side, row.object, row.needs_email) for row in one] for one in rows] == [
        [(Side.SALESFORCE, "Account", False)],
        [(Side.SALESFORCE, "Contact", True)],
        [(Side.SALESFORCE, "Lead", True)],
        [(Side.SALESFORCE, "Opportunity", False)],
        [(Side.SALESFORCE, "Lead", True)],
        [],
        [],
    ]


@pytest.mark.rule("IMP-1")
def test_activities_are_imported_from_both_sides_kind_by_kind() -> None:
    """Of Salesforce's tasks an import lists those of its kind; a note is none by itself."""
    steps = {word: [str(row.step()) for row in importable(word)] for word in IMPORTABLE[4:]}
    assert steps == {
        "calls": ["hubspot call", "salesforce Task (calls)"],
        "emails": ["hubspot email", "salesforce Task (emails)"],
        "meetings": ["hubspot meeting", "salesforce Event"],
        "notes": ["hubspot note"],
        "tasks": ["hubspot task", "salesforce Task (tasks)"],
    }


@pytest.mark.parametrize(
    ("sync", "sides"),
    [
        (ActivitySync.OFF, []),
        (ActivitySync.TO_SALESFORCE, [Side.HUBSPOT]),
        (ActivitySync.TO_HUBSPOT, [Side.SALESFORCE]),
        (ActivitySync.TWO_WAY, [Side.HUBSPOT, Side.SALESFORCE]),
    ],
)
def test_a_kind_of_activity_is_imported_from_where_it_crosses(
    sync: ActivitySync, sides: list[Side]
) -> None:
    """Another kind that crosses has no part in that, though both may be tasks in Salesforce."""
    connection = replace(
        a_connection(),
        activities=ActivitySettings(
            calls=ActivityKindSettings(sync=sync),
            tasks=ActivityKindSettings(sync=ActivitySync.TWO_WAY),
        ),
    )
    rows = importable("calls")

    assert [row.side for row in rows if row.syncs(connection)] == sides
    of_the_steps = [backfill_object_of(row.step()) for row in rows]
    assert [row.side for row in of_the_steps if row.syncs(connection)] == sides


def test_that_activities_are_off_is_told_only_to_those_who_ask_for_them() -> None:
    """They are off by default."""
    assert expected_on(importable("calls")) == importable("calls")
    assert {row.kind for row in expected_on(BACKFILL_OBJECTS)} == {
        Kind.ACCOUNT,
        Kind.CONTACT,
        Kind.OPPORTUNITY,
    }


@pytest.mark.parametrize(
    ("side", "name", "object_"),
    [
        (Side.HUBSPOT, "contact", "contact"),
        (Side.HUBSPOT, "contacts", "contact"),
        (Side.HUBSPOT, "Companies", "company"),
        (Side.SALESFORCE, "contact", "Contact"),
        (Side.SALESFORCE, "accounts", "Account"),
        (Side.SALESFORCE, "LEADS", "Lead"),
        (Side.SALESFORCE, "opportunities", "Opportunity"),
        (Side.HUBSPOT, "deals", "deal"),
        (Side.HUBSPOT, "lead", None),
        (Side.SALESFORCE, "", None),
    ],
)
def test_an_object_is_found_by_its_name_in_any_spelling(
    side: Side, name: str, object_: str | None
) -> None:
    """Singular or plural, upper or lower case; each side has its own objects."""
    found = backfill_object(side, name)
    assert (found and found.object) == object_


def test_parents_come_first() -> None:
    """A resync of everything lists accounts and companies first, then contacts, deals, and
    activities last.
    """
    kinds = [one.kind for one in BACKFILL_OBJECTS]
    order = [Kind.ACCOUNT, Kind.CONTACT, Kind.OPPORTUNITY, Kind.ACTIVITY]
    assert kinds == sorted(kinds, key=order.index)


def test_each_object_has_its_switch() -> None:
    """With companies off contacts are listed, but not deals, which need companies (OPP-2)."""
    connection = replace(a_connection(), companies=CompanySettings(sync=False))
    assert [one.object for one in BACKFILL_OBJECTS if one.syncs(connection)] == [
        "Contact",
        "Lead",
        "contact",
    ]


def test_a_step_with_an_unknown_object_is_refused() -> None:
    """A job of another release may name an object that this one does not know."""
    with pytest.raises(KeyError, match="Opportunity__x"):
        backfill_object_of(JobStep(Side.SALESFORCE, "Opportunity__x"))
