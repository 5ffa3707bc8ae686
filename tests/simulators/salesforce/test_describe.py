"""Describe, picklists and custom fields: the schema as a client reads it and as it changes."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceMalformedRequest

from simulators.salesforce.times import http_text
from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, lead, rows

TEXT = {"label": "Hub Id", "type": "Text", "length": 32, "unique": True, "externalId": True}


def _fields(org: LiveOrg, sobject: str) -> dict[str, dict[str, Any]]:
    return {
        field["name"]: field
        for field in org.product.restful(f"sobjects/{sobject}/describe")["fields"]
    }  # type: ignore[index]


def _make(org: LiveOrg, full_name: str, metadata: dict[str, Any]) -> tuple[int, Any]:
    answer = org.call(
        "POST", "/tooling/sobjects/CustomField", json={"FullName": full_name, "Metadata": metadata}
    )
    return answer.status_code, answer.json()


def _grant(org: LiveOrg, field: str, *, edit: bool = True) -> None:
    permission_set = org.product.PermissionSet.create({"Name": "crm", "Label": "CRM"})["id"]
    org.product.PermissionSetAssignment.create(
        {"PermissionSetId": permission_set, "AssigneeId": org.sim.integration_user_id}
    )
    org.product.FieldPermissions.create(
        {
            "ParentId": permission_set,
            "SobjectType": field.split(".", maxsplit=1)[0],
            "Field": field,
            "PermissionsRead": True,
            "PermissionsEdit": edit,
        }
    )


def test_all_objects_are_listed_with_their_prefixes(org: LiveOrg) -> None:
    """The global describe has the objects that a synchronisation needs."""
    listed = {entry["name"]: entry["keyPrefix"] for entry in org.product.describe()["sobjects"]}  # type: ignore[index]
    expected = {"Lead": "00Q", "Contact": "003", "Account": "001", "Opportunity": "006", "OpportunityContactRole": "00K", "Task": "00T",
                "User": "005", "Group": "00G", "Organization": "00D", "RecordType": "012"}  # fmt: skip
    assert {name: listed.get(name) for name in expected} == expected
    assert listed.keys() >= {
        "QueueSobject",
        "OpportunityStage",
        "PermissionSet",
        "FieldPermissions",
    }
    assert "CustomField" not in listed


def test_fields_have_types_lengths_and_rights(org: LiveOrg) -> None:
    """They are those of the Object Reference."""
    fields = _fields(org, "Lead")
    names = ("type", "length", "nillable", "createable", "updateable", "idLookup")
    assert {
        name: tuple(fields[name][key] for key in names)
        for name in ("Id", "LastName", "Email", "Name", "IsConverted", "OwnerId")
    } == {
        "Id": ("id", 18, False, False, False, True),
        "LastName": ("string", 80, False, True, True, False),
        "Email": ("email", 80, True, True, True, True),
        "Name": ("string", 121, False, False, False, False),
        "IsConverted": ("boolean", 0, False, False, False, False),
        "OwnerId": ("reference", 18, False, True, True, False),
    }
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert fields["City"]["compoundFieldName"] == "Address"


def test_an_unchanged_describe_is_304(org: LiveOrg) -> None:
    """If-Modified-Since saves the body until a field is created or granted."""
    since = {"If-Modified-Since": http_text(org.clock.now_ms())}
    with pytest.raises(SalesforceGeneralError) as caught:
        org.product.Lead.describe(headers=since)
    assert caught.value.status == 304
    org.clock.advance(5)
    _make(org, "Lead.Hub_Id__c", TEXT)
    assert "Hub_Id__c" not in {
        field["name"] for field in org.product.Lead.describe(headers=since)["fields"]
    }
    since = {"If-Modified-Since": http_text(org.clock.now_ms())}
    org.clock.advance(5)
    _grant(org, "Lead.Hub_Id__c")
    assert "Hub_Id__c" in {
        field["name"] for field in org.product.Lead.describe(headers=since)["fields"]
    }


def test_a_new_field_is_hidden_until_it_is_granted(org: LiveOrg) -> None:
    """A field created by the Tooling API is visible once a permission set grants it."""
    status, body = _make(org, "Lead.Hub_Id__c", TEXT)
    assert (status, body["success"], body["id"][:3]) == (201, True, "00N")
    assert "Hub_Id__c" not in _fields(org, "Lead")
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        org.product.query("SELECT Hub_Id__c FROM Lead")
    _grant(org, "Lead.Hub_Id__c")
    field = _fields(org, "Lead")["Hub_Id__c"]
    names = ("type", "length", "unique", "externalId", "custom", "createable", "updateable")
    assert tuple(field[name] for name in names) == ("string", 32, True, True, True, True, True)
    assert org.product.Lead.upsert("Hub_Id__c/1", lead()) == 201
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        org.person.query("SELECT Hub_Id__c FROM Lead")


def test_read_access_is_not_edit_access(org: LiveOrg) -> None:
    """A field with read access only refuses writes."""
    _make(org, "Lead.Hub_Id__c", TEXT)
    _grant(org, "Lead.Hub_Id__c", edit=False)
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.product.Lead.create(lead(Hub_Id__c="1"))


def test_new_fields_are_found_and_deleted(org: LiveOrg) -> None:
    """The Tooling API lists them by object and name; deleting one removes its column."""
    field_id = _make(org, "Contact.Hub_Id__c", TEXT)[1]["id"]
    soql = "SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = 'Contact' AND DeveloperName = 'Hub_Id'"
    found = org.product.toolingexecute(f"query?q={soql.replace(' ', '+')}")
    assert (found["size"], rows(found, "Id", "DeveloperName")) == (1, [(field_id, "Hub_Id")])
    _grant(org, "Contact.Hub_Id__c")
    assert org.call("DELETE", f"/tooling/sobjects/CustomField/{field_id}").status_code == 204
    assert "Hub_Id__c" not in _fields(org, "Contact")


@pytest.mark.parametrize(
    ("full_name", "metadata", "code"),
    [
        ("Lead.Hub_Id__c", TEXT, "DUPLICATE_DEVELOPER_NAME"),
        ("Nothing.Hub_Id__c", TEXT, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.Hub_Id", TEXT, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.Long__c", TEXT | {"length": 256}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.Nameless__c", TEXT | {"label": ""}, "FIELD_INTEGRITY_EXCEPTION"),
        (
            "Lead.Check__c",
            {"type": "Checkbox", "label": "x", "externalId": True},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
    ],
)
def test_an_impossible_field_is_refused(
    org: LiveOrg, full_name: str, metadata: dict[str, Any], code: str
) -> None:
    """Names that are taken, unknown objects and contradictory metadata are refused with 400."""
    _make(org, "Lead.Hub_Id__c", TEXT)
    status, body = _make(org, full_name, metadata)
    assert (status, body[0]["errorCode"]) == (400, code)


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"type": "Checkbox", "defaultValue": "false"}, "boolean"),
        ({"type": "Number", "precision": 5, "scale": 1}, "double"),
        ({"type": "Date"}, "date"),
        ({"type": "DateTime"}, "datetime"),
        ({"type": "LongTextArea", "length": 1000, "visibleLines": 3}, "textarea"),
        ({"type": "Picklist", "valueSet": {"restricted": True, "valueSetDefinition": {"value": [{"valueName": "A", "label": "A"}]}}},
         "picklist"),
    ],
)  # fmt: skip
def test_each_kind_of_field_can_be_created(
    org: LiveOrg, metadata: dict[str, Any], kind: str
) -> None:
    """The metadata types become describe's types."""
    assert _make(org, "Lead.Made__c", {"label": "Made"} | metadata)[0] == 201
    _grant(org, "Lead.Made__c")
    assert _fields(org, "Lead")["Made__c"]["type"] == kind


