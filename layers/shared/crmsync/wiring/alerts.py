"""The Lambda that tells people: alarms that changed from their queue, and on a schedule what
crmsync itself knows of.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmsync.errors import Distrusted, SyncError
from crmsync.model.operations.alerts import Channel
from crmsync.model.settings import AlertSettings
from crmsync.telemetry import logger, metrics
from crmsync.wiring.campaigns import campaign_store
from crmsync.wiring.stores import (
    Event,
    LambdaTime,
    alert_store,
    aws_client,
    cursors,
    inbox,
    jobs,
    now,
    own_calls,
    secrets,
    settings,
    stack_name,
    troubles,
    with_deadline,
)

if TYPE_CHECKING:
    from crmsync.model.operations.alerts import AlarmState
    from crmsync.ports.alerts import MessageSender


def alerts() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda of alerts: a batch of alarms that changed in, the partial batch response out; or
    the schedule's look.
    """
    return with_deadline(lambda event: _take_alarms(event) if "Records" in event else _look())


def _take_alarms(event: Event) -> dict[str, Any]:
    """Keep the states of the alarms, and tell at once. While our tables do not answer, the messages
    come again; one that cannot be read becomes a dead letter.
    """
    from crmsync.flows.alerts.report import note_alarms
    from crmsync.wire.alarm_event import load_alarm
    from crmsync.wire.queue_messages import UnreadableError

    found: list[AlarmState] = []
    failed: list[str] = []
    for record in event["Records"]:
        try:
            alarm = load_alarm(record["body"], stack_name())
        except UnreadableError as error:
            logger.warning("event about an alarm cannot be read", reason=str(error))
            failed.append(record["messageId"])
        else:
            found += [alarm] if alarm else []
    try:
        if note_alarms(found, alert_store()):
            _look()
    except SyncError as error:
        logger.warning("alarms come back", code=error.code, reason=error.text)
        failed = [record["messageId"] for record in event["Records"]]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in sorted(failed)]}


def _look() -> dict[str, Any]:
    """One look. Without settings that can be trusted nothing is sent; `settings` reports why, and
    an alarm of its own goes off.
    """
    from crmsync.flows.alerts.report import AlertContext, report_alerts

    try:
        in_force = settings()
    except Distrusted:
        return {}
    summary = report_alerts(
        AlertContext(
            settings=in_force,
            store=alert_store(),
            troubles=troubles(),
            jobs=jobs(),
            inbox=inbox(),
            cursors=cursors(),
            calls=own_calls(now),
            campaigns=campaign_store(),
            sender=lambda channel: _sender_of(channel, in_force.alerts),
            stack=stack_name(),
            now=now,
        )
    )
    for channel, error in (summary.refused or {}).items():
        logger.error(
            "alerts not sent",
            channel=channel,
            code=error.code,
            reason=error.text,
            hint=error.hint,
        )
    metrics.add_metric("AlertsSent", unit="Count", value=summary.sent)
    metrics.add_metric("AlertsNotSent", unit="Count", value=summary.waiting)
    return {"sent": summary.sent, "waiting": summary.waiting}


def _sender_of(channel: Channel, wanted: AlertSettings) -> MessageSender:
    from crmsync.gateways.aws.topic import AlarmTopic
    from crmsync.gateways.chat import ChatWebhook
    from crmsync.wire.alert_messages import FORMATS

    if channel is Channel.EMAIL:
        return AlarmTopic(aws_client("sns"), os.environ["ALARM_TOPIC"])
    return ChatWebhook(secrets().secret(wanted.secret), FORMATS[wanted.webhook])
