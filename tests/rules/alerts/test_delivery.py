"""Which messages are due: each incident is told once when it begins and once when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.operations.alerts import Alert, Channel, Incident, Phase
from crmsync.model.settings import AlertEmails, AlertSettings, AlertWebhook
from crmsync.rules.alerts.delivery import CLAIM, GRACE, claimed, due, renewed, sent
from crmsync.rules.alerts.quiet_hours import is_quiet
from tests.builders import NOON, at

INCIDENT = Incident("paused acme", "t", "x", at(-60), "do", "operations#stop-a-connection")
ALARM = replace(INCIDENT, key="alarm X", has_alarm=True)
BOTH = AlertSettings(email=AlertEmails.ALL, webhook=AlertWebhook.SLACK, secret="alerts/a")
BEGUN = {Channel.EMAIL: Phase.BEGUN, Channel.WEBHOOK: Phase.BEGUN}


def an_alert(incident: Incident = INCIDENT, **more: object) -> Alert:
    """An alert that was seen at noon."""
    return Alert(incident, NOON, NOON, **more)  # type: ignore[arg-type]


def test_a_cause_has_one_alert_from_its_beginning_to_its_end() -> None:
    """It stays as it was while the incident lasts, ends with it, and begins anew when it is back."""
    (new,) = renewed({}, [INCIDENT], NOON)
    assert new == an_alert()
    known = replace(new, told=BEGUN, version=2)
    assert renewed({INCIDENT.key: known}, [replace(INCIDENT, text="more")], at(5)) == [known]
    (over,) = renewed({INCIDENT.key: known}, [], at(6))
    assert over == replace(known, over_at=at(6))
    assert renewed({INCIDENT.key: over}, [], at(7)) == [over]
    assert renewed({INCIDENT.key: over}, [INCIDENT], at(8)) == [
        Alert(INCIDENT, at(8), at(8), version=2)
    ]


def test_each_channel_gets_each_message_once() -> None:
    """Nothing is due on a channel that has it; the end is told where the beginning was."""
    alert = an_alert()
    assert due(alert, BOTH, NOON) == BEGUN
    half = sent(alert, {Channel.EMAIL: Phase.BEGUN})
    assert due(half, BOTH, NOON) == {Channel.WEBHOOK: Phase.BEGUN}
    assert due(sent(alert, BEGUN), BOTH, at(60)) == {}
    over = replace(half, over_at=at(1))
    assert due(over, BOTH, at(1)) == {Channel.EMAIL: Phase.OVER}
    assert due(sent(over, {Channel.EMAIL: Phase.OVER}), BOTH, at(2)) == {}


def test_what_is_over_before_it_was_told_is_never_told() -> None:
    """An incident that came and went has no message."""
    assert due(an_alert(over_at=at(1)), BOTH, at(2)) == {}


def test_a_claim_keeps_others_from_sending() -> None:
    """Until it expires: whoever made it may have died."""
    alert = claimed(an_alert(), NOON)
    assert due(alert, BOTH, NOON + CLAIM - timedelta(seconds=1)) == {}
    assert due(alert, BOTH, NOON + CLAIM) == BEGUN
    assert sent(alert, BEGUN).claimed_until is None


@pytest.mark.parametrize(
    ("email", "incident", "channels"),
    [
        (AlertEmails.WITHOUT_ALARM, INCIDENT, {Channel.EMAIL, Channel.WEBHOOK}),
        (AlertEmails.WITHOUT_ALARM, ALARM, {Channel.WEBHOOK}),
        (AlertEmails.ALL, ALARM, {Channel.EMAIL, Channel.WEBHOOK}),
        (AlertEmails.NONE, INCIDENT, {Channel.WEBHOOK}),
    ],
)
def test_the_settings_say_what_is_mailed(
    email: AlertEmails, incident: Incident, channels: set[Channel]
) -> None:
    """CloudWatch mails alarms by itself."""
    assert due(an_alert(incident), replace(BOTH, email=email), NOON).keys() == channels
    assert due(an_alert(incident), AlertSettings(email=email), NOON).keys() == channels - {
        Channel.WEBHOOK
    }


def test_a_threshold_of_time_lets_short_causes_pass() -> None:
    """It counts from when the incident was seen."""
    slow = replace(BOTH, after_minutes=15)
    assert due(an_alert(), slow, at(14)) == {}
    assert due(an_alert(), slow, at(15)) == BEGUN


def test_quiet_hours_hold_back_all_but_what_is_urgent() -> None:
    """What is still there afterwards is told then, and so is the end of what was told before."""
    quiet = replace(BOTH, quiet_hours="11:00-13:00")
    assert due(an_alert(), quiet, NOON) == {}
    assert due(an_alert(), quiet, at(60)) == BEGUN
    assert due(an_alert(replace(INCIDENT, is_urgent=True)), quiet, NOON) == BEGUN
    over = an_alert(over_at=NOON, told=BEGUN)
    assert due(over, quiet, NOON) == {}
    assert due(over, quiet, at(60)).keys() == set(Channel)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ("", False),
        ("11:00-12:00", False),
        ("12:00-12:01", True),
        ("22:00-06:00", False),
        ("20:00-12:30", True),
        ("11:59-06:00", True),
    ],
)
def test_quiet_hours_may_go_past_midnight(hours: str, expected: bool) -> None:  # noqa: FBT001 - a column
    """The first minute belongs to them, the last does not."""
    assert is_quiet(hours, NOON) is expected


def test_an_alarm_waits_while_a_cause_of_its_page_is_there() -> None:
    """It is told twenty minutes after that one has gone, if it is still on; what follows from
    another incident likewise.
    """
    follows = replace(INCIDENT, key="waits acme X", page="operations#p", is_explained=True)
    first = {one.incident.key: one for one in renewed({}, [INCIDENT, ALARM, follows], NOON)}
    assert {key: due(one, BOTH, NOON) for key, one in first.items()} == {
        "paused acme": BEGUN,
        "alarm X": {},
        "waits acme X": {},
    }
    alone = {one.incident.key: one for one in renewed(first, [ALARM], at(10))}
    assert due(alone["alarm X"], BOTH, at(19)) == {}
    assert due(alone["alarm X"], BOTH, NOON + GRACE) == BEGUN


def test_an_alarm_that_was_told_stays_told() -> None:
    """Another incident that comes later changes nothing about it."""
    told = an_alert(ALARM, told=BEGUN)
    assert told in renewed({ALARM.key: told}, [ALARM, INCIDENT], at(5))
