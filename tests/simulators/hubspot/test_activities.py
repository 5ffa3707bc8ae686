"""Activities: calls, e-mails, meetings, notes and tasks as CRM objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulators.hubspot.running import Running, running

AT = "2026-11-02T10:00:00Z"
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
KINDS = (
    ("calls", "0-48", 194, 182, 206),
    ("emails", "0-49", 198, 186, 210),
    ("meetings", "0-47", 200, 188, 212),
    ("notes", "0-46", 202, 190, 214),
    ("tasks", "0-27", 204, 192, 216),
)


def logged(hubspot: Running, kind: str = "calls", **values: Any) -> str:
    """Create an activity and return its id."""
    return hubspot.create(kind, **({"hs_timestamp": AT} | values))


def problem(answer: Any) -> tuple[int, str, Any]:
    """Return what a refusal says: status, category, and the properties that it names."""
    body = answer.json()
    named = [one["context"]["propertyName"] for one in body.get("errors", ())]
    return answer.status_code, body["category"], body.get("context", {}).get("properties") or named


def test_an_activity_is_created_read_changed_and_archived(hubspot: Running) -> None:
    """A call goes through the endpoints of every object, and shows its creation under a name of its
    own.
    """
    call = logged(
        hubspot, hs_call_title="Intro", hs_call_body="<p>Hello</p>", hs_call_duration="61000"
    )
    hubspot.clock.advance(60)
    path = f"/crm/v3/objects/calls/{call}"
    changed = hubspot.call("PATCH", path, {"properties": {"hs_call_direction": "INBOUND"}})
    names = "hs_call_title,hs_call_body,hs_call_duration,hs_call_direction,hs_timestamp"
    read = hubspot.call("GET", f"{path}?properties={names}").json()
    plain = hubspot.call("GET", path).json()["properties"]
    gone = hubspot.call("DELETE", path)
    bin_ = hubspot.call("GET", "/crm/v3/objects/calls?archived=true").json()["results"]
    assert (changed.status_code, gone.status_code, [row["id"] for row in bin_]) == (
        200,
        204,
        [call],
    )
    assert read["properties"] == {
        "hs_call_title": "Intro",
        "hs_call_body": "<p>Hello</p>",
        "hs_call_duration": "61000",
        "hs_call_direction": "INBOUND",
        "hs_timestamp": AT,
        "hs_createdate": read["createdAt"],
        "hs_lastmodifieddate": read["updatedAt"],
        "hs_object_id": call,
    }
    assert read["createdAt"] < read["updatedAt"]
    assert plain.keys() == {"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}


@pytest.mark.parametrize(("kind", "type_id"), [row[:2] for row in KINDS])
def test_an_activity_needs_its_time(hubspot: Running, kind: str, type_id: str) -> None:
    """Without hs_timestamp a create is refused and names the property; the object's id works as
    well as its name.
    """
    refused = hubspot.call("POST", f"/crm/v3/objects/{kind}", {"properties": {}})
    made = hubspot.call(
        "POST", f"/crm/v3/objects/{type_id}", {"properties": {"hs_timestamp": "1793613600000"}}
    )
    assert problem(refused) == (400, "VALIDATION_ERROR", ["hs_timestamp"])
    found = hubspot.values(made.json()["id"], "hs_timestamp", kind=kind)
    assert found == {"hs_timestamp": "2026-11-02T10:00:00Z"}


def test_a_meeting_takes_the_time_of_its_start(hubspot: Running) -> None:
    """A meeting without hs_timestamp is placed where it starts, also once it is moved by its
    start.
    """
    meeting = hubspot.create("meetings", hs_meeting_start_time=AT, hs_meeting_end_time=AT)
    assert hubspot.values(meeting, "hs_timestamp", kind="meetings") == {"hs_timestamp": AT}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("calls", "hs_call_direction", "SIDEWAYS"),
        ("calls", "hs_call_status", "DONE"),
        ("calls", "hs_call_disposition", "Connected"),
        ("calls", "hs_call_duration", "a minute"),
        ("emails", "hs_email_direction", "OUTGOING"),
        ("emails", "hs_email_from_email", "ada@example.com"),
        ("meetings", "hs_meeting_outcome", "completed"),
        ("tasks", "hs_task_status", "Not Started"),
        ("tasks", "hs_task_priority", "URGENT"),
        ("notes", "hs_note_body", "x" * 65_537),
        ("notes", "hubspot_owner_id", "1"),
    ],
)
def test_a_wrong_value_is_refused(hubspot: Running, kind: str, name: str, value: str) -> None:
    """Options, numbers, lengths, owners and read-only properties are checked as those of other
    objects are.
    """
    body = {"properties": {"hs_timestamp": AT, name: value}}
    refused = hubspot.call("POST", f"/crm/v3/objects/{kind}", body)
    assert problem(refused) == (400, "VALIDATION_ERROR", [[name]])


def test_batches_search_and_histories_know_activities(hubspot: Running) -> None:
    """A batch is created with associations, found by its last change, and read with the history of
    a property.
    """
    contact = hubspot.create(email="ada@example.com")
    link = {
        "to": {"id": contact},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}],
    }
    inputs = [
        {
            "objectWriteTraceId": str(n),
            "properties": {"hs_timestamp": AT, "hs_task_subject": f"Task {n}"},
            "associations": [link],
        }
        for n in range(2)
    ]
    bad = {"objectWriteTraceId": "2", "properties": {"hs_task_subject": "No time"}}
    made = hubspot.call("POST", "/crm/v3/objects/tasks/batch/create", {"inputs": [*inputs, bad]})
    hubspot.pass_lag()
    found = hubspot.call(
        "POST",
        "/crm/v3/objects/tasks/search",
        {
            "filterGroups": [
                {
                    "filters": [
                        {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"}
                    ]
                }
            ],
            "sorts": ["hs_lastmodifieddate"],
            "properties": ["hs_task_subject"],
        },
    ).json()
    ids = [row["id"] for row in found["results"]]
    patch = {"properties": {"hs_task_status": "COMPLETED"}}
    hubspot.call("PATCH", f"/crm/v3/objects/tasks/{ids[0]}", patch)
    read = hubspot.call(
        "POST",
        "/crm/v3/objects/tasks/batch/read",
        {
            "inputs": [{"id": ids[0]}],
            "properties": ["hs_task_completion_date"],
            "propertiesWithHistory": ["hs_task_status"],
        },
    ).json()["results"][0]
    ends = hubspot.call("GET", f"/crm/v4/objects/contacts/{contact}/associations/tasks").json()
    assert (made.status_code, made.json()["numErrors"], found["total"]) == (207, 1, 2)
    assert {row["properties"]["hs_task_subject"] for row in found["results"]} == {
        "Task 0",
        "Task 1",
    }
    values = [one["value"] for one in read["propertiesWithHistory"]["hs_task_status"]]
    assert values == ["COMPLETED", "NOT_STARTED"]
    assert read["properties"]["hs_task_completion_date"] == read["updatedAt"]
    assert {str(row["toObjectId"]) for row in ends["results"]} == set(ids)


@pytest.mark.parametrize(("kind", "_type_id", "contact", "company", "deal"), KINDS)
def test_activities_are_associated_with_people_companies_and_deals(
    hubspot: Running, kind: str, _type_id: str, contact: int, company: int, deal: int
) -> None:
    """Each pair has one type without a label, with HubSpot's own ids in both directions."""
    found = {
        (other, way): hubspot.call("GET", f"/crm/v4/associations/{path}/labels").json()["results"]
        for other in ("contacts", "companies", "deals")
        for way, path in (("there", f"{kind}/{other}"), ("back", f"{other}/{kind}"))
    }
    ids = {"contacts": contact, "companies": company, "deals": deal}
    assert found == {
        (other, way): [
            {"category": "HUBSPOT_DEFINED", "typeId": ids[other] - (way == "back"), "label": None}
        ]
        for other in ids
        for way in ("there", "back")
    }


