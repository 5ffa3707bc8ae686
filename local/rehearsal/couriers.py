"""What the CRMs send, carried to the deployed system.

Law: carries as the Internet and Salesforce's Event Relay would, and understands nothing of it. A webhook goes to the Function URL over
HTTP; MiniStack tells functions apart by the Host header. A change event is put on the partner event bus.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from local.rehearsal.ministack import MiniStack
from local.stack.crms import Crms

ANSWER_SECONDS = 60


def deliver(cloud: MiniStack, crms: Crms, partner_bus: str) -> None:
    """Carry everything that is due now."""
    for delivery in crms.hubspot.due_webhooks():
        status = knock(cloud, delivery.url, delivery.headers, delivery.body)
        crms.hubspot.webhook_answered(delivery, status)
    entries = [
        {
            "EventBusName": partner_bus,
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
        }
        for event in crms.salesforce.due_change_events()
    ]
    for start in range(0, len(entries), 10):
        cloud.client("events").put_events(Entries=entries[start : start + 10])


def knock(cloud: MiniStack, url: str, headers: Mapping[str, str], body: bytes) -> int:
    """POST to a Function URL of this deployment; the status, or 0 when no answer came."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", parts.path or "/", body, {**headers, "Host": parts.netloc})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
