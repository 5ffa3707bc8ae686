"""The store of alerts behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.gateways.dynamodb.alerts import AlertTable
from crmsync.model.operations.alerts import (
    AlarmState,
    Alert,
    Channel,
    ChannelTrouble,
    Incident,
    KnownAlerts,
    Phase,
)
from tests.builders import NOON, at
from tests.contracts.stores.tables import dynamodb
from tests.memory import MemoryAlertStore


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryAlertStore()
    else:
        with dynamodb("pk", "sk") as client:
            yield AlertTable(client, "Table")


INCIDENT = Incident(
    "brake acme", "t", "x", NOON, "do", "operations#p", "https://example.com", True, True
)
ALERT = Alert(
    INCIDENT,
    at(1),
    at(2),
    over_at=at(3),
    told={Channel.WEBHOOK: Phase.BEGUN},
    claimed_until=at(4) + timedelta(microseconds=5),
)
ALARM = AlarmState("ContactBrakeAlarm", True, NOON, "Text.", "https://example.com")
TROUBLE = ChannelTrouble(Channel.WEBHOOK, NOON, "no_service", "The webhook answered 404.", "Do.")


def test_everything_is_read_back_exactly_as_it_was_stored(store: Any) -> None:
    """Alarms, alerts and channels in trouble, in one read."""
    assert store.load() == KnownAlerts()
    plain = Alert(replace(INCIDENT, key="paused acme"), NOON, NOON)
    assert store.save(ALERT) == replace(ALERT, version=1)
    assert store.save(plain) == replace(plain, version=1)
    store.note_alarm(ALARM)
    store.note_trouble(TROUBLE)
    assert store.load() == KnownAlerts(
        (ALARM,),
        {"brake acme": replace(ALERT, version=1), "paused acme": replace(plain, version=1)},
        {Channel.WEBHOOK: TROUBLE},
    )
    for _ in range(2):
        store.end_trouble(Channel.WEBHOOK)
    assert store.load().troubles == {}


def test_of_two_that_store_one_alert_the_first_wins(store: Any) -> None:
    """So only one of several workers sends its messages."""
    first = store.save(ALERT)
    assert store.save(ALERT) is None
    second = store.save(replace(first, over_at=None))
    assert second == replace(ALERT, over_at=None, version=2)
    assert store.save(first) is None
    assert store.load().alerts == {"brake acme": second}


def test_an_older_state_of_an_alarm_is_not_kept(store: Any) -> None:
    """Events may come twice, and in any order."""
    assert store.note_alarm(ALARM)
    assert not store.note_alarm(ALARM)
    assert not store.note_alarm(replace(ALARM, is_on=False, at=at(-1)))
    off = replace(ALARM, is_on=False, at=at(1))
    assert store.note_alarm(off)
    assert store.load().alarms == (off,)


def test_what_is_over_expires() -> None:
    """Ninety days later; what lasts does not."""
    with dynamodb("pk", "sk") as client:
        table = AlertTable(client, "Table")
        table.save(ALERT)
        table.save(Alert(replace(INCIDENT, key="paused acme"), NOON, NOON))
        table.note_alarm(ALARM)
        table.note_alarm(replace(ALARM, name="AccountBrakeAlarm", is_on=False))
        rows = client.scan(TableName="Table")["Items"]

    expiring = {row["sk"]["S"]: int(row["expires_at"]["N"]) for row in rows if "expires_at" in row}
    assert expiring == {
        "incident brake acme": int((at(3) + timedelta(days=90)).timestamp()),
        "alarm AccountBrakeAlarm": int((NOON + timedelta(days=90)).timestamp()),
    }
