"""Batches: limits, partial success, repeated rows, and upserts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulators.hubspot.running import Running, running

BATCH = "/crm/v3/objects/contacts/batch"
UNIQUE = {"name": "sf_id", "label": "SF", "type": "string", "hasUniqueValue": True}


@pytest.fixture
def hubspot() -> Iterator[Running]:
    """A portal with a unique contact property."""
    with running({"properties": {"contacts": [UNIQUE]}}) as started:
        yield started


def rows(*addresses: str, traced: bool) -> list[dict[str, Any]]:
    """Return create inputs, with trace ids or without."""
    traces = [
        {"objectWriteTraceId": f"t{place}"} if traced else {} for place in range(len(addresses))
    ]
    return [
        {"properties": {"email": text}} | trace
        for text, trace in zip(addresses, traces, strict=True)
    ]


def test_without_trace_ids_one_clash_refuses_all_and_is_the_first(hubspot: Running) -> None:
    """The batch is refused with 409 and the first clash only, and nothing is stored."""
    one, _two = hubspot.create(email="one@example.com"), hubspot.create(email="two@example.com")
    inputs = rows("new@example.com", "one@example.com", "two@example.com", traced=False)
    answer = hubspot.call("POST", f"{BATCH}/create", {"inputs": inputs})
    assert (answer.status_code, answer.json()["message"]) == (
        409,
        f"Contact already exists. Existing ID: {one}",
    )
    assert len(hubspot.call("GET", "/crm/v3/objects/contacts").json()["results"]) == 2


def test_with_trace_ids_each_row_succeeds_or_fails_by_itself(hubspot: Running) -> None:
    """A 207 stores the good rows and names the bad ones by their trace ids."""
    one = hubspot.create(email="one@example.com")
    inputs = rows("new@example.com", "one@example.com", "bad", traced=True)
    answer = hubspot.call("POST", f"{BATCH}/create", {"inputs": inputs})
    body = answer.json()
    assert (answer.status_code, body["numErrors"]) == (207, 2)
    assert [row["objectWriteTraceId"] for row in body["results"]] == ["t0"]
    assert [(row["category"], row["context"]["objectWriteTraceId"]) for row in body["errors"]] == [
        ("CONFLICT", ["t1"]),
        ("VALIDATION_ERROR", ["t2"]),
    ]
    assert body["errors"][0]["message"].endswith(one)


def test_one_address_twice_in_a_batch_is_a_conflict(hubspot: Running) -> None:
    """Without trace ids both rows are refused, with them only the second."""
    twins = ("x@example.com", "X@example.com")
    refused = hubspot.call("POST", f"{BATCH}/create", {"inputs": rows(*twins, traced=False)})
    partial = hubspot.call("POST", f"{BATCH}/create", {"inputs": rows(*twins, traced=True)})
    assert refused.status_code == 409
    assert (partial.status_code, [r["objectWriteTraceId"] for r in partial.json()["results"]]) == (
        207,
        ["t0"],
    )


def test_equal_trace_ids_count_as_none(hubspot: Running) -> None:
    """Partial success needs a different trace id on every row."""
    inputs = [
        {"properties": {"email": text}, "objectWriteTraceId": "t"}
        for text in ("ok@example.com", "bad")
    ]
    assert hubspot.call("POST", f"{BATCH}/create", {"inputs": inputs}).status_code == 400


def test_a_batch_of_updates_names_missing_ids(hubspot: Running) -> None:
    """Missing ids are rows of the 207 even without trace ids; the rest is stored."""
    contact = hubspot.create(email="u@example.com")
    inputs = [{"id": key, "properties": {"firstname": "New"}} for key in (contact, "999")]
    answer = hubspot.call("POST", f"{BATCH}/update", {"inputs": inputs})
    assert (answer.status_code, answer.json()["errors"][0]["context"]) == (207, {"ids": ["999"]})
    assert hubspot.values(contact, "firstname") == {"firstname": "New"}


def test_one_id_twice_in_a_batch_is_refused(hubspot: Running) -> None:
    """Updates and upserts with the same record twice are refused as a whole."""
    contact = hubspot.create(sf_id="003A")
    twice = [{"id": contact, "properties": {}}] * 2
    upsert = [{"id": "003A", "idProperty": "sf_id", "properties": {}}] * 2
    answers = [
        hubspot.call("POST", f"{BATCH}/update", {"inputs": twice}),
        hubspot.call("POST", f"{BATCH}/upsert", {"inputs": upsert}),
    ]
    assert [(a.status_code, "Duplicate IDs" in a.json()["message"]) for a in answers] == [
        (400, True)
    ] * 2


@pytest.mark.parametrize("verb", ["update", "upsert"])
def test_a_non_unique_id_property_is_refused(hubspot: Running, verb: str) -> None:
    """Updating or upserting by a property that is not unique is refused with HubSpot's sentence."""
    inputs = [{"id": "x", "idProperty": "lastname", "properties": {}}]
    answer = hubspot.call("POST", f"{BATCH}/{verb}", {"inputs": inputs})
    expected = "Unable to perform update/upsert by non-unique 0-1 property"
    assert (answer.status_code, answer.json()["message"]) == (400, expected)


