"""The owners that the directory returns for both sides, and the calls that it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.owners import MAX_AGE, OwnersDirectory
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.kinds.owners import Owner, Owners
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator
from tests.simulated import FixedSecret, served

PORTAL: dict[str, Any] = {
    "portal_id": 555001,
    "owners": [
        {"id": 71, "email": "olga@example.com", "firstName": "Olga", "lastName": "Owner"},
        {"id": 72, "email": "paul@example.com", "lastName": "Paul"},
        {
            "id": 73,
            "email": "left@example.com",
            "firstName": "Lena",
            "lastName": "Left",
            "archived": True,
        },
        {"id": 74, "email": "", "firstName": "Inbound", "type": "QUEUE"},
        {
            "id": 75,
            "email": "gone@example.com",
            "firstName": "Gus",
            "lastName": "Gone",
            "archived": True,
        },
    ],
}
ORG: dict[str, Any] = {
    "users": [
        {"Name": "Olga Owner", "Email": "olga@example.com"},
        {"Name": "Lena Left", "Email": "left@example.com", "IsActive": False},
        {"Name": "Petra Partner", "Email": "petra@example.org", "UserType": "PowerPartner"},
        {"Name": "Site Guest", "Email": "guest@example.com", "UserType": "Guest"},
        {"Name": "Automated Process", "Email": "auto@example.com", "UserType": "AutomatedProcess"},
    ],
    "queues": [{"Name": "Inbound"}],
}


@dataclass(slots=True)
class Sides:
    """Both sides, and a directory whose clock a test sets."""

    hubspot: HubSpotSimulator
    salesforce: SalesforceSimulator
    directory: Any = None
    seconds: list[float] = field(default_factory=lambda: [0.0])

    def calls(self) -> tuple[int, int]:
        """Calls to HubSpot and to Salesforce since the start."""
        return self.hubspot.stats()["calls"], self.salesforce.stats()["calls"]


@pytest.fixture
def sides() -> Iterator[Sides]:
    """Two sides with owners of all types; HubSpot has pages of two."""
    clock = Clock()
    made = Sides(
        HubSpotSimulator([PORTAL], clock=clock, faults=Faults(clock)),
        SalesforceSimulator(ORG, clock=clock, faults=Faults(clock)),
    )
    token = made.hubspot.portals[0].access_token
    with served(made.hubspot.wsgi) as hubspot_url, served(made.salesforce.wsgi) as salesforce_url:
        made.salesforce.set_instance_url(salesforce_url)
        hubspot = HubspotClient(FixedSecret({"access_token": token, "api_url": hubspot_url}))
        client = {
            "client_id": made.salesforce.client_id,
            "client_secret": made.salesforce.client_secret,
        }
        salesforce = SalesforceGateway(salesforce_url, FixedSecret(client), now=lambda: 1000.0)
        made.directory = OwnersDirectory(
            hubspot, salesforce.session, now=lambda: made.seconds[0], page=2
        )
        yield made


def test_owners_of_every_type_are_returned(sides: Sides) -> None:
    """Deactivated owners are included; Salesforce's automated users are not (OWN-1)."""
    owners = sides.directory.owners()

    assert set(owners.hubspot) == {
        Owner("71", "Olga Owner", "olga@example.com", is_active=True, kind="PERSON"),
        Owner("72", "Paul", "paul@example.com", is_active=True, kind="PERSON"),
        Owner("73", "Lena Left", "left@example.com", is_active=False, kind="PERSON"),
        Owner("74", "Inbound", "", is_active=True, kind="QUEUE"),
        Owner("75", "Gus Gone", "gone@example.com", is_active=False, kind="PERSON"),
    }
    assert len(owners.hubspot) == len(PORTAL["owners"])
    shown = {(one.name, one.email, one.is_active, one.kind) for one in owners.salesforce}
    assert shown >= {
        ("Olga Owner", "olga@example.com", True, "Standard"),
        ("Lena Left", "left@example.com", False, "Standard"),
        ("Petra Partner", "petra@example.org", True, "PowerPartner"),
        ("Site Guest", "guest@example.com", True, "Guest"),
        ("Inbound", "", True, "Queue"),
    }
    assert {one.kind for one in owners.salesforce} == {"Standard", "PowerPartner", "Guest", "Queue"}
    assert {one.id[:3] for one in owners.salesforce} == {"005", "00G"}
    assert sides.salesforce.integration_user_id in {one.id for one in owners.salesforce}


def test_salesforce_takes_one_call_and_owners_are_kept_for_ten_minutes(sides: Sides) -> None:
    """Every sync needs the owners, so they are kept."""
    first = sides.directory.owners()
    calls = sides.calls()
    sides.hubspot.portals[0].owners.deactivate("paul@example.com", 0)
    sides.seconds[0] = MAX_AGE - 1
    second = sides.directory.owners()

    assert (calls, sides.calls(), second) == ((3, 1), (3, 1), first)


def test_a_deactivated_owner_is_known_after_ten_minutes(sides: Sides) -> None:
    """An owner who was deactivated is then returned as inactive."""
    sides.directory.owners()
    sides.hubspot.portals[0].owners.deactivate("paul@example.com", 0)
    sides.seconds[0] = MAX_AGE

    owners: Owners = sides.directory.owners()

    assert {one.id for one in owners.hubspot if one.is_active} == {"71", "74"}
