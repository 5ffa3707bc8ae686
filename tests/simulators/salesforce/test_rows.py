"""One record: it is created, read, changed and deleted, and bad values are refused."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from simulators.salesforce.times import event_text as _iso
from simulators.salesforce.times import http_text
from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import CUSTOM_FIELDS, LiveOrg, lead, refusal


def test_a_created_lead_has_defaults_and_system_fields(org: LiveOrg) -> None:
    """A create returns the 18-character id; the record has its owner, status, timestamps and
    compound name and address.
    """
    created = org.product.Lead.create(lead(FirstName="Fritz", City="Ulm", Email="Fritz@Lang.test"))
    assert (created["success"], created["errors"], created["id"][:3], len(created["id"])) == (
        True,
        [],
        "00Q",
        18,
    )
    found = org.product.Lead.get(created["id"])
    assert found["attributes"] == {
        "type": "Lead",
        "url": f"/services/data/v66.0/sobjects/Lead/{created['id']}",
    }
    expected = {
        "Name": "Fritz Lang", "Status": "Open - Not Contacted", "OwnerId": org.sim.integration_user_id, "IsDeleted": False,
        "CreatedById": org.sim.integration_user_id, "Email": "Fritz@Lang.test", "IsConverted": False, "Phone": None,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert found["Address"]["city"] == "Ulm"
    assert found["SystemModstamp"] == found["CreatedDate"]
    assert found["CreatedDate"].endswith(".000+0000")


def test_an_update_sets_the_user_and_the_time_of_a_record(org: LiveOrg) -> None:
    """An update returns 204, trims texts, and clears with null."""
    record_id = org.product.Lead.create(lead(Phone="1"))["id"]
    org.clock.advance(5)
    assert org.person.Lead.update(record_id, {"FirstName": "  Mia ", "Phone": None}) == 204
    found = org.product.Lead.get(record_id)
    assert (found["Name"], found["Phone"], found["LastModifiedById"]) == (
        "Mia Lang",
        None,
        org.sim.user_id,
    )
    assert found["LastModifiedDate"] > found["CreatedDate"]


def test_a_short_id_finds_the_same_record(org: LiveOrg) -> None:
    """The 15-character id is another spelling of the same id."""
    record_id = org.product.Lead.create(lead())["id"]
    assert org.product.Lead.get(record_id[:15])["Id"] == record_id


@pytest.mark.parametrize(
    ("values", "code", "message", "fields"),
    [
        ({"LastName": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"]),
        ({"Company": "  "}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", ["Company"]),
        ({"FirstName": "x" * 41}, "STRING_TOO_LONG", f"First Name: data value too large: {'x' * 41} (max length=40)", ["FirstName"]),
        ({"Email": "nobody"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: nobody", ["Email"]),
        ({"Colour__c": "Green"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "Colour__c: bad value for restricted picklist field: Green", ["Colour__c"]),
        ({"Score__c": 123456}, "NUMBER_OUTSIDE_VALID_RANGE", "Score__c: value outside of valid range on numeric field: 123456",
         ["Score__c"]),
        ({"OwnerId": "005short"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: 005short", ["OwnerId"]),
        ({"OwnerId": "001000000000001AAA"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: 001000000000001AAA", ["OwnerId"]),
        ({"OwnerId": "005000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["OwnerId"]),
        ({"Nothing__c": 1}, "INVALID_FIELD", "No such column 'Nothing__c' on sobject of type Lead", None),
        ({"IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE",
         ("Unable to create/update fields: IsConverted. Please check the security settings of this field and verify that it is read/write "
         "for your profile or permission set."), ["IsConverted"]),
        ({"Vip__c": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD", "Vip__c: value not of required type: ", ["Vip__c"]),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_with_the_code_of_its_kind(
    start_org: StartOrg, values: dict[str, Any], code: str, message: str, fields: list[str] | None
) -> None:
    """Each kind of bad value has its own error code, message and fields, and nothing is stored."""
    org = start_org(CUSTOM_FIELDS)
    body: dict[str, Any] = {"message": message, "errorCode": code}
    if fields is not None:
        body["fields"] = fields
    assert refusal(org, "POST", "/sobjects/Lead", lead(**values)) == (400, [body])
    assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


@pytest.mark.parametrize(
    "values",
    [
        {"Since__c": "soon"},
        {"Seen__c": "2026-13-01T00:00:00Z"},
        {"Vip__c": "yes"},
        {"Score__c": "many"},
        {"LastName": {"a": 1}},
    ],
)
def test_a_value_of_the_wrong_shape_is_a_parser_error(
    start_org: StartOrg, values: dict[str, Any]
) -> None:
    """JSON that does not fit the field's type is JSON_PARSER_ERROR."""
    status, body = refusal(start_org(CUSTOM_FIELDS), "POST", "/sobjects/Lead", lead(**values))
    assert (status, body[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_values_are_stored_as_their_fields_allow(start_org: StartOrg) -> None:
    """Numbers are rounded to their scale, picklists get the list's spelling, times lose their zone
    and fraction.
    """
    org = start_org(CUSTOM_FIELDS)
    given = {
        "Score__c": 1.26,
        "Colour__c": "red",
        "Seen__c": "2026-11-02T12:00:00.900+02:00",
        "Since__c": "2026-11-02",
        "Vip__c": True,
    }
    found = org.product.Lead.get(org.product.Lead.create(lead(**given))["id"])
    assert {name: found[name] for name in given} == {
        "Score__c": 1.3, "Colour__c": "Red", "Seen__c": "2026-11-02T10:00:00.000+0000", "Since__c": "2026-11-02", "Vip__c": True,
    }  # fmt: skip


def test_a_deleted_record_is_not_found_by_rest_and_frees_its_key(start_org: StartOrg) -> None:
    """Every call is 404 ENTITY_IS_DELETED, and the unique value can be used again."""
    org = start_org(CUSTOM_FIELDS)
    record_id = org.product.Lead.create(lead(Hub_Id__c="abc"))["id"]
    assert org.product.Lead.delete(record_id) == 204
    gone = (404, [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}])
    assert [
        refusal(org, method, f"/sobjects/Lead/{record_id}", {})
        for method in ("GET", "PATCH", "DELETE")
    ] == [gone] * 3
    assert org.product.Lead.upsert("Hub_Id__c/abc", lead()) == 201


def test_an_unknown_record_and_object_are_not_found(org: LiveOrg) -> None:
    """Ids and objects that never existed are 404."""
    with pytest.raises(SalesforceResourceNotFound):
        org.product.Lead.get("00Q000000000001EAA")
    with pytest.raises(SalesforceResourceNotFound):
        org.product.Nothing__c.get("a00000000000001AAA")


def test_if_unmodified_since_guards_a_write(org: LiveOrg) -> None:
    """After a later change the write is refused with 412 and the record is not changed."""
    record_id = org.product.Lead.create(lead())["id"]
    before = http_text(org.clock.now_ms() - 60_000)
    later = http_text(org.clock.now_ms() + 60_000)
    path = f"/sobjects/Lead/{record_id}"
    statuses = [
        org.call(
            "PATCH", path, json={"FirstName": "Mia"}, headers={"If-Unmodified-Since": moment}
        ).status_code
        for moment in (before, later)
    ]
    assert statuses == [412, 204]


def test_updated_and_deleted_list_the_changes_in_a_window(org: LiveOrg) -> None:
    """The replication resources list changed and deleted ids."""
    kept, gone = (org.product.Lead.create(lead())["id"] for _ in range(2))
    org.product.Lead.delete(gone)
    org.clock.advance(120)
    start, end = org.clock.now_ms() - 600_000, org.clock.now_ms()
    window = f"start={_iso(start)}&end={_iso(end)}"
    updated = org.call("GET", f"/sobjects/Lead/updated/?{window}").json()
    deleted = org.call("GET", f"/sobjects/Lead/deleted/?{window}").json()
    assert updated["ids"] == [kept]
    assert [entry["id"] for entry in deleted["deletedRecords"]] == [gone]
    assert set(deleted) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}


