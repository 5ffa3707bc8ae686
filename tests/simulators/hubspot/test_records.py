"""Writing and reading records: what is refused and how, and what a read returns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulators.hubspot.errors import ApiError
from tests.simulators.hubspot.running import Running, running

CONTACTS = "/crm/v3/objects/contacts"


def refusal(answer: Any) -> tuple[int, list[tuple[str, str]]]:
    """Return the status and the (property, code) pairs of a refused write."""
    text = answer.json()["message"].partition(": ")[2]
    return answer.status_code, [(row["name"], row["error"]) for row in json.loads(text)]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("nosuch", "x", "PROPERTY_DOESNT_EXIST"),
        ("email", "not an address", "INVALID_EMAIL"),
        ("lifecyclestage", "Lead", "INVALID_OPTION"),
        ("hubspot_owner_id", "1", "INVALID_OWNER_ID"),
        ("hs_email_optout", "true", "READ_ONLY_VALUE"),
        ("hs_email_domain", "example.com", "READ_ONLY_VALUE"),
        ("createdate", "2026-01-01", "READ_ONLY_VALUE"),
        ("associatedcompanyid", "1,000", "INVALID_NUMBER"),
        ("salesforcedeleted", "maybe", "INVALID_OPTION"),
        ("salesforcelastsynctime", "yesterday", "INVALID_DATE"),
    ],
)
def test_bad_values_are_refused_by_name(hubspot: Running, name: str, value: str, code: str) -> None:
    """Each bad value is named with its code and nothing is stored."""
    answer = hubspot.call("POST", CONTACTS, {"properties": {"firstname": "x", name: value}})
    assert refusal(answer) == (400, [(name, code)])
    assert hubspot.call("GET", CONTACTS).json()["results"] == []


def test_all_bad_values_are_named_together(hubspot: Running) -> None:
    """One refusal lists every bad property of the record."""
    answer = hubspot.call("POST", CONTACTS, {"properties": {"nosuch": "1", "lifecyclestage": "x"}})
    assert refusal(answer) == (
        400,
        [("nosuch", "PROPERTY_DOESNT_EXIST"), ("lifecyclestage", "INVALID_OPTION")],
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("2026-01-31", "2026-01-31"), ("1769817600000", "2026-01-31"), ("", None)],
)
def test_dates_are_stored_as_days(sent: str, kept: str | None) -> None:
    """A date is sent as a day or as midnight UTC in milliseconds."""
    day = {"name": "birthday", "type": "date", "fieldType": "date"}
    with running({"properties": {"contacts": [day]}}) as hubspot:
        contact = hubspot.create(birthday=sent)
        refused = hubspot.call(
            "PATCH", f"{CONTACTS}/{contact}", {"properties": {"birthday": "1769817600001"}}
        )
        assert hubspot.values(contact, "birthday") == {"birthday": kept}
        assert refusal(refused) == (400, [("birthday", "INVALID_DATE")])


def test_times_are_stored_in_utc(hubspot: Running) -> None:
    """A date and time is sent in ISO form with a zone or in milliseconds."""
    first = hubspot.create(salesforcelastsynctime="2026-02-03T10:00:00+02:00")
    second = hubspot.create(salesforcelastsynctime=1770105600123)
    assert hubspot.values(first, "salesforcelastsynctime") == {
        "salesforcelastsynctime": "2026-02-03T08:00:00Z"
    }
    assert hubspot.values(second, "salesforcelastsynctime") == {
        "salesforcelastsynctime": "2026-02-03T08:00:00.123Z"
    }


def test_checkboxes_are_replaced_or_appended(hubspot: Running) -> None:
    """Several options are joined by semicolons; a leading semicolon appends."""
    options = [{"label": value, "value": value} for value in ("a", "b", "c")]
    field = {
        "name": "likes",
        "label": "Likes",
        "type": "enumeration",
        "fieldType": "checkbox",
        "options": options,
    }
    hubspot.call("POST", "/crm/v3/properties/contacts", field | {"groupName": "contactinformation"})
    contact = hubspot.create(likes="a;b")
    hubspot.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {"likes": ";c"}})
    assert hubspot.values(contact, "likes") == {"likes": "a;b;c"}


def test_an_address_belongs_to_one_contact(hubspot: Running) -> None:
    """Main and additional addresses are unique in any case; only the refusal's text names the other
    contact.
    """
    holder = hubspot.create(email="one@example.com", hs_additional_emails="two@example.com")
    answers = [
        hubspot.call("POST", CONTACTS, {"properties": {"email": "TWO@example.com"}}),
        hubspot.call(
            "PATCH", f"{CONTACTS}/{hubspot.create()}", {"properties": {"email": "one@example.com"}}
        ),
    ]
    expected = f"Contact already exists. Existing ID: {holder}"
    assert [(a.status_code, a.json()["category"], a.json()["message"]) for a in answers] == [
        (409, "CONFLICT", expected)
    ] * 2


def test_an_address_is_free_again_after_deletion(hubspot: Running) -> None:
    """A contact in the recycle bin does not block its address."""
    first = hubspot.create(email="again@example.com")
    hubspot.call("DELETE", f"{CONTACTS}/{first}")
    assert hubspot.create(email="again@example.com") != first
    assert hubspot.call("DELETE", f"{CONTACTS}/{first}").status_code == 204


@pytest.mark.parametrize("taken", ["main", "other"])
def test_a_contact_is_not_restored_while_another_one_has_an_address_of_it(
    hubspot: Running, taken: str
) -> None:
    """Neither its main nor an additional address may be another contact's; it stays deleted."""
    gone = hubspot.create(email="main@example.com", hs_additional_emails="other@example.com")
    hubspot.call("DELETE", f"{CONTACTS}/{gone}")
    holder = hubspot.create(email="new@example.com", hs_additional_emails=f"{taken}@example.com")
    with pytest.raises(ApiError) as refused:
        hubspot.simulator.person({"do": "restore", "ids": [gone]})
    found = hubspot.call("GET", f"{CONTACTS}/{taken}@example.com?idProperty=email").json()["id"]
    assert (refused.value.status, found) == (409, holder)
    assert hubspot.call("GET", f"{CONTACTS}/{gone}").status_code == 404


