"""Helpers of the stories about activities: settings files, and what people do with activities in
both CRMs.
"""

from __future__ import annotations

from typing import Any

from simple_salesforce.format import format_soql

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS
from tests.flows.stories.story_contacts import SWEEP

AT = "2026-06-30T12:00:00Z"
TASK_FIELDS = "Id, Subject, Description, Status, WhoId, OwnerId, TaskSubtype"


def with_activities(**syncs: str) -> str:
    """A settings file in which each kind syncs in its direction."""
    tables = (
        f'[connection.activities.{kind}]\nsync = "{direction}"' for kind, direction in syncs.items()
    )
    return "\n".join([SETTINGS, *tables, ""])


def with_kind(plural: str, *lines: str) -> str:
    """A settings file in which one kind goes both ways, with further lines in its table."""
    return "\n".join([with_activities(**{plural: "two_way"}), *lines, ""])


def new_activity(people: People, plural: str, *contacts: str, **properties: str) -> str:
    """Make an activity in HubSpot that is about these contacts; its id."""
    made = people.hubspot.crm.objects.basic_api.create(
        plural, {"properties": {"hs_timestamp": AT, **properties}, "associations": []}
    )
    for contact in contacts:
        associate(people, plural, str(made.id), contact)
    return str(made.id)


def associate(people: People, plural: str, activity: str, contact: str) -> None:
    """Associate an activity with a contact."""
    people.hubspot.crm.associations.v4.basic_api.create_default(
        plural, activity, "contacts", contact
    )


def dissociate(people: People, plural: str, activity: str, contact: str) -> None:
    """Remove the association of an activity with a contact."""
    people.hubspot.crm.associations.v4.basic_api.archive(plural, activity, "contacts", contact)


def edit_activity(people: People, plural: str, activity: str, **properties: str) -> None:
    """Edit an activity in HubSpot."""
    people.hubspot.crm.objects.basic_api.update(plural, activity, {"properties": properties})


def activity(people: People, plural: str, activity_id: str, *names: str) -> dict[str, Any]:
    """These properties of an activity in HubSpot, None for blank ones."""
    found = people.hubspot.crm.objects.basic_api.get_by_id(
        plural, activity_id, properties=list(names)
    ).properties
    return {name: found.get(name) or None for name in names}


def activities(people: People, plural: str) -> list[str]:
    """The ids of all activities of a kind in HubSpot."""
    found = people.hubspot.crm.objects.basic_api.get_page(plural, limit=100)
    return [str(one.id) for one in found.results]


def contacts_of(people: People, plural: str, activity_id: str) -> list[str]:
    """The contacts of an activity in HubSpot."""
    page = people.hubspot.crm.associations.v4.basic_api.get_page(
        plural, activity_id, "contacts", limit=500
    )
    return [str(row.to_object_id) for row in page.results]


def tasks_of(people: People, who: str, object_: str = "Task") -> list[dict[str, Any]]:
    """The tasks or events of a lead or contact, oldest first."""
    fields = TASK_FIELDS if object_ == "Task" else "Id, Subject, StartDateTime, EndDateTime, WhoId"
    # The names are the tests' own; only the id is a value.
    query = f"SELECT {fields} FROM {object_} WHERE WhoId = {{}} ORDER BY CreatedDate, Id"  # noqa: S608
    return people.records(format_soql(query, who))


def pass_sweep(stack: Stack) -> None:
    """Let every schedule run once."""
    stack.advance(SWEEP)
    stack.settle()
