"""What recordings of real accounts show beyond the documents: defaults, names in any case,
responses without empty parts.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.hubspot.running import Running, running


@pytest.mark.parametrize(
    ("kind", "properties"), [("contacts", {"email": "l@example.com"}), ("companies", {"name": "A"})]
)
def test_a_new_contact_or_company_is_a_lead(
    hubspot: Running, kind: str, properties: dict[str, str]
) -> None:
    """The default lifecycle stage can be overridden."""
    made = hubspot.create(kind, **properties)
    told = hubspot.create(
        kind,
        **(properties | {"email": "c@example.com"} if kind == "contacts" else properties),
        lifecyclestage="customer",
    )
    assert [
        hubspot.values(one, "lifecyclestage", kind=kind)["lifecyclestage"] for one in (made, told)
    ] == [
        "lead",
        "customer",
    ]


def test_a_company_gets_its_website_from_its_domain(hubspot: Running) -> None:
    """An existing website stays."""
    plain = hubspot.create("companies", domain="example.com")
    own = hubspot.create("companies", domain="example.com", website="https://www.example.com/en")
    shown = [hubspot.values(one, "website", kind="companies")["website"] for one in (plain, own)]
    assert shown == ["example.com", "https://www.example.com/en"]


def test_the_response_to_a_write_has_what_was_written_and_no_empty_properties(
    hubspot: Running,
) -> None:
    """It has neither the default properties of a read nor nulls."""
    made = hubspot.call(
        "POST", "/crm/v3/objects/contacts", {"properties": {"email": "w@example.com"}}
    ).json()
    changed = hubspot.call(
        "PATCH", f"/crm/v3/objects/contacts/{made['id']}", {"properties": {"phone": "1"}}
    ).json()
    assert {"email", "lifecyclestage", "hs_object_source"} <= set(made["properties"])
    assert (None in made["properties"].values(), "firstname" in made["properties"]) == (
        False,
        False,
    )
    assert ("phone" in changed["properties"], "email" in changed["properties"]) == (True, False)


@pytest.mark.parametrize("name", ["Contact", "CONTACTS", "contacts", "0-1"])
def test_type_names_are_known_in_any_case(hubspot: Running, name: str) -> None:
    """Recorded paths have them in several spellings."""
    assert hubspot.call("GET", f"/crm/v3/objects/{name}").status_code == 200


def test_an_unknown_property_refuses_the_whole_batch(hubspot: Running) -> None:
    """Nothing is stored, even if each row has a trace id."""
    inputs: list[dict[str, Any]] = [
        {"properties": {"email": "a@example.com"}, "objectWriteTraceId": "a"},
        {"properties": {"email": "b@example.com", "nonsense": "1"}, "objectWriteTraceId": "b"},
    ]
    answer = hubspot.call("POST", "/crm/v3/objects/contacts/batch/create", {"inputs": inputs})
    assert (answer.status_code, "PROPERTY_DOESNT_EXIST" in answer.json()["message"]) == (400, True)
    assert hubspot.call("GET", "/crm/v3/objects/contacts").json()["results"] == []


def test_an_existing_property_is_refused_in_a_batchs_own_words(hubspot: Running) -> None:
    """A single create is refused with 409 CONFLICT; in a batch it is a row of another category."""
    row = {
        "name": "colour",
        "label": "Colour",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
    }
    first = hubspot.call("POST", "/crm/v3/properties/contacts", row)
    second = hubspot.call("POST", "/crm/v3/properties/contacts", row)
    (error,) = hubspot.call(
        "POST", "/crm/v3/properties/contacts/batch/create", {"inputs": [row]}
    ).json()["errors"]
    assert (first.status_code, second.status_code, second.json()["category"]) == (
        201,
        409,
        "CONFLICT",
    )
    assert (error["category"], error["subCategory"]) == (
        "OBJECT_ALREADY_EXISTS",
        "Properties.PROPERTY_WITH_NAME_EXISTS",
    )


def test_an_account_without_custom_objects_has_an_empty_list_of_them(hubspot: Running) -> None:
    """Connectors request it first."""
    answer = hubspot.call("GET", "/crm/v3/schemas")
    assert (answer.status_code, answer.json()) == (200, {"results": []})


def test_membership_responses_leave_out_what_is_empty() -> None:
    """Empty arrays are left out, and so are ids that were no members; records in place of ids are
    refused.
    """
    with running(
        {"lists": [{"listId": "77", "name": "Chosen", "processingType": "MANUAL"}]}
    ) as hubspot:
        one, two = hubspot.create(email="1@example.com"), hubspot.create(email="2@example.com")
        path = "/crm/v3/lists/77/memberships"
        told = [
            hubspot.call("PUT", f"{path}/add", [one]).json(),
            hubspot.call("PUT", f"{path}/remove", [two]).json(),
            hubspot.call("PUT", f"{path}/remove", [one]).json(),
        ]
        assert told == [
            {"recordsIdsAdded": [one]},
            {"recordIdsMissing": [two]},
            {"recordIdsRemoved": [one]},
        ]
        assert hubspot.call("PUT", f"{path}/add", [{"id": one}]).status_code == 400


def test_every_app_sees_the_rate_limits(hubspot: Running) -> None:
    """The headers are not only in the product's responses."""
    headers = hubspot.call("GET", "/crm/v3/objects/contacts", person=True).headers
    assert headers["X-HubSpot-RateLimit-Remaining"] == headers["X-HubSpot-RateLimit-Max"]