def test_a_contact_is_found_by_any_of_its_addresses(hubspot: Running) -> None:
    """``idProperty=email`` reads by main or additional address."""
    contact = hubspot.create(email="main@example.com", hs_additional_emails="other@example.com")
    found = [
        hubspot.call("GET", f"{CONTACTS}/{key}@example.com?idProperty=email").json()["id"]
        for key in ("main", "other")
    ]
    assert found == [contact, contact]


def test_companies_share_domains_without_conflict(hubspot: Running) -> None:
    """Companies and deals never conflict by name or domain."""
    ids = {hubspot.create("companies", name="Acme", domain="acme.test") for _ in range(2)}
    assert len(ids) == 2


def test_a_unique_property_refuses_a_second_record(hubspot: Running) -> None:
    """The refusal names the record that has the value."""
    unique = {
        "name": "sf_id",
        "label": "SF",
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": True,
    }
    hubspot.call(
        "POST", "/crm/v3/properties/contacts", unique | {"groupName": "contactinformation"}
    )
    holder = hubspot.create(sf_id="003A")
    answer = hubspot.call("POST", CONTACTS, {"properties": {"sf_id": "003A"}})
    assert refusal(answer) == (400, [("sf_id", "CONFLICTING_UNIQUE_VALUE")])
    assert f"{holder} already has that value" in answer.json()["message"]


def test_a_lifecycle_stage_moves_forward_unless_cleared(hubspot: Running) -> None:
    """A step back is ignored without an error; after clearing, any stage can be set (PLT-5)."""
    contact = hubspot.create(lifecyclestage="customer")
    stages = []
    for stage in ("lead", "", "lead"):
        status = hubspot.call(
            "PATCH", f"{CONTACTS}/{contact}", {"properties": {"lifecyclestage": stage}}
        ).status_code
        stages.append((status, hubspot.values(contact, "lifecyclestage")["lifecyclestage"]))
    assert stages == [(200, "customer"), (200, None), (200, "lead")]


def test_a_read_shows_default_or_requested_properties(hubspot: Running) -> None:
    """By default a few properties are returned; on request those named and three timestamps;
    unknown names are ignored.
    """
    contact = hubspot.create(email="r@example.com", phone="1")
    default = hubspot.call("GET", f"{CONTACTS}/{contact}").json()["properties"]
    asked = hubspot.call("GET", f"{CONTACTS}/{contact}?properties=phone,nosuch").json()[
        "properties"
    ]
    assert set(default) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    }
    assert set(asked) == {"createdate", "hs_object_id", "lastmodifieddate", "phone"}


def test_the_history_shows_its_sources_newest_first(hubspot: Running) -> None:
    """Each version has its source: the product's app or a person; writing the same value adds no
    version.
    """
    contact = hubspot.create(lastname="One", person=True)
    for person, value in ((False, "Two"), (False, "Two"), (True, "")):
        hubspot.call(
            "PATCH", f"{CONTACTS}/{contact}", {"properties": {"lastname": value}}, person=person
        )
    read = hubspot.call("GET", f"{CONTACTS}/{contact}?propertiesWithHistory=lastname").json()
    versions = read["propertiesWithHistory"]["lastname"]
    app = str(hubspot.portal.app_id)
    assert [(row["value"], row["sourceType"], row["sourceId"]) for row in versions] == [
        ("", "CRM_UI", "userId:4321"),
        ("Two", "INTEGRATION", app),
        ("One", "CRM_UI", "userId:4321"),
    ]


def test_a_change_moves_the_modified_time(hubspot: Running) -> None:
    """Writing the same value does not."""
    contact = hubspot.create(lastname="Same")
    before = hubspot.values(contact, "lastmodifieddate")
    hubspot.clock.advance(10)
    hubspot.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {"lastname": "Same"}})
    unchanged = hubspot.values(contact, "lastmodifieddate")
    hubspot.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {"lastname": "Other"}})
    assert unchanged == before
    assert (
        hubspot.values(contact, "lastmodifieddate")["lastmodifieddate"] > before["lastmodifieddate"]
    )


