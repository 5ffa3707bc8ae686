"""Where alerts are kept, and where messages about them are sent.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from typing import Protocol

from crmsync.model.operations.alerts import (
    AlarmState,
    Alert,
    Channel,
    ChannelTrouble,
    KnownAlerts,
    Message,
)


class AlertStore(Protocol):
    """What is known of alarms and incidents, and what was sent."""

    def load(self) -> KnownAlerts:
        """Everything, strongly consistent. Raises `TryAgain`."""

    def note_alarm(self, alarm: AlarmState) -> bool:
        """Keep the state of an alarm, unless a newer one is known; answers whether it was kept.
        Raises `TryAgain`.
        """

    def save(self, alert: Alert) -> Alert | None:
        """Store an alert and answer it with its next version; None if another one was stored since
        it was loaded. Raises `TryAgain`.
        """

    def note_trouble(self, trouble: ChannelTrouble) -> None:
        """Keep why a channel takes no messages, in place of what is known. Raises `TryAgain`."""

    def end_trouble(self, channel: Channel) -> None:
        """Forget it; repeating it changes nothing. Raises `TryAgain`."""


class MessageSender(Protocol):
    """A channel for messages."""

    def send(self, message: Message) -> None:
        """Send a message; returns once it was accepted. Raises `SyncError`."""
