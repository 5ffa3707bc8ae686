"""The official client, unchanged, against the simulator; every exchange is held against HubSpot's API documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.hubspot import documents
from tests.local.hubspot.running import Running, running

WORLD: dict[str, Any] = {
    "owners": [
        {"email": "olga@example.com", "firstName": "Olga", "lastName": "Owner"},
        {"email": "otto@example.com", "firstName": "Otto", "lastName": "Owner"},
    ],
    "lists": [{"listId": "77", "name": "Chosen", "objectTypeId": "0-1", "processingType": "MANUAL"}],
    "properties": {"contacts": [{"name": "sf_id", "label": "SF", "type": "string", "hasUniqueValue": True}]},
}


@pytest.fixture
def hubspot() -> Iterator[Running]:
    """A set-up portal whose exchanges must agree with the documents."""
    with running(WORLD) as started:
        yield started
        if documents.is_there():
            complaints = [documents.complaint(exchange) for exchange in started.exchanges]
            assert [text for text in complaints if text] == []


def test_the_documents_are_there() -> None:
    """The API documents are at hand, so that the exchanges of this file are really checked."""
    if not documents.is_there():
        pytest.skip(f"HubSpot's API documents are not at hand ({documents.FOLDER.name}): exchanges are not checked")


def test_one_contact_is_created_read_changed_and_archived(hubspot: Running) -> None:
    """A contact's life through the basic API."""
    api = hubspot.sdk().crm.contacts.basic_api
    made = api.create({"properties": {"email": "Ada@Example.com", "firstname": "Ada"}, "associations": []})
    api.update(made.id, {"properties": {"lastname": "Example", "phone": ""}})
    read = api.get_by_id(made.id, properties=["email", "lastname", "phone"], properties_with_history=["lastname"])
    api.archive(made.id)
    gone = api.get_by_id(made.id, archived=True, properties=["email"])
    assert (made.properties["email"], made.archived) == ("ada@example.com", False)
    assert {name: read.properties[name] for name in ("email", "lastname", "phone")} == {
        "email": "ada@example.com",
        "lastname": "Example",
        "phone": None,
    }
    assert [(v.value, v.source_type, v.source_id) for v in read.properties_with_history["lastname"]] == [
        ("Example", "INTEGRATION", str(hubspot.portal.app_id))
    ]
    assert (gone.id, gone.archived) == (made.id, True)


def test_a_missing_contact_raises_not_found(hubspot: Running) -> None:
    """The client raises its own exception with status 404 for a record that does not exist."""
    with pytest.raises(Exception, match="404") as caught:
        hubspot.sdk().crm.contacts.basic_api.get_by_id("999")
    assert caught.value.status == 404


def test_pages_run_through_all_contacts(hubspot: Running) -> None:
    """Paging by cursor meets every contact once, in id order."""
    ids = [hubspot.create(email=f"p{n}@example.com") for n in range(7)]
    api = hubspot.sdk().crm.contacts.basic_api
    first = api.get_page(limit=4, properties=["email"])
    second = api.get_page(limit=4, after=first.paging.next.after)
    assert [row.id for row in [*first.results, *second.results]] == ids
    assert second.paging is None