def test_generic_webhooks_report_activities(hubspot: Running) -> None:
    """Creation, change, association and deletion of a note are generic events; no type of its own
    exists.
    """
    contact = hubspot.create(email="ada@example.com")
    hubspot.subscribe(
        ("object.creation", None, "0-46"),
        ("object.propertyChange", "hs_note_body", "0-46"),
        ("object.associationChange", None, "0-46"),
        ("object.deletion", None, "0-46"),
        ("note.creation", None),
    )
    note = logged(hubspot, "notes", hs_note_body="<b>Hi</b>")
    hubspot.call("PUT", f"/crm/v4/objects/notes/{note}/associations/default/contacts/{contact}")
    hubspot.call("DELETE", f"/crm/v3/objects/notes/{note}")
    told = [
        (one["subscriptionType"], one.get("objectTypeId"), one.get("associationTypeId"))
        for one in hubspot.events()
    ]
    assert sorted(told, key=str) == sorted(
        [
            ("object.creation", "0-46", None),
            ("object.propertyChange", "0-46", None),
            ("object.associationChange", None, 202),
            ("object.associationChange", None, 201),
            ("object.deletion", "0-46", None),
        ],
        key=str,
    )


def test_the_subject_and_html_of_an_email_send_no_event(hubspot: Running) -> None:
    """HubSpot does not deliver these two properties, whatever the app subscribes to."""
    hubspot.subscribe(
        ("object.propertyChange", "hs_email_html", "0-49"),
        ("object.propertyChange", "hs_email_subject", "0-49"),
        ("object.propertyChange", "hs_email_status", "0-49"),
    )
    logged(hubspot, "emails", hs_email_subject="S", hs_email_html="<p>H", hs_email_status="SENT")
    assert [one["propertyName"] for one in hubspot.events()] == ["hs_email_status"]


