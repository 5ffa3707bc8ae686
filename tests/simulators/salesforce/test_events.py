"""Change events as the Event Relay puts them on the partner bus."""

from __future__ import annotations

import re
from typing import Any

from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, lead, typed

US = {"Sforce-Call-Options": "client=crmsync"}


def _payload(org: LiveOrg) -> dict[str, Any]:
    (event,) = org.sim.due_change_events()
    payload: dict[str, Any] = event["detail"]["payload"]
    return payload


def test_the_envelope_is_that_of_a_partner_event(org: LiveOrg) -> None:
    """Source and detail type name the org and the object; the change is the payload."""
    org.product.Lead.create(lead())
    (event,) = org.sim.due_change_events()
    assert set(event) == {
        "version",
        "id",
        "detail-type",
        "source",
        "account",
        "time",
        "region",
        "resources",
        "detail",
    }
    assert event["detail-type"] == "LeadChangeEvent"
    assert re.fullmatch(
        rf"aws\.partner/salesforce\.com/{org.sim.org_id}/0YL\w{{15}}", event["source"]
    )


def test_events_are_taken_once(org: LiveOrg) -> None:
    """An event is returned once."""
    org.product.Lead.create(lead())
    assert [len(org.sim.due_change_events()) for _ in range(2)] == [1, 0]


def test_the_event_of_a_create_nests_compound_fields(org: LiveOrg) -> None:
    """A new record's event has its values, with name and address as nested objects, and no changed
    fields.
    """
    created = org.product.Lead.create(lead(FirstName="Fritz", City="Ulm"), headers=US)
    payload = _payload(org)
    header = payload.pop("ChangeEventHeader")
    assert (payload["Name"], payload["Address"], payload["Company"]) == (
        {"LastName": "Lang", "FirstName": "Fritz"},
        {"City": "Ulm"},
        "Acme",
    )
    assert payload.keys().isdisjoint({"Phone", "SystemModstamp", "IsDeleted", "Id"})
    expected = {
        "entityName": "Lead", "recordIds": [created["id"]], "changeType": "CREATE",
        "changeOrigin": "com/salesforce/api/rest/66.0;client=crmsync",
        "sequenceNumber": 1, "commitUser": org.sim.integration_user_id, "nulledFields": [], "diffFields": [], "changedFields": [],
    }  # fmt: skip
    assert {name: header[name] for name in expected} == expected


def test_the_event_of_an_update_names_changed_fields_with_dots(org: LiveOrg) -> None:
    """A cleared field is in changedFields and nulledFields, not in the body."""
    record_id = org.product.Contact.create(
        {"LastName": "Lang", "Phone": "1", "MailingCity": "Ulm"}
    )["id"]
    org.sim.due_change_events()
    org.clock.advance(5)
    org.person.Contact.update(
        record_id, {"LastName": "Young", "Phone": None, "MailingCity": "Bonn"}
    )
    payload = _payload(org)
    header = payload.pop("ChangeEventHeader")
    assert payload == {
        "LastModifiedDate": payload["LastModifiedDate"], "LastModifiedById": org.sim.user_id, "Name": {"LastName": "Young"},
        "MailingAddress": {"City": "Bonn"},
    }  # fmt: skip
    assert payload["LastModifiedDate"].endswith(".000Z")
    assert (header["changeType"], header["nulledFields"], header["changeOrigin"]) == (
        "UPDATE",
        ["Phone"],
        "com/salesforce/api/rest/66.0",
    )
    changed = {
        "LastModifiedDate",
        "LastModifiedById",
        "Name.LastName",
        "MailingAddress.City",
        "Phone",
    }
    assert set(header["changedFields"]) == changed


def test_the_same_change_to_many_records_is_one_event(org: LiveOrg) -> None:
    """Records that change alike in one transaction share an event; others follow with the next
    sequence number.
    """
    ids = [org.product.Lead.create(lead(LastName=str(number)))["id"] for number in range(3)]
    org.sim.due_change_events()
    org.clock.advance(5)
    cities = ["Ulm", "Ulm", "Bonn"]
    records = [
        typed("Lead", id=record_id, City=city) for record_id, city in zip(ids, cities, strict=True)
    ]
    org.product.restful("composite/sobjects", method="PATCH", json={"records": records})
    headers = org.headers_of_change()
    assert [(h["recordIds"], h["sequenceNumber"]) for h in headers] == [(ids[:2], 1), (ids[2:], 2)]
    assert len({h["transactionKey"] for h in headers}) == 1


def test_delete_and_undelete_have_different_events(org: LiveOrg) -> None:
    """The event of a delete has no body; a restore from the recycle bin is an UNDELETE by the
    person in the user interface.
    """
    record_id = org.product.Lead.create(lead())["id"]
    org.product.Lead.delete(record_id)
    org.sim.person({"do": "undelete", "ids": [record_id]})
    headers = org.headers_of_change()
    assert [h["changeType"] for h in headers] == ["CREATE", "DELETE", "UNDELETE"]
    assert headers[2]["changeOrigin"] == "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/"


def test_a_write_without_a_change_in_the_same_second_sends_no_event(org: LiveOrg) -> None:
    """Only changed fields cause an event; SystemModstamp and formulas never do."""
    record_id = org.product.Lead.create(lead())["id"]
    org.sim.due_change_events()
    stamp = org.product.Lead.get(record_id)["LastModifiedDate"]
    org.product.Lead.update(record_id, {"Company": "Acme"})
    again = org.product.Lead.get(record_id)["LastModifiedDate"]
    told = [header["changedFields"] for header in org.headers_of_change()]
    assert told == ([] if again == stamp else [["LastModifiedDate"]])


def test_only_the_five_selected_objects_have_events(org: LiveOrg) -> None:
    """Tasks and users have to be polled."""
    org.product.Task.create({"Subject": "Call"})
    org.product.Account.create({"Name": "Acme"})
    assert [header["entityName"] for header in org.headers_of_change()] == ["Account"]


def test_start_data_sends_no_events(start_org: StartOrg) -> None:
    """Its records are older than the channel."""
    org = start_org({"records": [{"type": "Lead"} | lead()]})
    assert org.sim.due_change_events() == []


def test_a_dropped_event_is_never_sent(org: LiveOrg) -> None:
    """The fault drop_change_event drops the requested number of events."""
    org.faults.replace([{"at": "salesforce", "kind": "drop_change_event", "times": 1}])
    for name in ("One", "Two"):
        org.product.Lead.create(lead(LastName=name))
    assert [
        event["detail"]["payload"]["Name"]["LastName"] for event in org.sim.due_change_events()
    ] == ["Two"]