def test_a_batch_is_created_read_changed_and_archived(hubspot: Running) -> None:
    """The batch API answers objects for 200, 201 and 207 alike; missing ids are error rows."""
    api = hubspot.sdk().crm.contacts.batch_api
    inputs = [
        {"properties": {"email": f"b{n}@example.com"}, "objectWriteTraceId": f"t{n}", "associations": []}
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
    assert [row.id for row in hubspot.sdk().crm.contacts.basic_api.get_page().results] == [ids["t0"]]


def test_an_upsert_says_what_was_new(hubspot: Running) -> None:
    """Upserting by a unique property creates once and updates afterwards."""
    api = hubspot.sdk().crm.contacts.batch_api
    row = {"idProperty": "sf_id", "id": "003A", "properties": {"lastname": "Upsert"}, "objectWriteTraceId": "k"}
    first, second = api.upsert({"inputs": [row]}), api.upsert({"inputs": [row]})
    assert [(r.results[0].new, r.results[0].id) for r in (first, second)] == [
        (True, first.results[0].id),
        (False, first.results[0].id),
    ]


def test_search_finds_what_the_index_has_seen(hubspot: Running) -> None:
    """A search with filters, sorting and chosen properties."""
    hubspot.create(email="s1@example.com", lastname="Smith")
    wanted = hubspot.create(email="s2@example.com", lastname="Sample")
    hubspot.pass_lag()
    filters = [{"propertyName": "lastname", "operator": "EQ", "value": "sample"}]
    found = hubspot.sdk().crm.contacts.search_api.do_search(
        {"filterGroups": [{"filters": filters}], "sorts": ["lastmodifieddate"], "properties": ["email"], "limit": 200}
    )
    assert (found.total, [row.id for row in found.results]) == (1, [wanted])


def test_a_merge_answers_the_survivor(hubspot: Running) -> None:
    """Merging gives a record with a new id."""
    one, two = hubspot.create(email="m1@example.com"), hubspot.create(email="m2@example.com")
    survivor = hubspot.sdk().crm.contacts.basic_api.merge({"primaryObjectId": one, "objectIdToMerge": two})
    assert survivor.properties["email"] == "m1@example.com"
    assert survivor.id not in {one, two}


def test_a_contact_is_forgotten(hubspot: Running) -> None:
    """Privacy deletion by e-mail address answers nothing and leaves nothing."""
    gone = hubspot.create(email="forget@example.com")
    hubspot.sdk().crm.contacts.basic_api.purge({"objectId": "forget@example.com", "idProperty": "email"})
    with pytest.raises(Exception, match="404"):
        hubspot.sdk().crm.contacts.basic_api.get_by_id(gone, archived=True)


def test_companies_and_deals_work_the_same(hubspot: Running) -> None:
    """The other object types are rows of the same table."""
    sdk = hubspot.sdk()
    company = sdk.crm.companies.basic_api.create(
        {"properties": {"name": "Acme", "domain": "acme.test"}, "associations": []}
    )
    deal = sdk.crm.deals.basic_api.create(
        {"properties": {"dealname": "Big", "amount": "10.50", "dealstage": "closedwon"}, "associations": []}
    )
    read = sdk.crm.deals.batch_api.read(
        {"inputs": [{"id": deal.id}], "properties": ["hs_is_closed_won", "pipeline"], "propertiesWithHistory": []}
    )
    assert company.properties["domain"] == "acme.test"
    assert {name: read.results[0].properties[name] for name in ("hs_is_closed_won", "pipeline")} == {
        "hs_is_closed_won": "true",
        "pipeline": "default",
    }


def test_properties_are_defined_read_and_archived(hubspot: Running) -> None:
    """Definitions and groups through the properties API."""
    crm = hubspot.sdk().crm.properties
    crm.groups_api.create("contacts", {"name": "sync", "label": "Sync", "displayOrder": 1})
    definition = {
        "name": "sync_state",
        "label": "State",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "sync",
        "options": [{"label": "On", "value": "on", "hidden": False, "displayOrder": 0}],
    }
    made = crm.core_api.create("contacts", definition)
    changed = crm.core_api.update("contacts", "sync_state", {"label": "Sync state"})
    batch = crm.batch_api.read("contacts", {"archived": False, "inputs": [{"name": "sync_state"}, {"name": "email"}]})
    crm.core_api.archive("contacts", "sync_state")
    names = {row.name for row in crm.core_api.get_all("contacts").results}
    assert (made.options[0].value, changed.label) == ("on", "Sync state")
    assert {row.name for row in batch.results} == {"sync_state", "email"}
    assert "sync_state" not in names
    assert {group.name for group in crm.groups_api.get_all("contacts").results} >= {"sync", "contactinformation"}


def test_owners_are_listed_and_found(hubspot: Running) -> None:
    """Owners by page, by e-mail address without case, and by both ids."""
    api = hubspot.sdk().crm.owners.owners_api
    olga = api.get_page(email="OLGA@example.com").results[0]
    assert [row.email for row in api.get_page(limit=1).results] == ["olga@example.com"]
    assert api.get_by_id(int(olga.id)).email == "olga@example.com"
    assert api.get_by_id(olga.user_id, id_property="userId").id == olga.id


def test_associations_are_made_listed_and_removed(hubspot: Running) -> None:
    """Associations v4 for one pair and in batches, with the primary company implied."""
    api = hubspot.sdk().crm.associations.v4
    contact, company = hubspot.create(email="a@example.com"), hubspot.create("companies", name="Acme")
    api.basic_api.create_default("contacts", contact, "companies", company)
    page = api.basic_api.get_page("contacts", contact, "companies", limit=500)
    batch = api.batch_api.get_page("companies", "contacts", {"inputs": [{"id": company}]})
    labelled = api.batch_api.create(
        "contacts",
        "companies",
        {
            "inputs": [
                {
                    "from": {"id": contact},
                    "to": {"id": company},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
                }
            ]
        },
    )
    api.basic_api.archive("contacts", contact, "companies", company)
    assert [(row.to_object_id, sorted(kind.type_id for kind in row.association_types)) for row in page.results] == [
        (company, [1, 279])
    ]
    assert [(row._from.id, [to.to_object_id for to in row.to]) for row in batch.results] == [(company, [contact])]
    assert labelled.results[0].to_object_id in {company, int(company)}
    assert api.basic_api.get_page("contacts", contact, "companies").results == []


def test_lists_take_and_show_members(hubspot: Running) -> None:
    """A manual list by its kept id: adding, reading both ways, removing."""
    api = hubspot.sdk().crm.lists
    contact = hubspot.create(email="l@example.com")
    added = api.memberships_api.add("77", [contact, "999"])
    members = api.memberships_api.get_page("77", limit=250)
    of_record = api.memberships_api.get_lists("0-1", contact)
    shown = api.lists_api.get_by_id("77")
    api.memberships_api.remove("77", [contact])
    assert (added.records_ids_added, added.record_ids_missing) == ([contact], ["999"])
    assert [row.record_id for row in members.results] == [contact]
    assert [row.list_id for row in of_record.results] == ["77"]
    assert (shown.list.name, shown.list.size) == ("Chosen", 1)
    assert api.memberships_api.get_page("77").results == []


def test_pipelines_are_made_and_extended(hubspot: Running) -> None:
    """A deal pipeline with stages; closed is derived from the probability."""
    api = hubspot.sdk().crm.pipelines
    stages = [
        {"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.1"}},
        {"label": "Won", "displayOrder": 1, "metadata": {"probability": "1.0"}},
    ]
    made = api.pipelines_api.create("deals", {"label": "New", "displayOrder": 1, "stages": stages})
    stage = api.pipeline_stages_api.create(
        "deals", made.id, {"label": "Lost", "displayOrder": 2, "metadata": {"probability": "0.0"}}
    )
    read = api.pipelines_api.get_by_id("deals", made.id)
    assert stage.metadata["isClosed"] == "true"
    assert [(row.label, row.metadata["isClosed"]) for row in read.stages] == [
        ("Open", "false"),
        ("Won", "true"),
        ("Lost", "true"),
    ]
    assert {row.label for row in api.pipelines_api.get_all("deals").results} == {"Sales Pipeline", "New"}


