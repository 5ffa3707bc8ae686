"""One record: create, read, change, delete, upsert, and what the org refuses."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from simulators.salesforce.times import event_text as _iso
from simulators.salesforce.times import http_text
from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, lead

CUSTOM = {
    "custom_fields": {
        "Lead": [
            {"name": "Hub_Id__c", "type": "string", "length": 32, "externalId": True, "unique": True},
            {"name": "Loose__c", "type": "string", "length": 32, "externalId": True},
            {"name": "Colour__c", "type": "picklist", "restrictedPicklist": True,
             "picklistValues": [{"value": "Red"}, {"value": "Blue"}]},
            {"name": "Score__c", "type": "double", "precision": 5, "scale": 1},
            {"name": "Vip__c", "type": "boolean"},
            {"name": "Since__c", "type": "date"},
            {"name": "Seen__c", "type": "datetime"},
        ]
    }
}  # fmt: skip


def _refusal(org: LiveOrg, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    answer = org.call(method, path, json=body)
    return answer.status_code, answer.json()


def test_a_created_lead_reads_back_with_defaults_and_system_fields(org: LiveOrg) -> None:
    """A create answers the 18-character id; the record has its owner, status, stamps and compound
    name and address.
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


def test_a_change_stamps_the_record_with_its_user(org: LiveOrg) -> None:
    """An update answers 204, trims texts, clears with null, and stamps who and when."""
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
    org = start_org(CUSTOM)
    body: dict[str, Any] = {"message": message, "errorCode": code}
    if fields is not None:
        body["fields"] = fields
    assert _refusal(org, "POST", "/sobjects/Lead", lead(**values)) == (400, [body])
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
    status, body = _refusal(start_org(CUSTOM), "POST", "/sobjects/Lead", lead(**values))
    assert (status, body[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_values_are_stored_as_their_fields_hold_them(start_org: StartOrg) -> None:
    """Numbers are rounded to their scale, picklists take the list's spelling, times lose their zone
    and fraction.
    """
    org = start_org(CUSTOM)
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


def test_upsert_creates_once_and_then_updates(start_org: StartOrg) -> None:
    """The first upsert by an external id answers 201 created, the second 200 with the same id."""
    org = start_org(CUSTOM)
    first = org.product.Lead.upsert("Hub_Id__c/a%2F1", lead(), raw_response=True)
    second = org.product.Lead.upsert("Hub_Id__c/a%2F1", {"FirstName": "Mia"}, raw_response=True)
    assert not isinstance(first, int)
    assert not isinstance(second, int)
    record_id = first.json()["id"]
    assert (first.status_code, first.json()) == (
        201,
        {"id": record_id, "success": True, "errors": [], "created": True},
    )
    assert (second.status_code, second.json()) == (
        200,
        {"id": record_id, "success": True, "errors": [], "created": False},
    )
    assert org.product.Lead.get_by_custom_id("Hub_Id__c", "a/1")["FirstName"] == "Mia"


def test_update_only_never_creates(start_org: StartOrg) -> None:
    """With updateOnly=true an unknown key is 404 and nothing is created."""
    org = start_org(CUSTOM)
    assert _refusal(org, "PATCH", "/sobjects/Lead/Hub_Id__c/9?updateOnly=true", lead())[0] == 404
    assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_an_ambiguous_key_is_answered_with_its_choices(start_org: StartOrg) -> None:
    """If an external id is not unique, upsert answers 300 and the records' URLs."""
    org = start_org(CUSTOM)
    urls = [
        f"/services/data/v66.0/sobjects/Lead/{org.product.Lead.create(lead(Loose__c='x'))['id']}"
        for _ in range(2)
    ]
    with pytest.raises(SalesforceMoreThanOneRecord) as caught:
        org.product.Lead.upsert("Loose__c/x", {"FirstName": "Mia"})
    assert caught.value.content == urls


def test_a_field_that_is_no_key_cannot_be_upserted_by(org: LiveOrg) -> None:
    """The path must name an external id field."""
    expected = [
        {
            "message": "Provided external ID field does not exist or is not accessible: Company",
            "errorCode": "NOT_FOUND",
        }
    ]
    assert _refusal(org, "PATCH", "/sobjects/Lead/Company/Acme", {"LastName": "x"}) == (
        404,
        expected,
    )


def test_a_duplicate_value_names_the_other_record_by_its_short_id(start_org: StartOrg) -> None:
    """A taken unique value, in any case, is DUPLICATE_VALUE with the other record's 15-character
    id.
    """
    org = start_org(CUSTOM)
    record_id = org.product.Lead.create(lead(Hub_Id__c="abc"))["id"]
    message = (
        f"duplicate value found: Hub_Id__c duplicates value on record with id: {record_id[:15]}"
    )
    expected = [{"message": message, "errorCode": "DUPLICATE_VALUE", "fields": []}]
    assert _refusal(org, "POST", "/sobjects/Lead", lead(Hub_Id__c="ABC")) == (400, expected)


def test_a_deleted_record_is_not_found_by_rest_and_frees_its_key(start_org: StartOrg) -> None:
    """After a delete every call is 404 ENTITY_IS_DELETED, and its unique value is free again."""
    org = start_org(CUSTOM)
    record_id = org.product.Lead.create(lead(Hub_Id__c="abc"))["id"]
    assert org.product.Lead.delete(record_id) == 204
    gone = (404, [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}])
    assert [
        _refusal(org, method, f"/sobjects/Lead/{record_id}", {})
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
    """After a later change the write is 412 and leaves the record alone."""
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
    """The replication resources list changed live ids and deleted ones."""
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
    """Less than a minute, or more than thirty days back, is INVALID_REPLICATION_DATE."""
    now = org.clock.now_ms()
    for start, end in ((now, now), (now - 40 * 86_400_000, now)):
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_REPLICATION_DATE"):
            org.product.restful(f"sobjects/Lead/updated?start={_iso(start)}&end={_iso(end)}")


def test_a_parent_may_be_named_by_its_key(start_org: StartOrg) -> None:
    """A relationship with an external id inside stands for the parent's id."""
    org = start_org(
        {
            "custom_fields": {
                "Account": [
                    {"name": "Number__c", "type": "string", "externalId": True, "unique": True}
                ]
            }
        }
    )
    account = org.product.Account.create({"Name": "Acme", "Number__c": "7"})["id"]
    contact = org.product.Contact.create({"LastName": "Lang", "Account": {"Number__c": "7"}})["id"]
    assert org.product.Contact.get(contact)["AccountId"] == account


def test_a_validation_rule_refuses_with_its_message(start_org: StartOrg) -> None:
    """The world's rules refuse every save of a record that breaks them."""
    rule = {
        "object": "Lead",
        "field": "Company",
        "contains": "forbidden",
        "message": "No such company",
    }
    org = start_org({"validation_rules": [rule]})
    expected = [
        {
            "message": "No such company",
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": ["Company"],
        }
    ]
    assert _refusal(org, "POST", "/sobjects/Lead", lead(Company="The Forbidden Co")) == (
        400,
        expected,
    )


def test_a_duplicate_rule_names_its_matches_and_can_be_bypassed(start_org: StartOrg) -> None:
    """An alert rule returns the matching record; allowSave saves in spite of it."""
    org = start_org(
        {"duplicate_rules": [{"object": "Lead", "match": ["Email"], "action": "alert"}]}
    )
    record_id = org.product.Lead.create(lead(Email="a@x.test"))["id"]
    status, body = _refusal(org, "POST", "/sobjects/Lead", lead(Email="A@x.test"))
    matches = body[0]["duplicateResult"]["matchResults"][0]
    assert (status, body[0]["errorCode"], body[0]["message"]) == (
        400,
        "DUPLICATES_DETECTED",
        "Use one of these records?",
    )
    assert (matches["size"], matches["matchRecords"][0]["record"]["Id"]) == (1, record_id)
    saved = org.call(
        "POST",
        "/sobjects/Lead",
        json=lead(Email="a@x.test"),
        headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"},
    )
    assert saved.status_code == 201


@pytest.mark.parametrize("action", ["block", "alert"])
@pytest.mark.parametrize("header", [None, "allowSave=false", "allowSave=true"])
@pytest.mark.parametrize("call", ["create", "upsert", "update"])
def test_a_duplicate_rule_applies_to_every_save(
    start_org: StartOrg, action: str, header: str | None, call: str
) -> None:
    """Only the header passes an alert, in a create, an upsert and an update; nothing passes a
    block.
    """
    org = start_org(
        CUSTOM | {"duplicate_rules": [{"object": "Lead", "match": ["Email"], "action": action}]}
    )
    org.product.Lead.create(lead(Email="a@x.test"))
    other = org.product.Lead.create(lead(Email="b@x.test"))["id"]
    ways = {
        "create": ("POST", "/composite/sobjects", lead(Email="a@x.test")),
        "upsert": (
            "PATCH",
            "/composite/sobjects/Lead/Hub_Id__c",
            lead(Email="a@x.test", Hub_Id__c="one"),
        ),
        "update": ("PATCH", "/composite/sobjects", {"id": other, "Email": "a@x.test"}),
    }
    method, path, row = ways[call]

    answer = org.call(
        method,
        path,
        json={"allOrNone": False, "records": [{"attributes": {"type": "Lead"}, **row}]},
        headers={} if header is None else {"Sforce-Duplicate-Rule-Header": header},
    ).json()[0]

    saved = action == "alert" and header == "allowSave=true"
    assert (answer["success"], [error["statusCode"] for error in answer["errors"]]) == (
        saved,
        [] if saved else ["DUPLICATES_DETECTED"],
    )


def test_an_edit_of_other_fields_runs_no_duplicate_rule(start_org: StartOrg) -> None:
    """Two records that were duplicates before the rule can still be edited."""
    rule = {"object": "Lead", "match": ["Email"], "action": "block"}
    same = {"type": "Lead", **lead(Email="a@x.test")}
    org = start_org({"duplicate_rules": [rule], "records": [same, same]})
    (one, _) = org.product.query("SELECT Id FROM Lead")["records"]

    assert org.call("PATCH", f"/sobjects/Lead/{one['Id']}", json={"Phone": "1"}).status_code == 204


def test_a_key_reads_and_deletes_its_record(start_org: StartOrg) -> None:
    """The external-id path supports GET and DELETE; an ambiguous key answers 300, an unknown one
    404.
    """
    org = start_org(CUSTOM)
    for key in ("one", "two", "two"):
        org.product.Lead.create(lead(Loose__c=key))
    asked = [
        ("GET", "one"),
        ("GET", "two"),
        ("GET", "none"),
        ("DELETE", "two"),
        ("DELETE", "one"),
        ("GET", "one"),
    ]
    statuses = [
        org.call(method, f"/sobjects/Lead/Loose__c/{key}").status_code for method, key in asked
    ]
    assert statuses == [200, 300, 404, 404, 204, 404]


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
    assert [_refusal(org, method, path, lead(Id=record_id)) for method, path in asked] == [
        expected
    ] * 2


def test_a_read_may_name_its_fields_and_skip_an_unchanged_answer(org: LiveOrg) -> None:
    """``fields`` chooses columns; If-Modified-Since answers 304; an invalid date is refused."""
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
    """Objects that only the org creates, changes or deletes refuse it."""
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/sobjects/Organization", {"Name": "x"}),
        ("PATCH", f"/sobjects/Organization/{org.sim.org_id}", {"Name": "x"}),
        ("DELETE", f"/sobjects/User/{org.sim.user_id}", {}),
    ]
    codes = [_refusal(org, *one)[1][0]["errorCode"] for one in asked]
    assert codes == ["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"] * 3


def test_a_parent_that_cannot_be_found_is_refused(start_org: StartOrg) -> None:
    """An unknown key, and a field that is no key, are INVALID_FIELD; a deleted parent is
    ENTITY_IS_DELETED.
    """
    org = start_org(
        {
            "custom_fields": {
                "Account": [{"name": "Number__c", "type": "string", "externalId": True}]
            }
        }
    )
    gone = org.product.Account.create({"Name": "Acme"})["id"]
    org.product.Account.delete(gone)
    parents: list[dict[str, Any]] = [
        {"Account": {"Number__c": "9"}},
        {"Account": {"Industry": "x"}},
        {"AccountId": gone},
    ]
    codes = [
        _refusal(org, "POST", "/sobjects/Contact", {"LastName": "x"} | parent)[1][0]["errorCode"]
        for parent in parents
    ]
    assert codes == ["INVALID_FIELD", "INVALID_FIELD", "ENTITY_IS_DELETED"]
