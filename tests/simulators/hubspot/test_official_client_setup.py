"""The official client, unchanged, against what an administrator sets up; every exchange is checked
against HubSpot's API documents.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.hubspot.running import Running


@pytest.fixture
def hubspot(documented: Running) -> Running:
    """A set-up portal whose exchanges must agree with the documents."""
    return documented


def test_properties_are_defined_read_and_archived(hubspot: Running) -> None:
    """Definitions and groups use the properties API."""
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
    batch = crm.batch_api.read(
        "contacts", {"archived": False, "inputs": [{"name": "sync_state"}, {"name": "email"}]}
    )
    crm.core_api.archive("contacts", "sync_state")
    names = {row.name for row in crm.core_api.get_all("contacts").results}
    assert (made.options[0].value, changed.label) == ("on", "Sync state")
    assert {row.name for row in batch.results} == {"sync_state", "email"}
    assert "sync_state" not in names
    assert {group.name for group in crm.groups_api.get_all("contacts").results} >= {
        "sync",
        "contactinformation",
    }


def test_owners_are_listed_and_found(hubspot: Running) -> None:
    """Owners are found by page, by e-mail address in any case, and by both ids."""
    api = hubspot.sdk().crm.owners.owners_api
    olga = api.get_page(email="OLGA@example.com").results[0]
    assert [row.email for row in api.get_page(limit=1).results] == ["olga@example.com"]
    assert api.get_by_id(int(olga.id)).email == "olga@example.com"
    assert api.get_by_id(olga.user_id, id_property="userId").id == olga.id


def test_associations_are_made_listed_and_removed(hubspot: Running) -> None:
    """Associations v4 work for one pair and in batches; the first company becomes primary."""
    api = hubspot.sdk().crm.associations.v4
    contact, company = (
        hubspot.create(email="a@example.com"),
        hubspot.create("companies", name="Acme"),
    )
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
    assert [
        (row.to_object_id, sorted(kind.type_id for kind in row.association_types))
        for row in page.results
    ] == [(company, [1, 279])]
    assert [(row._from.id, [to.to_object_id for to in row.to]) for row in batch.results] == [
        (company, [contact])
    ]
    assert labelled.results[0].to_object_id in {company, int(company)}
    assert api.basic_api.get_page("contacts", contact, "companies").results == []


def test_members_are_added_listed_and_removed(hubspot: Running) -> None:
    """A manual list has its id from the world; memberships are read both ways."""
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
    """A deal pipeline gets further stages; whether one is closed is derived from its
    probability.
    """
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
    assert {row.label for row in api.pipelines_api.get_all("deals").results} == {
        "Sales Pipeline",
        "New",
    }


def test_an_address_is_unsubscribed_and_cannot_be_subscribed_again(hubspot: Running) -> None:
    """Communication preferences v3 show and set an opt-out, and refuse to undo it."""
    prefs = hubspot.sdk().communication_preferences
    definition = prefs.definition_api.get_page().subscription_definitions[0]
    change = {"emailAddress": "u@example.com", "subscriptionId": definition.id}
    prefs.status_api.unsubscribe(change)
    status = prefs.status_api.get_email_status("u@example.com")
    assert {row.id: row.status for row in status.subscription_statuses}[
        definition.id
    ] == "NOT_SUBSCRIBED"
    with pytest.raises(Exception, match="400"):
        prefs.status_api.subscribe(change)


def test_the_statuses_of_v4_are_as_documented(hubspot: Running) -> None:
    """Unsubscribing from everything and reading it back works singly and in batches, by plain
    requests.
    """
    base = "/communication-preferences/v4/statuses"
    out = hubspot.call("POST", f"{base}/v@example.com/unsubscribe-all?channel=EMAIL&verbose=true")
    read = hubspot.call("GET", f"{base}/v@example.com/unsubscribe-all?channel=EMAIL")
    batch = hubspot.call(
        "POST", f"{base}/batch/unsubscribe-all/read?channel=EMAIL", {"inputs": ["v@example.com"]}
    )
    each = hubspot.call("POST", f"{base}/batch/read?channel=EMAIL", {"inputs": ["v@example.com"]})
    assert {row["status"] for row in out.json()["results"]} == {"UNSUBSCRIBED"}
    assert [row["status"] for row in read.json()["results"]] == ["UNSUBSCRIBED"]
    assert batch.json()["results"][0]["wideStatuses"][0]["wideStatusType"] == "PORTAL_WIDE"
    assert {row["status"] for row in each.json()["results"][0]["statuses"]} == {"UNSUBSCRIBED"}


def test_lists_are_made_found_renamed_and_restored(hubspot: Running) -> None:
    """A dynamic list goes through the whole lists API."""
    api = hubspot.sdk().crm.lists.lists_api
    operation = {
        "operationType": "NUMBER",
        "operator": "IS_GREATER_THAN",
        "value": 5,
        "includeObjectsWithNoValueSet": False,
    }
    made = api.create(
        {
            "name": "Large",
            "objectTypeId": "0-1",
            "processingType": "DYNAMIC",
            "filterBranch": _branch("associatedcompanyid", operation),
        }
    ).list
    hubspot.create(email="six@example.com", associatedcompanyid="6")
    hubspot.create(email="four@example.com", associatedcompanyid="4")
    hubspot.pass_lag()
    size = api.get_by_id(made.list_id, include_filters=True).list.size
    api.update_name(made.list_id, list_name="Larger")
    known = {
        "operationType": "ALL_PROPERTY",
        "operator": "IS_KNOWN",
        "includeObjectsWithNoValueSet": False,
    }
    refiltered = api.update_list_filters(
        made.list_id, {"filterBranch": _branch("email", known)}
    ).updated_list
    by_name = api.get_by_name("Larger", "0-1").list
    found = api.do_search({"query": "larg", "count": 20, "offset": 0, "additionalProperties": []})
    api.remove(made.list_id)
    with pytest.raises(Exception, match="404"):
        api.get_by_id(made.list_id)
    api.restore(made.list_id)
    both = api.get_all(list_ids=[made.list_id, "77"]).lists
    assert (size, refiltered.size, by_name.list_id) == (1, 2, made.list_id)
    assert ([row.name for row in found.lists], {row.name for row in both}) == (
        ["Larger"],
        {"Larger", "Chosen"},
    )


def _branch(name: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return a filter branch with one property filter, in the form that the documents demand."""
    filters = [{"filterType": "PROPERTY", "property": name, "operation": operation}]
    inner = {
        "filterBranchType": "AND",
        "filterBranchOperator": "AND",
        "filterBranches": [],
        "filters": filters,
    }
    return {
        "filterBranchType": "OR",
        "filterBranchOperator": "OR",
        "filterBranches": [inner],
        "filters": [],
    }