def test_fields_of_activity_appear_on_tasks(org: LiveOrg) -> None:
    """Custom fields of tasks are created on Activity."""
    assert (
        _make(org, "Activity.Event__c", {"label": "Event", "type": "Text", "length": 64})[0] == 201
    )
    _grant(org, "Activity.Event__c")
    assert "Event__c" in _fields(org, "Task")


def test_stages_depend_on_the_record_type(start_org: StartOrg) -> None:
    """The UI API returns the stages of a record type's sales process."""
    org = start_org(
        {
            "opportunity_record_types": [
                {
                    "Name": "Renewal",
                    "DeveloperName": "Renewal",
                    "stages": ["Prospecting", "Closed Won"],
                }
            ]
        }
    )
    (record_type,) = org.product.query(
        "SELECT Id FROM RecordType WHERE SobjectType = 'Opportunity'"
    )["records"]
    by_type = [
        org.product.restful(f"ui-api/object-info/Opportunity/picklist-values/{type_id}/StageName")[
            "values"
        ]  # type: ignore[index]
        for type_id in (record_type["Id"], "012000000000000AAA")
    ]
    assert [value["value"] for value in by_type[0]] == ["Prospecting", "Closed Won"]
    assert len(by_type[1]) == 10


def test_a_removed_field_is_hidden_while_the_fault_lasts(start_org: StartOrg) -> None:
    """field_removed hides a field from describe, queries and writes, and nothing else."""
    org = start_org({"custom_fields": {"Lead": [{"name": "Colour__c"}, {"name": "Size__c"}]}})
    org.faults.replace(
        [{"at": "salesforce", "kind": "field_removed", "object": "Lead", "field": "Colour__c"}]
    )
    assert {"Colour__c", "Size__c"} & _fields(org, "Lead").keys() == {"Size__c"}
    for run in (
        lambda: org.product.query("SELECT Colour__c FROM Lead"),
        lambda: org.product.Lead.create(lead(Colour__c="x")),
    ):
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
            run()
    org.faults.replace([])
    assert "Colour__c" in _fields(org, "Lead")


