"""The whole way of a change: a thousand linked contacts edited in HubSpot, until Salesforce has the
new values, the links are stored, and Salesforce's thousand events about our own writes are read.

Law: the deployed functions on the laptop stack, with its simulated CRMs and its tables. A run
counts only if every lead shows its new value afterwards and no error is left.

The processor time is that of the contact function's process; the CRMs and the tables run in
another. The clock time is that of the whole stack. Other work on the machine makes it longer, so
the best of `ROUNDS` runs is the figure.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import requests

from local.bench.figures import BenchError, Figure
from local.bench.webhook import PORTAL
from local.bench.webhook import SETTINGS as WITH_COMPANIES
from local.stack import Stack

CONTACTS = 1_000
BATCH = 100
ROUNDS = 3
FUNCTION = "contact_sync"
SETTINGS = f"{WITH_COMPANIES}[connection.companies]\nsync = false\n"


def measure() -> list[Figure]:
    """Return contacts per second of the function's processor time and of clock time. Raises
    `BenchError`.
    """
    with Stack(SETTINGS, {"hubspot": [{"portal_id": PORTAL}], "salesforce": {}}) as stack:
        contacts = Contacts(stack, CONTACTS)
        began = contacts.change_event_calls()
        runs = [contacts.edit(f"+1 202 555 {number:04}") for number in range(ROUNDS)]
        calls = (contacts.change_event_calls() - began) / ROUNDS
    for processor, clock in runs:
        print(f"{FUNCTION}: {processor:.2f} s processor, {clock:.2f} s clock", file=sys.stderr)
    processor, clock = (min(one) for one in zip(*runs, strict=True))
    return [
        Figure("engine_contacts_per_second", round(CONTACTS / processor), ">= 2000", "contacts/s"),
        Figure("durable_records_per_second", round(CONTACTS / clock), ">= 1000", "contacts/s"),
        Figure("change_event_invocations_per_1000", round(calls, 1), "<= 20", "invocations"),
    ]


class Contacts:
    """Contacts in HubSpot with a lead each, all in sync."""

    def __init__(self, stack: Stack, count: int) -> None:
        """Create them and let them sync."""
        self._stack = stack
        ready = stack.ready()
        (portal,) = ready["portals"]
        self._hubspot, self._base = requests.Session(), portal["base_url"]
        self._hubspot.headers["Authorization"] = f"Bearer {portal['user_token']}"
        self._salesforce = requests.Session()
        self._salesforce.headers["Authorization"] = f"Bearer {ready['salesforce']['user_token']}"
        self._query = f"{ready['salesforce']['instance_url']}/services/data/v66.0/query"
        made = self._post(
            "create",
            [
                {"properties": {"email": f"person{number}@example.com", "lastname": f"P{number}"}}
                for number in range(count)
            ],
        )
        self._ids = [one["id"] for one in made]
        stack.settle()
        stack.advance(3600)

    def edit(self, phone: str) -> tuple[float, float]:
        """Give all of them that phone number; returns the seconds of processor and of clock time
        that the sync took. Raises `BenchError`.
        """
        self._post("update", [{"id": one, "properties": {"phone": phone}} for one in self._ids])
        processor, clock = self._processor_seconds(), time.perf_counter()
        rest = self._stack.settle()
        clock = time.perf_counter() - clock
        processor = self._processor_seconds() - processor
        leads = self._salesforce.get(self._query, params={"q": "SELECT Phone FROM Lead"}).json()
        found = sum(lead["Phone"] == phone for lead in leads["records"])
        if found != len(self._ids) or rest["open_errors"]:
            raise BenchError(f"{found} of {len(self._ids)} leads have their new phone number")
        self._stack.advance(3600)
        return processor, clock

    def change_event_calls(self) -> int:
        """How often the function of Salesforce's change events was called for some of them."""
        return self._stack.output("salesforce_changes").count('"ChangesReceived":[')

    def _post(self, what: str, inputs: Sequence[dict[str, object]]) -> list[dict[str, str]]:
        results: list[dict[str, str]] = []
        for start in range(0, len(inputs), BATCH):
            answer = self._hubspot.post(
                f"{self._base}/crm/v3/objects/contacts/batch/{what}",
                json={"inputs": inputs[start : start + BATCH]},
            )
            answer.raise_for_status()
            results += answer.json()["results"]
        return results

    def _processor_seconds(self) -> float:
        return self._stack.cloud.lambdas.processor_seconds()[FUNCTION]
