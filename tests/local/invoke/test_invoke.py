"""``make invoke``: which function it runs, how its event is signed, and how a container reaches
this machine.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.wire.http import read_request
from crmsync.wire.signature import matching_secrets
from local.invoke import DESKTOP_HOST, host_address, logical_id_of, signed
from local.rehearsal.deployment import ROOT
from tests.template.document import template_of_the_repository

TEMPLATE = template_of_the_repository().body
NOW_MS = 1_795_000_000_000
SECRET = "sim-secret"


def event(story: str) -> dict[str, Any]:
    """Read an event of the folder ``events``."""
    read: dict[str, Any] = json.loads(
        (ROOT / "events" / f"{story}.json").read_text(encoding="utf-8")
    )
    return read


def signers(given: dict[str, Any]) -> frozenset[str]:
    """Return who signed an event, as the product finds out a minute later."""
    now = datetime.fromtimestamp(NOW_MS / 1000, UTC) + timedelta(minutes=1)
    return matching_secrets(read_request(given, ""), [SECRET], now)


@dataclass
class Network:
    """A network of an engine, with a gateway."""

    name: str
    gateway: str
    attrs: dict[str, Any] = field(default_factory=dict)

    def reload(self) -> None:
        """Fetch the details, as the engine's client does."""
        self.attrs = {
            "IPAM": {
                "Config": [{"Subnet": "fd00::/64", "Gateway": "fd00::1"}, {"Gateway": self.gateway}]
            }
        }


class Engine:
    """A container engine with these networks."""

    def __init__(self, *networks: Network) -> None:
        """Take the networks."""
        self.networks = self
        self._networks = list(networks)

    def list(self) -> list[Network]:
        """Return all of them."""
        return self._networks


@pytest.mark.parametrize("name", ["contact_sync", "ContactSyncFunction"])
def test_a_function_is_named_by_folder_or_logical_id(name: str) -> None:
    """FUNCTION is a folder in functions/ or a logical id of the template."""
    assert logical_id_of(TEMPLATE, name) == "ContactSyncFunction"


def test_an_unknown_function_is_refused_with_the_known_ones() -> None:
    """The error lists the functions."""
    folders = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
    with pytest.raises(LookupError, match=f"FUNCTION=sync is none of {', '.join(folders)}"):
        logical_id_of(TEMPLATE, "sync")


def test_an_unsigned_webhook_is_signed_when_loaded() -> None:
    """A stored signature would be too old after five minutes."""
    unsigned = event("hubspot_webhook/contact_edited")
    assert signers(unsigned) == frozenset()
    assert signers(signed(unsigned, SECRET, NOW_MS)) == {SECRET}


@pytest.mark.parametrize(
    "story", ["hubspot_webhook/forged", "contact_sync/edited_in_hubspot", "hubspot_sweep/scheduled"]
)
def test_other_events_stay_as_they_are(story: str) -> None:
    """A forged webhook stays forged, and the event of a queue is not signed."""
    assert signed(event(story), SECRET, NOW_MS) == event(story)


def test_a_container_finds_the_machine_at_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux it is the IPv4 gateway of the engine's own network, or else the name that desktop
    engines give.
    """
    monkeypatch.setattr("sys.platform", "linux")
    assert (
        host_address(Engine(Network("other", "192.0.2.1"), Network("bridge", "192.0.2.9")))
        == "192.0.2.9"
    )
    assert host_address(Engine(Network("other", "192.0.2.1"))) == DESKTOP_HOST


def test_on_a_desktop_a_container_finds_the_machine_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There the engine runs in a virtual machine of its own, and its gateway does not lead to this
    machine.
    """
    monkeypatch.setattr("sys.platform", "darwin")
    assert host_address(Engine(Network("bridge", "192.0.2.9"))) == DESKTOP_HOST
