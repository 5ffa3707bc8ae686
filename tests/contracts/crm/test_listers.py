"""Listing all records of an object behind the port."""

from __future__ import annotations

from datetime import datetime

import pytest

from crmsync.model.records import Ref
from tests.contracts.crm.backend import Backend


def walk(backend: Backend, name: str, size: int, *, with_email: bool = False) -> list[Ref]:
    """Every record of an object, page by page, as a backfill reads them."""
    found: list[Ref] = []
    after: str | None = ""
    while after is not None:
        page = backend.lister.page(name, after, size, with_email=with_email)
        assert len(page.refs) <= size
        found.extend(page.refs)
        after = page.after
    return found


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_every_record_is_listed_once(backend: Backend, size: int) -> None:
    """With any page size no record is lost or returned twice, and the count is right."""
    before = set(walk(backend, backend.names.object, 100))
    made = [backend.add(name) for name in ("ada", "bob", "cleo", "dan", "o'brien", "eve", "finn")]
    backend.update_index()

    seen = [ref for ref in walk(backend, backend.names.object, size) if ref not in before]

    assert sorted(seen) == sorted(made)
    assert backend.lister.count(backend.names.object) == len(before) + len(made)


def test_deleted_records_are_not_listed(backend: Backend) -> None:
    """Records in the recycle bin are left out."""
    ada, nobody = backend.add("ada"), backend.deleted_record()
    backend.update_index()

    seen = walk(backend, backend.names.object, 100)

    assert ada in seen
    assert nobody not in seen


def test_records_created_and_deleted_meanwhile_do_not_shift_pages(backend: Backend) -> None:
    """A page begins after the last record of the page before, so created and deleted records do not
    shift it.
    """
    made = [backend.add(name) for name in ("ada", "bob", "cleo", "dan")]
    first = backend.lister.page(
        backend.names.object, "", len(walk(backend, backend.names.object, 100)) - 1
    )
    backend.person.delete(made[0])
    backend.add("eve")

    rest = backend.lister.page(backend.names.object, first.after, 100)

    assert set(made[-1:]) <= {*first.refs, *rest.refs}
    assert set(first.refs).isdisjoint(rest.refs)
    assert {*made[1:]} <= {*first.refs, *rest.refs}


@pytest.mark.rule("IMP-4")
def test_records_without_an_address_are_left_out_of_imports(salesforce: Backend) -> None:
    """They are neither imported nor counted."""
    ada = salesforce.add("ada")
    mute = salesforce.person.add("Lead", {"LastName": "Mute", "Company": "Example Works"})
    salesforce.made.append(mute)

    assert walk(salesforce, "Lead", 2, with_email=True) == [ada]
    assert (salesforce.lister.count("Lead", with_email=True), salesforce.lister.count("Lead")) == (
        1,
        2,
    )


def test_converted_leads_are_not_listed(salesforce: Backend) -> None:
    """The contact that such a lead became is listed instead."""
    lead = salesforce.add("ada")
    contact = salesforce.person.convert(lead)

    assert (walk(salesforce, "Lead", 10), walk(salesforce, "Contact", 10)) == ([], [contact])
    assert salesforce.lister.count("Lead") == 0


def test_the_daily_calls_are_read(salesforce: Backend) -> None:
    """The used calls of all apps, and the limit."""
    calls = salesforce.lister.calls()

    assert 0 <= calls.used < calls.allowed


def test_the_recycle_bin_names_deleted_records_with_the_time_of_their_deletion(
    hubspot: Backend,
) -> None:
    """Each is named once, and none that is still there."""
    before = backend_time(hubspot)
    gone = [hubspot.add(name) for name in ("ada", "bob", "cleo")]
    kept = hubspot.add("dan")
    for ref in gone:
        hubspot.person.delete(ref)

    found, after = [], ""
    while after is not None:
        page = hubspot.lister.deleted(hubspot.names.object, after)
        found += page.records
        after = page.after

    assert [one.ref for one in found if one.ref in {*gone, kept}] == gone
    assert all(one.deleted and one.modified_at >= before for one in found if one.ref in gone)


@pytest.mark.rule("MRG-3")
def test_the_recycle_bin_names_what_was_merged_into_a_deleted_record(hubspot: Backend) -> None:
    """Nothing else tells of those records then."""
    merged = [hubspot.add(name) for name in ("eve", "fay")]
    survivor = hubspot.person.merge(*merged)
    hubspot.person.delete(survivor)

    found, after = set(), ""
    while after is not None:
        page = hubspot.lister.deleted(hubspot.names.object, after)
        found |= {one.ref for one in page.records}
        after = page.after

    assert {survivor, *merged} <= found


def backend_time(hubspot: Backend) -> datetime:
    """When the account was last changed."""
    first = hubspot.add("zoe")
    return hubspot.crm.read([first], {hubspot.names.object: ()})[first].created_at
