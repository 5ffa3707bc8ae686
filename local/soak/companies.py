"""Older Salesforce records by the hundred thousand come into HubSpot by import, are resynced, and
nothing is left out or doubled.

Law: the operator's command starts and watches the jobs, the deployed system does the work, Lambdas
are killed on the way, and what came of it is counted in the two simulators. Webhooks and change
events are lost on purpose: each would be the echo of our own write.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from local.soak.runs import SETTINGS, Run, figures, run_job, table
from local.stack import Stack

ABOUT = "import and resync very many records while Lambdas die"


@dataclass(frozen=True, slots=True)
class Crowd:
    """A kind of record: how one is made in Salesforce, what imports it, its concern, and by what a
    HubSpot record is known.
    """

    word: str
    side_word: str
    function: str
    hubspot: str
    known_by: str
    make: Mapping[str, str]

    def records(self, size: int) -> Iterator[dict[str, str]]:
        """So many records, each with a name of its own."""
        return (
            {name: text.format(f"{number:06d}") for name, text in self.make.items()}
            for number in range(size)
        )


CROWDS: Mapping[str, Crowd] = MappingProxyType(
    {
        "companies": Crowd(
            "accounts",
            "company",
            "account_sync",
            "companies",
            "name",
            {
                "type": "Account",
                "Name": "Company {}",
                "Website": "c{}.example.com",
                "Phone": "+49 731 {}",
            },
        ),
        "contacts": Crowd(
            "leads",
            "contact",
            "contact_sync",
            "contacts",
            "email",
            {"type": "Lead", "LastName": "Lang {}", "Company": "Old", "Email": "p{}@example.com"},
        ),
    }
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what can be chosen."""
    parser.add_argument(
        "--size", type=int, default=5_000, metavar="N", help="how many records (default 5,000)"
    )
    parser.add_argument(
        "--kills",
        type=int,
        default=6,
        metavar="N",
        help="how often a Lambda dies in each job (default 6)",
    )
    parser.add_argument("--of", choices=CROWDS, default="companies", help="which records")


def play(arguments: argparse.Namespace) -> int:
    """Import, resync, count; 0 when nothing was left out and nothing doubled."""
    crowd, size = CROWDS[arguments.of], arguments.size
    began = time.monotonic()
    world = {
        "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
        "salesforce": {"daily_api_limit": 10_000_000, "records": crowd.records(size)},
    }
    with Stack(SETTINGS, world) as stack:
        print(
            f"{size:,} {crowd.word} stand in Salesforce after {time.monotonic() - began:.0f} s.",
            flush=True,
        )
        imported = run_job(stack, crowd.function, arguments.kills, "import", crowd.word)
        _report(stack, crowd, size, imported)
        resync = ("resync", "--side", "hubspot", "--object", crowd.side_word)
        resynced = run_job(stack, crowd.function, arguments.kills, *resync)
        return _report(stack, crowd, size, resynced)


def _report(stack: Stack, crowd: Crowd, size: int, run: Run) -> int:
    """Print what was measured and counted; 0 when nothing was left out and nothing doubled."""
    wanted = {one[_known_in_salesforce(crowd)].lower() for one in crowd.records(size)}
    found = Counter(_in_hubspot(stack, crowd))
    left_out, doubled = wanted - found.keys(), [name for name, count in found.items() if count > 1]
    rows = {
        "job": f"{' '.join(run.words)}: {run.job['state']}, {run.job['queued']:,} queued",
        f"{crowd.word} in Salesforce": f"{size:,}",
        f"{crowd.hubspot} in HubSpot": f"{sum(found.values()):,}",
        "left out": f"{len(left_out):,}",
        "doubled": f"{len(doubled):,}",
        **figures(run, size, "backfill", crowd.function),
        "open errors": f"{stack.settle()['open_errors']}",
    }
    print(table(rows), flush=True)
    return 1 if left_out or doubled or run.job["state"] != "done" else 0


def _known_in_salesforce(crowd: Crowd) -> str:
    return {"name": "Name", "email": "Email"}[crowd.known_by]


def _in_hubspot(stack: Stack, crowd: Crowd) -> Iterable[str]:
    """By what each living record of the portal is known."""
    table = stack.hubspot.portals[0].of(crowd.hubspot).table
    return (
        record.value(crowd.known_by).lower()
        for record in table.walk()
        if record.archived_ms is None
    )