def test_members_move_between_lists(hubspot: Running) -> None:
    """Members are added and removed at once, from another list, and all together."""
    api = hubspot.sdk().crm.lists
    one, two = hubspot.create(email="1@example.com"), hubspot.create(email="2@example.com")
    other = api.lists_api.create(
        {"name": "Other", "objectTypeId": "0-1", "processingType": "MANUAL"}
    ).list.list_id
    api.memberships_api.add("77", [one])
    changed = api.memberships_api.add_and_remove(
        "77", {"recordIdsToAdd": [two], "recordIdsToRemove": [one]}
    )
    api.memberships_api.add_all_from_list(other, "77")
    copied = [
        row.record_id
        for row in api.memberships_api.get_page_ordered_by_added_to_list_date(other).results
    ]
    api.memberships_api.remove_all(other)
    mapped = api.mapping_api.translate_legacy_list_id_to_list_id(legacy_list_id="77").list_id
    many = api.mapping_api.translate_legacy_list_id_to_list_id_batch(["77", "9"])
    assert (changed.records_ids_added, changed.record_ids_removed, copied) == ([two], [one], [two])
    assert api.memberships_api.get_page(other).results == []
    assert (mapped, many.missing_legacy_list_ids) == ("77", ["9"])


def test_associations_are_made_plain_and_archived_in_batches(hubspot: Running) -> None:
    """Batches create and archive plain associations; missing records are error rows."""
    api = hubspot.sdk().crm.associations.v4.batch_api
    contact, company = (
        hubspot.create(email="b@example.com"),
        hubspot.create("companies", name="Acme"),
    )
    pairs = [{"from": {"id": contact}, "to": {"id": to_id}} for to_id in (company, "999")]
    made = api.create_default("contacts", "companies", {"inputs": pairs})
    before = api.get_page("contacts", "companies", {"inputs": [{"id": contact}]})
    api.archive(
        "contacts", "companies", {"inputs": [{"from": {"id": contact}, "to": [{"id": company}]}]}
    )
    after = api.get_page("contacts", "companies", {"inputs": [{"id": contact}]})
    types = {row.association_spec.association_type_id for row in made.results}
    assert (types, made.num_errors, len(before.results), after.results) == ({1, 279}, 1, 1, [])


