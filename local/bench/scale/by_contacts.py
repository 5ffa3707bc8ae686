"""How the cost of a change grows with the number of contacts.

Law: a thousand contacts are changed, evenly spread over all of them. Up to `MADE` contacts are
created by the product. Above, only the link table grows: it gets copies of its links with ids of
their own, as creating more would take hours and the CRMs are simulated anyway.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any

from local.bench.contacts import CONTACTS_ONLY, WORLD, Contacts
from local.bench.counts import FUNCTION
from local.bench.edits import EDITS, measure_edits, settled
from local.bench.scale.growth import Axis, axis_of
from local.stack import Stack

SIZES = (1_000, 10_000, 100_000)
MADE = 4_000
CHANGED = 1_000
EDITS_A_SIZE = 3
ITEMS_A_LINK = 2

UNITS = {**EDITS, "Import": "calls", "Writes of a new pair": "units"}


def measure(sizes: Sequence[int] = SIZES, made: int = MADE, changed: int = CHANGED) -> Axis:
    """Return the figures for a thousand changes, or for a thousand new pairs. Raises
    `BenchError`.
    """
    points: dict[int, dict[str, float]] = {}
    imported: dict[str, float] = {}
    with Stack(CONTACTS_ONLY, WORLD) as stack:
        contacts = Contacts(stack, 1)
        for number, size in enumerate(sizes):
            print(f"{size} contacts", file=sys.stderr, flush=True)
            if new := min(size, made) - len(contacts.ids):
                contacts.create(new)
                used = settled(stack, contacts)
                imported = {
                    "Import": used.calls * 1000 / new,
                    "Writes of a new pair": used.writes * 1000 / new,
                }
            more = size - len(contacts.ids) - sum(max(0, one - made) for one in sizes[:number])
            copy_links(stack, more)
            every = max(1, len(contacts.ids) // changed)
            points[size] = {
                **measure_edits(stack, contacts, number * EDITS_A_SIZE, every=every),
                **imported,
            }
    return axis_of("contacts", points, UNITS)


def copy_links(stack: Stack, number: int) -> None:
    """Add so many links to the link table: copies of its links under ids that no record has."""
    (table,) = [
        one.environment["LINKS_TABLE"]
        for one in stack.cloud.functions.values()
        if one.name == FUNCTION
    ]
    found = stack.cloud.aws.client("dynamodb").scan(TableName=table)["Items"]
    links = [_in_wire_form(one) for one in found if "v" in one]
    stack.cloud.aws.tables.fill(table, islice(_copies(links), ITEMS_A_LINK * number))


def _in_wire_form(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in item.items()
    }


def _copies(links: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Pairs of items: a link, and what points to it under its Salesforce record."""
    for number in count():
        link = links[number % len(links)]
        connection = link["pk"]["S"].partition("#")[0]
        hubspot, salesforce = f"hubspot:contact:{10**9 + number}", f"salesforce:Lead:{number:018}"
        yield {**link, "pk": {"S": f"{connection}#{hubspot}"}, "s": {"S": salesforce}}
        yield {"pk": {"S": f"{connection}#{salesforce}"}, "s": {"S": hubspot}}
