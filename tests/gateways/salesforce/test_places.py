"""The countries and states of an org, from its own description."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.gateways.salesforce.places import places_of
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.kinds.places import Places
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.simulated import FixedSecret, served


def test_a_state_belongs_to_the_countries_of_its_bits() -> None:
    """The highest bit of the first byte is the first country; inactive ones are left out."""
    countries = [{"value": f"C{at}", "label": f"Land {at}", "active": at != 1} for at in range(10)]
    states = [
        {
            "value": "A",
            "label": "Alpha",
            "validFor": "gEA=",
        },  # 1000 0000 0100 0000: the first and the tenth
        {"value": "B", "label": "Beta", "validFor": "gAA=", "active": False},
        {"value": "D", "validFor": None},
    ]
    found = places_of({"picklistValues": countries}, {"picklistValues": states})
    assert (
        found.country(" c9 "),
        found.country("land 0"),
        found.country("C1"),
        found.country(""),
    ) == (
        "Land 9",
        "Land 0",
        "",
        "",
    )
    assert found.states == {land: {"a": "Alpha", "alpha": "Alpha"} for land in ("Land 0", "Land 9")}


@pytest.fixture(params=[True, False], ids=["lists", "any text"])
def org(request: pytest.FixtureRequest) -> Iterator[tuple[SalesforceGateway, bool]]:
    """An org with picklists of places, and one that accepts any text."""
    clock = Clock()
    simulator = SalesforceSimulator(
        {"state_country_picklists": request.param}, clock=clock, faults=Faults(clock)
    )
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        yield SalesforceGateway(url, secret, now=lambda: 1000.0), request.param


def test_the_lists_come_with_the_description_of_contacts(
    org: tuple[SalesforceGateway, bool],
) -> None:
    """The same call shows whether there are person accounts; an org without picklists has no
    places.
    """
    gateway, has_lists = org
    places = gateway.places()
    assert gateway.has_person_accounts() is False
    calls = gateway.session.calls
    assert (gateway.places(), gateway.session.calls) == (places, calls)
    assert (places or Places()).state("United States", "wa") == ("Washington" if has_lists else "")
    assert (places or Places()).state("Australia", "wa") == (
        "Western Australia" if has_lists else ""
    )
    assert (places is None) is not has_lists
