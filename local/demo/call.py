"""The life of a call in the demo's story: logged in HubSpot, edited in Salesforce, moved to another
contact, re-assigned, and its lead converted. It has one task throughout.

Law: as in `local.demo.story`. After each step all tasks of the org and all calls of the account are
shown, so a second one would be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.demo.steps import POLL, SWEEP, Observation, Step
from local.people import People
from local.stack import Stack

CALL = ("hs_call_title", "hubspot_owner_id")
ADA, GRACE = "Ada Lang", "Grace Holm"
OLIVE, OTTO = "Olive Owens", "Otto Olsen"
"""Two colleagues who work in both CRMs."""


class LifeOfACall:
    """Olive logs a call with Grace that was one with Ada; Otto takes it over; Ada's lead is
    converted.
    """

    def __init__(self, stack: Stack, people: People, ada: str, adas_lead: str, grace: str) -> None:
        """Play with two HubSpot contacts and the lead of the first."""
        self._stack = stack
        self._people = people
        self._ada, self._lead, self._grace = ada, adas_lead, grace
        self._call = self._task = ""

    def steps(self) -> Iterator[Callable[[], Step]]:
        """Yield the steps in order."""
        yield self.logged
        yield self.edited
        yield self.moved
        yield self.reassigned
        yield self.converted

    def logged(self) -> Step:
        """A call of HubSpot becomes one task."""
        properties = {
            "hs_timestamp": "2026-06-30T12:00:00Z",
            "hs_call_title": "First talk",
            "hs_call_body": "<p>Wants a <b>quote</b>.</p>",
            "hs_call_status": "COMPLETED",
            "hubspot_owner_id": self._owner_of(OLIVE),
        }
        calls = self._people.hubspot.crm.objects.basic_api
        self._call = calls.create("calls", {"properties": properties, "associations": []}).id
        self._associate(self._grace)
        self._stack.advance(SWEEP)
        self._task = next((row["Id"] for row in self._tasks()), "")
        return Step(
            "A call becomes a task",
            [f"{OLIVE} logs a call with Grace in HubSpot."],
            self._both_show("First talk", "Wants a quote.", GRACE, OLIVE),
        )

    def edited(self) -> Step:
        """An edit of the task comes back to the call."""
        self._edit_task(Subject="Talk about the quote")
        self._stack.advance(POLL)
        return Step(
            "The task is edited in Salesforce",
            ["It gets another subject."],
            self._both_show("Talk about the quote", "Wants a quote.", GRACE, OLIVE),
        )

    def moved(self) -> Step:
        """The call moves to another contact, and its task goes with it. The text is edited, too:
        an association alone may be no change of a call (docs/vendors.md#hubspot-activities).
        """
        associations = self._people.hubspot.crm.associations.v4.basic_api
        associations.archive("calls", self._call, "contacts", self._grace)
        self._associate(self._ada)
        self._edit_call(hs_call_body="<p>Ada wants a <b>quote</b>.</p>")
        self._stack.advance(SWEEP)
        return Step(
            "The call is moved to another contact",
            [
                "It was Ada who called: in HubSpot the call is taken from Grace and given to Ada,",
                "and its text says so.",
            ],
            self._both_show("Talk about the quote", "Ada wants a quote.", ADA, OLIVE),
        )

    def reassigned(self) -> Step:
        """The task gets another owner, and so does the call."""
        users = {row["Name"]: row["Id"] for row in self._named("User")}
        self._edit_task(OwnerId=users[OTTO])
        self._stack.advance(POLL)
        return Step(
            "The call is re-assigned",
            [f"In Salesforce the task is given to {OTTO}."],
            self._both_show("Talk about the quote", "Ada wants a quote.", ADA, OTTO),
        )

    def converted(self) -> Step:
        """The lead becomes a contact, and the task is the contact's; edits still cross."""
        self._stack.salesforce.person(
            {"do": "convert_lead", "lead_id": self._lead, "account_id": None}
        )
        self._edit_call(hs_call_body="<p>Ada has the quote.</p>")
        self._stack.advance(SWEEP)
        return Step(
            "Ada's lead is converted",
            [
                "In Salesforce the lead becomes a contact.",
                "In HubSpot the call gets another text.",
            ],
            self._both_show(
                "Talk about the quote", "Ada has the quote.", ADA, OTTO, object_="Contact"
            ),
        )

    def _both_show(
        self, title: str, text: str, person: str, owner: str, *, object_: str = "Lead"
    ) -> list[Observation]:
        """The one task and the one call, with whom they are about and whose they are by name."""
        return [
            Observation(
                "Salesforce tasks",
                self._tasks(),
                [
                    {
                        "Id": self._task,
                        "Subject": title,
                        "Description": text,
                        "about": f"{object_} {person}",
                        "of": owner,
                    }
                ],
            ),
            Observation(
                "HubSpot calls",
                self._calls(),
                [{"id": self._call, "hs_call_title": title, "with": person, "of": owner}],
            ),
        ]

    def _tasks(self) -> list[dict[str, Any]]:
        names = {
            row["Id"]: f"{object_} {row['Name']}"
            for object_ in ("Lead", "Contact")
            for row in self._named(object_)
        }
        users = {row["Id"]: row["Name"] for row in self._named("User")}
        rows = self._people.records("SELECT Id, Subject, Description, WhoId, OwnerId FROM Task")
        return [
            {
                "Id": row["Id"],
                "Subject": row["Subject"],
                "Description": row["Description"],
                "about": names.get(row["WhoId"]),
                "of": users.get(row["OwnerId"]),
            }
            for row in rows
        ]

    def _calls(self) -> list[dict[str, Any]]:
        crm = self._people.hubspot.crm
        owners = {str(one.id): f"{one.first_name} {one.last_name}" for one in self._owners()}
        found = crm.objects.basic_api.get_page("calls", limit=100, properties=list(CALL)).results
        return [
            {
                "id": str(one.id),
                "hs_call_title": one.properties["hs_call_title"],
                "with": " and ".join(map(self._name_of, self._contacts_of(str(one.id)))),
                "of": owners.get(one.properties["hubspot_owner_id"]),
            }
            for one in found
        ]

    def _contacts_of(self, call: str) -> list[str]:
        page = self._people.hubspot.crm.associations.v4.basic_api.get_page(
            "calls", call, "contacts", limit=100
        )
        return [str(row.to_object_id) for row in page.results]

    def _name_of(self, contact: str) -> str:
        return " ".join(self._people.contact(contact, "firstname", "lastname").values())

    def _named(self, object_: str) -> list[dict[str, Any]]:
        return self._people.records(f"SELECT Id, Name FROM {object_}")  # noqa: S608 - our own names

    def _owners(self) -> list[Any]:
        return list(self._people.hubspot.crm.owners.owners_api.get_page(limit=100).results)

    def _owner_of(self, name: str) -> str:
        return next(
            str(one.id) for one in self._owners() if f"{one.first_name} {one.last_name}" == name
        )

    def _associate(self, contact: str) -> None:
        self._people.hubspot.crm.associations.v4.basic_api.create_default(
            "calls", self._call, "contacts", contact
        )

    def _edit_call(self, **properties: str) -> None:
        self._people.hubspot.crm.objects.basic_api.update(
            "calls", self._call, {"properties": properties}
        )

    def _edit_task(self, **fields: Any) -> None:
        if self._task:
            self._people.edit_record("Task", self._task, **fields)
