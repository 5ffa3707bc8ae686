"""The search by name in Salesforce."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.gateways.salesforce.names import SalesforceNames
from crmsync.gateways.salesforce.records import SalesforceGateway
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.simulated import FixedSecret, served

PEOPLE = {"Lead": ("FirstName", "LastName"), "Contact": ("FirstName", "LastName")}
WORLD = {
    "records": [
        {"type": "Lead", "FirstName": "Ada", "LastName": "Lang", "Company": "Example GmbH"},
        {"type": "Contact", "FirstName": "Bea", "LastName": "Langer"},
        {"type": "Lead", "FirstName": "Cia", "LastName": "Solange", "Company": "Example GmbH"},
        {"type": "Lead", "LastName": "100% O'Neil", "Company": "Example GmbH"},
        {"type": "Task", "Subject": "Call Ada back"},
        {
            "type": "Event",
            "Subject": "Call with Bea",
            "StartDateTime": "2026-07-02T09:00:00Z",
            "EndDateTime": "2026-07-02T10:00:00Z",
        },
    ]
}


@pytest.fixture(scope="module")
def names() -> Iterator[SalesforceNames]:
    """An org with four people."""
    clock = Clock()
    simulator = SalesforceSimulator(WORLD, clock=clock, faults=Faults(clock))
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        yield SalesforceNames(SalesforceGateway(url, secret, now=lambda: 1000.0).session)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lang", ["Lang", "Langer"]),
        ("Ada L", ["Lang"]),
        ("Bea", ["Langer"]),
        ("%", []),
        ("100%", ["100% O'Neil"]),
        ("1__% ", []),
        ("100% O'N", ["100% O'Neil"]),
        ("x' OR Name != '", []),
        ("Lang\n", []),
    ],
)
def test_people_are_found_by_the_beginning_of_a_name(
    names: SalesforceNames, text: str, found: list[str]
) -> None:
    """Of the whole or the last name; signs with a meaning in queries stand for themselves."""
    rows = names.named(text, PEOPLE, 20)

    assert sorted(str(one.fields["LastName"]) for one in rows) == found


def test_tasks_and_events_are_found_by_the_beginning_of_their_subject(
    names: SalesforceNames,
) -> None:
    """They have no name."""
    objects = {"Task": ("Subject",), "Event": ("Subject",)}

    found = {
        text: [(one.ref.object, one.fields["Subject"]) for one in names.named(text, objects, 20)]
        for text in ("call", "Call Ada", "back")
    }

    assert found == {
        "call": [("Task", "Call Ada back"), ("Event", "Call with Bea")],
        "Call Ada": [("Task", "Call Ada back")],
        "back": [],
    }


def test_no_more_than_asked_for(names: SalesforceNames) -> None:
    """Of each object."""
    assert [one.ref.object for one in names.named("", PEOPLE, 1)] == ["Lead", "Contact"]
