"""Hundreds of thousands of older Salesforce records are imported into HubSpot and resynced; none is
left out or doubled.

Law: the operator's command starts and watches the jobs, the deployed system does the work, Lambdas
are killed on the way, and the result is counted in the two simulators. Webhooks and change events
are lost on purpose: each would be the echo of our own write.
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
class RecordKind:
    """A kind of record that is imported.

    Attributes:
        word: What the operator's command calls it.
        hubspot_word: What the command calls the HubSpot object.
        function: The Lambda that syncs it.
        hubspot: Its object type in HubSpot.
        key_property: The HubSpot property by which a record is recognised.
        make: The fields of its Salesforce records; ``{}`` becomes a number.
    """

    word: str
    hubspot_word: str
    function: str
    hubspot: str
    key_property: str
    make: Mapping[str, str]

    def records(self, size: int) -> Iterator[dict[str, str]]:
        """Yield `size` records, each with a name of its own."""
        return (
            {name: text.format(f"{number:06d}") for name, text in self.make.items()}
            for number in range(size)
        )


RECORD_KINDS: Mapping[str, RecordKind] = MappingProxyType(
    {
        "companies": RecordKind(
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
        "contacts": RecordKind(
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
    """Add the story's options."""
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
    parser.add_argument("--of", choices=RECORD_KINDS, default="companies", help="which records")


def play(arguments: argparse.Namespace) -> int:
    """Import, resync, count; return 0 when nothing was left out or doubled."""
    kind, size = RECORD_KINDS[arguments.of], arguments.size
    began = time.monotonic()
    world = {
        "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
        "salesforce": {"daily_api_limit": 10_000_000, "records": kind.records(size)},
    }
    with Stack(SETTINGS, world) as stack:
        print(
            f"{size:,} {kind.word} are in Salesforce after {time.monotonic() - began:.0f} s.",
            flush=True,
        )
        imported = run_job(stack, kind.function, arguments.kills, "import", kind.word)
        _report(stack, kind, size, imported)
        resync = ("resync", "--side", "hubspot", "--object", kind.hubspot_word)
        resynced = run_job(stack, kind.function, arguments.kills, *resync)
        return _report(stack, kind, size, resynced)


def _report(stack: Stack, kind: RecordKind, size: int, run: Run) -> int:
    """Print the figures; return 0 when nothing was left out or doubled."""
    expected = {one[_key_field(kind)].lower() for one in kind.records(size)}
    found = Counter(_in_hubspot(stack, kind))
    left_out, doubled = (
        expected - found.keys(),
        [name for name, count in found.items() if count > 1],
    )
    rows = {
        "job": f"{' '.join(run.words)}: {run.job['state']}, {run.job['queued']:,} queued",
        f"{kind.word} in Salesforce": f"{size:,}",
        f"{kind.hubspot} in HubSpot": f"{sum(found.values()):,}",
        "left out": f"{len(left_out):,}",
        "doubled": f"{len(doubled):,}",
        **figures(run, size, "backfill", kind.function),
        "open errors": f"{stack.settle()['open_errors']}",
    }
    print(table(rows), flush=True)
    return 1 if left_out or doubled or run.job["state"] != "done" else 0


def _key_field(kind: RecordKind) -> str:
    return {"name": "Name", "email": "Email"}[kind.key_property]


def _in_hubspot(stack: Stack, kind: RecordKind) -> Iterable[str]:
    """Return the key property of each living record of the portal, in lower case."""
    table = stack.hubspot.portals[0].of(kind.hubspot).table
    return (
        record.value(kind.key_property).lower()
        for record in table.walk()
        if record.archived_ms is None
    )