def test_a_replication_window_must_be_recent_and_long_enough(org: LiveOrg) -> None:
    """A window shorter than a minute or older than thirty days is INVALID_REPLICATION_DATE."""
    now = org.clock.now_ms()
    for start, end in ((now, now), (now - 40 * 86_400_000, now)):
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_REPLICATION_DATE"):
            org.product.restful(f"sobjects/Lead/updated?start={_iso(start)}&end={_iso(end)}")


def test_the_id_belongs_in_the_path_only(org: LiveOrg) -> None:
    """A body with an Id is refused, on create as on update."""
    record_id = org.product.Lead.create(lead())["id"]
    expected = (
        400,
        [
            {
                "message": "The Id field should not be specified in the sobject data.",
                "errorCode": "INVALID_FIELD",
            }
        ],
    )
    asked = [("POST", "/sobjects/Lead"), ("PATCH", f"/sobjects/Lead/{record_id}")]
    assert [refusal(org, method, path, lead(Id=record_id)) for method, path in asked] == [
        expected
    ] * 2


def test_a_read_may_name_its_fields_and_skip_unchanged_records(org: LiveOrg) -> None:
    """``fields`` chooses columns; If-Modified-Since returns 304; an invalid date is refused."""
    path = f"/sobjects/Lead/{org.product.Lead.create(lead())['id']}"
    chosen = org.call("GET", f"{path}?fields=LastName,Company").json()
    del chosen["attributes"]
    assert chosen == {"LastName": "Lang", "Company": "Acme"}
    later = http_text(org.clock.now_ms() + 60_000)
    statuses = [
        org.call("GET", path, headers={"If-Modified-Since": since}).status_code
        for since in (later, "yesterday")
    ]
    assert statuses == [304, 400]


def test_writes_to_read_only_objects_are_refused(org: LiveOrg) -> None:
    """Objects that only the org creates, changes or deletes refuse calls that do."""
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/sobjects/Organization", {"Name": "x"}),
        ("PATCH", f"/sobjects/Organization/{org.sim.org_id}", {"Name": "x"}),
        ("DELETE", f"/sobjects/User/{org.sim.user_id}", {}),
    ]
    codes = [refusal(org, *one)[1][0]["errorCode"] for one in asked]
    assert codes == ["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"] * 3