def test_the_people_of_an_email_come_from_its_headers(hubspot: Running) -> None:
    """Sender and recipients are filled from the headers, several recipients with a semicolon."""
    headers = {
        "from": {"email": "olga@example.com", "firstName": "Olga", "lastName": "Owner"},
        "to": [
            {"email": "ada@example.com", "firstName": "Ada", "lastName": "Lang"},
            {"email": "max@example.com"},
        ],
    }
    email = logged(hubspot, "emails", hs_email_headers=json.dumps(headers))
    names = ("hs_email_from_email", "hs_email_from_lastname", "hs_email_to_email")
    assert hubspot.values(email, *names, "hs_email_to_firstname", kind="emails") == {
        "hs_email_from_email": "olga@example.com",
        "hs_email_from_lastname": "Owner",
        "hs_email_to_email": "ada@example.com;max@example.com",
        "hs_email_to_firstname": "Ada",
    }


def test_activities_need_the_scopes_of_contacts() -> None:
    """An app without them is refused; e-mails are readable with a scope of their own, and show
    their content only with it.
    """
    read = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
    with running({"scopes": read}) as hubspot:
        email = logged(hubspot, "emails", hs_email_subject="S", hs_email_text="Secret")
        path = f"/crm/v3/objects/emails/{email}?properties=hs_email_text,hs_email_status"
        hidden = hubspot.call("GET", path, person=False).json()["properties"]["hs_email_text"]
        call = hubspot.call("GET", "/crm/v3/objects/calls", person=False).status_code
    with running({"scopes": ["sales-email-read"]}) as hubspot:
        email = logged(hubspot, "emails", hs_email_text="Secret")
        path = f"/crm/v3/objects/emails/{email}?properties=hs_email_text"
        shown = hubspot.call("GET", path, person=False).json()["properties"]["hs_email_text"]
        refused = hubspot.call("GET", "/crm/v3/objects/calls", person=False).status_code
    assert ("redacted" in hidden, call, shown, refused) == (True, 200, "Secret", 403)


