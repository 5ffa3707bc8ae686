"""Alerts, and a channel for messages, in memory."""

from __future__ import annotations

from dataclasses import replace

from crmsync.errors import SyncError
from crmsync.model.operations.alerts import (
    AlarmState,
    Alert,
    Channel,
    ChannelTrouble,
    KnownAlerts,
    Message,
)


class MemoryAlertStore:
    """Implements `AlertStore`."""

    def __init__(self) -> None:
        """Nothing is known."""
        self.alarms: dict[str, AlarmState] = {}
        self.alerts: dict[str, Alert] = {}
        self.troubles: dict[Channel, ChannelTrouble] = {}

    def load(self) -> KnownAlerts:
        """See the port."""
        alarms = tuple(self.alarms[name] for name in sorted(self.alarms))
        return KnownAlerts(alarms, dict(self.alerts), dict(self.troubles))

    def note_alarm(self, alarm: AlarmState) -> bool:
        """See the port."""
        known = self.alarms.get(alarm.name)
        if known and known.at >= alarm.at:
            return False
        self.alarms[alarm.name] = alarm
        return True

    def save(self, alert: Alert) -> Alert | None:
        """See the port."""
        known = self.alerts.get(alert.incident.key)
        if alert.version != (known.version if known else 0):
            return None
        self.alerts[alert.incident.key] = replace(alert, version=alert.version + 1)
        return self.alerts[alert.incident.key]

    def note_trouble(self, trouble: ChannelTrouble) -> None:
        """See the port."""
        self.troubles[trouble.channel] = trouble

    def end_trouble(self, channel: Channel) -> None:
        """See the port."""
        self.troubles.pop(channel, None)


class MemorySender:
    """Implements `MessageSender`.

    Attributes:
        sent: What was accepted, in order.
        error: What every call raises, or None.
    """

    def __init__(self) -> None:
        """It accepts everything."""
        self.sent: list[Message] = []
        self.error: SyncError | None = None

    def send(self, message: Message) -> None:
        """See the port."""
        if self.error:
            raise self.error
        self.sent.append(message)