def test_a_pipeline_is_replaced_renamed_and_deleted(hubspot: Running) -> None:
    """PUT replaces all stages, PATCH changes the label, DELETE deletes the pipeline."""
    api = hubspot.sdk().crm.pipelines
    stage = {"label": "Only", "displayOrder": 0, "metadata": {"probability": "0.5"}}
    made = api.pipelines_api.create(
        "deals", {"label": "Short", "displayOrder": 1, "stages": [stage]}
    )
    replaced = api.pipelines_api.replace(
        "deals",
        made.id,
        {"label": "Short", "displayOrder": 1, "stages": [stage | {"label": "New"}]},
    )
    renamed = api.pipelines_api.update("deals", made.id, {"label": "Shorter"})
    new = replaced.stages[0]
    changed = api.pipeline_stages_api.update(
        "deals", made.id, new.id, {"metadata": {"probability": "1.0"}}
    )
    api.pipeline_stages_api.archive("deals", made.id, new.id)
    left = api.pipeline_stages_api.get_all("deals", made.id).results
    api.pipelines_api.archive("deals", made.id)
    assert (
        [row.label for row in replaced.stages],
        renamed.label,
        changed.metadata["isClosed"],
    ) == (
        ["New"],
        "Shorter",
        "true",
    )
    assert (left, [row.label for row in api.pipelines_api.get_all("deals").results]) == (
        [],
        ["Sales Pipeline"],
    )


def test_single_statuses_are_written_and_resubscribe(hubspot: Running) -> None:
    """v4 sets one subscription; subscribing to one ends the unsubscription from everything
    (PLT-3).
    """
    base = "/communication-preferences/v4/statuses"
    contact = hubspot.create(email="s@example.com")
    definitions = hubspot.call("GET", "/communication-preferences/v4/definitions").json()["results"]
    change = {
        "channel": "EMAIL",
        "subscriptionId": int(definitions[0]["id"]),
        "statusState": "SUBSCRIBED",
    }
    out = hubspot.call(
        "POST", f"{base}/batch/unsubscribe-all?channel=EMAIL", {"inputs": ["s@example.com"]}
    )
    back = hubspot.call("POST", f"{base}/s@example.com", change)
    batch = hubspot.call(
        "POST",
        f"{base}/batch/write",
        {"inputs": [change | {"subscriberIdString": "t@example.com"}]},
    )
    read = hubspot.call("GET", f"{base}/s@example.com?channel=EMAIL").json()["results"]
    assert [answer.status_code for answer in (out, back, batch)] == [200] * 3
    assert {row["status"] for row in read} == {"SUBSCRIBED", "UNSUBSCRIBED"}
    assert hubspot.values(contact, "hs_email_optout") == {"hs_email_optout": "false"}
