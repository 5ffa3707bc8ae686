"""Helpers of the stories about e-mail tasks: three HubSpot accounts with a mode each, events of the
log, and the tasks created from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from simple_salesforce.format import format_soql

from crmsync.model.names import TASK_COUNT, TASK_KEY
from local.people import People
from local.stack import Stack
from tests.flows.stories.story_contacts import lead_id

LOG_READ = 5 * 60 + 5
"""Seconds within which the log is read once."""

CLAIM_EXPIRED = 20 * 60
"""Seconds within which the log was read, an uncommitted claim has expired, and its range has been
processed again.
"""

PER_EVENT, PER_MAIL, PER_DAY = 0, 1, 2
"""The accounts of `MAIL_WORLD`, by their mode."""

CAMPAIGN = {"id": "70012", "appId": "113", "name": "Spring offer", "subject": "Spring is here"}
OTHER_CAMPAIGN = {
    "id": "70013",
    "appId": "113",
    "name": "Summer offer",
    "subject": "Summer is here",
}


def _connection(name: str, portal_id: int, *lines: str) -> str:
    return f"""
[[connection]]
name = "{name}"
[connection.hubspot]
portal_id = {portal_id}
secret = "crmsync/{name}/hubspot"
[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/{name}/salesforce"
[connection.contacts]
create_in_hubspot = "never"
inclusion_list = "default"
[connection.email_tasks]
""" + "\n".join([*lines, ""])


MAIL_SETTINGS = "\n".join(
    [
        _connection("acme", 555001, "wait_minutes = 10"),
        _connection("permail", 555002, 'repeat = "once_per_email"'),
        _connection(
            "perday",
            555003,
            'repeat = "once_per_day"',
            'kinds = ["CLICK"]',
            "ignore_bots = false",
            "[[connection.email_tasks.template]]",
            'kind = "CLICK"',
            'subject = "{email} ({subject}): {count} on {date}"',
            'status = "In Progress"',
            'priority = ""',
            'type = "Other"',
            'description = "Clicked {url}"',
            'owner = "record_owner"',
        ),
    ]
)
MAIL_WORLD: Mapping[str, Any] = {
    "hubspot": [
        {
            "portal_id": 555001 + number,
            "tier": "professional",
            "campaigns": [CAMPAIGN, OTHER_CAMPAIGN],
        }
        for number in range(3)
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "users": [
            {
                "Name": "Olga Owner",
                "Email": "olga@example.com",
                "IsActive": True,
                "UserType": "Standard",
            }
        ],
    },
}

FIVE_TASKS = ["HubSpot: CLICK: Spring offer"] * 2 + ["HubSpot: OPEN: Spring offer"] * 3
"""The subjects of the tasks for two clicks and three opens."""

_NUMBERS = count(1)


def event(kind: str, recipient: str, at: int, **more: Any) -> dict[str, Any]:
    """An event of the log, by default of the spring campaign."""
    number = next(_NUMBERS)
    return {
        "id": f"0d9e3a70-0000-4000-8000-{number:012x}",
        "created": at,
        "type": kind,
        "recipient": recipient,
        "appId": 113,
        "emailCampaignId": 70012,
        **more,
    }


def events(
    recipient: str, at: int, *, opens: int = 0, clicks: int = 0, **more: Any
) -> list[dict[str, Any]]:
    """That many opens and clicks, one a second until `at`."""
    kinds = ["OPEN"] * opens + ["CLICK"] * clicks
    return [event(kind, recipient, at - 1000 * number, **more) for number, kind in enumerate(kinds)]


@dataclass(frozen=True, slots=True)
class Mail:
    """Marketing e-mail of one of the stack's HubSpot accounts."""

    stack: Stack
    portal: int = PER_EVENT

    @property
    def people(self) -> People:
        """A person's access to this account and to the org."""
        return People(self.stack.ready(), portal=self.portal)

    @property
    def now(self) -> int:
        """The time, in milliseconds."""
        return self.stack.clock.now_ms()

    def linked(self, address: str, **properties: str) -> str:
        """Make a contact that becomes a lead; the lead's id."""
        self.people.new_contact(
            **(
                {"lastname": "Lang", "company": "Example GmbH", "lifecyclestage": "lead"}
                | properties
            ),
            email=address,
        )
        self.stack.settle()
        return lead_id(self.people, address)

    def add_events(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add events to HubSpot's log."""
        portal_id = self.stack.hubspot.portals[self.portal].portal_id
        self.stack.person(
            {"side": "hubspot", "portal_id": portal_id, "do": "email_events", "events": list(rows)}
        )

    def tasks(self, who: str, *fields: str) -> list[dict[str, Any]]:
        """The tasks of a lead or contact, by subject."""
        names = ", ".join(fields or ("Id", "Subject"))
        # The names are the test's own; only the id is a value.
        query = f"SELECT {names} FROM Task WHERE WhoId = {{}} ORDER BY Subject, {TASK_KEY}"  # noqa: S608
        # Our own fields are hidden from everybody but the integration user.
        return People(self.stack.ready(), product=True).records(format_soql(query, who))

    def subjects(self, who: str) -> list[str]:
        """The subjects of the tasks."""
        return [str(row["Subject"]) for row in self.tasks(who, "Subject")]

    def counts(self, who: str) -> dict[str, float]:
        """The number of events that each task counts, by subject."""
        return {row["Subject"]: row[TASK_COUNT] for row in self.tasks(who, "Subject", TASK_COUNT)}
