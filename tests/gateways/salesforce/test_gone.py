"""What it costs to follow merges and to let assignment rules run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crmsync.errors import Conflict, Down, Refused
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.salesforce.survivors import MAX_MERGES
from crmsync.model.effects import CreateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.contracts.crm.persons import SalesforcePerson
from tests.gateways.scripted import Request, Response, Script
from tests.simulated import OUR_FIELD, FixedSecret, retry_policy, served


@dataclass(slots=True)
class Org:
    """A simulated org, its gateway, a person in it, and the faults in force."""

    gateway: SalesforceGateway
    simulator: SalesforceSimulator
    person: SalesforcePerson
    faults: Faults

    def leads(self, count: int) -> list[Ref]:
        """Create so many leads."""
        return [
            self.person.add("Lead", {"LastName": f"P{one}", "Company": "Example Works"})
            for one in range(count)
        ]

    def calls(self) -> Mapping[str, int]:
        """Return the numbers of calls by endpoint since the start."""
        counts: Mapping[str, int] = self.simulator.stats()["by_endpoint"]
        return counts


@pytest.fixture
def org() -> Iterator[Org]:
    """An org with our fields."""
    clock = Clock()
    faults = Faults(clock)
    world = {"custom_fields": {"Lead": [OUR_FIELD], "Contact": [OUR_FIELD]}}
    simulator = SalesforceSimulator(world, clock=clock, faults=faults)
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        gateway = SalesforceGateway(
            url, secret, now=lambda: clock.now_ms() / 1000, retry_policy=retry_policy(clock)
        )
        yield Org(
            gateway,
            simulator,
            SalesforcePerson(url, simulator.user_token, simulator.person),
            faults,
        )


def test_records_that_were_not_merged_take_one_call(org: Org) -> None:
    """Leads and contacts share the call, and so do purged records."""
    leads = org.leads(3)
    contact = org.person.add("Contact", {"LastName": "Ada"})
    org.person.delete(leads[0])
    never = Ref(Side.SALESFORCE, "Lead", "00QYw0000009999AAA")

    assert org.gateway.survivors([*leads, contact, never]) == {}
    assert sum(org.calls().values()) == 1


def test_each_merge_in_a_row_costs_one_more_call_for_all_together(org: Org) -> None:
    """Chains of merges are followed together; a short id is accepted, too."""
    first, second, third, other, last = org.leads(5)
    org.person.merge(second, first)
    org.person.merge(third, second)
    org.person.merge(last, other)
    short = Ref(Side.SALESFORCE, "Lead", first.id[:15])

    found = org.gateway.survivors([first, other, short])

    assert found == {first: third, other: last, short: third}
    assert sum(org.calls().values()) == 3
    assert org.gateway.survivors([first, second, third]) == {first: third, second: third}
    assert sum(org.calls().values()) == 4


def test_a_very_long_chain_of_merges_is_given_up(org: Org) -> None:
    """Following it ends, and its records have no survivor."""
    leads = org.leads(MAX_MERGES + 3)
    for loser, winner in itertools.pairwise(leads):
        org.person.merge(winner, loser)

    assert org.gateway.survivors([leads[0]]) == {}
    assert org.gateway.survivors([leads[3]]) == {leads[3]: leads[-1]}


def a_creation(number: int, name: str = "Lead", *, assign: bool = False) -> CreateRecord:
    """The effect that creates record `number`."""
    fields: dict[str, Any] = {"LastName": f"P{number}", "Email": f"p{number}@example.com"}
    if name == "Lead":
        fields["Company"] = "Example Works"
    return CreateRecord(
        Side.SALESFORCE, name, f"555001-{number}", fields, Slot(str(number)), assign=assign
    )


class Writable(Script):
    """An org that issues tokens and creates every record."""

    def respond(self, request: Request) -> Response:
        """A token, or rows that are written."""
        if request.path.endswith("token"):
            return Response(
                {"access_token": "t", "instance_url": self.url, "id": f"{self.url}/id/00D/005"}
            )
        return Response(
            [
                {"id": "00QYw0000000001MAA", "success": True, "errors": []}
                for _ in request.body["records"]
            ]
        )


def test_rows_for_the_assignment_rules_go_in_calls_of_their_own() -> None:
    """The header applies to all rows of a call (PLT-1)."""
    effects = [a_creation(number, assign=number % 2 == 0) for number in range(6)]
    server = Writable([])
    with served(server) as server.url:
        secret = FixedSecret({"client_id": "i", "client_secret": "s"})
        outcomes = SalesforceGateway(server.url, secret, now=lambda: 1000.0).create(effects)

    assert [type(one) for one in outcomes] == [Written] * 6
    assert [
        (
            one.method,
            one.headers["Sforce-Auto-Assign"],
            [row["LastName"] for row in one.body["records"]],
        )
        for one in server.requests[1:]
    ] == [("POST", "TRUE", ["P0", "P2", "P4"]), ("POST", "FALSE", ["P1", "P3", "P5"])]


def test_existing_leads_for_the_rules_are_returned_in_order(org: Org) -> None:
    """A repeated batch names the records of the first one and writes only the new ones."""
    effects = [a_creation(number, assign=True) for number in range(5)]
    first = [one.ref for one in org.gateway.create(effects[1:4]) if isinstance(one, Written)]
    changed = [replace(one, fields={**one.fields, "Phone": "7"}) for one in effects]

    outcomes = org.gateway.create(changed)

    assert [type(one) for one in outcomes] == [Written, *[Conflict] * 3, Written]
    assert [one.existing for one in outcomes if isinstance(one, Conflict)] == [
        ref.id for ref in first
    ]
    assert [
        record.fields["Phone"] for record in org.gateway.read(first, {"Lead": ["Phone"]}).values()
    ] == [None] * 3


def test_a_refused_row_for_the_rules_is_reported_and_the_others_are_created(org: Org) -> None:
    """A bad row does not affect the others."""
    bad = replace(a_creation(1, assign=True), fields={"LastName": "P1"})

    outcomes = org.gateway.create([a_creation(0, assign=True), bad, a_creation(2)])

    assert [type(one) for one in outcomes] == [Written, Refused, Written]


def test_what_was_created_before_salesforce_failed_is_reported(org: Org) -> None:
    """Only the rest is tried again."""
    org.gateway.identity()
    org.simulator.on_product_write = lambda: org.faults.replace(
        [{"at": "salesforce", "kind": "server_error", "times": 100}]
    )

    outcomes = org.gateway.create([a_creation(0), a_creation(1, assign=True)])

    assert [type(one) for one in outcomes] == [Down, Written]