def test_updates_by_a_unique_property_find_the_record(hubspot: Running) -> None:
    """``idProperty`` in an update input names a unique property."""
    contact = hubspot.create(sf_id="003A")
    inputs = [{"id": "003A", "idProperty": "sf_id", "properties": {"lastname": "Found"}}]
    assert (
        hubspot.call("POST", f"{BATCH}/update", {"inputs": inputs}).json()["results"][0]["id"]
        == contact
    )


def test_an_upsert_by_address_is_all_or_nothing(hubspot: Running) -> None:
    """Trace ids do not help if the key is the e-mail address."""
    inputs = [
        {
            "id": key,
            "idProperty": "email",
            "properties": {"lifecyclestage": stage},
            "objectWriteTraceId": key,
        }
        for key, stage in (("a@example.com", "lead"), ("b@example.com", "nosuch"))
    ]
    assert hubspot.call("POST", f"{BATCH}/upsert", {"inputs": inputs}).status_code == 400
    assert hubspot.call("GET", "/crm/v3/objects/contacts").json()["results"] == []


def test_an_upsert_by_a_unique_property_may_partly_succeed(hubspot: Running) -> None:
    """With trace ids the rows of an upsert succeed or fail by themselves; the response says which
    records are new.
    """
    known = hubspot.create(sf_id="A", email="taken@example.com")
    inputs = [
        {"id": key, "idProperty": "sf_id", "properties": properties, "objectWriteTraceId": key}
        for key, properties in (
            ("A", {"lastname": "Known"}),
            ("B", {}),
            ("C", {"email": "taken@example.com"}),
        )
    ]
    answer = hubspot.call("POST", f"{BATCH}/upsert", {"inputs": inputs})
    new = {row["objectWriteTraceId"]: row["new"] for row in answer.json()["results"]}
    assert (answer.status_code, new) == (207, {"A": False, "B": True})
    assert answer.json()["errors"][0]["message"] == f"Contact already exists. Existing ID: {known}"


@pytest.mark.parametrize(
    ("count", "history", "status"), [(100, [], 207), (101, [], 400), (51, ["email"], 400)]
)
def test_batches_have_limits(hubspot: Running, count: int, history: list[str], status: int) -> None:
    """A batch has at most a hundred inputs, or fifty with histories."""
    inputs = [{"id": str(number)} for number in range(1, count + 1)]
    body = {"inputs": inputs, "properties": [], "propertiesWithHistory": history}
    assert hubspot.call("POST", f"{BATCH}/read", body).status_code == status


def test_a_batch_read_finds_by_address_and_in_the_bin(hubspot: Running) -> None:
    """It finds records by e-mail address, and archived records on request."""
    contact = hubspot.create(email="read@example.com")
    by_address = {"inputs": [{"id": "READ@example.com"}], "idProperty": "email", "properties": []}
    by_id = {"inputs": [{"id": contact}], "properties": []}
    found = hubspot.call("POST", f"{BATCH}/read", by_address)
    hubspot.call("POST", f"{BATCH}/archive", {"inputs": [{"id": contact}, {"id": "999"}]})
    gone, in_bin = (
        hubspot.call("POST", f"{BATCH}/read{query}", by_id) for query in ("", "?archived=true")
    )
    assert [row["id"] for row in found.json()["results"]] == [contact]
    assert (gone.status_code, [row["archived"] for row in in_bin.json()["results"]]) == (
        207,
        [True],
    )


def test_a_record_can_be_created_with_its_associations(hubspot: Running) -> None:
    """A contact is created together with its company association; the first company becomes
    primary.
    """
    company = hubspot.create("companies", name="Acme")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    row = {
        "properties": {"lastname": "Born"},
        "associations": [{"to": {"id": company}, "types": types}],
    }
    made = hubspot.call("POST", f"{BATCH}/create", {"inputs": [row]}).json()["results"][0]["id"]
    read = hubspot.call(
        "GET",
        f"/crm/v3/objects/contacts/{made}?associations=companies&properties=associatedcompanyid",
    )
    assert read.json()["properties"]["associatedcompanyid"] == company
    assert read.json()["associations"]["companies"]["results"] == [
        {"id": company, "type": "contact_to_company_primary"},
        {"id": company, "type": "contact_to_company"},
    ]


def test_an_input_without_its_parts_is_refused(hubspot: Running) -> None:
    """Missing inputs, malformed inputs and invalid JSON are refused with 400."""
    bodies: list[Any] = [{}, {"inputs": []}, {"inputs": [1]}, {"inputs": [{"id": "1"}]}, []]
    assert {hubspot.call("POST", f"{BATCH}/update", body).status_code for body in bodies} == {400}
