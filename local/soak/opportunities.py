"""Older opportunities with contact roles are imported into HubSpot while Lambdas are killed: every
deal once, with the right associations and roll-ups.

Law: the operator's command starts and watches the jobs, the deployed system does the work. The
result is read from the two simulators and compared with the records that the story itself has made;
it computes the roll-ups from those alone, by plain sums.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from local.soak.runs import SETTINGS, figures, run_job, table
from local.stack import Stack

ABOUT = "import very many opportunities with contact roles while Lambdas die"

STAGES = ("Prospecting", "Negotiation/Review", "Closed Won", "Closed Lost")
ROLL_UPS = ("num_associated_deals", "recent_deal_close_date", "recent_deal_amount", "total_revenue")


@dataclass(slots=True)
class Org:
    """What is in Salesforce before anything syncs. Opportunities are created one after the other,
    each later than the one before.

    Attributes:
        accounts: How many accounts.
        contacts: How many contacts.
        opportunities: The fields of each opportunity, in order.
        roles: Number of the opportunity -> numbers of its contacts.
    """

    accounts: int
    contacts: int
    opportunities: list[dict[str, Any]] = field(default_factory=list)
    roles: dict[int, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, size: int, seed: int) -> Org:
        """Make an org with `size` opportunities, a tenth as many contacts, and half as many
        accounts as contacts.
        """
        rng = random.Random(seed)
        org = cls(max(1, size // 20), max(2, size // 10))
        for number in range(size):
            amount = rng.choice((None, rng.randrange(1, 10_000), rng.randrange(100, 99_999) / 100))
            year, month, day = rng.randrange(20, 27), rng.randrange(1, 13), rng.randrange(1, 29)
            closed = f"20{year}-{month:02d}-{day:02d}"
            org.opportunities.append(
                {"StageName": rng.choice(STAGES), "CloseDate": closed, "Amount": amount}
            )
            org.roles[number] = rng.sample(range(org.contacts), rng.choice((0, 1, 1, 2)))
        return org

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the world's records, parents first."""
        for number in range(self.accounts):
            yield {"type": "Account", "ref": f"a{number}", "Name": f"Company {number:06d}"}
        for number in range(self.contacts):
            account = f"@a{number % self.accounts}"
            yield {
                "type": "Contact",
                "ref": f"c{number}",
                "LastName": f"Lang {number}",
                "AccountId": account,
                "Email": _address(number),
            }
        for number, shown in enumerate(self.opportunities):
            account = f"@a{number % self.accounts}"
            yield {
                "type": "Opportunity",
                "ref": f"o{number}",
                "Name": _name(number),
                "AccountId": account,
                **shown,
            }
        for number, people in self.roles.items():
            for one in people:
                yield {
                    "type": "OpportunityContactRole",
                    "OpportunityId": f"@o{number}",
                    "ContactId": f"@c{one}",
                }

    def roll_ups(self, contact: int) -> tuple[str, ...]:
        """Return what a contact must show, in the order of `ROLL_UPS`; the highest number was
        created last.
        """
        mine = [
            shown
            for number, shown in enumerate(self.opportunities)
            if contact in self.roles[number]
        ]
        if not mine:
            return ("",) * len(ROLL_UPS)
        won = [shown for shown in mine if shown["StageName"] == "Closed Won"]
        total = sum((Decimal(str(shown["Amount"] or 0)) for shown in mine), Decimal(0))
        return (
            str(len(mine)),
            max((shown["CloseDate"] for shown in won), default=""),
            _text(won[-1]["Amount"]) if won else "",
            _text(total),
        )


def _address(number: int) -> str:
    return f"p{number:06d}@example.com"


def _name(number: int) -> str:
    return f"Opportunity {number:06d}"


