"""Delivers what the CRMs send to the deployed system.

Law: delivers as the Internet and Salesforce's Event Relay would, without interpreting it. A webhook
goes to the Function URL by HTTP; MiniStack tells functions apart by the Host header. MiniStack
makes partner event buses and their rules but, like AWS, lets only the partner put events there, and
it has no partner. So a change event goes to the targets of those deployed rules that, according to
MiniStack, match it.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from local.rehearsal.ministack import MiniStack
from local.stack.crms import Crms
from local.stack.partner_bus import transformed

ANSWER_SECONDS = 60


def deliver(cloud: MiniStack, crms: Crms) -> None:
    """Deliver everything that is due now."""
    for delivery in crms.hubspot.due_webhooks():
        status = post_webhook(cloud, delivery.url, delivery.headers, delivery.body)
        crms.hubspot.webhook_answered(delivery, status)
    for event in crms.salesforce.due_change_events():
        relay(cloud, crms.salesforce.event_source, event)


def relay(cloud: MiniStack, bus: str, event: Mapping[str, Any]) -> None:
    """Send one event of a partner's bus to the queues whose rules match it, transformed as they
    say.
    """
    events, queues, text = cloud.client("events"), cloud.client("sqs"), json.dumps(event)
    for rule in events.list_rules(EventBusName=bus)["Rules"]:
        if events.test_event_pattern(EventPattern=rule["EventPattern"], Event=text)["Result"]:
            for target in events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)[
                "Targets"
            ]:
                url = queues.get_queue_url(QueueName=target["Arn"].rpartition(":")[2])["QueueUrl"]
                body = transformed(event, target.get("InputTransformer", {}))
                queues.send_message(QueueUrl=url, MessageBody=body)


def post_webhook(cloud: MiniStack, url: str, headers: Mapping[str, str], body: bytes) -> int:
    """POST to a Function URL of this deployment; return the status, or 0 when no answer came."""
    parts = urlsplit(url)
    trusted = ssl.create_default_context(cafile=str(cloud.certificate))
    connection = http.client.HTTPSConnection(
        "localhost", cloud.port, timeout=ANSWER_SECONDS, context=trusted
    )
    try:
        connection.request("POST", parts.path or "/", body, {**headers, "Host": parts.netloc})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
