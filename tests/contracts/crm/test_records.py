"""What every CRM does behind the port, in every implementation."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from crmsync.errors import Conflict, Gone, Refused
from crmsync.model.effects import UpdateRecord
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from tests.contracts.crm.backend import Backend


def test_a_record_has_exactly_the_requested_fields(backend: Backend) -> None:
    """Blank fields are None, and there are no others."""
    ada = backend.add("ada")
    names = backend.names

    records = backend.crm.read([ada], {names.object: [names.last, names.phone]})

    assert {ref: dict(record.fields) for ref, record in records.items()} == {
        ada: {names.last: "Ada", names.phone: None}
    }


def test_missing_and_deleted_records_are_left_out(backend: Backend) -> None:
    """The other records of the batch are returned."""
    ada, nobody = backend.add("ada"), backend.deleted_record()

    assert list(backend.crm.read([nobody, ada], {backend.names.object: []})) == [ada]


def test_a_record_named_twice_is_read_once(backend: Backend) -> None:
    """Vendors refuse the same id twice in a call."""
    ada = backend.add("ada")

    assert list(backend.crm.read([ada, ada], {backend.names.object: []})) == [ada]


def test_times_are_utc_and_the_last_change_is_not_older_than_the_record(backend: Backend) -> None:
    """Times can be compared between the sides."""
    ada = backend.add("ada")

    record = backend.crm.read([ada], {backend.names.object: []})[ada]

    assert (record.created_at.utcoffset(), record.modified_at.utcoffset()) == (
        timedelta(0),
        UTC.utcoffset(None),
    )
    assert record.created_at <= record.modified_at


def test_an_address_is_found_in_any_case_as_soon_as_the_record_is_created(
    backend: Backend,
) -> None:
    """The search does not use an index that lags."""
    ada = backend.add("ada")
    names = backend.names

    found = backend.crm.find(
        [backend.address("ada").upper(), backend.address("bob")], {names.object: [names.last]}
    )

    assert [(record.ref, dict(record.fields)) for record in found] == [(ada, {names.last: "Ada"})]


def test_an_address_with_a_quote_is_found(backend: Backend) -> None:
    """An address cannot inject a query."""
    obrien = backend.add("o'brien")
    backend.add("ada")
    hostile = [
        "') OR Name != ('",
        "x' OR Email LIKE '%",
        "a\\",
        '"@example.com',
        "null\x00@example.com",
        "",
        " ",
    ]

    found = backend.crm.find([*hostile, backend.address("o'brien")], {backend.names.object: []})

    assert [record.ref for record in found] == [obrien]


def test_all_records_with_the_address_are_found(salesforce: Backend) -> None:
    """Salesforce allows several leads and contacts with one address."""
    lead = salesforce.add("ada")
    contact = salesforce.person.add(
        "Contact", {"LastName": "Ada", "Email": salesforce.address("ada")}
    )
    salesforce.made.append(contact)

    found = salesforce.crm.find(
        [salesforce.address("ada")], {"Lead": ["LastName"], "Contact": ["LastName"]}
    )

    assert {record.ref: record.fields["LastName"] for record in found} == {
        lead: "Ada",
        contact: "Ada",
    }


def test_records_are_created_with_outcomes_in_order(backend: Backend) -> None:
    """Outcome n belongs to effect n, whatever the order of the response."""
    names = ["ada", "bob", "cleo", "dan"]

    outcomes = backend.crm.create([backend.creation(name) for name in names])

    records = backend.crm.read(
        [one.ref for one in outcomes], {backend.names.object: [backend.names.last]}
    )
    assert [records[one.ref].fields[backend.names.last] for one in outcomes] == [
        name.title() for name in names
    ]


def test_creating_a_record_twice_creates_it_once(backend: Backend) -> None:
    """A repeated call is a conflict and writes nothing. HubSpot may not say with which record."""
    [first] = backend.crm.create([backend.creation("ada")])
    again = backend.creation("ada", phone="+49 731 1", email=backend.address("augusta"))
    [second, other] = backend.crm.create([again, backend.creation("bob")])

    assert (type(second), type(other)) == (Conflict, Written)
    assert second.existing in {first.ref.id, "" if backend.names.side is Side.HUBSPOT else None}
    assert backend.shown(first.ref, "phone", "last") == [None, "Ada"]


def test_a_record_is_found_by_its_key(backend: Backend) -> None:
    """So an earlier creation whose outcome is unknown is not repeated."""
    ada = backend.creation("ada")
    [made] = backend.crm.create([ada])

    assert backend.crm.made_by({backend.names.object: [ada.key, backend.creation("bob").key]}) == {
        ada.key: made.ref
    }


def test_a_deleted_record_is_found_by_its_key_until_there_is_another(salesforce: Backend) -> None:
    """Its key is free for another record, which is then the one that is found."""
    ada = salesforce.creation("ada")
    keys = {"Lead": [ada.key]}
    [first] = salesforce.crm.create([ada])
    salesforce.person.delete(first.ref)

    deleted = salesforce.crm.made_by(keys)
    [second] = salesforce.crm.create([ada])

    assert (deleted, salesforce.crm.made_by(keys)) == ({ada.key: first.ref}, {ada.key: second.ref})


def test_one_key_twice_in_one_call_is_one_record(backend: Backend) -> None:
    """The second one is a conflict."""
    one, two = backend.crm.create(
        [
            backend.creation("ada", first="Ada"),
            backend.creation("ada", first="Augusta", email=backend.address("augusta")),
        ]
    )

    assert (type(two), backend.shown(one.ref, "first")) == (Conflict, ["Ada"])


def test_a_refused_row_does_not_affect_the_others(backend: Backend) -> None:
    """The error names the field and does not contain the value."""
    bad = backend.creation("bob", email="nobody at all")

    outcomes = backend.crm.create([backend.creation("ada"), bad, backend.creation("cleo")])

    assert [type(one) for one in outcomes] == [Written, Refused, Written]
    assert outcomes[1].fieldname == backend.names.email
    assert "nobody" not in outcomes[1].text


def test_an_address_that_another_contact_has_is_a_conflict_that_names_it(hubspot: Backend) -> None:
    """In HubSpot an address is unique."""
    ada = hubspot.add("ada")

    made, clash, other = hubspot.crm.create(
        [hubspot.creation("bob"), hubspot.creation("ada", key="another"), hubspot.creation("cleo")]
    )

    assert (type(made), type(clash), type(other)) == (Written, Conflict, Written)
    assert clash.existing == ada.id


def test_a_contact_is_found_by_its_further_addresses(
    hubspot: Backend,
) -> None:
    """The address of a merged contact belongs to the survivor."""
    survivor = hubspot.person.merge(hubspot.add("ada"), hubspot.add("bob"))

    found = hubspot.crm.find(
        [hubspot.address("bob")], {"contact": ["email", "hs_additional_emails"]}
    )
    (clash,) = hubspot.crm.create([hubspot.creation("bob", key="another")])
    (own,) = hubspot.crm.update([hubspot.update(survivor, email=hubspot.address("bob"))])

    shown = {"email": hubspot.address("ada"), "hs_additional_emails": hubspot.address("bob")}
    assert [(record.ref, dict(record.fields)) for record in found] == [(survivor, shown)]
    assert (type(clash), clash.existing, type(own)) == (Conflict, survivor.id, Written)


def test_a_key_that_another_record_has_is_a_conflict_that_names_it(backend: Backend) -> None:
    """The key stays unique."""
    [first, second] = backend.crm.create([backend.creation("ada"), backend.creation("bob")])

    [clash] = backend.crm.update([backend.update(second.ref, key=backend.creation("ada").key)])

    assert (type(clash), clash.existing) == (Conflict, first.ref.id)


def test_an_update_writes_only_the_fields_that_it_names(backend: Backend) -> None:
    """Other fields stay, and None clears a field."""
    ada = backend.add("ada", first="Ada", phone="1")

    [outcome] = backend.crm.update([backend.update(ada, first="Augusta", phone=None)])

    assert outcome.ref == ada
    assert backend.shown(ada, "first", "phone", "last") == ["Augusta", None, "Ada"]


def test_updates_have_outcomes_in_order_and_a_missing_record_is_gone(backend: Backend) -> None:
    """The other rows are written."""
    bob, nobody, ada = backend.add("bob"), backend.deleted_record(), backend.add("ada")

    outcomes = backend.crm.update([backend.update(ref, phone="7") for ref in (bob, nobody, ada)])

    assert [type(one) for one in outcomes] == [Written, Gone, Written]
    assert [outcomes[0].ref, outcomes[2].ref] == [bob, ada]
    assert [backend.shown(ref, "phone") for ref in (bob, ada)] == [["7"], ["7"]]


def test_one_record_twice_in_one_call_is_written_twice_in_order(backend: Backend) -> None:
    """Vendors refuse the same row twice, so there are two calls."""
    ada = backend.add("ada")

    outcomes = backend.crm.update([backend.update(ada, phone="1"), backend.update(ada, phone="2")])

    assert [one.ref for one in outcomes] == [ada, ada]
    assert backend.shown(ada, "phone") == ["2"]


def test_hubspot_returns_written_fields_and_salesforce_does_not(backend: Backend) -> None:
    """`Written.fields` has the fields as the side stores them, or nothing."""
    ada = backend.add("ada")

    [outcome] = backend.crm.update([backend.update(ada, email=backend.address("ADA"), phone=None)])

    small = {backend.names.email: backend.address("ada"), backend.names.phone: None}
    assert dict(outcome.fields) == (small if backend.names.side is Side.HUBSPOT else {})


def test_more_records_than_one_call_can_have_are_written_and_read(backend: Backend) -> None:
    """Batches are split to the size of a call, and results are in order."""
    if backend.is_live:
        pytest.skip("a real account's calls are not spent on this")
    count = 205
    outcomes = backend.crm.create([backend.creation(f"p{number}") for number in range(count)])

    records = backend.crm.read(
        [one.ref for one in outcomes], {backend.names.object: [backend.names.last]}
    )

    assert [records[one.ref].fields[backend.names.last] for one in outcomes] == [
        f"P{number}" for number in range(count)
    ]


def test_salesforce_returns_who_changed_a_record_last(salesforce: Backend) -> None:
    """That shows which changes are our own."""
    ours, theirs = salesforce.crm.create([salesforce.creation("ada"), salesforce.creation("bob")])
    salesforce.person.edit(theirs.ref, {salesforce.names.phone: "1"})

    records = salesforce.crm.read([ours.ref, theirs.ref], {"Lead": []})

    assert records[ours.ref].modified_by == salesforce.our_user
    assert records[theirs.ref].modified_by


def test_hubspot_returns_when_and_by_whom_each_property_was_set(hubspot: Backend) -> None:
    """With history every property has its origin and its former values, without it none has."""
    [made] = hubspot.crm.create([hubspot.creation("ada", phone="1")])
    hubspot.person.edit(made.ref, {"phone": "2"})
    fields = {"contact": ["lastname", "phone"]}

    record = hubspot.crm.read([made.ref], fields, history=True)[made.ref]

    assert record.fields == {"lastname": "Ada", "phone": "2"}
    assert record.origins["lastname"].at <= record.origins["phone"].at <= record.modified_at
    assert record.origins["lastname"].by.startswith("INTEGRATION")
    if hubspot.our_user:
        assert (record.origins["lastname"].by, record.origins["phone"].by.split("/")[0]) == (
            hubspot.our_user,
            "CRM_UI",
        )
    assert [one.value for one in record.past["phone"]] == ["1", "2"]
    assert [one.value for one in record.past["lastname"]] == ["Ada"]
    assert record.past["phone"][-1].at == record.origins["phone"].at
    without = hubspot.crm.read([made.ref], fields)[made.ref]
    assert (without.origins, without.past) == ({}, {})


@pytest.mark.rule("PLT-5")
def test_hubspot_does_not_set_a_lifecycle_stage_back(hubspot: Backend) -> None:
    """A write by API cannot set a contact back and returns the present backend, so an outdated worker
    does no harm.
    """
    [made] = hubspot.crm.create([hubspot.creation("ada")])
    forward, back = (
        UpdateRecord(made.ref, Side.HUBSPOT, {"lifecyclestage": one})
        for one in ("customer", "lead")
    )

    outcomes = [*hubspot.crm.update([forward]), *hubspot.crm.update([back])]

    assert [dict(one.fields) for one in outcomes] == [{"lifecyclestage": "customer"}] * 2


def test_a_required_field_that_is_missing_is_refused_by_name(salesforce: Backend) -> None:
    """The report can say which field to fill."""
    creation = salesforce.creation("ada")
    without = {name: value for name, value in creation.fields.items() if name != "Company"}

    [outcome] = salesforce.crm.create(
        [type(creation)(creation.side, "Lead", creation.key, without, creation.into)]
    )

    assert (type(outcome), outcome.code, outcome.fieldname) == (
        Refused,
        "REQUIRED_FIELD_MISSING",
        "Company",
    )


def test_an_empty_batch_does_nothing(backend: Backend) -> None:
    """An empty batch makes no call."""
    names = backend.names
    assert backend.crm.read([], {names.object: [names.last]}) == {}
    assert list(backend.crm.find([], {names.object: [names.last]})) == []
    assert (list(backend.crm.create([])), list(backend.crm.update([]))) == ([], [])


def test_invalid_ids_are_left_out(backend: Backend) -> None:
    """A person may type anything into the fields with the other side's ids."""
    ada = backend.add("ada")
    typed = [
        Ref(ada.side, ada.object, text)
        for text in ("see above", "00Q", "", "00Q000000000001AAB", "8-1", "-1", "²")
    ]

    assert list(backend.crm.read([*typed, ada], {ada.object: []})) == [ada]
