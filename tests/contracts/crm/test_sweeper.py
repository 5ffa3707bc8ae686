"""The records that changed on each side since a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial

import pytest

from crmsync.model.records import Ref, Side
from crmsync.ports.listing import ChangedRecord
from tests.contracts.crm import implementations
from tests.contracts.crm.backend import Backend


def flat(pages: Iterable[Sequence[ChangedRecord]]) -> list[ChangedRecord]:
    """The changed records of all pages, each once, in order."""
    return list(dict.fromkeys(one for page in pages for one in page))


def test_changed_records_are_returned_oldest_first(backend: Backend) -> None:
    """A sweep returns the records modified at or after a moment."""
    ada, bob = backend.add("ada"), backend.add("bob")
    backend.update_index()
    backend.person.edit(ada, {backend.names.phone: "1"})
    backend.update_index()
    name = backend.names.object
    records = backend.crm.read([ada, bob], {name: []})
    earliest = min(record.modified_at for record in records.values())

    seen = [
        one for one in flat(backend.sweeper.changed_since({name: earliest})) if one.ref in records
    ]

    assert sorted((one.ref, one.deleted) for one in seen) == sorted([(ada, False), (bob, False)])
    assert [one.modified_at for one in seen] == sorted(one.modified_at for one in seen)
    later = records[ada].modified_at + timedelta(seconds=2)
    assert [
        one.ref for one in flat(backend.sweeper.changed_since({name: later})) if one.ref in records
    ] == []


def test_salesforce_returns_deleted_records_and_hubspot_does_not(backend: Backend) -> None:
    """A deleted record is marked as such, if the side returns it."""
    ada = backend.add("ada")
    since = backend.crm.read([ada], {backend.names.object: []})[ada].modified_at
    backend.person.delete(ada)
    backend.update_index()

    seen = [
        (one.ref, one.deleted)
        for one in flat(backend.sweeper.changed_since({backend.names.object: since}))
    ]

    assert seen == ([] if backend.names.side is Side.HUBSPOT else [(ada, True)])


@pytest.mark.parametrize("was_in_the_bin", [False, True])
def test_a_purged_record_is_returned_on_request(
    salesforce: Backend, *, was_in_the_bin: bool
) -> None:
    """No query returns it; the list of deleted records does, for 15 days."""
    kept, gone = salesforce.add("ada"), salesforce.add("bob")
    since = salesforce.crm.read([kept], {"Lead": []})[kept].modified_at
    if was_in_the_bin:
        salesforce.person.delete(gone)
    salesforce.person.purge(gone)

    pages = {
        wanted: salesforce.sweeper.changed_since({"Lead": since}, with_purged=wanted)
        for wanted in (False, True)
    }

    told = {
        wanted: [(one.ref, one.deleted) for page in found for one in page]
        for wanted, found in pages.items()
    }
    assert told == {False: [(kept, False)], True: [(kept, False), (gone, True)]}


def test_a_record_in_the_recycle_bin_is_returned_once(salesforce: Backend) -> None:
    """Both the recycle bin and the list of deleted records have it."""
    gone = salesforce.add("ada")
    since = salesforce.crm.read([gone], {"Lead": []})[gone].modified_at
    salesforce.person.delete(gone)

    pages = salesforce.sweeper.changed_since({"Lead": since}, with_purged=True)

    assert [(one.ref, one.deleted) for page in pages for one in page] == [(gone, True)]


SMALL_PAGES: dict[str, Callable[[], Iterator[Backend]]] = {
    "memory-salesforce": implementations.memory_salesforce,
    "simulator-hubspot": partial(implementations.simulated_hubspot, page=5),
    "simulator-salesforce": partial(implementations.simulated_salesforce, page=5),
}


@pytest.fixture(params=SMALL_PAGES)
def small_pages(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Stages with small pages."""
    yield from SMALL_PAGES[request.param]()


def test_more_records_than_a_page_with_one_timestamp_are_all_returned(small_pages: Backend) -> None:
    """None is lost, the sweep ends, and later records follow."""
    made: list[Ref] = [
        one.ref
        for one in small_pages.crm.create([small_pages.creation(f"p{n}") for n in range(23)])
    ]
    made.append(small_pages.add("ada"))
    small_pages.update_index()
    name = small_pages.names.object
    earliest = min(record.modified_at for record in small_pages.crm.read(made, {name: []}).values())

    pages = list(small_pages.sweeper.changed_since({name: earliest}))

    assert sorted(one.ref for one in flat(pages)) == sorted(made)


def test_several_objects_are_swept_at_once(salesforce: Backend) -> None:
    """Leads and contacts each have their own moment."""
    lead = salesforce.add("ada")
    contact = salesforce.person.add(
        "Contact", {"LastName": "Ada", "Email": salesforce.address("ada")}
    )
    salesforce.made.append(contact)
    records = salesforce.crm.read([lead, contact], {"Lead": [], "Contact": []})
    since = {
        "Lead": records[lead].modified_at,
        "Contact": records[contact].modified_at + timedelta(seconds=2),
    }

    seen = [one.ref for one in flat(salesforce.sweeper.changed_since(since)) if one.ref in records]

    assert seen == [lead]
