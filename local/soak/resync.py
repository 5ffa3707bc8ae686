"""Hundreds of thousands of HubSpot companies are resynced, more than HubSpot's own connector can
(LIM-1), and each one is read.

Law: the companies have no contacts, so none creates an account and the two CRMs stay as they are.
The story checks that the sync reads each of them although Lambdas are killed; the simulator notes
the reads. The companies are a day old, so that no sweep finds them.
"""

from __future__ import annotations

import argparse
import time

from local.soak.runs import SETTINGS, figures, run_job, table
from local.stack import Stack
from simulators.hubspot.portal import Portal

ABOUT = "resync very many companies while Lambdas die"

WORLD = {
    "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
    "salesforce": {"daily_api_limit": 10_000_000},
}

DAY = 24 * 3600


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the story's options."""
    parser.add_argument(
        "--size", type=int, default=20_000, metavar="N", help="how many companies (default 20,000)"
    )
    parser.add_argument(
        "--kills", type=int, default=6, metavar="N", help="how often a Lambda dies (default 6)"
    )


def play(arguments: argparse.Namespace) -> int:
    """Resync and count; return 0 when every company was read."""
    began, size = time.monotonic(), arguments.size
    with Stack(SETTINGS, WORLD) as stack:
        portal = stack.hubspot.portals[0]
        writes = portal.of("companies")
        made = {
            writes.create({"name": f"Company {number:06d}"}, portal.person).id
            for number in range(size)
        }
        stack.advance(DAY, settle=False)
        read = _note_reads(portal)
        print(
            f"{size:,} companies are in HubSpot after {time.monotonic() - began:.0f} s.",
            flush=True,
        )
        run = run_job(
            stack,
            "account_sync",
            arguments.kills,
            "resync",
            "--side",
            "hubspot",
            "--object",
            "company",
        )
        rows = {
            "job": f"{' '.join(run.words)}: {run.job['state']}, {run.job['queued']:,} queued",
            "companies": f"{size:,}",
            "left out": f"{len(made - read):,}",
            **figures(run, size, "backfill", "account_sync"),
            "open errors": f"{stack.settle()['open_errors']}",
        }
    print(table(rows), flush=True)
    return 1 if made - read or run.job["state"] != "done" else 0


def _note_reads(portal: Portal) -> set[str]:
    """Return a set that collects the ids of the companies that are read by id from now on.

    Listing companies does not count as reading them.
    """
    seen: set[str] = set()
    records = portal.of("companies").table
    by_id = records.by_id

    def noted(record_id: str) -> object:
        seen.add(record_id)
        return by_id(record_id)

    records.by_id = noted  # type: ignore[method-assign,assignment]
    return seen
