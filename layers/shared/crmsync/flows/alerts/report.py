"""One look at everything that people have to know of, and the messages that follow.

Law: a worker claims an alert before it sends anything about it, and notes afterwards what was sent.
So two workers, a message that SQS delivers twice, or a retry send nothing twice; only a worker that
dies between the two may have its messages sent again. What was not accepted is sent by a later
look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import SyncError
from crmsync.flows.engine.staleness import last_poll, longest_wait, names_of_notes
from crmsync.model.kinds.campaigns import SHOWN, ListProgress
from crmsync.model.operations.alerts import (
    AlarmState,
    Alert,
    Channel,
    ChannelTrouble,
    KnownAlerts,
    Phase,
)
from crmsync.model.records import Side
from crmsync.model.settings import AlertEmails, AlertSettings, Connection, Settings
from crmsync.ports.alerts import AlertStore, MessageSender
from crmsync.ports.campaigns import CampaignStore
from crmsync.ports.stores import Cursors, Inbox, Jobs
from crmsync.ports.troubles import TroubleStore
from crmsync.rules.alerts.alarms import incidents_of_alarms, is_reported
from crmsync.rules.alerts.delivery import claimed, due, renewed, sent
from crmsync.rules.alerts.incidents import (
    ConnectionState,
    StoppedCampaign,
    Waiting,
    incidents_of,
)
from crmsync.rules.alerts.messages import message_of
from crmsync.rules.campaigns import reads_campaigns
from crmsync.rules.timing.call_state import CallState


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertContext:
    """What a look works with.

    Attributes:
        settings: The settings in force.
        store: What is known and what was sent.
        troubles: The troubles of the connections.
        jobs: Their jobs.
        inbox: Their error inbox.
        cursors: Their cursors.
        calls: Reads their calls to a side.
        campaigns: How far lists have become members of campaigns.
        sender: Makes the sender of a channel.
        stack: The name of the stack, for the messages.
        now: The clock (UTC).
    """

    settings: Settings
    store: AlertStore
    troubles: TroubleStore
    jobs: Jobs
    inbox: Inbox
    cursors: Cursors
    calls: Callable[[Connection, Side], CallState]
    campaigns: CampaignStore
    sender: Callable[[Channel], MessageSender]
    stack: str
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class AlertSummary:
    """What became of a look.

    Attributes:
        sent: How many messages were accepted.
        refused: The last error of each channel that took none.
        waiting: How many messages were not sent because their channel took none.
    """

    sent: int = 0
    refused: Mapping[Channel, SyncError] | None = None
    waiting: int = 0


def note_alarms(alarms: Sequence[AlarmState], store: AlertStore) -> int:
    """Keep the states of the alarms that are reported; returns how many were new. Raises
    `TryAgain`.
    """
    return sum(store.note_alarm(alarm) for alarm in alarms if is_reported(alarm.name))


def report_alerts(context: AlertContext) -> AlertSummary:
    """Look at the alarms and the connections, and send what is due. Raises `TryAgain` when our own
    tables do not answer.
    """
    now, known, wanted = context.now(), context.store.load(), context.settings.alerts
    incidents = incidents_of_alarms(known.alarms)
    for connection in context.settings.connections:
        incidents += incidents_of(_state_of(connection, context), wanted.parked_records, now)
    delivery = _Delivery(context, known)
    for alert in renewed(known.alerts, incidents, now):
        phases = due(alert, wanted, now)
        changed = claimed(alert, now) if phases else alert
        if changed == known.alerts.get(alert.incident.key):
            continue
        saved = context.store.save(changed)
        if saved is not None and phases:
            context.store.save(sent(saved, delivery.send(saved, phases)))
    _forget_unused(known, wanted, context.store)
    return AlertSummary(delivery.count, delivery.refused, delivery.waiting)


def _state_of(connection: Connection, context: AlertContext) -> ConnectionState:
    name, now = connection.name, context.now()
    known = context.cursors.load_many(name, names_of_notes(connection.kinds))
    waits = {kind: longest_wait(kind, known, now) for kind in connection.kinds}
    return ConnectionState(
        name,
        context.troubles.load(name),
        context.jobs.all(name),
        context.inbox.entries(name),
        {side: last_poll(side, known) for side in Side},
        {str(kind): Waiting(one.since, one.code) for kind, one in sorted(waits.items()) if one},
        {side: context.calls(connection, side) for side in Side},
        _stopped(connection, context.campaigns),
    )


def _stopped(connection: Connection, store: CampaignStore) -> list[StoppedCampaign]:
    """The campaigns of the settings that stand still; a connection without any costs no read."""
    if not reads_campaigns(connection):
        return []
    known = store.load(connection.name)
    wanted = {(one.list, one.campaign): one.campaign for one in connection.campaigns}
    if connection.contacts.show_campaigns:
        wanted[SHOWN] = ""
    return [
        StoppedCampaign(name, trouble.code, trouble.since)
        for key, name in wanted.items()
        if (trouble := known.get(key, ListProgress()).trouble) is not None
    ]


class _Delivery:
    """Sends messages, and leaves a channel alone for the rest of the look once it took none."""

    def __init__(self, context: AlertContext, known: KnownAlerts) -> None:
        self._context = context
        self._troubles = dict(known.troubles)
        self.refused: dict[Channel, SyncError] = {}
        self.count = 0
        self.waiting = 0

    def send(self, alert: Alert, phases: Mapping[Channel, Phase]) -> Mapping[Channel, Phase]:
        """Send a message to each channel; returns what was accepted."""
        return {
            channel: phase
            for channel, phase in phases.items()
            if channel not in self.refused and self._is_sent(alert, channel, phase)
        }

    def _is_sent(self, alert: Alert, channel: Channel, phase: Phase) -> bool:
        context = self._context
        message = message_of(alert, phase, context.stack, context.settings.alerts.docs_url)
        try:
            context.sender(channel).send(message)
        except SyncError as error:
            self._note(channel, error)
            return False
        self.count += 1
        if self._troubles.pop(channel, None):
            context.store.end_trouble(channel)
        return True

    def _note(self, channel: Channel, error: SyncError) -> None:
        self.refused[channel] = error
        self.waiting += 1
        known = self._troubles.get(channel)
        since = known.since if known else self._context.now()
        trouble = ChannelTrouble(channel, since, error.code, error.text, error.hint)
        self._troubles[channel] = trouble
        self._context.store.note_trouble(trouble)


def _forget_unused(known: KnownAlerts, wanted: AlertSettings, store: AlertStore) -> None:
    """A channel that the settings no longer name is in no trouble."""
    used = {
        Channel.EMAIL: wanted.email is not AlertEmails.NONE,
        Channel.WEBHOOK: wanted.posts,
    }
    for channel in known.troubles:
        if not used[channel]:
            store.end_trouble(channel)
