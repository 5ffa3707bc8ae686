"""Stories of a CRM that refuses our credentials: the metrics behind the alarms show it at once, and
how long it has lasted.
"""

from __future__ import annotations

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import SWEEP, metric_values, rows

REFUSED = {"at": "hubspot", "kind": "unauthorized", "times": 10**6}
MINUTE = 60


@pytest.mark.long
def test_a_revoked_token_and_the_age_of_waiting_changes_show_in_the_metrics(
    stack: Stack, people: People
) -> None:
    """The first sync and the next sweep count the refusal, and after half an hour the age of the
    waiting change shows.
    """
    stack.advance(SWEEP)
    offsets = {name: len(stack.output(name)) for name in ("contact_sync", "hubspot_sweep")}
    stack.faults([REFUSED])
    people.new_contact(lastname="Lang", company="Example GmbH", email="still@example.com")

    stack.settle()
    at_once = metric_values(stack, "contact_sync", "ContactsLooksRefused", offsets["contact_sync"])
    stack.advance(SWEEP)
    swept = metric_values(stack, "hubspot_sweep", "SweepsRefused", offsets["hubspot_sweep"])
    stack.advance(46 * MINUTE)
    oldest = max(
        metric_values(stack, "contact_sync", "OldestChangeSeconds", offsets["contact_sync"])
    )
    since_sweep = max(
        metric_values(stack, "hubspot_sweep", "SecondsSinceLook", offsets["hubspot_sweep"])
    )

    stack.faults([])
    stack.advance(2 * SWEEP)
    last = [
        metric_values(stack, *metric)[-1]
        for metric in (
            ("contact_sync", "OldestChangeSeconds"),
            ("hubspot_sweep", "SecondsSinceLook"),
        )
    ]
    assert (at_once[:1], swept[:1]) == ([1.0], [1.0])
    assert (oldest >= 30 * MINUTE, since_sweep >= 30 * MINUTE) == (True, True)
    assert last == [0.0, 0.0]
    assert len(rows(people, "Lead", "still@example.com")) == 1
