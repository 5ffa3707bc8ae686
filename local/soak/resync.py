"""HubSpot companies by the hundred thousand are resynced, more than HubSpot's own connector could
(LIM-1), and each one is looked at.

Law: the companies have no contacts, so none makes an account and the two CRMs stay as they are:
what is measured is that every one of them is read by the sync, whatever dies on the way. Who was
read is noted in the simulator. They are a day old, so that no sweep finds them.
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
    """Say what can be chosen."""
    parser.add_argument(
        "--size", type=int, default=20_000, metavar="N", help="how many companies (default 20,000)"
    )
    parser.add_argument(
        "--kills", type=int, default=6, metavar="N", help="how often a Lambda dies (default 6)"
    )


def play(arguments: argparse.Namespace) -> int:
    """Resync and count; 0 when every company was looked at."""
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
            f"{size:,} companies stand in HubSpot after {time.monotonic() - began:.0f} s.",
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
    """The ids of the companies that are read by id from now on; a list names records and is no look
    at them.
    """
    seen: set[str] = set()
    records = portal.of("companies").table
    by_id = records.by_id

    def noted(record_id: str) -> object:
        seen.add(record_id)
        return by_id(record_id)

    records.by_id = noted  # type: ignore[method-assign,assignment]
    return seen
