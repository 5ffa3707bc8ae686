"""CloudWatch's events about alarms, as a rule of EventBridge queues them
(docs/vendors.md#aws-alarms).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from crmsync.model.operations.alerts import AlarmState
from crmsync.wire.queue_messages import UnreadableError

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
_CHANGED = "CloudWatch Alarm State Change"
_CONFIGURED = "CloudWatch Alarm Configuration Change"
_ARN = re.compile(r"arn:([\w-]+):cloudwatch:([\w-]+):\d+:alarm:.+")
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}


def load_alarm(text: str, stack: str) -> AlarmState | None:
    """The state of an alarm of this stack after an event; None if the event is about something
    else. A deleted alarm is off. Raises `UnreadableError`.
    """
    try:
        return _alarm(json.loads(text), stack)
    except _MALFORMED as error:
        raise UnreadableError(type(error).__name__) from None


def alarm_name(text: str) -> str:
    """The name of the alarm that an event is about. Raises `UnreadableError`."""
    try:
        return str(json.loads(text)["detail"]["alarmName"])
    except _MALFORMED as error:
        raise UnreadableError(type(error).__name__) from None


def _alarm(event: dict[str, Any], stack: str) -> AlarmState | None:
    """CloudFormation names an alarm by the stack, the logical id, and letters of its own."""
    detail = event["detail"]
    full = str(detail["alarmName"])
    name = full.removeprefix(f"{stack}-").rpartition("-")[0]
    if not full.startswith(f"{stack}-") or not name.isalnum():
        return None
    kind = event["detail-type"]
    if kind == _CONFIGURED and detail["operation"] == "delete":
        return AlarmState(name, is_on=False, at=_moment(event["time"]))
    if kind != _CHANGED:
        return None
    return AlarmState(
        name,
        detail["state"]["value"] == "ALARM",
        _moment(detail["state"]["timestamp"]),
        str(detail.get("configuration", {}).get("description", "")),
        _link(str(next(iter(event.get("resources") or ()), "")), full),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise UnreadableError("a time without a zone")
    return moment.astimezone(UTC)


def _link(arn: str, name: str) -> str:
    read = _ARN.fullmatch(arn)
    host = _CONSOLES.get(read[1]) if read else None
    if not (read and host):
        return ""
    return f"https://{host}/cloudwatch/home?region={read[2]}#alarmsV2:alarm/{name}"
