"""The laptop stack whole: the deployed system, the two CRMs, and the hand that moves them.

Law: puts `Cloud`, `Crms` and `Operator` together and is the one face that `serve`, the control URL,
the demo and the tests know.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, Self, TypeVar

from local.stack.cloud import Cloud
from local.stack.control import Control
from local.stack.crms import ChangeEvents, Crms, Webhooks
from local.stack.listener import Listener
from local.stack.operator import ROOT, Operator
from local.stack.runner import Runner, Settled
from local.stack.serving import Server
from local.stack.template import REGION
from local.stack.turns import Turns
from local.world import unknown_keys
from simulators.clock import Clock
from simulators.faults import Faults

PORTS = ("control", "webhook", "console", "aws", "hubspot", "salesforce")
"""What gets the ports from ``--port-base`` on, in this order."""


class _Closable(Protocol):
    def close(self) -> None: ...


Owned = TypeVar("Owned", bound=_Closable)


class StackError(Exception):
    """The stack cannot be started as asked; the message says why."""


class Stack:
    """One laptop stack, ready when made. A context manager; `close` ends every server and
    process.
    """

    def __init__(
        self,
        settings: str,
        world: Mapping[str, Any],
        *,
        port_base: int | None = None,
        seed: int = 0,
        workers: int = 1,
        template: Path = ROOT / "template.yaml",
        parameters: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start with the text of a settings file and the content of a world file; up to `workers`
        of a function run side by side.

        `parameters` are the template's own. Raises `StackError`, or `OSError` for a taken port.
        """
        if workers < 1:
            raise StackError(f"a function runs in 1 worker at least, not in {workers}")
        if strangers := unknown_keys(world):
            raise StackError(f"the world file has keys that nobody knows: {', '.join(strangers)}")
        connections = _connections(settings)
        ports = {name: port_base + number if port_base else 0 for number, name in enumerate(PORTS)}
        self.clock = Clock()
        self._faults = Faults(self.clock)
        self.turns = Turns(seed, workers)
        self._owned = ExitStack()
        with ExitStack() as undo:
            undo.push(self._owned)
            self._crms = self._own(self._sides(world, seed, ports))
            self.hubspot, self.salesforce = self._crms.hubspot, self._crms.salesforce
            self.cloud = self._own(
                self._deploy(template, ports, {**_names(connections), **parameters})
            )
            self._operator = self._own(Operator(self.cloud, self.clock))
            events = ChangeEvents(self.salesforce, self.cloud.partner_bus)
            self._runner = Runner(self.clock, [Webhooks(self.hubspot), events, *self.cloud.movers])
            self._prepare(settings, connections, set_up=bool(world.get("set_up", True)))
            self._listen()
            self._before = self._counted()
            self.control_url = self._own(Server(Control(self).wsgi, ports["control"])).url
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every server and process of it."""
        self._owned.close()

    def ready(self) -> dict[str, Any]:
        """What the ready file says."""
        sim = self.salesforce
        return {
            "control_url": self.control_url,
            "webhook_url": self.webhook_url,
            "console_url": self.console_url,
            "aws_endpoint_url": self.cloud.aws.url,
            "aws_region": REGION,
            "portals": [
                {
                    "portal_id": portal.portal_id,
                    "base_url": self._crms.hubspot_url,
                    "access_token": portal.access_token,
                    "user_token": portal.user_token,
                    "app_id": portal.app_id,
                    "client_secret": portal.client_secret,
                }
                for portal in self.hubspot.portals
            ],
            "salesforce": {
                "instance_url": self._crms.salesforce_url,
                "access_token": sim.access_token,
                "user_token": sim.user_token,
                "org_id": sim.org_id,
                "api_version": sim.api_version,
                "integration_user_id": sim.integration_user_id,
                "user_id": sim.user_id,
            },
            "now_ms": self.clock.now_ms(),
        }

    def settle(self) -> dict[str, Any]:
        """Let everything move until nothing is left to do now."""
        return self._told(self._runner.settle())

    def advance(self, seconds: float, *, settle: bool = True) -> dict[str, Any]:
        """Move the clock, running what falls due on the way; without `settle` only the clock
        moves.
        """
        return self._told(self._runner.advance(seconds, settle=settle))

    def stats(self) -> dict[str, Any]:
        """What the product has called since the stack was ready: API calls by side, capacity units,
        Lambda calls by function.
        """
        figures: dict[str, Any] = _less(self._counted(), self._before)
        for side in ("hubspot", "salesforce"):
            endpoints = figures[side]["by_endpoint"]
            figures[side]["by_endpoint"] = {
                name: count for name, count in endpoints.items() if count
            }
        return figures

    def faults(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Put a new list of faults in force. Raises `UnknownFaultError` and then changes
        nothing.
        """
        faults = list(entries)
        self._faults.replace(faults)
        return {"faults": len(faults)}

    def person(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a person does and no public API offers. Raises `StackError` for an unknown side,
        the simulators' errors for the rest.
        """
        sides = {"hubspot": self.hubspot.person, "salesforce": self.salesforce.person}
        if action.get("side") not in sides:
            raise StackError(
                f"a person acts on the side hubspot or salesforce, not {action.get('side')!r}"
            )
        return dict(sides[action["side"]](action))

    def output(self, function: str) -> str:
        """Everything that a function (by its folder's name) has printed and logged."""
        return self.cloud.lambdas.output(function)

    def _own(self, part: Owned) -> Owned:
        self._owned.callback(part.close)
        return part

    def _sides(self, world: Mapping[str, Any], seed: int, ports: Mapping[str, int]) -> Crms:
        two = [ports["hubspot"], ports["salesforce"]]
        return Crms(
            world, clock=self.clock, faults=self._faults, seed=seed, ports=two, turns=self.turns
        )

    def _deploy(self, template: Path, ports: Mapping[str, int], given: Mapping[str, str]) -> Cloud:
        listeners = [
            self._own(Listener(f, ports[p]))
            for f, p in (("hubspot_webhook", "webhook"), ("console", "console"))
        ]
        self.webhook_url, self.console_url = (listener.url for listener in listeners)
        parameters = {
            # The laptop's CRMs have one secret each.
            "SigningSecrets": "with_tokens",
            # The settings alone decide whether anything is kept.
            "KeepOverwritten": "yes",
            **given,
            "WebhookUrl": self.webhook_url,
            "SalesforceEventBus": f"aws.partner/salesforce.com/{self.salesforce.org_id}/laptop",
        }
        return Cloud(
            template,
            clock=self.clock,
            faults=self._faults,
            parameters=parameters,
            listeners=listeners,
            port=ports["aws"],
            turns=self.turns,
        )

    def _listen(self) -> None:
        """From now on writes are told to those who wait for them."""
        self.hubspot.on_product_write = partial(self.cloud.lambdas.written, "hubspot_write")
        self.salesforce.on_product_write = partial(self.cloud.lambdas.written, "salesforce_write")
        self.cloud.aws.tables.on_foreign_write = self._follow_settings

    def _prepare(
        self, settings: str, connections: Iterable[Mapping[str, Any]], *, set_up: bool
    ) -> None:
        client = self.cloud.aws.client("secretsmanager")
        for name, value in _secrets(connections, self._crms).items():
            client.create_secret(Name=name, SecretString=json.dumps(value))
        said = self._operator.do("prepare", settings=settings) if set_up else {}
        if "refused" in said:
            raise StackError(f"the settings are refused.\n{said['refused']}")
        if "trouble" in said:
            print(f"Set-up found trouble: {said['trouble']}", file=sys.stderr, flush=True)
        self._look()
        self.cloud.lambdas.warm()

    def _follow_settings(self) -> None:
        """The operator's command has written, its settings perhaps: HubSpot's subscriptions follow
        at once.
        """
        self._look()

    def _look(self) -> int:
        """How many records are parked with an error; what HubSpot shall tell by webhook follows the
        settings in force.
        """
        portals = [portal.portal_id for portal in self.hubspot.portals]
        seen = self._operator.do("look", portals=portals)
        self._crms.subscribe(self.webhook_url, seen["subscriptions"])
        return int(seen["open_errors"])

    def _counted(self) -> dict[str, Any]:
        units = self.cloud.aws.tables.units
        return {
            "hubspot": self.hubspot.stats(),
            "salesforce": self.salesforce.stats(),
            "dynamodb": {"reads": units.reads, "writes": units.writes},
            "lambda": self.cloud.lambdas.calls(),
        }

    def _told(self, settled: Settled) -> dict[str, Any]:
        return {
            "settled": settled.settled,
            "rounds": settled.rounds,
            "open_errors": self._look(),
            "now_ms": self.clock.now_ms(),
        }


def _connections(settings: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = tomllib.loads(settings).get("connection", [])
    except tomllib.TOMLDecodeError as error:
        raise StackError(f"the settings file is no TOML: {error}") from error
    return found


def _names(connections: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The parameters by which somebody who names secrets so would deploy: none where the template's
    own fit.
    """
    named = [
        (side, one.get(side, {}).get("secret", ""))
        for one in connections
        for side in ("hubspot", "salesforce")
    ]
    if all(
        not name or (name.startswith("crmsync/") and name.endswith(f"/{side}"))
        for side, name in named
    ):
        return {}
    return {"SecretPrefix": "", "HubspotSecretSuffix": "", "SalesforceSecretSuffix": ""}


def _secrets(connections: Iterable[Mapping[str, Any]], crms: Crms) -> dict[str, dict[str, Any]]:
    """The secrets that the settings name. A portal that the world does not have gets none: its
    connection will say so.
    """
    secrets: dict[str, dict[str, Any]] = {}
    for connection in connections:
        hubspot, salesforce = connection.get("hubspot", {}), connection.get("salesforce", {})
        known = crms.hubspot_secret(hubspot.get("portal_id", 0))
        if known and "secret" in hubspot:
            secrets[hubspot["secret"]] = known
        if "secret" in salesforce:
            secrets[salesforce["secret"]] = crms.salesforce_secret()
            secrets[f"admin/{salesforce['secret']}"] = crms.administrator_secret()
    return secrets


def _less(now: Any, before: Any) -> Any:
    """`now` with every number lessened by the same number of `before`."""
    if isinstance(now, dict):
        return {name: _less(value, (before or {}).get(name)) for name, value in now.items()}
    number = now - (before or 0)
    return int(number) if number == int(number) else number