def test_a_grant_is_given_once_and_for_a_field_that_exists(org: LiveOrg) -> None:
    """The same permission twice is DUPLICATE_VALUE, one for a missing field is a bad picklist
    value.
    """
    _make(org, "Lead.Hub_Id__c", TEXT)
    permission_set = org.product.PermissionSet.create({"Name": "crm", "Label": "CRM"})["id"]
    row = {
        "ParentId": permission_set,
        "SobjectType": "Lead",
        "Field": "Lead.Hub_Id__c",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    answers = [
        org.call("POST", "/sobjects/FieldPermissions", json=row | more)
        for more in ({}, {}, {"Field": "Lead.Nothing__c"})
    ]
    assert [
        (a.status_code, a.json()[0]["errorCode"] if a.status_code == 400 else None) for a in answers
    ] == [
        (201, None),
        (400, "DUPLICATE_VALUE"),
        (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ]


def test_whole_metadata_is_returned_one_field_at_a_time(org: LiveOrg) -> None:
    """A tooling query for Metadata must find a single row."""
    for name in ("Hub_Id", "Other"):
        _make(org, f"Lead.{name}__c", TEXT)
    path = "/tooling/query?q=SELECT+FullName,Metadata+FROM+CustomField"
    assert org.call("GET", path).json()[0]["errorCode"] == "MALFORMED_QUERY"
    (record,) = org.call("GET", f"{path}+WHERE+DeveloperName='Other'").json()["records"]
    assert (record["FullName"], record["Metadata"]["length"]) == ("Lead.Other__c", 32)


def test_a_new_field_can_be_changed(org: LiveOrg) -> None:
    """A longer label and length take effect for describe and writes."""
    field_id = _make(org, "Lead.Hub_Id__c", TEXT)[1]["id"]
    _grant(org, "Lead.Hub_Id__c")
    changed = {"Metadata": TEXT | {"label": "Other", "length": 64}}
    assert (
        org.call("PATCH", f"/tooling/sobjects/CustomField/{field_id}", json=changed).status_code
        == 204
    )
    field = _fields(org, "Lead")["Hub_Id__c"]
    assert (field["label"], field["length"]) == ("Other", 64)


def test_fields_of_the_world_are_known_to_the_tooling_api(start_org: StartOrg) -> None:
    """Set-up finds what an administrator has created, with its metadata."""
    org = start_org(
        {
            "custom_fields": {
                "Lead": [
                    {
                        "name": "Hub_Id__c",
                        "label": "Hub Id",
                        "type": "string",
                        "length": 32,
                        "unique": True,
                    }
                ]
            }
        }
    )
    (record,) = org.call(
        "GET", "/tooling/query?q=SELECT+FullName,Metadata+FROM+CustomField"
    ).json()["records"]
    expected = {
        "label": "Hub Id",
        "type": "Text",
        "length": 32,
        "unique": True,
        "externalId": False,
        "required": False,
    }
    assert record["FullName"] == "Lead.Hub_Id__c"
    assert {name: record["Metadata"][name] for name in expected} == expected


def test_the_versions_and_resources_are_listed(org: LiveOrg) -> None:
    """The first two levels of the REST API list what is below; an unknown version is 404, a retired
    one 410.
    """
    versions = org.session().get(f"{org.base}/services/data").json()
    assert {"version": "66.0", "url": "/services/data/v66.0", "label": "Spring '26"} in versions
    assert org.call("GET", "").json()["query"] == "/services/data/v66.0/query"
    codes = [
        org.session().get(f"{org.base}/services/data/v{one}/limits").status_code
        for one in ("99.0", "1.0")
    ]
    assert codes == [404, 410]


def test_all_picklists_of_a_record_type_are_read_at_once(org: LiveOrg) -> None:
    """The UI API returns every picklist of an object; a record type of another object is 404."""
    path = "/ui-api/object-info/Lead/picklist-values"
    found = org.call("GET", f"{path}/012000000000000AAA").json()["picklistFieldValues"]
    assert (
        found["Status"]["values"][0]["value"]
        == found["Status"]["defaultValue"]["value"]
        == "Open - Not Contacted"
    )
    assert org.call("GET", f"{path}/012000000000009AAA").status_code == 404


@pytest.mark.parametrize(
    ("sobject", "account", "refusal"),
    [
        ("Contact", (), "Permission Read Contact depends on permission(s): Read Account"),
        ("Opportunity", (), "Permission Read Opportunity depends on permission(s): Read Account"),
        ("Lead", (), ""),
        ("Contact", ("Read",), ""),
        ("Account", (), ""),
    ],
)
def test_a_permission_depends_on_one_of_another_object(
    org: LiveOrg, sobject: str, account: tuple[str, ...], refusal: str
) -> None:
    """Reading contacts and opportunities requires reading accounts; a right inserted by the API
    does not add that.
    """
    made = org.call(
        "POST", "/sobjects/PermissionSet", json={"Name": "Ours", "Label": "Ours"}
    ).json()["id"]
    rights = {f"Permissions{name}": True for name in account}
    if rights:
        org.call(
            "POST",
            "/sobjects/ObjectPermissions",
            json={"ParentId": made, "SobjectType": "Account", **rights},
        )

    answer = org.call(
        "POST",
        "/sobjects/ObjectPermissions",
        json={"ParentId": made, "SobjectType": sobject, "PermissionsRead": True},
    )

    told = (
        [(one["errorCode"], one["message"]) for one in answer.json()]
        if answer.status_code == 400
        else []
    )
    assert told == ([("FIELD_INTEGRITY_EXCEPTION", refusal)] if refusal else [])


def test_every_missing_permission_is_named(org: LiveOrg) -> None:
    """Permissions of the object itself and of the other one have a sentence each."""
    made = org.call(
        "POST", "/sobjects/PermissionSet", json={"Name": "Ours", "Label": "Ours"}
    ).json()["id"]
    rights = {"PermissionsRead": True, "PermissionsDelete": True, "PermissionsViewAllRecords": True}

    answer = org.call(
        "POST",
        "/sobjects/ObjectPermissions",
        json={"ParentId": made, "SobjectType": "Contact", **rights},
    )

    assert answer.json()[0]["message"] == (
        "Permission Delete Contact depends on permission(s): Edit Contact; "
        "Permission Read Contact depends on permission(s): Read Account; "
        "Permission Read All Contact depends on permission(s): Read All Account"
    )


def test_a_hidden_field_is_hidden_from_the_integration_user_alone(start_org: StartOrg) -> None:
    """field_hidden hides a field from the product's describe and queries; people still see it."""
    org = start_org({"custom_fields": {"Lead": [{"name": "Colour__c"}]}})
    org.faults.replace(
        [{"at": "salesforce", "kind": "field_hidden", "object": "Lead", "field": "Colour__c"}]
    )
    person = org.person.Lead.describe()["fields"]  # type: ignore[index]

    assert "Colour__c" not in _fields(org, "Lead")
    assert "Colour__c" in {field["name"] for field in person}
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        org.product.query("SELECT Colour__c FROM Lead")
    assert org.person.query("SELECT Colour__c FROM Lead")["totalSize"] == 0
    org.faults.replace([])
    assert "Colour__c" in _fields(org, "Lead")
