"""Collections: many records in one call, each with its own result, in the order of the request."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, lead, typed

KEY = {
    "custom_fields": {
        "Lead": [
            {
                "name": "Hub_Id__c",
                "type": "string",
                "length": 32,
                "externalId": True,
                "unique": True,
            }
        ]
    }
}


def _send(
    org: LiveOrg, method: str, path: str, records: list[dict[str, Any]], **more: Any
) -> list[dict[str, Any]]:
    answer: Any = org.product.restful(
        f"composite/sobjects{path}",
        method=method,
        json={"records": records, "allOrNone": False} | more,
    )
    return list(answer)


def _refused(code: str, message: str, *fields: str) -> dict[str, Any]:
    return {
        "success": False,
        "errors": [{"statusCode": code, "message": message, "fields": list(fields)}],
    }


def test_a_bad_row_does_not_stop_the_others(org: LiveOrg) -> None:
    """Results are in order: ids for good rows of any type, statusCode for the bad one."""
    results = _send(
        org,
        "POST",
        "",
        [typed("Lead", **lead()), typed("Contact", FirstName="x"), typed("Account", Name="Acme")],
    )
    expected_bad = _refused(
        "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName"
    )
    assert results == [
        {"id": results[0]["id"], "success": True, "errors": []}, expected_bad, {"id": results[2]["id"], "success": True, "errors": []},
    ]  # fmt: skip
    assert (results[0]["id"][:3], results[2]["id"][:3]) == ("00Q", "001")


def test_all_or_none_rolls_the_good_rows_back(org: LiveOrg) -> None:
    """With allOrNone the good rows have ALL_OR_NONE_OPERATION_ROLLED_BACK, nothing is stored and no
    event is sent.
    """
    results = _send(
        org, "POST", "", [typed("Lead", **lead()), typed("Lead", Company="x")], allOrNone=True
    )
    rolled_back = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    assert results == [
        _refused("ALL_OR_NONE_OPERATION_ROLLED_BACK", rolled_back),
        _refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName"),
    ]
    assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == 0
    assert org.sim.due_change_events() == []


def test_updates_need_an_id_and_accept_it_once(org: LiveOrg) -> None:
    """A missing id is MISSING_ARGUMENT, the same record a second time is refused, and unknown and
    deleted ones have their codes.
    """
    one, gone = (org.product.Lead.create(lead())["id"] for _ in range(2))
    org.product.Lead.delete(gone)
    results = _send(org, "PATCH", "", [
        typed("Lead", FirstName="x"), typed("Lead", id=one, FirstName="Mia"), typed("Lead", id=one, FirstName="Zoe"),
        typed("Lead", id=gone, FirstName="x"), typed("Lead", id="00Q000000000001EAA", FirstName="x"), typed("Lead", id="short"),
    ])  # fmt: skip
    assert results == [
        _refused("MISSING_ARGUMENT", "Id not specified in an update call"),
        {"id": one, "success": True, "errors": []},
        _refused("DUPLICATE_VALUE", f"duplicate id specified: {one}"),
        _refused("ENTITY_IS_DELETED", "entity is deleted"),
        _refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        _refused("MALFORMED_ID", "malformed id short"),
    ]
    assert org.product.Lead.get(one)["FirstName"] == "Mia"


def test_upsert_reports_created_rows_and_refuses_a_repeated_key(
    start_org: StartOrg,
) -> None:
    """Rows of an upsert have `created`; the same key twice is refused both times."""
    org = start_org(KEY)
    known = org.product.Lead.create(lead(Hub_Id__c="1"))["id"]
    keys = ["1", "2", "3", "3"]
    results = _send(
        org, "PATCH", "/Lead/Hub_Id__c", [typed("Lead", **lead(Hub_Id__c=key)) for key in keys]
    )
    twice = _refused("DUPLICATE_VALUE", "Duplicate external id specified: 3", "Hub_Id__c")
    assert results == [
        {"id": known, "success": True, "errors": [], "created": False},
        {"id": results[1]["id"], "success": True, "errors": [], "created": True},
        twice,
        twice,
    ]


def test_deletes_have_a_result_for_each_id(org: LiveOrg) -> None:
    """A collection delete has its ids in the query string."""
    ids = [org.product.Lead.create(lead())["id"] for _ in range(2)]
    path = f"composite/sobjects?ids={','.join(ids)},00Q000000000001EAA&allOrNone=false"
    assert org.product.restful(path, method="DELETE") == [
        *({"id": record_id, "success": True, "errors": []} for record_id in ids),
        _refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
    ]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_reads_keep_the_order_and_return_null_for_missing_records(
    org: LiveOrg, method: str
) -> None:
    """Both forms of the read return one entry per id."""
    one, gone = (org.product.Lead.create(lead(FirstName="Mia"))["id"] for _ in range(2))
    org.product.Lead.delete(gone)
    ids, fields = [gone, one[:15], "00Q000000000001EAA"], ["FirstName", "Id"]
    if method == "GET":
        found = org.product.restful(
            f"composite/sobjects/Lead?ids={','.join(ids)}&fields={','.join(fields)}"
        )
    else:
        found = org.product.restful(
            "composite/sobjects/Lead", method="POST", json={"ids": ids, "fields": fields}
        )
    attributes = {"type": "Lead", "url": f"/services/data/v66.0/sobjects/Lead/{one}"}
    assert found == [None, {"attributes": attributes, "Id": one, "FirstName": "Mia"}, None]


def test_one_unknown_field_fails_the_whole_read(org: LiveOrg) -> None:
    """A read with a field that does not exist is INVALID_FIELD."""
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        org.product.restful(
            "composite/sobjects/Lead", method="POST", json={"ids": [], "fields": ["Nothing__c"]}
        )


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "", {"records": []}, "REQUIRED_FIELD_MISSING"),
        ("POST", "", {"records": "x"}, "JSON_PARSER_ERROR"),
        ("POST", "", {"records": [{}] * 201}, "EXCEEDED_ID_LIMIT"),
        (
            "POST",
            "/Lead",
            {"ids": ["00Q000000000001EAA"] * 2001, "fields": ["Id"]},
            "EXCEEDED_ID_LIMIT",
        ),
    ],
)
def test_limits_and_shapes_are_checked(
    org: LiveOrg, method: str, path: str, body: dict[str, Any], code: str
) -> None:
    """A call writes 200 records or reads 2,000, and needs lists where lists are expected."""
    answer = org.call(method, f"/composite/sobjects{path}", json=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_a_row_without_type_is_refused_alone(org: LiveOrg) -> None:
    """A row needs attributes.type."""
    results = _send(org, "POST", "", [lead(), typed("Lead", **lead())])
    assert [result["success"] for result in results] == [False, True]
    assert results[0]["errors"][0]["statusCode"] == "INVALID_TYPE"


def test_a_delete_of_all_or_none_is_rolled_back(org: LiveOrg) -> None:
    """One id that cannot be deleted keeps the other records."""
    record_id = org.product.Lead.create(lead())["id"]
    path = f"composite/sobjects?ids={record_id},zzz000000000001AAA&allOrNone=true"
    results: Any = org.product.restful(path, method="DELETE")
    assert [result["errors"][0]["statusCode"] for result in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "MALFORMED_ID",
    ]
    assert org.product.Lead.get(record_id)["IsDeleted"] is False


def test_an_upsert_row_without_its_key_or_of_another_type_is_refused(start_org: StartOrg) -> None:
    """Each row needs a value in the key field and the type of the path; by Id it must exist."""
    org = start_org(KEY)
    results = _send(
        org,
        "PATCH",
        "/Lead/Hub_Id__c",
        [typed("Lead", **lead()), typed("Contact", LastName="x", Hub_Id__c="1")],
    )
    by_id = _send(
        org,
        "PATCH",
        "/Lead/Id",
        [typed("Lead", **lead(Id="00Q000000000009EAA")), typed("Lead", **lead())],
    )
    codes = [
        result["errors"][0]["statusCode"] if result["errors"] else result["created"]
        for result in [*results, *by_id]
    ]
    assert codes == ["MISSING_ARGUMENT", "INVALID_TYPE", "INVALID_CROSS_REFERENCE_KEY", True]
