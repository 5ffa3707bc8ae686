"""What every CRM does behind the port, in every implementation."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from crmsync.errors import Conflict, Gone, Refused
from crmsync.model.effects import UpdateRecord
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from tests.contracts.stages import Stage


def test_a_record_has_exactly_the_requested_fields(stage: Stage) -> None:
    """Blank fields are None, and there are no others."""
    ada = stage.add("ada")
    words = stage.words

    records = stage.crm.read([ada], {words.object: [words.last, words.phone]})

    assert {ref: dict(record.fields) for ref, record in records.items()} == {
        ada: {words.last: "Ada", words.phone: None}
    }


def test_missing_and_deleted_records_are_left_out(stage: Stage) -> None:
    """The other records of the batch are returned."""
    ada, nobody = stage.add("ada"), stage.nobody()

    assert list(stage.crm.read([nobody, ada], {stage.words.object: []})) == [ada]


def test_a_record_named_twice_is_read_once(stage: Stage) -> None:
    """Vendors refuse the same id twice in a call."""
    ada = stage.add("ada")

    assert list(stage.crm.read([ada, ada], {stage.words.object: []})) == [ada]


def test_times_are_utc_and_the_last_change_is_not_older_than_the_record(stage: Stage) -> None:
    """Times can be compared between the sides."""
    ada = stage.add("ada")

    record = stage.crm.read([ada], {stage.words.object: []})[ada]

    assert (record.created_at.utcoffset(), record.modified_at.utcoffset()) == (
        timedelta(0),
        UTC.utcoffset(None),
    )
    assert record.created_at <= record.modified_at


def test_an_address_is_found_in_any_case_as_soon_as_the_record_is_created(
    stage: Stage,
) -> None:
    """The search does not use an index that lags."""
    ada = stage.add("ada")
    words = stage.words

    found = stage.crm.find(
        [stage.address("ada").upper(), stage.address("bob")], {words.object: [words.last]}
    )

    assert [(record.ref, dict(record.fields)) for record in found] == [(ada, {words.last: "Ada"})]


def test_an_address_with_a_quote_is_found(stage: Stage) -> None:
    """An address cannot inject a query."""
    obrien = stage.add("o'brien")
    stage.add("ada")
    hostile = [
        "') OR Name != ('",
        "x' OR Email LIKE '%",
        "a\\",
        '"@example.com',
        "null\x00@example.com",
        "",
        " ",
    ]

    found = stage.crm.find([*hostile, stage.address("o'brien")], {stage.words.object: []})

    assert [record.ref for record in found] == [obrien]


def test_all_records_with_the_address_are_found(salesforce: Stage) -> None:
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


def test_records_are_created_with_outcomes_in_order(stage: Stage) -> None:
    """Outcome n belongs to effect n, whatever the order of the response."""
    names = ["ada", "bob", "cleo", "dan"]

    outcomes = stage.crm.create([stage.creation(name) for name in names])

    records = stage.crm.read(
        [one.ref for one in outcomes], {stage.words.object: [stage.words.last]}
    )
    assert [records[one.ref].fields[stage.words.last] for one in outcomes] == [
        name.title() for name in names
    ]


def test_creating_a_record_twice_creates_it_once(stage: Stage) -> None:
    """A repeated call finds the record by its key and writes its fields."""
    [first] = stage.crm.create([stage.creation("ada")])
    [second] = stage.crm.create([stage.creation("ada", phone="+49 731 1")])

    assert second.ref == first.ref
    assert stage.shown(first.ref, "phone", "last") == ["+49 731 1", "Ada"]


def test_a_record_is_found_by_its_key(stage: Stage) -> None:
    """So an earlier creation whose outcome is unknown is not repeated."""
    ada = stage.creation("ada")
    [made] = stage.crm.create([ada])

    assert stage.crm.made_by({stage.words.object: [ada.key, stage.creation("bob").key]}) == {
        ada.key: made.ref
    }


def test_one_key_twice_in_one_call_is_one_record(stage: Stage) -> None:
    """Vendors refuse the same key twice, so there are two calls."""
    one, two = stage.crm.create(
        [stage.creation("ada", first="Ada"), stage.creation("ada", first="Augusta")]
    )

    assert (one.ref, stage.shown(one.ref, "first")) == (two.ref, ["Augusta"])


def test_a_refused_row_does_not_affect_the_others(stage: Stage) -> None:
    """The error names the field and does not contain the value."""
    bad = stage.creation("bob", email="nobody at all")

    outcomes = stage.crm.create([stage.creation("ada"), bad, stage.creation("cleo")])

    assert [type(one) for one in outcomes] == [Written, Refused, Written]
    assert outcomes[1].fieldname == stage.words.email
    assert "nobody" not in outcomes[1].text


def test_an_address_that_another_contact_has_is_a_conflict_that_names_it(hubspot: Stage) -> None:
    """In HubSpot an address is unique."""
    ada = hubspot.add("ada")

    made, clash, other = hubspot.crm.create(
        [hubspot.creation("bob"), hubspot.creation("ada", key="another"), hubspot.creation("cleo")]
    )

    assert (type(made), type(clash), type(other)) == (Written, Conflict, Written)
    assert clash.existing == ada.id


def test_a_contact_is_found_by_its_further_addresses(
    hubspot: Stage,
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


def test_a_key_that_another_record_has_is_a_conflict_that_names_it(stage: Stage) -> None:
    """The key stays unique."""
    [first, second] = stage.crm.create([stage.creation("ada"), stage.creation("bob")])

    [clash] = stage.crm.update([stage.update(second.ref, key=stage.creation("ada").key)])

    assert (type(clash), clash.existing) == (Conflict, first.ref.id)


def test_an_update_writes_only_the_fields_that_it_names(stage: Stage) -> None:
    """Other fields stay, and None clears a field."""
    ada = stage.add("ada", first="Ada", phone="1")

    [outcome] = stage.crm.update([stage.update(ada, first="Augusta", phone=None)])

    assert outcome.ref == ada
    assert stage.shown(ada, "first", "phone", "last") == ["Augusta", None, "Ada"]


def test_updates_have_outcomes_in_order_and_a_missing_record_is_gone(stage: Stage) -> None:
    """The other rows are written."""
    bob, nobody, ada = stage.add("bob"), stage.nobody(), stage.add("ada")

    outcomes = stage.crm.update([stage.update(ref, phone="7") for ref in (bob, nobody, ada)])

    assert [type(one) for one in outcomes] == [Written, Gone, Written]
    assert [outcomes[0].ref, outcomes[2].ref] == [bob, ada]
    assert [stage.shown(ref, "phone") for ref in (bob, ada)] == [["7"], ["7"]]


def test_one_record_twice_in_one_call_is_written_twice_in_order(stage: Stage) -> None:
    """Vendors refuse the same row twice, so there are two calls."""
    ada = stage.add("ada")

    outcomes = stage.crm.update([stage.update(ada, phone="1"), stage.update(ada, phone="2")])

    assert [one.ref for one in outcomes] == [ada, ada]
    assert stage.shown(ada, "phone") == ["2"]


def test_hubspot_returns_written_fields_and_salesforce_does_not(stage: Stage) -> None:
    """`Written.fields` has the fields as the side stores them, or nothing."""
    ada = stage.add("ada")

    [outcome] = stage.crm.update([stage.update(ada, email=stage.address("ADA"), phone=None)])

    small = {stage.words.email: stage.address("ada"), stage.words.phone: None}
    assert dict(outcome.fields) == (small if stage.words.side is Side.HUBSPOT else {})


def test_more_records_than_one_call_can_have_are_written_and_read(stage: Stage) -> None:
    """Batches are split to the size of a call, and results are in order."""
    if stage.is_live:
        pytest.skip("a real account's calls are not spent on this")
    count = 205
    outcomes = stage.crm.create([stage.creation(f"p{number}") for number in range(count)])

    records = stage.crm.read(
        [one.ref for one in outcomes], {stage.words.object: [stage.words.last]}
    )

    assert [records[one.ref].fields[stage.words.last] for one in outcomes] == [
        f"P{number}" for number in range(count)
    ]


def test_salesforce_returns_who_changed_a_record_last(salesforce: Stage) -> None:
    """That shows which changes are our own."""
    ours, theirs = salesforce.crm.create([salesforce.creation("ada"), salesforce.creation("bob")])
    salesforce.person.edit(theirs.ref, {salesforce.words.phone: "1"})

    records = salesforce.crm.read([ours.ref, theirs.ref], {"Lead": []})

    assert records[ours.ref].modified_by == salesforce.by_us
    assert records[theirs.ref].modified_by


def test_hubspot_returns_when_and_by_whom_each_property_was_set(hubspot: Stage) -> None:
    """With history every property has its origin, without it none has."""
    [made] = hubspot.crm.create([hubspot.creation("ada", phone="1")])
    hubspot.person.edit(made.ref, {"phone": "2"})
    fields = {"contact": ["lastname", "phone"]}

    record = hubspot.crm.read([made.ref], fields, history=True)[made.ref]

    assert record.fields == {"lastname": "Ada", "phone": "2"}
    assert record.origins["lastname"].at <= record.origins["phone"].at <= record.modified_at
    assert record.origins["lastname"].by.startswith("INTEGRATION")
    if hubspot.by_us:
        assert (record.origins["lastname"].by, record.origins["phone"].by.split("/")[0]) == (
            hubspot.by_us,
            "CRM_UI",
        )
    assert hubspot.crm.read([made.ref], fields)[made.ref].origins == {}


@pytest.mark.rule("PLT-5")
def test_hubspot_does_not_set_a_lifecycle_stage_back(hubspot: Stage) -> None:
    """A write by API cannot set a contact back and returns the present stage, so an outdated worker
    does no harm.
    """
    [made] = hubspot.crm.create([hubspot.creation("ada")])
    forward, back = (
        UpdateRecord(made.ref, Side.HUBSPOT, {"lifecyclestage": one})
        for one in ("customer", "lead")
    )

    outcomes = [*hubspot.crm.update([forward]), *hubspot.crm.update([back])]

    assert [dict(one.fields) for one in outcomes] == [{"lifecyclestage": "customer"}] * 2


def test_a_required_field_that_is_missing_is_refused_by_name(salesforce: Stage) -> None:
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


def test_an_empty_batch_does_nothing(stage: Stage) -> None:
    """An empty batch makes no call."""
    words = stage.words
    assert stage.crm.read([], {words.object: [words.last]}) == {}
    assert list(stage.crm.find([], {words.object: [words.last]})) == []
    assert (list(stage.crm.create([])), list(stage.crm.update([]))) == ([], [])


def test_invalid_ids_are_left_out(stage: Stage) -> None:
    """A person may type anything into the fields with the other side's ids."""
    ada = stage.add("ada")
    typed = [
        Ref(ada.side, ada.object, text)
        for text in ("see above", "00Q", "", "00Q000000000001AAB", "8-1", "-1", "²")
    ]

    assert list(stage.crm.read([*typed, ada], {ada.object: []})) == [ada]
