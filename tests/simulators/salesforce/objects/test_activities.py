"""Tasks and events: what they are about, how long they last, what a conversion, an archive and
Shared Activities make of them.
"""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, lead, quoted, refusal, rows, soql

START = "2026-11-02T10:00:00.000+0000"
LATER = "2026-11-02T10:45:00.000+0000"
WHEN: dict[str, Any] = {"StartDateTime": START, "DurationInMinutes": 30}
SHARED: dict[str, Any] = {"shared_activities": True}


def made(org: LiveOrg, sobject: str, **values: Any) -> str:
    """Create a record and return its id."""
    return str(getattr(org.product, sobject).create(values)["id"])


def an_event(org: LiveOrg, **values: Any) -> str:
    """Create an event of half an hour and return its id."""
    given = {"Subject": "Call", "StartDateTime": START, "DurationInMinutes": 30} | values
    return made(org, "Event", **given)


def seen(org: LiveOrg, sobject: str, record_id: str, *names: str) -> tuple[Any, ...]:
    """Return some values of a record."""
    row = getattr(org.product, sobject).get(record_id)
    return tuple(row[name] for name in names)


def about(org: LiveOrg) -> dict[str, str]:
    """Create an account with a contact and an opportunity."""
    account = made(org, "Account", Name="Acme")
    contact = made(org, "Contact", LastName="Lang", AccountId=account)
    deal = made(
        org,
        "Opportunity",
        Name="Deal",
        StageName="Prospecting",
        CloseDate="2026-12-01",
        AccountId=account,
    )
    return {"account": account, "contact": contact, "opportunity": deal}


@pytest.mark.parametrize("sobject", ["Task", "Event"])
def test_the_account_follows_from_what_an_activity_is_about(org: LiveOrg, sobject: str) -> None:
    """That of the opportunity comes before that of the contact; a lead has none and no other
    record.
    """
    known = about(org)
    person = made(org, "Lead", **lead())
    more = {} if sobject == "Task" else {"StartDateTime": START, "DurationInMinutes": 5}
    found = [
        seen(org, sobject, made(org, sobject, **given, **more), "AccountId")[0]
        for given in (
            {"WhatId": known["opportunity"]},
            {"WhoId": known["contact"]},
            {"WhatId": known["account"], "WhoId": known["contact"]},
            {"WhoId": person},
        )
    ]
    both = {"WhoId": person, "WhatId": known["account"]} | more
    status, (error,) = refusal(org, "POST", f"/sobjects/{sobject}", both)
    assert found == [known["account"]] * 3 + [None]
    assert (status, error["errorCode"], error["fields"]) == (
        400,
        "FIELD_INTEGRITY_EXCEPTION",
        ["WhatId"],
    )


def test_a_call_is_a_task_of_a_subtype(org: LiveOrg) -> None:
    """Its type, length and result are fields of the task; the subtype cannot be changed."""
    task = made(
        org,
        "Task",
        Subject="Call",
        TaskSubtype="Call",
        CallType="Outbound",
        CallDurationInSeconds=61,
        CallDisposition="Connected",
        Status="Completed",
    )
    names = ("TaskSubtype", "CallType", "CallDurationInSeconds", "CallDisposition", "IsClosed")
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.product.Task.update(task, {"TaskSubtype": "Email"})
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_OR_NULL_FOR_RESTRICTED"):
        made(org, "Task", CallType="Sideways")
    assert seen(org, "Task", task, *names) == ("Call", "Outbound", 61, "Connected", True)


def test_an_administrators_statuses_say_what_is_closed(start_org: StartOrg) -> None:
    """Closed is what the status means to the org, and the statuses can be queried."""
    org = start_org({
        "task_statuses": [{"ApiName": "Offen", "IsDefault": True}, {"ApiName": "Erledigt", "IsClosed": True}],
    })  # fmt: skip
    task = made(org, "Task", Subject="Call")
    before = seen(org, "Task", task, "Status", "IsClosed", "CompletedDateTime")
    org.product.Task.update(task, {"Status": "Erledigt"})
    query = "SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder"
    assert before == ("Offen", False, None)
    assert seen(org, "Task", task, "IsClosed") == (True,)
    assert rows(org.product.query(query), "ApiName", "IsClosed", "IsDefault") == [
        ("Offen", False, True),
        ("Erledigt", True, False),
    ]