def test_an_address_is_unsubscribed_and_cannot_be_subscribed_again(hubspot: Running) -> None:
    """Communication preferences v3 show, set, and refuse to undo an opt-out."""
    prefs = hubspot.sdk().communication_preferences
    definition = prefs.definition_api.get_page().subscription_definitions[0]
    change = {"emailAddress": "u@example.com", "subscriptionId": definition.id}
    prefs.status_api.unsubscribe(change)
    status = prefs.status_api.get_email_status("u@example.com")
    assert {row.id: row.status for row in status.subscription_statuses}[definition.id] == "NOT_SUBSCRIBED"
    with pytest.raises(Exception, match="400"):
        prefs.status_api.subscribe(change)


def test_the_statuses_of_v4_answer_as_documented(hubspot: Running) -> None:
    """Unsubscribing from everything and reading it back, singly and in batches, by plain requests."""
    base = "/communication-preferences/v4/statuses"
    out = hubspot.call("POST", f"{base}/v@example.com/unsubscribe-all?channel=EMAIL&verbose=true")
    read = hubspot.call("GET", f"{base}/v@example.com/unsubscribe-all?channel=EMAIL")
    batch = hubspot.call("POST", f"{base}/batch/unsubscribe-all/read?channel=EMAIL", {"inputs": ["v@example.com"]})
    each = hubspot.call("POST", f"{base}/batch/read?channel=EMAIL", {"inputs": ["v@example.com"]})
    assert {row["status"] for row in out.json()["results"]} == {"UNSUBSCRIBED"}
    assert [row["status"] for row in read.json()["results"]] == ["UNSUBSCRIBED"]
    assert batch.json()["results"][0]["wideStatuses"][0]["wideStatusType"] == "PORTAL_WIDE"
    assert {row["status"] for row in each.json()["results"][0]["statuses"]} == {"UNSUBSCRIBED"}


def test_refusals_are_documented_envelopes(hubspot: Running) -> None:
    """Errors of each kind carry the documented envelope."""
    hubspot.create(email="taken@example.com", sf_id="1")
    answers = [
        hubspot.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "taken@example.com"}}),
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