def test_an_activity_shows_on_its_records(hubspot: Running) -> None:
    """The last activity of a contact is the latest of its own, and setting it changes the
    contact.
    """
    contact = hubspot.create(email="ada@example.com")
    before = hubspot.values(contact, "notes_last_updated", "lastmodifieddate")
    hubspot.clock.advance(60)
    note = logged(hubspot, "notes")
    hubspot.call("PUT", f"/crm/v4/objects/notes/{note}/associations/default/contacts/{contact}")
    after = hubspot.values(contact, "notes_last_updated", "lastmodifieddate")
    path = f"/crm/v3/objects/notes/{note}"
    hubspot.call("PATCH", path, {"properties": {"hs_timestamp": "2026-11-03T10:00:00Z"}})
    moved = hubspot.values(contact, "notes_last_updated")
    hubspot.call("DELETE", path)
    assert before["notes_last_updated"] is None
    assert (
        after["notes_last_updated"],
        after["lastmodifieddate"] > before["lastmodifieddate"],
    ) == (
        AT,
        True,
    )
    assert moved == {"notes_last_updated": "2026-11-03T10:00:00Z"}
    assert hubspot.values(contact, "notes_last_updated") == {"notes_last_updated": None}


def test_activities_are_not_merged_nor_erased_for_privacy(hubspot: Running) -> None:
    """Neither endpoint exists for them; a merged contact's activities move to the survivor."""
    one, other = hubspot.create(email="a@example.com"), hubspot.create(email="b@example.com")
    notes = [logged(hubspot, "notes") for _ in range(2)]
    for note, contact in zip(notes, (one, other), strict=True):
        hubspot.call("PUT", f"/crm/v4/objects/notes/{note}/associations/default/contacts/{contact}")
    merge = {"primaryObjectId": notes[0], "objectIdToMerge": notes[1]}
    refused = hubspot.call("POST", "/crm/v3/objects/notes/merge", merge).status_code
    erased = hubspot.call("POST", "/crm/v3/objects/notes/gdpr-delete", {"objectId": notes[0]})
    pair = {"primaryObjectId": one, "objectIdToMerge": other}
    survivor = hubspot.call("POST", "/crm/v3/objects/contacts/merge", pair).json()["id"]
    ends = hubspot.call("GET", f"/crm/v4/objects/contacts/{survivor}/associations/notes").json()
    assert (refused, erased.status_code) == (404, 400)
    assert {str(row["toObjectId"]) for row in ends["results"]} == set(notes)


def test_emails_agree_with_hubspots_document(documented: Running) -> None:
    """Single calls, batches, search and refusals have the shapes of the API description."""
    path = "/crm/v3/objects/emails"
    values = {"hs_timestamp": AT, "hs_email_subject": "S", "hs_email_status": "SENT"}
    new = {"properties": values, "associations": []}
    email = documented.call("POST", path, new).json()["id"]
    documented.pass_lag()
    read = {"inputs": [{"id": email}, {"id": "1"}], "properties": [], "propertiesWithHistory": []}
    calls = (
        ("GET", f"{path}/{email}?properties=hs_email_subject&associations=contacts", None),
        ("GET", f"{path}?limit=1", None),
        ("PATCH", f"{path}/{email}", {"properties": {"hs_email_status": "BOUNCED"}}),
        ("POST", f"{path}/batch/read", read),
        ("POST", path, {"properties": {}, "associations": []}),
        ("POST", f"{path}/batch/archive", {"inputs": [{"id": email}]}),
    )
    seen = [documented.call(method, at, body).status_code for method, at, body in calls]
    assert seen == [200, 200, 200, 207, 400, 204]
