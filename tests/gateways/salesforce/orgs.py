"""A simulated org with the Salesforce gateway, for tests of its calls and logins."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.simulated import OUR_FIELD, FixedSecret, served


@dataclass(slots=True)
class Org:
    """A simulated org, its gateway, the faults in force and the waits of the gateway."""

    gateway: SalesforceGateway
    simulator: SalesforceSimulator
    faults: Faults
    url: str
    waits: list[float] = field(default_factory=list)

    def counts(self) -> Mapping[str, int]:
        """Return the numbers of calls by endpoint since the start."""
        counts: Mapping[str, int] = self.simulator.stats()["by_endpoint"]
        return counts


@contextmanager
def an_org(
    custom: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType({}),
) -> Iterator[Org]:
    """An org whose active assignment rule gives every new lead an owner, with more `custom` fields
    of objects.
    """
    clock = Clock()
    faults = Faults(clock)
    world = {
        "custom_fields": {name: [OUR_FIELD, *custom.get(name, ())] for name in ("Lead", "Contact")},
        "users": [
            {
                "Name": "Olga Owner",
                "Email": "olga@example.com",
                "IsActive": True,
                "UserType": "Standard",
            }
        ],
        "lead_assignment_owner": "olga@example.com",
    }
    simulator = SalesforceSimulator(world, clock=clock, faults=faults)
    waits: list[float] = []
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        retry_policy = RetryPolicy(pause=waits.append, jitter=lambda: 0.5)
        yield Org(
            SalesforceGateway(url, secret, now=time.time, retry_policy=retry_policy),
            simulator,
            faults,
            url,
            waits,
        )


def a_creation(number: int, name: str = "Lead", **fields: object) -> CreateRecord:
    """The effect that creates record `number`."""
    shown: dict[str, Any] = {"LastName": f"P{number}", "Email": f"p{number}@example.com", **fields}
    if name == "Lead":
        shown["Company"] = "Example Works"
    return CreateRecord(Side.SALESFORCE, name, f"555001-{number}", shown, Slot(str(number)))


def made(org: Org, *creations: CreateRecord) -> list[Ref]:
    """Create the records of these effects; return them."""
    outcomes = org.gateway.create(creations)
    assert all(isinstance(one, Written) for one in outcomes), outcomes
    return [one.ref for one in outcomes if isinstance(one, Written)]


def an_update(ref: Ref, **fields: Any) -> UpdateRecord:
    """The effect that updates a record."""
    return UpdateRecord(ref, Side.SALESFORCE, fields or {"Phone": "1"})