def test_an_administrator_defines_statuses(org: LiveOrg) -> None:
    """A new one is in the picklist and closes tasks; a changed one means something else to the next
    task.
    """
    org.sim.person({"do": "define_task_status", "ApiName": "Dropped", "IsClosed": True})
    dropped = made(org, "Task", Status="Dropped")
    org.sim.person({"do": "define_task_status", "ApiName": "Dropped", "IsClosed": False})
    opened = made(org, "Task", Status="Dropped")
    described = org.product.Task.describe()["fields"]
    (status,) = (field for field in described if field["name"] == "Status")
    assert [one["value"] for one in status["picklistValues"]][-1] == "Dropped"
    assert seen(org, "Task", dropped, "IsClosed") == (True,)
    assert seen(org, "Task", opened, "IsClosed") == (False,)


@pytest.mark.parametrize(
    ("given", "minutes", "end"),
    [
        ({"DurationInMinutes": 45}, 45, LATER),
        ({"EndDateTime": LATER}, 45, LATER),
        ({"EndDateTime": LATER, "DurationInMinutes": 45}, 45, LATER),
    ],
)
def test_an_event_has_a_length_or_an_end(
    org: LiveOrg, given: dict[str, Any], minutes: int, end: str
) -> None:
    """The one follows from the other, and the day from the start."""
    event = made(org, "Event", ActivityDateTime=START, **given)
    names = ("StartDateTime", "EndDateTime", "DurationInMinutes", "ActivityDate")
    assert seen(org, "Event", event, *names) == (START, end, minutes, "2026-11-02")


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "ActivityDateTime"),
        ({"StartDateTime": START}, "REQUIRED_FIELD_MISSING", "DurationInMinutes"),
        (
            {"StartDateTime": START, "EndDateTime": LATER, "DurationInMinutes": 5},
            "FIELD_INTEGRITY_EXCEPTION",
            "DurationInMinutes",
        ),
        (
            {"StartDateTime": START, "ActivityDateTime": LATER, "DurationInMinutes": 5},
            "FIELD_INTEGRITY_EXCEPTION",
            "StartDateTime",
        ),
        (
            {"StartDateTime": LATER, "EndDateTime": START},
            "FIELD_INTEGRITY_EXCEPTION",
            "DurationInMinutes",
        ),
        (
            {"StartDateTime": START, "DurationInMinutes": 20_161},
            "FIELD_INTEGRITY_EXCEPTION",
            "DurationInMinutes",
        ),
        ({"IsAllDayEvent": True}, "REQUIRED_FIELD_MISSING", "ActivityDate"),
    ],
)
def test_an_impossible_event_is_refused(
    org: LiveOrg, given: dict[str, Any], code: str, field: str
) -> None:
    """Without a start or a length, with two that differ, backwards, or longer than two weeks."""
    status, (error,) = refusal(org, "POST", "/sobjects/Event", given)
    assert (status, error["errorCode"], error["fields"]) == (400, code, [field])


def test_an_event_is_moved_and_lengthened(org: LiveOrg) -> None:
    """A new start keeps the length, a new end or length keeps the start."""
    event = an_event(org)
    names = ("StartDateTime", "EndDateTime", "DurationInMinutes")
    steps = []
    for change in ({"StartDateTime": LATER}, {"DurationInMinutes": 60}, {"EndDateTime": LATER}):
        org.product.Event.update(event, change)
        steps.append(seen(org, "Event", event, *names))
    assert steps == [
        (LATER, "2026-11-02T11:15:00.000+0000", 30),
        (LATER, "2026-11-02T11:45:00.000+0000", 60),
        (LATER, LATER, 0),
    ]


