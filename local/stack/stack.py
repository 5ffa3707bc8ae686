"""The whole laptop stack: the deployed system, the two CRMs, and the runner that drives them.

Law: puts `Cloud`, `Crms` and `Operator` together. `serve`, the control URL, the demo and the tests
use the stack through `Stack` only.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
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
from local.stack.runner import Runner, RunResult
from local.stack.serving import Server
from local.stack.template.template import REGION
from local.stack.turns import Turns
from local.world import world_complaints
from simulators.clock import Clock
from simulators.faults import Faults

PORTS = ("control", "webhook", "console", "aws", "hubspot", "salesforce")
"""What gets the ports from ``--port-base`` upwards, in this order."""


class _Closable(Protocol):
    def close(self) -> None: ...


Owned = TypeVar("Owned", bound=_Closable)


class StackError(Exception):
    """The stack cannot start, or cannot do what was asked; the message says why."""


class Stack:
    """One laptop stack, which is ready as soon as it is constructed.

    A context manager; `close` ends every server and process.

    Attributes:
        clock: The clock of the CRMs and of AWS.
        turns: The order in which workers that run side by side make their calls.
        hubspot: The simulator of HubSpot.
        salesforce: The simulator of Salesforce.
        crm_time: How long both simulators have answered requests.
        cloud: The deployed template.
        webhook_url: The public address of the webhook function.
        console_url: The public address of the console function.
        control_url: The address of the control URL.
        connections: The id of each HubSpot account that the settings of the start name, and the
            name of its connection.
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
        """Start with the text of a settings file and the content of a world file.

        Up to `workers` processes of a function run side by side. `parameters` are those of
        `template`. Raises `StackError`, and `OSError` when a port is taken.
        """
        if workers < 1:
            raise StackError(f"a function runs in 1 worker at least, not in {workers}")
        if wrong := world_complaints(world):
            raise StackError("the world file cannot be used.\n" + "\n".join(wrong))
        connections = _connections(settings)
        self.connections = {
            one.get("hubspot", {}).get("portal_id"): str(one.get("name", "")) for one in connections
        }
        ports = {name: port_base + number if port_base else 0 for number, name in enumerate(PORTS)}
        self.clock = Clock()
        self._faults = Faults(self.clock)
        self.turns = Turns(seed, workers)
        self._inspected: tuple[tuple[int, ...], dict[str, Any]] = ((), {})
        self._owned = ExitStack()
        with ExitStack() as undo:
            undo.push(self._owned)
            self._crms = self._own(
                Crms(
                    world,
                    clock=self.clock,
                    faults=self._faults,
                    seed=seed,
                    ports=(ports["hubspot"], ports["salesforce"]),
                    turns=self.turns,
                )
            )
            self.hubspot, self.salesforce = self._crms.hubspot, self._crms.salesforce
            self.crm_time = self._crms.busy
            self.cloud = self._own(
                self._deploy(template, ports, {**_secret_names(connections), **parameters})
            )
            self._operator = self._own(Operator(self.cloud, self.clock))
            events = ChangeEvents(self.salesforce, self.cloud.partner_bus)
            self._runner = Runner(self.clock, [Webhooks(self.hubspot), events, *self.cloud.movers])
            self._prepare(settings, connections, set_up=bool(world.get("set_up", True)))
            self._report_writes()
            self._before = self._counts()
            self.control_url = self._own(Server(Control(self).wsgi, ports["control"])).url
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every server and process of the stack."""
        self._owned.close()

    def ready(self) -> dict[str, Any]:
        """Return the content of the ready file."""
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
        """Run everything that is due, until nothing is."""
        return self._report(self._runner.settle())

    def advance(self, seconds: float, *, settle: bool = True) -> dict[str, Any]:
        """Move the clock forward and run what falls due on the way.

        Without `settle` only the clock moves.
        """
        return self._report(self._runner.advance(seconds, settle=settle))

    def stats(self) -> dict[str, Any]:
        """Count what the product has called since the stack was ready.

        API calls by side, capacity units, and Lambda calls by function.
        """
        figures: dict[str, Any] = _minus(self._counts(), self._before)
        for side in ("hubspot", "salesforce"):
            endpoints = figures[side]["by_endpoint"]
            figures[side]["by_endpoint"] = {
                name: count for name, count in endpoints.items() if count
            }
        return figures

    def faults(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Replace the faults in force. Raises `UnknownFaultError`, and then changes nothing."""
        faults = list(entries)
        self._faults.replace(faults)
        return {"faults": len(faults)}

    def person(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a person can do and no public API offers.

        Raises `StackError` for an unknown side, and the simulators' own errors.
        """
        sides = {"hubspot": self.hubspot.person, "salesforce": self.salesforce.person}
        if action.get("side") not in sides:
            raise StackError(
                f"a person acts on the side hubspot or salesforce, not {action.get('side')!r}"
            )
        return dict(sides[action["side"]](action))

    def command(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Run the operator's command; return its exit ``status``, its JSON ``document`` and the
        ``text`` of its remarks. Raises `OperatorError`.
        """
        return dict(self._operator.run("command", arguments=list(arguments)))

    def faults_in_force(self) -> list[str]:
        """Return the faults that can still strike, such as ``webhook: drop``."""
        return self._faults.in_force()

    def output(self, function: str) -> str:
        """Return everything that a function, named by its folder, has printed and logged."""
        return self.cloud.lambdas.output(function)

    def output_since(self, function: str, start: int) -> tuple[str, int]:
        """Return the lines that a function has printed from the byte `start` on, and where the next
        ones begin.
        """
        return self.cloud.lambdas.output_since(function, start)

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of all functions: their folders."""
        return tuple(one.name for one in self.cloud.functions.values())

    def _own(self, part: Owned) -> Owned:
        self._owned.callback(part.close)
        return part

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
            # Who compares asks for it: a day without changes is measured without it.
            "NightlyComparison": "off",
            **given,
            "WebhookUrl": self.webhook_url,
            "ConsoleUrl": self.console_url,
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

    def _report_writes(self) -> None:
        """Report writes to the parts that wait for them, from now on."""
        self.hubspot.on_product_write = partial(self.cloud.lambdas.written, "hubspot_write")
        self.salesforce.on_product_write = partial(self.cloud.lambdas.written, "salesforce_write")
        # A write of the operator's command may have changed the settings.
        self.cloud.aws.tables.on_foreign_write = self._refresh

    def _prepare(
        self, settings: str, connections: Iterable[Mapping[str, Any]], *, set_up: bool
    ) -> None:
        client = self.cloud.aws.client("secretsmanager")
        for name, value in _secrets(connections, self._crms).items():
            client.create_secret(Name=name, SecretString=json.dumps(value))
        problem = self._operator.run("prepare", settings=settings) if set_up else {}
        if "refused" in problem:
            raise StackError(f"the settings are refused.\n{problem['refused']}")
        if "trouble" in problem:
            print(f"Set-up found trouble: {problem['trouble']}", file=sys.stderr, flush=True)
        self._refresh()
        self.cloud.lambdas.warm()

    def _refresh(self) -> int:
        """Adapt the webhook subscriptions to the settings in force; return the number of open
        errors.

        The operator is asked only if AWS may hold something else than when it was asked last. What
        it keeps in memory it may read anew after a while, so it is asked again after a minute.
        """
        aws = self.cloud.aws
        state = (aws.changes, aws.tables.fills, self.clock.now_ms() // 60_000)
        known, found = self._inspected
        if state != known:
            portals = [portal.portal_id for portal in self.hubspot.portals]
            found = self._operator.run("inspect", portals=portals)
            self._inspected = state, found
        self._crms.subscribe(self.webhook_url, found["subscriptions"])
        return int(found["open_errors"])

    def _counts(self) -> dict[str, Any]:
        units = self.cloud.aws.tables.units
        return {
            "hubspot": self.hubspot.stats(),
            "salesforce": self.salesforce.stats(),
            "dynamodb": {"reads": units.reads, "writes": units.writes},
            "lambda": self.cloud.lambdas.calls(),
        }

    def _report(self, result: RunResult) -> dict[str, Any]:
        return {
            "settled": result.settled,
            "rounds": result.rounds,
            "open_errors": self._refresh(),
            "now_ms": self.clock.now_ms(),
        }


def _connections(settings: str) -> list[dict[str, Any]]:
    """Return the connections of a settings file, as far as they are tables; the product complains
    about the rest.
    """
    try:
        found = tomllib.loads(settings).get("connection", [])
    except tomllib.TOMLDecodeError as error:
        raise StackError(f"the settings file is not TOML: {error}") from error
    tables = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [
        one
        for one in tables
        if all(isinstance(one.get(side, {}), dict) for side in ("hubspot", "salesforce"))
    ]


def _secret_names(connections: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the template parameters that these names of secrets need.

    Empty where all names have the template's default prefix and suffixes.
    """
    names = [
        (side, connection.get(side, {}).get("secret", ""))
        for connection in connections
        for side in ("hubspot", "salesforce")
    ]
    if all(
        not name or (name.startswith("crmsync/") and name.endswith(f"/{side}"))
        for side, name in names
    ):
        return {}
    return {"SecretPrefix": "", "HubspotSecretSuffix": "", "SalesforceSecretSuffix": ""}


def _secrets(connections: Iterable[Mapping[str, Any]], crms: Crms) -> dict[str, dict[str, Any]]:
    """Return the secrets that the settings name, by name.

    A portal that the world does not have gets no secret; its connection will report that.
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


def _minus(now: Any, before: Any) -> Any:
    """Subtract every number in `before` from its counterpart in `now`, through nested dicts."""
    if isinstance(now, dict):
        return {name: _minus(value, (before or {}).get(name)) for name, value in now.items()}
    number = now - (before or 0)
    return int(number) if number == int(number) else number