def test_a_missing_record_is_a_page_to_readers_and_json_to_writers(hubspot: Running) -> None:
    """A single GET returns 404 with HTML, and a change returns the error envelope."""
    read = hubspot.call("GET", f"{CONTACTS}/999")
    write = hubspot.call("PATCH", f"{CONTACTS}/999", {"properties": {}})
    assert (read.status_code, read.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (write.status_code, write.json()["category"]) == (404, "OBJECT_NOT_FOUND")


def test_a_merge_redirects_both_ids_to_a_new_one(hubspot: Running) -> None:
    """The survivor has a new id, the primary's values, the other's where these are empty, and both
    addresses.
    """
    one = hubspot.create(email="one@example.com", firstname="Ann", lifecyclestage="lead")
    two = hubspot.create(
        email="two@example.com", firstname="Bea", lastname="Filled", lifecyclestage="customer"
    )
    body = {"primaryObjectId": one, "objectIdToMerge": two}
    survivor = hubspot.call("POST", f"{CONTACTS}/merge", body).json()["id"]
    names = (
        "email",
        "firstname",
        "lastname",
        "lifecyclestage",
        "hs_additional_emails",
        "hs_merged_object_ids",
    )
    assert len({one, two, survivor}) == 3
    assert hubspot.values(survivor, *names) == {
        "email": "one@example.com",
        "firstname": "Ann",
        "lastname": "Filled",
        "lifecyclestage": "customer",
        "hs_additional_emails": "two@example.com",
        "hs_merged_object_ids": f"{one};{two}",
    }
    assert [hubspot.call("GET", f"{CONTACTS}/{key}").json()["id"] for key in (one, two)] == [
        survivor,
        survivor,
    ]
    assert [row["id"] for row in hubspot.call("GET", CONTACTS).json()["results"]] == [survivor]


def test_a_privacy_deletion_of_an_unknown_address_blocks_it(hubspot: Running) -> None:
    """The address cannot be created afterwards."""
    hubspot.call(
        "POST", f"{CONTACTS}/gdpr-delete", {"objectId": "b@example.com", "idProperty": "email"}
    )
    assert (
        hubspot.call("POST", CONTACTS, {"properties": {"email": "b@example.com"}}).status_code
        == 400
    )


def test_a_promoted_address_stays_with_its_contact(hubspot: Running) -> None:
    """An additional address that becomes the main one is no longer additional, and still unique."""
    contact = hubspot.create(email="a@example.com", hs_additional_emails="b@example.com")
    hubspot.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {"email": "b@example.com"}})
    clash = hubspot.call("POST", CONTACTS, {"properties": {"email": "b@example.com"}})
    assert hubspot.values(contact, "email", "hs_additional_emails") == {
        "email": "b@example.com",
        "hs_additional_emails": None,
    }
    assert clash.status_code == 409


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_date_based_paths_are_the_same_endpoints(hubspot: Running, version: str) -> None:
    """A record written under a date-based path is read under the old one, and the reverse."""
    made = hubspot.call(
        "POST", f"/crm/objects/{version}/contacts", {"properties": {"lastname": "Dated"}}
    ).json()["id"]
    read = hubspot.call(
        "POST",
        f"/crm/objects/{version}/0-1/batch/read",
        {"inputs": [{"id": made}], "properties": []},
    )
    assert hubspot.values(made, "lastname") == {"lastname": "Dated"}
    assert [row["id"] for row in read.json()["results"]] == [made]
    paths = [
        f"/crm/properties/{version}/contacts",
        f"/crm/owners/{version}",
        f"/crm/pipelines/{version}/deals",
    ]
    paths += [f"/account-info/{version}/details", f"/crm/lists/{version}?listIds=1"]
    assert [hubspot.call("GET", path).status_code for path in paths] == [200] * 5


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_an_administrators_rules_apply_from_one_version_on(version: str) -> None:
    """Older paths ignore them; from /2026-09/ on, a write that leaves a required property blank is
    refused by its name.
    """
    rules = [
        {"object": "contacts", "property": "jobtitle", "rule": {"when": "city", "is": "Graz"}},
        {"object": "contacts", "property": "phone", "rule": "required"},
    ]
    with running({"portal_id": 1, "write_rules": rules}) as started:
        contact = started.create(email="rules@example.com", phone="1")
        path = (
            f"/crm/v3/objects/contacts/{contact}"
            if version == "v3"
            else f"/crm/objects/{version}/contacts/{contact}"
        )
        answers = [
            started.call("PATCH", path, {"properties": properties})
            for properties in (
                {"firstname": "Ada"},
                {"city": "Graz"},
                {"city": "Graz", "jobtitle": "Dr"},
                {"phone": ""},
            )
        ]
    told = [
        [one["context"]["propertyName"] for one in answer.json().get("errors", ())]
        for answer in answers
    ]
    held = version == "2026-09"
    assert [answer.status_code for answer in answers] == [
        200,
        400 if held else 200,
        200,
        400 if held else 200,
    ]
    assert told == [[], [["jobtitle"]] if held else [], [], [["phone"]] if held else []]
