"""The fields of both sides, and properties that HubSpot leaves out of its rows."""

from __future__ import annotations

import time

import pytest

from crmsync.errors import Drifted
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.schemas import LiveSchemas
from crmsync.model.records import Ref, Side
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.gateways.scripted import Response, script
from tests.simulated import FixedSecret, served

PROPERTIES = Response(
    {
        "results": [
            {"name": "email"},
            {"name": "old", "modificationMetadata": {"readOnlyValue": True}},
        ]
    }
)
ROW = {"id": "1", "createdAt": "2026-11-01T00:00:00Z", "updatedAt": "2026-11-01T00:00:00Z"}
CONTACT = Ref(Side.HUBSPOT, "contact", "1")


def row(**properties: str | None) -> Response:
    """A contact as HubSpot returns it."""
    return Response({"results": [{**ROW, "properties": properties}]})


def test_a_deleted_property_is_not_taken_for_blank() -> None:
    """Reads by id and by address are refused and name the property."""
    with script(
        row(email="a@example.com"), PROPERTIES, row(email="a@example.com"), PROPERTIES
    ) as server:
        gateway = HubspotGateway(
            HubspotClient(FixedSecret({"access_token": "t", "api_url": server.url}))
        )
        for read in (
            lambda: gateway.read([CONTACT], {"contact": ["email", "colour"]}),
            lambda: gateway.find(["a@example.com"], {"contact": ["email", "colour"]}),
        ):
            with pytest.raises(Drifted) as caught:
                read()
            assert (caught.value.side, caught.value.fieldname) == ("hubspot", "colour")


def test_a_property_that_rows_leave_out_is_looked_up_once_a_minute() -> None:
    """If the account has the property, it is blank; if all rows have it, nothing is looked up."""
    clock = [0.0]
    responses = [
        row(email=None, old=None),
        row(email=None),
        PROPERTIES,
        row(email=None),
        row(email=None),
        PROPERTIES,
    ]
    with script(*responses) as server:
        gateway = HubspotGateway(
            HubspotClient(FixedSecret({"access_token": "t", "api_url": server.url})),
            now=lambda: clock[0],
        )
        for at in (0, 1, 2, 70):
            clock[0] = at
            assert gateway.read([CONTACT], {"contact": ["email", "old"]})[CONTACT].fields == {
                "email": None,
                "old": None,
            }

    assert [one.method for one in server.requests] == ["POST", "POST", "GET", "POST", "POST", "GET"]


def test_fields_are_returned_in_lowercase_with_the_read_only_ones() -> None:
    """HubSpot returns read-only properties, too."""
    with script(PROPERTIES) as server:
        client = HubspotClient(FixedSecret({"access_token": "t", "api_url": server.url}))
        described = LiveSchemas(client, None).described(Side.HUBSPOT, ["contact"])  # type: ignore[arg-type]

    assert (described["contact"].fields, described["contact"].read_only) == (
        {"email", "old"},
        {"old"},
    )
    assert [one.path for one in server.requests] == ["/crm/properties/2026-03/contacts"]


def test_a_field_that_salesforce_hides_is_missing() -> None:
    """A field that describe does not return counts as missing."""
    clock = Clock()
    faults = Faults(clock)
    simulator = SalesforceSimulator(
        {"custom_fields": {"Lead": [{"name": "Colour__c"}]}}, clock=clock, faults=faults
    )
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        gateway = SalesforceGateway(url, secret, now=time.time)
        lead = Ref(Side.SALESFORCE, "Lead", "00QYw0000000001MAA")

        def seen() -> tuple[bool, bool]:
            found = LiveSchemas(None, gateway.session).described(Side.SALESFORCE, ["Lead"])["Lead"]  # type: ignore[arg-type]
            return "colour__c" in found.fields, "isconverted" in found.read_only

        before = seen()
        faults.replace(
            [{"at": "salesforce", "kind": "field_hidden", "object": "Lead", "field": "Colour__c"}]
        )
        with pytest.raises(Drifted) as caught:
            gateway.read([lead], {"Lead": ["Colour__c"]})

        assert (before, seen()) == ((True, True), (False, True))
        assert (caught.value.side, caught.value.fieldname) == ("salesforce", "Colour__c")
