"""What is known of alarms and incidents, and what people were told, in the state table.

    pk      sk                       attributes
    alerts  alarm ContactBrakeAlarm  on, at (milliseconds since 1970), text, link, expires_at (90
                                     days after `at`, unless it is on)
    alerts  incident paused acme        alert (JSON), version; expires_at once it is over
    alerts  channel webhook          since (ISO 8601, UTC), code, text, hint: it takes no messages

Nothing names a record.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.gateways.dynamodb.table import ConditionFailed, DynamoTable, Item, Key, same_version
from crmsync.model.moments import epoch_ms, epoch_seconds, from_epoch_ms
from crmsync.model.operations.alerts import AlarmState, Alert, Channel, ChannelTrouble, KnownAlerts
from crmsync.wire.rows.alerts import from_json, to_json

KEPT = timedelta(days=90)
PARTITION = "alerts"
ALARM = "alarm "
INCIDENT = "incident "
CHANNEL = "channel "


class AlertTable:
    """Implements `AlertStore` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The list of alerts")

    def load(self) -> KnownAlerts:
        """Everything, in one query. Raises `TryAgain`."""
        alarms: list[AlarmState] = []
        alerts: dict[str, Alert] = {}
        troubles: dict[Channel, ChannelTrouble] = {}
        for item in self._table.query(PARTITION):
            name = item["sk"]["S"]
            if name.startswith(ALARM):
                alarms.append(_alarm(name.removeprefix(ALARM), item))
            elif name.startswith(INCIDENT):
                alerts[name.removeprefix(INCIDENT)] = from_json(
                    item["alert"]["S"], int(item["version"]["N"])
                )
            elif name.startswith(CHANNEL):
                channel = Channel(name.removeprefix(CHANNEL))
                troubles[channel] = _trouble(channel, item)
        return KnownAlerts(tuple(alarms), alerts, troubles)

    def note_alarm(self, alarm: AlarmState) -> bool:
        """Store the state of an alarm, unless a newer one is stored. Raises `TryAgain`."""
        at = {"N": str(epoch_ms(alarm.at))}
        attributes: dict[str, Any] = {
            "on": {"BOOL": alarm.is_on},
            "at": at,
            "text": {"S": alarm.text},
            "link": {"S": alarm.link},
        }
        if not alarm.is_on:
            attributes["expires_at"] = {"N": str(epoch_seconds(alarm.at + KEPT))}
        try:
            self._table.put(
                (PARTITION, ALARM + alarm.name),
                attributes,
                ConditionExpression="attribute_not_exists(pk) OR #at < :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": at},
            )
        except ConditionFailed:
            return False
        return True

    def save(self, alert: Alert) -> Alert | None:
        """Store an alert under its next version, and return it with that version; None if another
        one was stored since it was loaded. Raises `TryAgain`.
        """
        stored = replace(alert, version=alert.version + 1)
        attributes = {"alert": {"S": to_json(stored)}, "version": {"N": str(stored.version)}}
        if alert.over_at is not None:
            attributes["expires_at"] = {"N": str(epoch_seconds(alert.over_at + KEPT))}
        key = (PARTITION, INCIDENT + alert.incident.key)
        try:
            self._table.put(key, attributes, **same_version(alert.version))
        except ConditionFailed:
            return None
        return stored

    def note_trouble(self, trouble: ChannelTrouble) -> None:
        """Store why a channel takes no messages. Raises `TryAgain`."""
        self._table.put(
            _channel_key(trouble.channel),
            {
                "since": {"S": trouble.since.isoformat()},
                "code": {"S": trouble.code},
                "text": {"S": trouble.text},
                "hint": {"S": trouble.hint},
            },
        )

    def end_trouble(self, channel: Channel) -> None:
        """Delete it. Raises `TryAgain`."""
        self._table.delete(_channel_key(channel))


def _channel_key(channel: Channel) -> Key:
    return PARTITION, CHANNEL + channel


def _alarm(name: str, item: Item) -> AlarmState:
    return AlarmState(
        name,
        item["on"]["BOOL"],
        from_epoch_ms(int(item["at"]["N"])),
        item["text"]["S"],
        item["link"]["S"],
    )


def _trouble(channel: Channel, item: Item) -> ChannelTrouble:
    return ChannelTrouble(
        channel,
        datetime.fromisoformat(item["since"]["S"]),
        item["code"]["S"],
        item["text"]["S"],
        item["hint"]["S"],
    )