def test_an_all_day_event_lasts_a_day(org: LiveOrg) -> None:
    """Its day alone is enough; it has no time of its own."""
    event = made(org, "Event", IsAllDayEvent=True, ActivityDate="2026-11-02")
    names = ("ActivityDate", "ActivityDateTime", "EndDate", "DurationInMinutes")
    assert seen(org, "Event", event, *names) == ("2026-11-02", None, "2026-11-02", 1440)


@pytest.mark.parametrize("opportunity", [True, False])
def test_activities_follow_a_conversion(org: LiveOrg, *, opportunity: bool) -> None:
    """Tasks and events, open or closed, move to the contact and to the opportunity, or else the
    account; their last change is the conversion.
    """
    person = made(org, "Lead", **lead())
    closed = made(org, "Task", WhoId=person, Status="Completed")
    event = an_event(org, WhoId=person)
    stamp = seen(org, "Task", closed, "SystemModstamp")
    org.clock.advance(60)
    ids = org.sim.person(
        {"do": "convert_lead", "lead_id": person, "create_opportunity": opportunity}
    )
    what = ids["opportunity_id"] if opportunity else ids["account_id"]
    expected = (ids["contact_id"], what, ids["account_id"])
    names = ("WhoId", "WhatId", "AccountId")
    assert seen(org, "Task", closed, *names) == seen(org, "Event", event, *names) == expected
    assert seen(org, "Task", closed, "SystemModstamp") > stamp


def test_old_activities_are_archived(start_org: StartOrg) -> None:
    """Closed tasks and events of more than a year ago vanish from queries, not from query-all, and
    can still be changed.
    """
    org = start_org()
    old = made(org, "Task", Subject="Old", Status="Completed", ActivityDate="2020-01-01")
    still_open = made(org, "Task", Subject="Open", ActivityDate="2020-01-01")
    event = an_event(org, StartDateTime="2020-01-01T10:00:00.000+0000")
    archived = org.sim.person({"do": "archive_activities"})
    org.product.Task.update(old, {"Subject": "Older"})
    query = "SELECT Id, IsArchived FROM Task"
    assert sorted(archived["ids"]) == sorted([old, event])
    assert rows(org.product.query(query), "Id") == [(still_open,)]
    everything = rows(org.product.query(query, include_deleted=True), "Id", "IsArchived")
    assert set(everything) == {(old, True), (still_open, False)}
    assert rows(org.product.query("SELECT Id FROM Event"), "Id") == []
    assert seen(org, "Task", old, "Subject") == ("Older",)


@pytest.mark.parametrize("sobject", ["TaskRelation", "EventRelation"])
def test_without_shared_activities_there_are_no_relations(org: LiveOrg, sobject: str) -> None:
    """The relation objects do not exist for the API."""
    status, (error,) = refusal(org, "GET", f"/query?q=SELECT+Id+FROM+{sobject}", {})
    assert (status, error["errorCode"]) == (400, "INVALID_TYPE")


def test_shared_activities_relate_several_contacts(start_org: StartOrg) -> None:
    """A task's own person and record have relation rows; more contacts are added and removed, and
    the next becomes the task's own.
    """
    org = start_org(SHARED)
    known = about(org)
    second = made(org, "Contact", LastName="Second")
    task = made(org, "Task", WhoId=known["contact"], WhatId=known["account"])
    made(org, "TaskRelation", TaskId=task, RelationId=second)
    query = soql("SELECT Id, RelationId, IsWhat FROM TaskRelation WHERE TaskId =", quoted(task))
    both = rows(org.product.query(query), "RelationId", "IsWhat")
    first = next(
        row["Id"]
        for row in org.product.query(query)["records"]
        if row["RelationId"] == known["contact"]
    )
    org.product.TaskRelation.delete(first)
    assert set(both) == {(known["contact"], False), (known["account"], True), (second, False)}
    assert seen(org, "Task", task, "WhoId") == (second,)


