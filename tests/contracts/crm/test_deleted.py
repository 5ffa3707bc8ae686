"""Converted, merged and deleted records behind the ports."""

from __future__ import annotations

from dataclasses import replace

from crmsync.errors import Conflict, Gone
from crmsync.model.effects import DeleteRecord, UpdateRecord
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from tests.contracts.crm.backend import Backend


def test_a_converted_lead_names_the_contact_that_it_became(salesforce: Backend) -> None:
    """It has exactly the requested fields (DUP-26)."""
    ada, bob = salesforce.add("ada"), salesforce.add("bob")
    contact = salesforce.person.convert(ada)

    records = salesforce.crm.read(
        [ada, bob, contact], {"Lead": ["LastName"], "Contact": ["LastName"]}
    )

    assert {ref: (record.fields, record.successor) for ref, record in records.items()} == {
        ada: ({"LastName": "Ada"}, contact),
        bob: ({"LastName": "Bob"}, None),
        contact: ({"LastName": "Ada"}, None),
    }


def test_a_converted_lead_is_no_longer_found_by_its_address(salesforce: Backend) -> None:
    """Its contact is."""
    contact = salesforce.person.convert(salesforce.add("ada"))

    found = salesforce.crm.find([salesforce.address("ada")], {"Lead": [], "Contact": []})

    assert [record.ref for record in found] == [contact]


def test_a_write_to_a_converted_lead_is_gone(salesforce: Backend) -> None:
    """The writer then reads again and follows it."""
    ada, bob = salesforce.add("ada"), salesforce.add("bob")
    salesforce.person.convert(ada)

    outcomes = salesforce.crm.update([salesforce.update(ref, phone="7") for ref in (ada, bob)])

    assert [type(one) for one in outcomes] == [Gone, Written]


def test_a_merged_record_has_a_survivor(backend: Backend) -> None:
    """Existing and deleted records have none."""
    ada, bob, cleo, nobody = (
        backend.add("ada"),
        backend.add("bob"),
        backend.add("cleo"),
        backend.deleted_record(),
    )

    survivor = backend.person.merge(ada, bob)

    expected = {ref: survivor for ref in (ada, bob) if ref != survivor}
    assert backend.crm.survivors([nobody, bob, cleo, ada, bob]) == expected
    assert survivor in backend.crm.read([survivor], {backend.names.object: []})


def test_a_survivor_lists_all_merged_records(hubspot: Backend) -> None:
    """Earlier merges are included, so the links of all of them are found from the survivor."""
    ada, bob, cleo = (hubspot.add(name) for name in ("ada", "bob", "cleo"))
    first = hubspot.person.merge(ada, bob)
    last = hubspot.person.merge(cleo, first)

    shown = hubspot.crm.read([last], {hubspot.names.object: ["hs_merged_object_ids"]})[last].fields

    listed = set(str(shown["hs_merged_object_ids"]).split(";"))
    assert listed >= {one.id for one in (ada, bob, cleo, first)}


def test_a_survivor_has_the_primary_records_values(hubspot: Backend) -> None:
    """It also has the primary record's Salesforce id, which identifies its pair (MRG-3)."""
    ada, bob = hubspot.add("ada"), hubspot.add("bob")
    for ref, lead in ((bob, "00Q2"), (ada, "00Q1")):
        hubspot.person.edit(ref, {"crmsync_salesforce_id": lead})

    survivor = hubspot.person.merge(ada, bob)

    record = hubspot.crm.read(
        [survivor], {hubspot.names.object: ["crmsync_salesforce_id", "email"]}
    )[survivor]
    assert record.fields == {"crmsync_salesforce_id": "00Q1", "email": hubspot.address("ada")}


def test_a_chain_of_merges_is_followed_to_its_end(backend: Backend) -> None:
    """The survivor may have been merged several times."""
    ada, bob, cleo, dan = (backend.add(name) for name in ("ada", "bob", "cleo", "dan"))
    first = backend.person.merge(bob, ada)
    second = backend.person.merge(cleo, first)
    last = backend.person.merge(dan, second)

    gone = {ada, bob, first, cleo, second, dan} - {last}
    assert backend.crm.survivors(gone) == dict.fromkeys(gone, last)


def test_a_deleted_survivor_does_not_count(backend: Backend) -> None:
    """Then there is no survivor."""
    ada, bob = backend.add("ada"), backend.add("bob")
    backend.person.delete(backend.person.merge(ada, bob))

    assert backend.crm.survivors([ada, bob]) == {}


def test_an_invalid_id_has_no_survivor(backend: Backend) -> None:
    """It does not affect the others."""
    side, name = backend.names.side, backend.names.object
    ada, bob = backend.add("ada"), backend.add("bob")
    survivor = backend.person.merge(ada, bob)
    typed = [Ref(side, name, text) for text in ("see above", "", "00Q000000000001AAB", "0'")]

    assert backend.crm.survivors([*typed, bob]) == {bob: survivor}
    assert backend.crm.survivors([]) == {}


def test_deleting_records_again_succeeds(hubspot: Backend) -> None:
    """Outcomes are in order, and all are successes (DEL-1)."""
    ada, bob, nobody = hubspot.add("ada"), hubspot.add("bob"), hubspot.deleted_record()
    never = Ref(Side.HUBSPOT, "contact", "987654321987")
    effects = [DeleteRecord(ref) for ref in (nobody, ada, never, ada)]

    outcomes = hubspot.deleter.delete(effects)

    assert outcomes == [Written(effect.ref, {}) for effect in effects]
    assert list(hubspot.crm.read([ada, bob], {"contact": []})) == [bob]
    assert list(hubspot.deleter.delete([])) == []


def test_assignment_rules_choose_the_owner_only_on_request(salesforce: Backend) -> None:
    """Rows with and without them may be in one call (OWN-9, PLT-1)."""
    with_rules, without = (
        replace(salesforce.creation("ada"), assign=True),
        salesforce.creation("bob"),
    )

    outcomes = salesforce.crm.create([with_rules, without])

    owners = [record_owner(salesforce, one.ref) for one in outcomes]
    assert owners[0] != salesforce.our_user
    assert owners[1] == salesforce.our_user


def test_assignment_rules_never_choose_the_owner_of_an_existing_lead(salesforce: Backend) -> None:
    """A repeated call leaves the existing lead alone, whose owner a person may have changed
    (PLT-1).
    """
    effect = replace(salesforce.creation("ada"), assign=True)
    [first] = salesforce.crm.create([effect])
    salesforce.person.edit(first.ref, {"OwnerId": salesforce.our_user})

    again, fresh = salesforce.crm.create([effect, replace(salesforce.creation("bob"), assign=True)])
    salesforce.crm.update([UpdateRecord(first.ref, Side.SALESFORCE, {"Phone": "7"})])

    assert (type(again), again.existing) == (Conflict, first.ref.id)
    assert record_owner(salesforce, first.ref) == salesforce.our_user
    assert record_owner(salesforce, fresh.ref) != salesforce.our_user


def record_owner(backend: Backend, ref: Ref) -> object:
    """The owner of a record."""
    return backend.crm.read([ref], {"Lead": ["OwnerId"]})[ref].fields["OwnerId"]
