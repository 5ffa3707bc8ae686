"""The Python of docs/local.md runs, and its world file can be built: on the simulators, over
HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack.crms import Crms
from simulators.clock import Clock
from simulators.faults import Faults
from tests.docs.pages import page

LOCAL = page("docs/local.md")


def ready_of(crms: Crms) -> dict[str, Any]:
    """The part of the ready file that tells where the CRMs are."""
    portal, org = crms.hubspot.portals[0], crms.salesforce
    return {
        "portals": [{"base_url": crms.hubspot_url, "user_token": portal.user_token}],
        "salesforce": {
            "instance_url": crms.salesforce_url,
            "user_token": org.user_token,
            "api_version": org.api_version,
        },
    }


@pytest.fixture
def crms() -> Iterator[Crms]:
    """Both simulators, set up by the world file that the page shows."""
    (world,) = [content for content in map(json.loads, LOCAL.blocks("json")) if "set_up" in content]
    clock = Clock()
    made = Crms(world, clock=clock, faults=Faults(clock), seed=0)
    yield made
    made.close()


def run(code: str, crms: Crms) -> Any:
    """Run an example as it stands; the client that it made."""
    names: dict[str, Any] = {"ready": ready_of(crms)}
    exec(compile(code, "docs/local.md", "exec"), names)  # noqa: S102 - the example is the thing that is tested
    return names["client"]


def test_hubspots_client(crms: Crms) -> None:
    """The official HubSpot client reaches the simulator with nothing but the address, and makes a
    contact.
    """
    client = run(LOCAL.blocks("python")[0], crms)
    shown = client.crm.contacts.basic_api.get_page(properties=["email"]).results
    assert [contact.properties["email"] for contact in shown] == ["ada@example.com"]


def test_salesforces_client(crms: Crms) -> None:
    """simple-salesforce reaches the simulator through the adapter shown, and makes a lead."""
    client = run(LOCAL.blocks("python")[1], crms)
    shown = client.query("SELECT Email, Company FROM Lead")["records"]
    client.session.close()
    assert [(lead["Email"], lead["Company"]) for lead in shown] == [("grace@example.com", "Acme")]


def test_the_world_is_the_one_shown(crms: Crms) -> None:
    """Owners, a list, a queue with the new leads, custom fields and records are there as the world
    file says.
    """
    client = run(LOCAL.blocks("python")[1], crms)
    owner = client.query("SELECT Owner.Name FROM Lead")["records"][0]["Owner"]["Name"]
    account = client.query("SELECT Account.Name, Favourite_Colour__c FROM Contact")["records"][0][
        "Account"
    ]["Name"]
    client.session.close()
    assert (owner, account) == ("New leads", "Acme")
    assert [portal.portal_id for portal in crms.hubspot.portals] == [555001]