def test_a_relation_that_cannot_be_is_refused(start_org: StartOrg) -> None:
    """A second record, a contact beside a lead, the same contact twice, and a change of a row."""
    org = start_org(SHARED)
    known = about(org)
    person = made(org, "Lead", **lead())
    task = made(org, "Task", WhoId=known["contact"], WhatId=known["account"])
    of_lead = made(org, "Task", WhoId=person)
    codes = [
        refusal(org, "POST", "/sobjects/TaskRelation", {"TaskId": one, "RelationId": other})[1][0][
            "errorCode"
        ]
        for one, other in (
            (task, known["opportunity"]),
            (of_lead, known["contact"]),
            (task, known["contact"]),
        )
    ]
    (relation,) = org.product.query(
        soql("SELECT Id FROM TaskRelation WHERE TaskId =", quoted(of_lead))
    )["records"]
    path = f"/sobjects/TaskRelation/{relation['Id']}"
    changed = refusal(org, "PATCH", path, {"RelationId": known["contact"]})[1][0]["errorCode"]
    assert codes == ["FIELD_INTEGRITY_EXCEPTION"] * 2 + ["DUPLICATE_VALUE"]
    assert changed == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_a_conversion_moves_the_relations(start_org: StartOrg) -> None:
    """The lead's row gives way to one of the contact and one of the account."""
    org = start_org(SHARED)
    person = made(org, "Lead", **lead())
    task = made(org, "Task", WhoId=person)
    ids = org.sim.person({"do": "convert_lead", "lead_id": person})
    query = soql("SELECT RelationId FROM TaskRelation WHERE TaskId =", quoted(task))
    found = set(rows(org.product.query(query), "RelationId"))
    assert found == {(ids["contact_id"],), (ids["account_id"],)}


