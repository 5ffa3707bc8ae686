"""CloudWatch's events about alarms."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crmsync.model.operations.alerts import AlarmState
from crmsync.wire.alarm_event import alarm_name, load_alarm
from crmsync.wire.queue_messages import UnreadableError
from tests.house.tree import ROOT

STORED = json.loads(
    json.loads((ROOT / "events" / "alerts" / "alarm.json").read_text(encoding="utf-8"))["Records"][
        0
    ]["body"]
)
NINE = datetime(2026, 11, 2, 9, 0, 12, tzinfo=UTC)


def event(**detail: Any) -> str:
    """The stored event with other details."""
    return json.dumps(STORED | {"detail": STORED["detail"] | detail})


def test_an_alarm_goes_on_and_off() -> None:
    """With its logical id, its time, its description, and where AWS shows it."""
    on = AlarmState(
        "ContactAgeAlarm",
        True,
        NINE,
        "Messages in ContactQueue have waited for an hour. See docs/metrics-and-alarms.md#the-sync.",
        "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/crmsync-ContactAgeAlarm-1ABCDEFGHIJKL",
    )
    assert load_alarm(event(), "crmsync") == on
    for state in ("OK", "INSUFFICIENT_DATA"):
        off = load_alarm(event(state={**STORED["detail"]["state"], "value": state}), "crmsync")
        assert off is not None
        assert not off.is_on


@pytest.mark.parametrize(
    "resources", [[], ["nothing"], ["arn:aws-elsewhere:cloudwatch:x:1:alarm:y"]]
)
def test_an_alarm_of_an_unknown_place_has_no_link(resources: list[str]) -> None:
    """It is told all the same."""
    found = load_alarm(json.dumps(STORED | {"resources": resources}), "crmsync")
    assert found is not None
    assert (found.name, found.link) == ("ContactAgeAlarm", "")


def test_a_deleted_alarm_is_off() -> None:
    """Its incident ends; any other change of its configuration means nothing."""
    kind = {"detail-type": "CloudWatch Alarm Configuration Change"}
    name = STORED["detail"]["alarmName"]
    deleted = STORED | kind | {"detail": {"alarmName": name, "operation": "delete"}}
    assert load_alarm(json.dumps(deleted), "crmsync") == AlarmState("ContactAgeAlarm", False, NINE)
    changed = deleted | {"detail": {"alarmName": name, "operation": "update"}}
    assert load_alarm(json.dumps(changed), "crmsync") is None


@pytest.mark.parametrize(
    "name",
    ["crmsync-test-ContactAgeAlarm-1ABC", "other-ContactAgeAlarm-1ABC", "crmsync-mine", "crmsync"],
)
def test_an_alarm_of_another_stack_is_none_of_ours(name: str) -> None:
    """Also of a stack whose name begins with ours, and one that somebody made by hand."""
    assert load_alarm(event(alarmName=name), "crmsync") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        event(state={"value": "ALARM"}),
        event(state={"value": "ALARM", "timestamp": "2026-11-02T09:00:12"}),
        event(state={"value": "ALARM", "timestamp": "yesterday"}),
    ],
)
def test_what_is_no_such_event_is_unreadable(text: str) -> None:
    """It becomes a dead letter."""
    with pytest.raises(UnreadableError):
        load_alarm(text, "crmsync")


def test_a_dead_letter_names_its_alarm() -> None:
    """And nothing else."""
    assert alarm_name(event()) == "crmsync-ContactAgeAlarm-1ABCDEFGHIJKL"
    with pytest.raises(UnreadableError):
        alarm_name("{}")
