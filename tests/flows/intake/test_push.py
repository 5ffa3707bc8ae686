"""The intake of Salesforce's change events, as the relay's rule queues them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from crmsync.flows.intake.push import receive_change_events
from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.change_event import EventTenant
from tests.builders import LEAD_ID, OUR_USER
from tests.memory import MemoryOutbox

ORG = "00D000000000001EAA"
TENANTS = [EventTenant("acme", ORG, OUR_USER)]
AT = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)


def a_body(**header: object) -> str:
    """The message about an update of a lead."""
    head = {
        "entityName": "Lead",
        "recordIds": [LEAD_ID],
        "changeType": "UPDATE",
        "commitTimestamp": round(AT.timestamp() * 1000),
        "commitUser": "005000000000009AAA",
    } | header
    source = f"aws.partner/salesforce.com/{ORG}/0YL000000000001GAA"
    return json.dumps({"source": source, "detail": {"payload": {"ChangeEventHeader": head}}})


OURS = a_body(
    recordIds=["00Q000000000002AAA"],
    commitUser=OUR_USER,
    changeOrigin="com/salesforce/api/rest/66.0;client=crmsync",
)


def test_change_events_are_put_on_the_bus_in_one_go() -> None:
    """Two events about a lead are one change. A body that is no event names no record and is left
    out, and our own write is nobody's change.
    """
    outbox = MemoryOutbox()
    bodies = [a_body(), "no event", "[]", a_body(), OURS]
    assert receive_change_events(bodies, TENANTS, outbox) == 1
    lead = Ref(Side.SALESFORCE, "Lead", LEAD_ID)
    assert outbox.published == [Change("acme", Kind.CONTACT, lead, Cause.EDITED, AT)]


def test_without_a_change_nothing_is_put_on_the_bus() -> None:
    """Events about objects that do not sync cost no call."""
    outbox = MemoryOutbox()
    assert receive_change_events([a_body(entityName="Case")], TENANTS, outbox) == 0
    assert outbox.published == []
