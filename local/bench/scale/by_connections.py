"""How the cost grows with the number of connections of one deployment.

Law: each connection has a portal and an org of its own. All of them together have a thousand
contacts. The edits are made in HubSpot, as only one org can have an Event Relay to the stack. In
the idle minutes Salesforce is polled, without a change and between two sweeps of HubSpot.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from local.bench.contacts import HOUR, PORTAL, Contacts
from local.bench.counts import FUNCTION, Reading
from local.bench.edits import settled
from local.bench.figures import BenchError
from local.bench.prices import AWS_CALL_SECONDS, CALL_SECONDS
from local.bench.scale.growth import Axis, axis_of
from local.stack import Stack
from local.stack.operator import Operator
from local.stack.serving import Server
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator

SIZES = (1, 10, 30)
CONTACTS = 1_000
MINUTE = 60
IDLE_MINUTES = 2
SET_UP_SECONDS = 1_800
"""Real seconds that setting up all connections may take on a busy machine."""

POLL = "salesforce_changes"

UNITS = {
    "Edits in HubSpot": "calls",
    "Processor time": "ms of the contact function",
    "Memory": "MiB, peak of the contact function",
    "Writes of an update": "units",
    "Reads of an update": "units",
    "Idle calls": "a minute",
    "Idle sign-ins": "to Salesforce, a minute",
    "Idle writes": "units a minute",
    "Idle reads": "units a minute",
    "Poll, processor time": "ms",
    "Poll, duration": "s with the assumed time of calls",
    "Poll, memory": "MiB, peak",
}


@dataclass(slots=True)
class Org:
    """A further org.

    Attributes:
        simulator: The org itself.
        server: Where it answers.
        sign_ins: How often somebody has signed in.
    """

    simulator: SalesforceSimulator
    server: Server
    sign_ins: int = 0

    def ready(self) -> Mapping[str, Any]:
        """Return what the stack's ready file says of an org."""
        return {"user_token": self.simulator.user_token, "instance_url": self.server.url}


def measure(sizes: Sequence[int] = SIZES, contacts: int = CONTACTS) -> Axis:
    """Return the figures for a thousand changes in all, and those of an idle time. Raises
    `BenchError`.
    """
    points: dict[int, dict[str, float]] = {}
    for size in sizes:
        print(f"{size} connections", file=sys.stderr, flush=True)
        with stack_of(size) as (stack, orgs):
            points[size] = {
                **idle(stack, orgs),
                **edited(stack, orgs, max(1, contacts // size)),
            }
    return axis_of("connections", points, UNITS)


@contextmanager
def stack_of(connections: int) -> Iterator[tuple[Stack, Sequence[Org]]]:
    """A stack with so many connections, and their orgs. Raises `BenchError`."""
    settings = "".join(map(_settings, range(connections)))
    portals = [{"portal_id": PORTAL + number} for number in range(connections)]
    with Stack(settings, {"set_up": False, "hubspot": portals}) as stack:
        orgs = [_org(stack, number) for number in range(connections)]
        operator = Operator(stack.cloud, stack.clock)
        try:
            if problem := operator.run("prepare", within=SET_UP_SECONDS, settings=settings):
                raise BenchError(f"the connections could not be set up: {problem}")
            yield stack, orgs
        finally:
            operator.close()
            for org in orgs:
                org.server.close()


def idle(stack: Stack, orgs: Sequence[Org]) -> dict[str, float]:
    """Return what a minute without changes uses, after one in which clients are made."""
    stack.advance(MINUTE)
    before, then = _reading(stack, orgs), sum(org.sign_ins for org in orgs)
    stack.advance(IDLE_MINUTES * MINUTE)
    used = _reading(stack, orgs) - before
    waiting = CALL_SECONDS * used.calls + AWS_CALL_SECONDS * sum(
        count for (who, _, _), count in used.aws.items() if used.functions.get(who) == POLL
    )
    each = 1 / IDLE_MINUTES
    return {
        "Idle calls": used.calls * each,
        "Idle sign-ins": (sum(org.sign_ins for org in orgs) - then) * each,
        "Idle writes": used.writes * each,
        "Idle reads": used.reads * each,
        "Poll, processor time": used.processor[POLL] * 1000 * each,
        "Poll, duration": (used.processor[POLL] + waiting) * each,
        "Poll, memory": stack.cloud.lambdas.memory_mib()[POLL],
    }


def edited(stack: Stack, orgs: Sequence[Org], contacts: int) -> dict[str, float]:
    """Create so many contacts in each portal, edit all of them twice, and return what the second
    round uses. Raises `BenchError`.
    """
    made = [
        Contacts(stack, contacts, portal_id=PORTAL + number, org=org.ready(), settle=False)
        for number, org in enumerate(orgs)
    ]
    made[0].settle()
    stack.advance(HOUR, settle=False)
    for edit in range(2):
        for one in made:
            one.edit_in_hubspot(edit)
        used = settled(stack, made[0], lambda now: _reading(now, orgs))
        for one in made:
            one.check_salesforce(edit)
    each = 1000 / (contacts * len(orgs))
    return {
        "Edits in HubSpot": used.calls * each,
        "Processor time": used.processor[FUNCTION] * 1000 * each,
        "Memory": stack.cloud.lambdas.memory_mib()[FUNCTION],
        "Writes of an update": used.writes * each,
        "Reads of an update": used.reads * each,
    }


def _settings(number: int) -> str:
    name = f"c{number}"
    return f"""
[[connection]]
name = "{name}"
[connection.hubspot]
portal_id = {PORTAL + number}
secret = "crmsync/{name}/hubspot"
[connection.salesforce]
login_url = "https://{name}.my.salesforce.com"
secret = "crmsync/{name}/salesforce"
[connection.companies]
sync = false
[connection.deals]
sync = false
"""


def _org(stack: Stack, number: int) -> Org:
    """A new org, to which the secrets of a connection lead."""
    simulator = SalesforceSimulator({}, clock=stack.clock, faults=Faults(stack.clock), seed=number)

    def counted(environ: dict[str, Any], start_response: Any) -> Any:
        org.sign_ins += environ["PATH_INFO"].endswith("/oauth2/token")
        return simulator.wsgi(environ, start_response)

    server = Server(counted)
    org = Org(simulator, server)
    simulator.set_instance_url(server.url)
    secrets = {
        f"crmsync/c{number}/salesforce": {
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
            "login_url": server.url,
        },
        f"admin/crmsync/c{number}/salesforce": {
            "access_token": simulator.user_token,
            "instance_url": server.url,
        },
    }
    client = stack.cloud.aws.client("secretsmanager")
    for name, content in secrets.items():
        client.put_secret_value(SecretId=name, SecretString=json.dumps(content))
    return org


def _reading(stack: Stack, orgs: Sequence[Org]) -> Reading:
    """What the stack has counted, with the calls of all orgs."""
    found = Reading.of(stack)
    calls = sum(org.simulator.stats()["calls"] for org in orgs)
    return replace(found, stats={**found.stats, "salesforce": {"calls": calls}})
