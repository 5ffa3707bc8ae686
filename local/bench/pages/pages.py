"""How long each page of the console takes while much is stored.
Prints a table; ``--page`` writes it into a page.

Law: every page is opened by a new process (``first``), again when that process keeps nothing that
it has read (``later``), and once more at once (``again``). Calls are exact. Processor time is that
of the function; clock time also has that in which the laptop's AWS and CRMs answer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import MappingProxyType

import requests

from crmsync.console.routes import ROUTES
from local.bench.contacts import SETTINGS, WORLD
from local.bench.figures import BenchError
from local.bench.page import NoMarksError, machine
from local.bench.pages.filled import CONNECTION, Amount, fill
from local.stack import Stack

FUNCTION = "console"
ROUNDS = 3
LATER = 120
"""Seconds after which a process keeps nothing of the tables and queues."""

WHEN = ("first", "later", "again")
BEGIN, END = "<!-- pages: begin -->", "<!-- pages: end -->"

_QUERIES: Mapping[str, str] = MappingProxyType(
    {
        "/errors/records": "connection=acme&category=validation"
        "&code=INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "/completeness/repair": "connection=acme",
        "/brakes/records": "connection=acme&object=contact&code=CHANGES_OVER_LIMIT",
        "/brakes/decide": "decision=release&connection=acme&object=contact",
        "/settings/difference": "from=1&to=1",
    }
)
"""What the addresses of some pages ask for; that of a record has one."""

PAGES = tuple(path for path, route in ROUTES.items() if route.show)


@dataclass(frozen=True, slots=True)
class Opening:
    """One page that was opened once.

    Attributes:
        calls: Calls of AWS and of both CRMs.
        processor_ms: Processor time of the function.
        clock_ms: Clock time in the browser.
    """

    calls: int
    processor_ms: float
    clock_ms: float


@dataclass(frozen=True, slots=True)
class PageFigures:
    """What opening a page takes, by `WHEN`: of several rounds the median, and of calls the most."""

    path: str
    by_time: Mapping[str, Opening]


def measure(amount: Amount, rounds: int = ROUNDS) -> list[PageFigures]:
    """Return the figures of all pages with so much stored. Raises `BenchError`."""
    with Stack(SETTINGS, WORLD) as stack:
        contact = fill(stack, amount)
        visitor = _Visitor(stack)
        found: list[PageFigures] = []
        record = f"connection={CONNECTION}&record=hubspot:contact:{contact}"
        queries = {**_QUERIES, "/record": record}
        for path in PAGES:
            print(path, file=sys.stderr, flush=True)
            address = f"{path}?{queries.get(path, '')}"
            visits = [visitor.visit(address) for _ in range(rounds)]
            found.append(
                PageFigures(path, {when: _middle([one[when] for one in visits]) for when in WHEN})
            )
    return found


class _Visitor:
    """A browser of somebody who is signed in, and what the stack counts meanwhile."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        (self._caller,) = [
            logical_id for logical_id, one in stack.cloud.functions.items() if one.name == FUNCTION
        ]
        self._browser = requests.Session()
        self._browser.get(str(stack.command(["console"])["document"]["url"])).raise_for_status()

    def visit(self, address: str) -> Mapping[str, Opening]:
        """Open a page first, later and again."""
        lambdas = self._stack.cloud.lambdas
        lambdas.close()
        lambdas.warm()
        first = self._open(address)
        self._stack.advance(LATER, settle=False)
        return {"first": first, "later": self._open(address), "again": self._open(address)}

    def _open(self, address: str) -> Opening:
        calls, processor = self._calls(), self._processor()
        began = time.perf_counter()
        answer = self._browser.get(self._stack.console_url + address)
        took = time.perf_counter() - began
        if answer.status_code != requests.codes.ok:
            raise BenchError(f"{address} is answered {answer.status_code}")
        return Opening(self._calls() - calls, (self._processor() - processor) * 1000, took * 1000)

    def _calls(self) -> int:
        aws = self._stack.cloud.aws.calls
        stats = self._stack.stats()
        return sum(count for (who, _, _), count in aws.items() if who == self._caller) + int(
            stats["hubspot"]["calls"] + stats["salesforce"]["calls"]
        )

    def _processor(self) -> float:
        return self._stack.cloud.lambdas.processor_seconds()[FUNCTION]


def _middle(openings: Sequence[Opening]) -> Opening:
    return Opening(
        max(one.calls for one in openings),
        median(one.processor_ms for one in openings),
        median(one.clock_ms for one in openings),
    )


def as_markdown(pages: Sequence[PageFigures]) -> str:
    """Return the table for a page."""
    header, *rows = _cells(pages)
    shown = [f"| {' | '.join(cells)} |" for cells in (header, *rows)]
    return "\n".join([shown[0], "|" + "---|" * len(header), *shown[1:]])


def as_text(pages: Sequence[PageFigures]) -> str:
    """Return the table for a terminal."""
    rows = _cells(pages)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def page_with(page: str, table: str, note: str) -> str:
    """Return the page with the note and the table between its two marks. Raises `NoMarksError`."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarksError(f"the page needs {BEGIN} and {END}")
    return f"{before}{begin}\n\n{note}\n\n{table}\n\n{end}{after}"


def _cells(pages: Sequence[PageFigures]) -> list[list[str]]:
    names = ("calls", "processor ms", "ms")
    header = ["Page", *(f"{when}: {name}" for when in WHEN for name in names)]
    rows = [
        [
            f"`{one.path}`",
            *(
                f"{value:,.0f}"
                for when in WHEN
                for opening in (one.by_time[when],)
                for value in (opening.calls, opening.processor_ms, opening.clock_ms)
            ),
        ]
        for one in pages
    ]
    return [header, *rows]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all pages and print the table."""
    parser = argparse.ArgumentParser(
        "python -m local.bench.pages", description="Measures the pages of the console."
    )
    parser.add_argument("--page", type=Path, help="write the table into this page (Markdown)")
    given = parser.parse_args(arguments)
    where = machine()
    pages = measure(Amount())
    if given.page:
        note = f"Measured on {datetime.now(UTC):%-d %B %Y}: {where}."
        given.page.write_text(page_with(given.page.read_text(), as_markdown(pages), note))
    print(as_text(pages))
    return 0
