"""The objects that a backfill can list, and their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.jobs import JobStep
from crmsync.model.records import Kind, Side
from crmsync.model.settings import CompanySettings
from crmsync.rules.backfill.objects import (
    BACKFILL_OBJECTS,
    IMPORTABLE,
    backfill_object,
    backfill_object_of,
    importable,
)
from tests.builders import a_connection


@pytest.mark.rule("IMP-1")
def test_the_objects_that_can_be_imported() -> None:
    """Salesforce's accounts, contacts, leads and opportunities can be imported; contacts and leads
    need an address (IMP-4).
    """
    assert IMPORTABLE == ("accounts", "contacts", "leads", "opportunities")
    rows = [importable(word) for word in (*IMPORTABLE, "Leads", "lists", "")]
    assert [row and (row.side, row.object, row.needs_email) for row in rows] == [
        (Side.SALESFORCE, "Account", False),
        (Side.SALESFORCE, "Contact", True),
        (Side.SALESFORCE, "Lead", True),
        (Side.SALESFORCE, "Opportunity", False),
        (Side.SALESFORCE, "Lead", True),
        None,
        None,
    ]


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
    """A resync of everything lists accounts and companies first, then contacts, and deals last."""
    kinds = [one.kind for one in BACKFILL_OBJECTS]
    assert kinds == sorted(kinds, key=[Kind.ACCOUNT, Kind.CONTACT, Kind.OPPORTUNITY].index)


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
