"""Looks at alarms and connections, and the messages that follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.alerts.report import AlertContext, AlertSummary, note_alarms, report_alerts
from crmsync.model.kinds.campaign_settings import CampaignSettings
from crmsync.model.kinds.campaigns import CampaignTrouble, ListProgress
from crmsync.model.operations.alerts import AlarmState, Alert, Channel, ChannelTrouble
from crmsync.model.operations.troubles import Pause
from crmsync.model.settings import AlertEmails, AlertSettings, AlertWebhook, Settings
from crmsync.rules.timing.call_state import CallState
from tests.builders import NOON, a_connection, at
from tests.memory import (
    MemoryAlertStore,
    MemoryCursors,
    MemoryInbox,
    MemoryJobs,
    MemorySender,
    MemoryTroubleStore,
)
from tests.memory.campaigns import MemoryCampaigns

WANTED = AlertSettings(email=AlertEmails.ALL, webhook=AlertWebhook.SLACK, secret="alerts/a")
ALARM = AlarmState("ContactAgeAlarm", True, NOON, "Late. See docs/metrics-and-alarms.md#the-sync.")


@dataclass(slots=True)
class Deployment:
    """A deployment with its two channels."""

    store: MemoryAlertStore = field(default_factory=MemoryAlertStore)
    troubles: MemoryTroubleStore = field(default_factory=MemoryTroubleStore)
    senders: dict[Channel, MemorySender] = field(
        default_factory=lambda: {one: MemorySender() for one in Channel}
    )
    campaigns: MemoryCampaigns = field(default_factory=MemoryCampaigns)
    listed: tuple[CampaignSettings, ...] = ()
    wanted: AlertSettings = WANTED
    now: datetime = NOON

    def context(self) -> AlertContext:
        """What a look works with."""
        return AlertContext(
            settings=Settings((replace(a_connection(), campaigns=self.listed),), 1, self.wanted),
            store=self.store,
            troubles=self.troubles,
            jobs=MemoryJobs(),
            inbox=MemoryInbox(),
            cursors=MemoryCursors(),
            campaigns=self.campaigns,
            calls=lambda _connection, _side: CallState({}, 0, None, {}, None, None),
            sender=lambda channel: self.senders[channel],
            stack="crmsync",
            now=lambda: self.now,
        )

    def look(self, minutes: float = 0) -> AlertSummary:
        """Look so many minutes after noon."""
        self.now = at(minutes)
        return report_alerts(self.context())

    def titles(self, channel: Channel = Channel.WEBHOOK) -> list[str]:
        """The titles of what a channel has accepted."""
        return [message.title for message in self.senders[channel].sent]


FAIR = CampaignSettings("42", "701000000000001AAA", "Sent")
PAUSED = "Problem: acme is paused (crmsync)"
RESUMED = "All clear: acme is paused (crmsync)"


def test_a_cause_is_told_once_and_its_end_once() -> None:
    """On both channels, however many looks there are."""
    deployed = Deployment()
    deployed.troubles.pause("acme", Pause(at(-5)))
    assert deployed.look() == AlertSummary(2, {}, 0)
    assert deployed.look(5) == AlertSummary(0, {}, 0)
    deployed.troubles.resume("acme")
    deployed.look(10)
    deployed.look(15)
    assert [deployed.titles(one) for one in Channel] == [[PAUSED, RESUMED]] * 2


def test_an_alarm_that_comes_twice_is_told_once() -> None:
    """Also one that comes late, after the alarm has gone off; and none about alerts."""
    deployed = Deployment()
    own = AlarmState("AlertsNotSentAlarm", True, NOON, "Not sent.")
    assert note_alarms([ALARM, ALARM, own], deployed.store) == 1
    deployed.look()
    off = AlarmState("ContactAgeAlarm", False, at(2))
    assert note_alarms([off, ALARM], deployed.store) == 1
    deployed.look(3)
    assert deployed.titles() == [
        "Problem: Alarm ContactAge (crmsync)",
        "All clear: Alarm ContactAge (crmsync)",
    ]


def test_of_two_workers_one_sends() -> None:
    """The other looks while the first one is about to send."""
    deployed = Deployment()
    deployed.troubles.pause("acme", Pause(at(-5)))

    class Interleaved(MemorySender):
        """Has another worker look while it sends."""

        def __init__(self, look: Callable[[], AlertSummary]) -> None:
            super().__init__()
            self.look = look

        def send(self, message: object) -> None:
            """See the port."""
            assert self.look() == AlertSummary(0, {}, 0)
            super().send(message)  # type: ignore[arg-type]

    deployed.senders[Channel.WEBHOOK] = Interleaved(lambda: report_alerts(deployed.context()))
    assert deployed.look() == AlertSummary(2, {}, 0)
    assert [deployed.titles(one) for one in Channel] == [[PAUSED]] * 2


def test_a_channel_that_fails_is_tried_again_and_the_other_is_not_repeated() -> None:
    """The trouble is kept for `crmsync status` with its first time, and forgotten afterwards."""
    deployed = Deployment()
    error = Refused("The webhook answered 404.", code="no_service", hint="Make a new one.")
    deployed.senders[Channel.WEBHOOK].error = error
    deployed.troubles.pause("acme", Pause(at(-5)))
    note_alarms([ALARM], deployed.store)
    assert deployed.look() == AlertSummary(2, {Channel.WEBHOOK: error}, 1)
    deployed.senders[Channel.WEBHOOK].error = TryAgain("The webhook answered 500.", code="500")
    assert deployed.look(5).sent == 0
    assert deployed.store.troubles == {
        Channel.WEBHOOK: ChannelTrouble(
            Channel.WEBHOOK, NOON, "500", "The webhook answered 500.", ""
        )
    }
    deployed.senders[Channel.WEBHOOK].error = None
    assert deployed.look(10) == AlertSummary(2, {}, 0)
    assert deployed.store.troubles == {}
    assert len(deployed.titles(Channel.EMAIL)) == len(deployed.titles()) == 2


def test_a_worker_that_died_is_replaced() -> None:
    """After two minutes another worker sends what it had claimed."""
    deployed = Deployment()

    class Dying(MemorySender):
        """Kills the worker."""

        def send(self, _message: object) -> None:
            """See the port."""
            raise KeyboardInterrupt

    deployed.senders[Channel.EMAIL] = Dying()
    deployed.troubles.pause("acme", Pause(at(-5)))
    try:
        deployed.look()
    except KeyboardInterrupt:
        deployed.senders[Channel.EMAIL] = MemorySender()
    assert deployed.look(1).sent == 0
    assert deployed.look(2).sent == 2


def test_a_channel_that_the_settings_drop_is_in_no_trouble() -> None:
    """Nothing is left of it for `crmsync status`."""
    deployed = Deployment()
    deployed.store.note_trouble(ChannelTrouble(Channel.WEBHOOK, NOON, "500", "x"))
    deployed.wanted = AlertSettings()
    deployed.look()
    assert deployed.store.troubles == {}


def test_what_is_told_already_is_not_written_again() -> None:
    """A look at a quiet deployment writes nothing."""
    deployed = Deployment()
    deployed.troubles.pause("acme", Pause(at(-5)))
    deployed.look()
    before: dict[str, Alert] = dict(deployed.store.alerts)
    deployed.look(5)
    assert deployed.store.alerts == before


@pytest.mark.rule("CMP-7")
def test_a_campaign_that_stands_still_is_told_until_it_goes_on() -> None:
    """Once, and its end once; one that the settings no longer name is no news."""
    deployed = Deployment(listed=(FAIR,))
    stopped = ListProgress(trouble=CampaignTrouble("NO_CAMPAIGN", "Gone.", NOON))
    saved = deployed.campaigns.save("acme", (FAIR.list, FAIR.campaign), stopped, NOON)
    deployed.campaigns.save("acme", ("43", FAIR.campaign), stopped, NOON)
    for minutes in (1, 6, 11):
        deployed.look(minutes)
    begun = deployed.titles()
    deployed.campaigns.save("acme", (FAIR.list, FAIR.campaign), replace(saved, trouble=None), NOON)
    deployed.look(16)

    title = "1 campaign of acme stands still (crmsync)"
    assert begun == [f"Problem: {title}"]
    assert deployed.titles() == [f"Problem: {title}", f"All clear: {title}"]
