"""Contacts in HubSpot with a lead each, all in sync, which people edit on either side.

Law: edits go through the CRMs' own APIs. An edit counts only if every record of the other side
shows it afterwards and no error is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests

from crmsync.model.changes import Change
from crmsync.wire.queue_messages import dump_changes
from local.bench.figures import BenchError
from local.stack import Stack

PORTAL = 555001
SETTINGS = f"""
[[connection]]
name = "acme"
[connection.hubspot]
portal_id = {PORTAL}
secret = "crmsync/acme/hubspot"
[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/acme/salesforce"
"""
CONTACTS_ONLY = (
    f"{SETTINGS}[connection.companies]\nsync = false\n[connection.deals]\nsync = false\n"
)
WORLD = {"hubspot": [{"portal_id": PORTAL}], "salesforce": {}}

HUBSPOT_BATCH = 100
SALESFORCE_BATCH = 200
HOUR = 3600


def _email(number: int) -> str:
    return f"person{number}@example.com"


def _nothing_more(_number: int) -> Mapping[str, str]:
    return {}


class Contacts:
    """Contacts of one portal with a lead each.

    Attributes:
        ids: The ids of the contacts.
    """

    def __init__(
        self,
        stack: Stack,
        count: int,
        *,
        portal_id: int = PORTAL,
        org: Mapping[str, Any] | None = None,
        more: Callable[[int], Mapping[str, str]] = _nothing_more,
        settle: bool = True,
    ) -> None:
        """Create `count` contacts and, with `settle`, let them sync.

        `org` is the portal's org as in the stack's ready file, whose org it is by default. `more`
        returns further properties of the contact with a number.
        """
        self._stack = stack
        self._more = more
        ready = stack.ready()
        (portal,) = [one for one in ready["portals"] if one["portal_id"] == portal_id]
        self._hubspot, self._hubspot_url = (
            requests.Session(),
            f"{portal['base_url']}/crm/v3/objects",
        )
        self._hubspot.headers["Authorization"] = f"Bearer {portal['user_token']}"
        org = org or ready["salesforce"]
        self._salesforce = requests.Session()
        self._salesforce.headers["Authorization"] = f"Bearer {org['user_token']}"
        self._salesforce_url = f"{org['instance_url']}/services/data/v66.0"
        self.ids: list[str] = []
        self.create(count)
        if settle:
            self.settle()

    def create(self, count: int) -> None:
        """Create `count` more contacts, without syncing them."""
        inputs = [
            {
                "properties": {
                    "email": _email(number),
                    "lastname": f"P{number}",
                    **self._more(number),
                }
            }
            for number in range(len(self.ids), len(self.ids) + count)
        ]
        self.ids += [str(row["id"]) for row in self._post("create", inputs)]

    def rest(self) -> None:
        """Let an hour pass."""
        self._stack.advance(HOUR)

    def edit_in_hubspot(self, edit: int, *, only: int | None = None, every: int = 1) -> None:
        """Give each contact, or only one, or every so many-th one, a phone number of its own,
        without syncing it; another number for each `edit`.
        """
        inputs = [
            {"id": one, "properties": {"phone": phone}}
            for one, phone in zip(self.ids, self._phones(edit), strict=True)
        ]
        self._post("update", inputs[::every] if only is None else [inputs[only]])

    def edit_in_salesforce(self, edit: int, *, every: int = 1) -> None:
        """Give each lead, or every so many-th one, a phone number of its own, without syncing them;
        another number for each `edit`.
        """
        by_email = {row["Email"]: row["Id"] for row in self._query("SELECT Id, Email FROM Lead")}
        leads = [by_email[_email(number)] for number in range(len(self.ids))][::every]
        phones = self._phones(edit)[::every]
        for start in range(0, len(leads), SALESFORCE_BATCH):
            part = slice(start, start + SALESFORCE_BATCH)
            records = [
                {"attributes": {"type": "Lead"}, "id": lead, "Phone": phone}
                for lead, phone in zip(leads[part], phones[part], strict=True)
            ]
            self._salesforce.patch(
                f"{self._salesforce_url}/composite/sobjects", json={"records": records}
            ).raise_for_status()

    def queue(self, changes: Sequence[Change]) -> None:
        """Put changes into the contact queue."""
        sqs = self._stack.cloud.aws.queues
        (url,) = [one for one in sqs.list_queues()["QueueUrls"] if "ContactQueue" in one]
        for message in dump_changes(changes):
            sqs.send_message(QueueUrl=url, MessageBody=message)

    def settle(self) -> None:
        """Let everything sync, without what schedules do, however long it takes.

        Raises `BenchError` if an error is left.
        """
        schedules = self._stack.cloud.schedules
        schedules.paused = True
        errors = self._stack.settle()["open_errors"]
        schedules.paused = False
        if errors:
            raise BenchError(f"{errors} errors are open after the sync")

    def check_salesforce(self, edit: int, *, every: int = 1) -> None:
        """Raise `BenchError` unless the leads show the phone numbers of an edit."""
        phones = [row["Phone"] for row in self._query("SELECT Phone FROM Lead")]
        self._check(self._phones(edit)[::every], phones, "leads")

    def check_hubspot(self, edit: int, *, every: int = 1) -> None:
        """Raise `BenchError` unless the contacts show the phone numbers of an edit."""
        rows = self._post("read", [{"id": one} for one in self.ids], properties=["phone"])
        phones = [row["properties"]["phone"] for row in rows]
        self._check(self._phones(edit)[::every], phones, "contacts")

    def _check(self, wanted: Sequence[str], phones: Sequence[str], what: str) -> None:
        missing = set(wanted) - set(phones)
        if missing:
            raise BenchError(f"{len(missing)} of {len(wanted)} {what} lack their new phone number")

    def _phones(self, edit: int) -> list[str]:
        return [f"+1 202 {edit:03} {number:05}" for number in range(len(self.ids))]

    def _query(self, soql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        url, params = f"{self._salesforce_url}/query", {"q": soql}
        while True:
            answer = self._salesforce.get(url, params=params)
            answer.raise_for_status()
            page = answer.json()
            rows += page["records"]
            if page["done"]:
                return rows
            url = f"{self._salesforce_url}/query/{page['nextRecordsUrl'].rpartition('/')[2]}"
            params = {}

    def _post(
        self, what: str, inputs: Sequence[dict[str, Any]], **options: Any
    ) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for start in range(0, len(inputs), HUBSPOT_BATCH):
            answer = self._hubspot.post(
                f"{self._hubspot_url}/contacts/batch/{what}",
                json={"inputs": inputs[start : start + HUBSPOT_BATCH], **options},
            )
            answer.raise_for_status()
            results += answer.json()["results"]
        return results