def test_a_recurring_task_has_no_day_of_its_own(org: LiveOrg) -> None:
    """A series is marked as such; with a due date it is refused."""
    series = {
        "IsRecurrence": True,
        "RecurrenceType": "RecursDaily",
        "RecurrenceInterval": 1,
        "RecurrenceStartDateOnly": "2026-11-02",
        "RecurrenceEndDateOnly": "2026-11-05",
    }
    task = made(org, "Task", **series)
    body = series | {"ActivityDate": "2026-11-02"}
    status, (error,) = refusal(org, "POST", "/sobjects/Task", body)
    assert seen(org, "Task", task, "IsRecurrence", "RecurrenceType") == (True, "RecursDaily")
    assert (status, error["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_custom_fields_of_activity_are_on_both(start_org: StartOrg) -> None:
    """A field of Activity is one of tasks and of events."""
    field = {"name": "Key__c", "type": "string", "length": 64}
    org = start_org({"custom_fields": {"Activity": [field]}})
    event = an_event(org, Key__c="e")
    task = made(org, "Task", Key__c="t")
    assert (seen(org, "Event", event, "Key__c"), seen(org, "Task", task, "Key__c")) == (
        ("e",),
        ("t",),
    )


@pytest.mark.parametrize(
    ("sobject", "name", "kind", "length", "createable", "updateable"),
    [
        ("Task", "Subject", "combobox", 255, True, True),
        ("Task", "Description", "textarea", 32_000, True, True),
        ("Task", "TaskSubtype", "picklist", 255, True, False),
        ("Task", "CompletedDateTime", "datetime", 0, False, False),
        ("Event", "Location", "string", 255, True, True),
        ("Event", "DurationInMinutes", "int", 0, True, True),
        ("Event", "IsPrivate", "boolean", 0, True, True),
        ("Event", "IsRecurrence2", "boolean", 0, False, False),
    ],
)
def test_describe_shows_the_fields_of_activities(
    org: LiveOrg,
    sobject: str,
    name: str,
    kind: str,
    length: int,
    *,
    createable: bool,
    updateable: bool,
) -> None:
    """Types, lengths and rights are those of the Object Reference."""
    fields = {row["name"]: row for row in getattr(org.product, sobject).describe()["fields"]}
    shown = fields[name]
    assert (shown["type"], shown["length"], shown["createable"], shown["updateable"]) == (
        kind,
        length,
        createable,
        updateable,
    )


def relations_of(org: LiveOrg, name: str, activity: str) -> set[str]:
    """Return the people of a task or event, as its relations have them."""
    form = soql(
        "SELECT RelationId FROM TaskRelation WHERE IsWhat = FALSE AND TaskId =", quoted(activity)
    )
    query = form.replace("Task", name)
    return {row["RelationId"] for row in org.product.query(query)["records"]}


@pytest.mark.parametrize(("sobject", "more"), [("Task", {}), ("Event", WHEN)])
def test_an_activity_is_made_with_several_contacts(
    start_org: StartOrg, sobject: str, more: dict[str, Any]
) -> None:
    """All of them in one call: the first is the activity's own unless another one is named, who
    joins the list.
    """
    org = start_org(SHARED)
    ada, ben, eve = (made(org, "Contact", LastName=name) for name in ("Ada", "Ben", "Eve"))
    field = f"{sobject}WhoIds"
    first = made(org, sobject, **more, **{field: [ben, ada]})
    named = made(org, sobject, **more, WhoId=eve, **{field: [ben, ada]})
    assert seen(org, sobject, first, "WhoId", field) == (ben, [ben, ada])
    assert seen(org, sobject, named, "WhoId", field) == (eve, [eve, ben, ada])
    assert relations_of(org, sobject, named) == {ada, ben, eve}


def test_the_list_of_people_is_written_as_a_whole(start_org: StartOrg) -> None:
    """Who is not in it goes, an empty one keeps the task's own person, and without a person of its
    own the task takes another of the list.
    """
    org = start_org(SHARED)
    ada, ben, eve = (made(org, "Contact", LastName=name) for name in ("Ada", "Ben", "Eve"))
    task = made(org, "Task", WhoId=ada, TaskWhoIds=[ada, ben])
    org.product.Task.update(task, {"TaskWhoIds": [ada, eve]})
    first = seen(org, "Task", task, "WhoId"), relations_of(org, "Task", task)
    org.product.Task.update(task, {"WhoId": None})
    second = seen(org, "Task", task, "WhoId"), relations_of(org, "Task", task)
    org.product.Task.update(task, {"WhoId": ben, "TaskWhoIds": None})
    third = seen(org, "Task", task, "WhoId"), relations_of(org, "Task", task)
    assert [first, second, third] == [
        ((ada,), {ada, eve}),
        ((eve,), {eve}),
        ((ben,), {ben}),
    ]


def test_a_list_of_people_that_cannot_be_is_refused(start_org: StartOrg) -> None:
    """A contact beside a lead, more than 50 contacts, somebody unknown, and a text."""
    org = start_org(SHARED)
    contacts = [made(org, "Contact", LastName=f"No {at}") for at in range(51)]
    person = made(org, "Lead", **lead())
    codes = [
        refusal(org, "POST", "/sobjects/Task", {"TaskWhoIds": people})[1][0]["errorCode"]
        for people in ([person, contacts[0]], contacts, ["003000000000000AAA"], contacts[0])
    ]
    assert codes == [
        "FIELD_INTEGRITY_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION",
        "INVALID_CROSS_REFERENCE_KEY",
        "JSON_PARSER_ERROR",
    ]


def test_without_shared_activities_there_is_no_list_of_people(org: LiveOrg) -> None:
    """The field does not exist."""
    contact = made(org, "Contact", LastName="Ada")
    _, (error,) = refusal(org, "POST", "/sobjects/Task", {"TaskWhoIds": [contact]})
    assert error["errorCode"] == "INVALID_FIELD"


def test_a_deleted_contact_leaves_the_tasks_of_others(start_org: StartOrg) -> None:
    """The task stays with its own person, without a row of the one that is gone."""
    org = start_org(SHARED)
    ada, ben = (made(org, "Contact", LastName=name) for name in ("Ada", "Ben"))
    task = made(org, "Task", WhoId=ada, TaskWhoIds=[ada, ben])
    org.product.Contact.delete(ben)
    assert seen(org, "Task", task, "WhoId", "TaskWhoIds") == (ada, [ada])
    assert relations_of(org, "Task", task) == {ada}
