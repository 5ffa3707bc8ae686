"""Stories of Salesforce's duplicate rules: blocked records are reported, and records that only
raise an alert are reported or saved as the settings say.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import record, rows

ALLOW = SETTINGS + 'duplicates = "allow"\n'
EMAILS = {name: f"{name}@example.com" for name in ("ada", "bea", "cleo")}


def world(action: str) -> dict[str, Any]:
    """An org whose duplicate rule matches leads by last name and company."""
    rule = {"object": "Lead", "match": ["LastName", "Company"], "action": action}
    old = {"type": "Lead", "LastName": "Lang", "Company": "Example GmbH", "Email": EMAILS["ada"]}
    return {
        "hubspot": [{"portal_id": 555001, "tier": "professional"}],
        "salesforce": {
            "edition": "Enterprise Edition",
            "duplicate_rules": [rule],
            "records": [old],
        },
    }


def colleague(stack: Stack, people: People, name: str) -> None:
    """A contact with the same name and company is made in HubSpot."""
    people.new_contact(email=EMAILS[name], lastname="Lang", company="Example GmbH")
    stack.settle()


def reports(stack: Stack) -> list[tuple[str, str]]:
    """The category and the hint of each report in the error inbox."""
    return [(row["category"], row["hint"]) for row in command(stack, "errors", "list")]


@pytest.mark.rule("ERR-4")
@pytest.mark.parametrize(
    ("settings", "action"), [(SETTINGS, "alert"), (SETTINGS, "block"), (ALLOW, "block")]
)
@pytest.mark.long
def test_a_blocked_duplicate_is_reported_at_once(
    new_stack: NewStack, settings: str, action: str
) -> None:
    """The duplicate is parked with a hint, and other contacts sync meanwhile."""
    stack = new_stack(settings, world(action))
    people = People(stack.ready())

    colleague(stack, people, "bea")
    people.new_contact(email=EMAILS["cleo"], lastname="Other", company="Example GmbH")
    stack.settle()

    assert (rows(people, "Lead", EMAILS["bea"]), len(rows(people, "Lead", EMAILS["cleo"]))) == (
        [],
        1,
    )
    ((category, hint),) = reports(stack)
    assert category == "duplicates"
    assert hint.startswith("Merge the duplicates in Salesforce, or change the duplicate rule.")


@pytest.mark.rule("ERR-4")
@pytest.mark.long
def test_a_duplicate_that_only_raises_an_alert_is_saved_if_the_settings_allow_it(
    new_stack: NewStack,
) -> None:
    """The contact becomes a lead of its own, and an edit that makes two leads alike syncs as well."""
    stack = new_stack(ALLOW, world("alert"))
    people = People(stack.ready())

    colleague(stack, people, "bea")
    people.new_contact(email=EMAILS["cleo"], lastname="Other", company="Example GmbH")
    stack.settle()
    (cleo,) = rows(people, "Lead", EMAILS["cleo"])
    contact = people.contact_with(EMAILS["cleo"])
    assert contact
    people.edit_contact(contact, lastname="Lang")
    stack.settle()

    assert len(rows(people, "Lead", EMAILS["bea"])) == 1
    assert record(people, "Lead", cleo["Id"], "LastName") == {"LastName": "Lang"}
    assert reports(stack) == []
