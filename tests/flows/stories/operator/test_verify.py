"""Stories of comparisons, started by the operator's command and by the schedule, on the deployed
system with the template's rights.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD, NewStack
from tests.flows.stories.story_command import command

SETTLED = 45 * 60
"""Seconds after which an edit counts as seen."""


def lose_link(stack: Stack, contact: str, lead: str) -> None:
    """Delete a link behind the product's back, as a bad restore does."""
    ready = stack.ready()
    table = boto3.client(
        "dynamodb",
        endpoint_url=ready["aws_endpoint_url"],
        region_name=ready["aws_region"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    for key in (f"acme#hubspot:contact:{contact}", f"acme#salesforce:Lead:{lead}"):
        table.delete_item(TableName="crmsync-links", Key={"pk": {"S": key}})


def verify(stack: Stack, *words: str, status: int = 0) -> dict[str, Any]:
    """Run ``crmsync verify`` without waiting, let the job end, and return the last results by
    object, with those that are in step alone left out.
    """
    command(stack, "verify", *words, "--no-wait")
    stack.settle()
    return results(stack, status=status)


def results(stack: Stack, *, status: int = 0) -> dict[str, Any]:
    """The last results by object, as ``crmsync status`` shows them."""
    (connection,) = command(stack, "status", status=status)["connections"]
    return {
        f"{one['side']} {one['object']}": {
            standing: count for standing, count in one["counts"].items() if count
        }
        for one in connection["compared"]
        if one["records"]
    }


@pytest.mark.rule("CH-31")
def test_a_lost_link_is_found_and_repaired(new_stack: NewStack) -> None:
    """The comparison runs with the rights of its function, and writes nothing; the repair makes the
    link again.
    """
    stack = new_stack()
    people = People(stack.ready())
    ids = [people.new_contact(email=f"c{number}@example.com") for number in range(3)]
    stack.advance(SETTLED)
    rows = people.records("SELECT Id, Email FROM Lead WHERE Email = 'c1@example.com'")
    lose_link(stack, ids[1], rows[0]["Id"])
    before = stack.stats()

    found = verify(stack)
    between = stack.stats()
    verify(stack, "--repair", "--apply")
    left = verify(stack)

    three = {"in_step": 2, "missing": 1}
    assert found == {"hubspot contact": three, "salesforce Lead": three}
    assert [between[side]["writes"] for side in ("hubspot", "salesforce")] == [
        before[side]["writes"] for side in ("hubspot", "salesforce")
    ]
    assert left == {"hubspot contact": {"in_step": 3}, "salesforce Lead": {"in_step": 3}}
    (link,) = command(stack, "links", "show", "hubspot", "contact", ids[1])
    assert link["salesforce"].endswith(rows[0]["Id"])


@pytest.mark.rule("CH-31")
@pytest.mark.long
def test_each_night_everything_is_compared() -> None:
    """At twenty past two the schedule starts a job, which works through everything that is on."""
    with Stack(SETTINGS, WORLD, parameters={"NightlyComparison": "compare"}) as stack:
        job, found = after_a_night(stack)

    assert (job["verb"], job["state"], job["by"], job["queued"]) == (
        "verify",
        "done",
        "schedule",
        2,
    )
    assert found == {"hubspot contact": {"in_step": 1}, "salesforce Lead": {"in_step": 1}}


def after_a_night(stack: Stack) -> tuple[dict[str, Any], dict[str, Any]]:
    """The job of the first night, and what it has found about a new contact."""
    People(stack.ready()).new_contact(email="ada@example.com")
    stack.settle()
    now = datetime.fromtimestamp(stack.clock.now_ms() / 1000, UTC)
    night = now.replace(hour=2, minute=21, second=0)
    stack.advance((night - now).total_seconds() % (24 * 3600))

    (job,) = command(stack, "jobs", "list")
    return job, results(stack)
