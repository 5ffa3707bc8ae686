"""The official client, unchanged, against the simulator's records; every exchange is checked
against HubSpot's API documents.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulators.hubspot import documents
from tests.simulators.hubspot.running import Running


@pytest.fixture
def hubspot(documented: Running) -> Running:
    """A set-up portal whose exchanges must agree with the documents."""
    return documented


def test_the_documents_are_available() -> None:
    """The exchanges of this module are really checked."""
    if not documents.is_there():
        pytest.skip(
            f"HubSpot's API documents are not at hand ({documents.FOLDER.name}): exchanges are not checked"
        )


def test_the_check_notices_what_the_documents_forbid(hubspot: Running) -> None:
    """A broken response and a broken request are reported, so the check can fail."""
    if not documents.is_there():
        pytest.skip("HubSpot's API documents are not at hand: there is nothing to check against")
    hubspot.create(email="spoil@example.com")
    (good,) = hubspot.exchanges
    spoiled = [replace(good, body=b'{"id": 5}'), replace(good, request_body=b'{"properties": 5}')]
    assert [documents.complaint(exchange) is None for exchange in (good, *spoiled)] == [
        True,
        False,
        False,
    ]


def test_one_contact_is_created_read_changed_and_archived(hubspot: Running) -> None:
    """It uses the basic API."""
    api = hubspot.sdk().crm.contacts.basic_api
    made = api.create(
        {"properties": {"email": "Ada@Example.com", "firstname": "Ada"}, "associations": []}
    )
    api.update(made.id, {"properties": {"lastname": "Example", "phone": ""}})
    read = api.get_by_id(
        made.id, properties=["email", "lastname", "phone"], properties_with_history=["lastname"]
    )
    api.archive(made.id)
    gone = api.get_by_id(made.id, archived=True, properties=["email"])
    assert (made.properties["email"], made.archived) == ("ada@example.com", False)
    assert {name: read.properties[name] for name in ("email", "lastname", "phone")} == {
        "email": "ada@example.com",
        "lastname": "Example",
        "phone": None,
    }
    assert [
        (v.value, v.source_type, v.source_id) for v in read.properties_with_history["lastname"]
    ] == [("Example", "INTEGRATION", str(hubspot.portal.app_id))]
    assert (gone.id, gone.archived) == (made.id, True)


def test_a_missing_contact_raises_not_found(hubspot: Running) -> None:
    """The client raises its own exception with status 404 for a record that does not exist."""
    with pytest.raises(Exception, match="404") as caught:
        hubspot.sdk().crm.contacts.basic_api.get_by_id("999")
    assert caught.value.status == 404


def test_pages_run_through_all_contacts(hubspot: Running) -> None:
    """Paging by cursor returns every contact once, in the order of ids."""
    ids = [hubspot.create(email=f"p{n}@example.com") for n in range(7)]
    api = hubspot.sdk().crm.contacts.basic_api
    first = api.get_page(limit=4, properties=["email"])
    second = api.get_page(limit=4, after=first.paging.next.after)
    assert [row.id for row in [*first.results, *second.results]] == ids
    assert second.paging is None


def test_a_batch_is_created_read_changed_and_archived(hubspot: Running) -> None:
    """The batch API returns objects for 200, 201 and 207 alike; missing ids are error rows."""
    api = hubspot.sdk().crm.contacts.batch_api
    inputs = [
        {
            "properties": {"email": f"b{n}@example.com"},
            "objectWriteTraceId": f"t{n}",
            "associations": [],
        }
        for n in range(3)
    ]
    made = api.create({"inputs": inputs})
    ids = {row.object_write_trace_id: row.id for row in made.results}
    changed = api.update({"inputs": [{"id": ids["t0"], "properties": {"firstname": "Bo"}}]})
    read = api.read(
        {
            "inputs": [{"id": ids["t0"]}, {"id": "999"}],
            "properties": ["firstname"],
            "propertiesWithHistory": ["firstname"],
        }
    )
    api.archive({"inputs": [{"id": ids["t1"]}, {"id": ids["t2"]}]})
    assert changed.results[0].properties["firstname"] == "Bo"
    assert [row.properties["firstname"] for row in read.results] == ["Bo"]
    assert (read.num_errors, read.errors[0].category, read.errors[0].context) == (
        1,
        "OBJECT_NOT_FOUND",
        {"ids": ["999"]},
    )
    assert [row.id for row in hubspot.sdk().crm.contacts.basic_api.get_page().results] == [
        ids["t0"]
    ]


def test_an_upsert_shows_which_records_are_new(hubspot: Running) -> None:
    """Upserting by a unique property creates once and updates afterwards."""
    api = hubspot.sdk().crm.contacts.batch_api
    row = {
        "idProperty": "sf_id",
        "id": "003A",
        "properties": {"lastname": "Upsert"},
        "objectWriteTraceId": "k",
    }
    first, second = api.upsert({"inputs": [row]}), api.upsert({"inputs": [row]})
    assert [(r.results[0].new, r.results[0].id) for r in (first, second)] == [
        (True, first.results[0].id),
        (False, first.results[0].id),
    ]


def test_search_finds_indexed_records(hubspot: Running) -> None:
    """It has filters, sorting and chosen properties."""
    hubspot.create(email="s1@example.com", lastname="Smith")
    wanted = hubspot.create(email="s2@example.com", lastname="Sample")
    hubspot.pass_lag()
    filters = [{"propertyName": "lastname", "operator": "EQ", "value": "sample"}]
    found = hubspot.sdk().crm.contacts.search_api.do_search(
        {
            "filterGroups": [{"filters": filters}],
            "sorts": ["lastmodifieddate"],
            "properties": ["email"],
            "limit": 200,
        }
    )
    assert (found.total, [row.id for row in found.results]) == (1, [wanted])


def test_a_merge_returns_the_survivor(hubspot: Running) -> None:
    """The survivor has a new id."""
    one, two = hubspot.create(email="m1@example.com"), hubspot.create(email="m2@example.com")
    survivor = hubspot.sdk().crm.contacts.basic_api.merge(
        {"primaryObjectId": one, "objectIdToMerge": two}
    )
    assert survivor.properties["email"] == "m1@example.com"
    assert survivor.id not in {one, two}


def test_a_contact_is_deleted_for_privacy(hubspot: Running) -> None:
    """A privacy deletion by e-mail address has an empty response and leaves nothing."""
    gone = hubspot.create(email="forget@example.com")
    hubspot.sdk().crm.contacts.basic_api.purge(
        {"objectId": "forget@example.com", "idProperty": "email"}
    )
    with pytest.raises(Exception, match="404"):
        hubspot.sdk().crm.contacts.basic_api.get_by_id(gone, archived=True)


def test_companies_and_deals_work_the_same(hubspot: Running) -> None:
    """Create, read and change work for the other object types, too."""
    sdk = hubspot.sdk()
    company = sdk.crm.companies.basic_api.create(
        {"properties": {"name": "Acme", "domain": "acme.test"}, "associations": []}
    )
    deal = sdk.crm.deals.basic_api.create(
        {
            "properties": {"dealname": "Big", "amount": "10.50", "dealstage": "closedwon"},
            "associations": [],
        }
    )
    read = sdk.crm.deals.batch_api.read(
        {
            "inputs": [{"id": deal.id}],
            "properties": ["hs_is_closed_won", "pipeline"],
            "propertiesWithHistory": [],
        }
    )
    assert company.properties["domain"] == "acme.test"
    assert {
        name: read.results[0].properties[name] for name in ("hs_is_closed_won", "pipeline")
    } == {
        "hs_is_closed_won": "true",
        "pipeline": "default",
    }


def test_refusals_are_documented_envelopes(hubspot: Running) -> None:
    """Errors of each kind have the documented envelope."""
    hubspot.create(email="taken@example.com", sf_id="1")
    answers = [
        hubspot.call(
            "POST", "/crm/v3/objects/contacts", {"properties": {"email": "taken@example.com"}}
        ),
        hubspot.call("POST", "/crm/v3/objects/contacts", {"properties": {"nosuch": "1"}}),
        hubspot.call("PATCH", "/crm/v3/objects/contacts/999", {"properties": {"firstname": "x"}}),
        hubspot.call("GET", "/crm/v3/owners/", token="nobody's"),
        hubspot.call("GET", "/crm/v3/properties/contacts/nosuch"),
    ]
    assert [(answer.status_code, answer.json()["category"]) for answer in answers] == [
        (409, "CONFLICT"),
        (400, "VALIDATION_ERROR"),
        (404, "OBJECT_NOT_FOUND"),
        (401, "INVALID_AUTHENTICATION"),
        (404, "OBJECT_NOT_FOUND"),
    ]
