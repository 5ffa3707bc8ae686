"""How many records of a kind are linked, counted in Salesforce."""

from __future__ import annotations

from crmsync.gateways.salesforce.pairs import KEPT, SalesforcePairs
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.records import Kind
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.simulated import FixedSecret, served

KEY = {"name": "Crmsync_HubSpot_Id__c", "externalId": True, "unique": True, "length": 64}


def person(number: int, key: str | None) -> dict[str, object]:
    """A lead that names a HubSpot contact, or none."""
    return {
        "type": "Lead",
        "LastName": f"Lang {number}",
        "Company": "Example GmbH",
        "Crmsync_HubSpot_Id__c": key,
    }


def test_linked_records_are_counted_once_an_hour() -> None:
    """Leads and contacts are counted in one call, without those of other accounts, even if their
    ids begin the same way.
    """
    keys = ["555001-81", "555001-82", "555002-81", "5550011-81", None]
    clock = Clock()
    world = {
        "custom_fields": {"Lead": [KEY], "Contact": [KEY]},
        "records": [
            *(person(number, key) for number, key in enumerate(keys)),
            {"type": "Contact", "LastName": "Hopper", "Crmsync_HubSpot_Id__c": "555001-83"},
        ],
    }
    simulator = SalesforceSimulator(world, clock=clock, faults=Faults(clock))
    ticks = [0.0]
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        session = SalesforceGateway(url, secret, now=lambda: 1000.0).session
        pairs = SalesforcePairs(session, 555001, now=lambda: ticks[0])
        before = session.calls
        counts = [pairs(Kind.CONTACT), pairs(Kind.CONTACT)]
        at_once = session.calls - before
        ticks[0] = KEPT
        counts.append(pairs(Kind.CONTACT))

        assert (counts, at_once, session.calls - before) == ([3, 3, 3], 1, 2)