def _text(amount: object) -> str:
    if amount is None:
        return ""
    if "." not in str(amount):
        return str(amount)
    return f"{Decimal(str(amount)):f}".rstrip("0").rstrip(".")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the story's options."""
    parser.add_argument(
        "--size",
        type=int,
        default=2_000,
        metavar="N",
        help="how many opportunities (default 2,000)",
    )
    parser.add_argument(
        "--kills", type=int, default=6, metavar="N", help="how often a Lambda dies (default 6)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another org (default 1)")


def play(arguments: argparse.Namespace) -> int:
    """Import accounts, contacts and opportunities; return 0 when every deal is there once, with the
    right associations and roll-ups.
    """
    began, org = time.monotonic(), Org.of(arguments.size, arguments.seed)
    world = {
        "hubspot": [{"portal_id": 555001, "tier": "enterprise"}],
        "salesforce": {"daily_api_limit": 10_000_000, "records": list(org.records())},
    }
    with Stack(SETTINGS, world) as stack:
        print(
            f"{arguments.size:,} opportunities are in Salesforce "
            f"after {time.monotonic() - began:.0f} s.",
            flush=True,
        )
        for word, function in (("accounts", "account_sync"), ("contacts", "contact_sync")):
            run_job(stack, function, 0, "import", word)
        run = run_job(stack, "opportunity_sync", arguments.kills, "import", "opportunities")
        found = _Portal(stack)
        wrong = found.compared(org)
        rows = {
            "job": f"{' '.join(run.words)}: {run.job['state']}, {run.job['queued']:,} queued",
            "deals in HubSpot": f"{sum(found.deals.values()):,}",
            **{
                name: f"{len(ones):,}{f', for example {ones[0]}' if ones else ''}"
                for name, ones in wrong.items()
            },
            **figures(run, arguments.size, "backfill", "opportunity_sync"),
            "open errors": f"{stack.settle()['open_errors']}",
        }
    print(table(rows), flush=True)
    return 1 if any(wrong.values()) or run.job["state"] != "done" else 0


class _Portal:
    """What is in HubSpot afterwards: how often each deal exists, its associations, and each
    contact's roll-ups.
    """

    def __init__(self, stack: Stack) -> None:
        portal = stack.hubspot.portals[0]
        self._portal = portal
        deals = [one for one in portal.of("deals").table.walk() if one.archived_ms is None]
        contacts = [one for one in portal.of("contacts").table.walk() if one.archived_ms is None]
        self.deals = Counter(one.value("dealname") for one in deals)
        address = {one.id: one.value("email") for one in contacts}
        self.associated: Mapping[str, set[str]] = {
            one.value("dealname"): {
                address[who] for who in portal.associations.of(("0-3", "0-1"), one.id)
            }
            for one in deals
        }
        self.company = {one.value("dealname"): self._company(one.id) for one in deals}
        self.shown = {
            one.value("email"): tuple(one.value(f"crmsync_{name}") for name in ROLL_UPS)
            for one in contacts
        }

    def _company(self, deal: str) -> str:
        primary = self._portal.associations.primary(("0-3", "0-2"), deal)
        company = self._portal.of("companies").table.by_id(primary) if primary else None
        return company.value("name") if company else ""

    def compared(self, org: Org) -> Mapping[str, Sequence[str]]:
        """Return what differs from `org`: kind of mistake -> names."""
        wrong: dict[str, list[str]] = {
            name: [] for name in ("left out", "doubled", "wrong associations", "wrong roll-ups")
        }
        people = defaultdict(
            set,
            {
                _name(number): {_address(contact) for contact in contacts}
                for number, contacts in org.roles.items()
            },
        )
        for number in range(len(org.opportunities)):
            name = _name(number)
            company = f"Company {number % org.accounts:06d}"
            if not self.deals[name]:
                wrong["left out"].append(name)
            if self.deals[name] > 1:
                wrong["doubled"].append(name)
            if self.associated.get(name) != people[name] or self.company.get(name) != company:
                wrong["wrong associations"].append(name)
        for number in range(org.contacts):
            address = _address(number)
            if self.shown.get(address) != org.roll_ups(number):
                wrong["wrong roll-ups"].append(address)
        return wrong
