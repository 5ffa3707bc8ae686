"""Stories of a CRM that refuses our credentials: the metrics that alarms watch tell it at once, and
for how long it has been so.
"""

from __future__ import annotations

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import SWEEP, rows, values

REFUSED = {"at": "hubspot", "kind": "unauthorized", "times": 10**6}
MINUTE = 60


@pytest.mark.long
def test_a_revoked_token_is_told_at_once_and_a_change_by_its_own_age(
    stack: Stack, people: People
) -> None:
    """The first look at a change tells of the refusal, the next sweep too, and after half an hour
    the change's age is told.
    """
    stack.advance(SWEEP)
    began = {name: len(stack.output(name)) for name in ("contact_sync", "hubspot_sweep")}
    stack.faults([REFUSED])
    people.new_contact(lastname="Lang", company="Example GmbH", email="still@example.com")

    stack.settle()
    at_once = values(stack, "contact_sync", "ContactsLooksRefused", began["contact_sync"])
    stack.advance(SWEEP)
    swept = values(stack, "hubspot_sweep", "SweepsRefused", began["hubspot_sweep"])
    stack.advance(46 * MINUTE)
    oldest = max(values(stack, "contact_sync", "OldestChangeSeconds", began["contact_sync"]))
    unseen = max(values(stack, "hubspot_sweep", "SecondsSinceLook", began["hubspot_sweep"]))

    stack.faults([])
    stack.advance(2 * SWEEP)
    last = [
        values(stack, *told)[-1]
        for told in (("contact_sync", "OldestChangeSeconds"), ("hubspot_sweep", "SecondsSinceLook"))
    ]
    assert (at_once[:1], swept[:1]) == ([1.0], [1.0])
    assert (oldest >= 30 * MINUTE, unseen >= 30 * MINUTE) == (True, True)
    assert last == [0.0, 0.0]
    assert len(rows(people, "Lead", "still@example.com")) == 1
