"""A story of the error inbox: what is refused is counted, tried again by its code, and leaves by
itself.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, NewStack
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import rows

RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
WORLD: dict[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "validation_rules": [
            {
                "object": "Lead",
                "field": "LastName",
                "contains": "Test",
                "message": "No test records, please",
            }
        ],
    },
}


def entries(stack: Stack, *words: str) -> dict[tuple[str, str], int]:
    """Record and code of each entry of the error inbox, with its attempts. Sweeps add some."""
    return {
        (row["ref"]["id"], row["code"]): row["attempts"]
        for row in command(stack, "errors", "list", *words)
    }


@pytest.mark.rule("ERR-1")
@pytest.mark.rule("ERR-8")
@pytest.mark.rule("RTY-3")
@pytest.mark.long
def test_a_refused_record_is_counted_retried_by_its_code_and_leaves_by_itself(
    new_stack: NewStack,
) -> None:
    """A retry that fails again is one more attempt of the same entry; a corrected record syncs and
    is no longer listed.
    """
    stack = new_stack(SETTINGS, WORLD)
    people = People(stack.ready())
    bad = [
        people.new_contact(email=f"{name}@example.com", lastname="Test", company="Example")
        for name in ("ada", "bea")
    ]
    stack.settle()
    first = command(stack, "errors", "list")

    before = entries(stack)
    assert set(before) == {(one, RULE) for one in bad}
    (counted,) = command(stack, "errors", "list", "--summary")
    assert (counted["category"], counted["code"], counted["records"], counted["who"]) == (
        "validation",
        RULE,
        2,
        "Salesforce administrator",
    )

    stack.advance(120)
    retried = command(stack, "errors", "retry", "--code", RULE, "--apply")
    assert len(retried["records"]) == 2
    stack.settle()

    again = command(stack, "errors", "list")
    after = entries(stack)
    assert set(after) == set(before)
    assert all(after[one] > before[one] for one in after)
    assert [row["first"] for row in again] == [row["first"] for row in first]
    assert all(row["last"] > row["first"] for row in again)
    (told,) = command(stack, "explain", "hubspot", "contact", bad[0])["errors"]
    assert (told["code"], told["text"]) == (RULE, "No test records, please")
    assert told["attempts"] >= after[bad[0], RULE]

    people.edit_contact(bad[0], lastname="Lang")
    stack.settle()

    assert set(entries(stack, "--code", RULE)) == {(bad[1], RULE)}
    assert len(rows(people, "Lead", "ada@example.com")) == 1
