"""HubSpot's lists behind the port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from crmsync.errors import Refused
from crmsync.model.records import Ref, Side
from crmsync.ports.listing import ChangedRecord
from tests.contracts.crm import implementations
from tests.contracts.crm.backend import Backend

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LATER = timedelta(milliseconds=1)


def flat(pages: Iterable[Sequence[ChangedRecord]]) -> list[ChangedRecord]:
    """The changed records of all pages, in order."""
    return [one for page in pages for one in page]


def joined(backend: Backend, list_id: str, since: datetime = LONG_AGO) -> list[Ref]:
    """The contacts that joined since the moment, in order."""
    return [one.ref for one in flat(backend.lists.joined_since(list_id, since))]


def add_to_list(backend: Backend, list_id: str, *refs: Ref) -> None:
    """Add contacts to a list, one after the other, with time in between."""
    for ref in refs:
        backend.list_editor.add_to_list(list_id, ref)
        backend.update_index()


def test_members_of_the_list_are_returned(hubspot: Backend) -> None:
    """Neither members of another list nor former members count (INC-2)."""
    ada, bob, cleo, dan = (hubspot.add(name) for name in ("ada", "bob", "cleo", "dan"))
    ours, other = hubspot.list_editor.make(), hubspot.list_editor.make()
    add_to_list(hubspot, ours, ada, bob, dan)
    add_to_list(hubspot, other, cleo)
    hubspot.list_editor.remove_from_list(ours, dan)
    hubspot.update_index()

    assert hubspot.lists.members(ours, [ada, bob, cleo, dan, ada]) == {ada, bob}
    assert hubspot.lists.members(ours, [cleo, dan]) == frozenset()


def test_an_invalid_id_is_not_a_member(hubspot: Backend) -> None:
    """It does not affect the others."""
    ada, ours = hubspot.add("ada"), hubspot.list_editor.make()
    add_to_list(hubspot, ours, ada)
    typed = [Ref(Side.HUBSPOT, "contact", text) for text in ("see above", "", "987654321987")]

    assert hubspot.lists.members(ours, [*typed, ada]) == {ada}
    assert hubspot.lists.members(ours, []) == frozenset()


def test_a_missing_list_is_refused_by_name(hubspot: Backend) -> None:
    """The error says which list (SET-9)."""
    ada = hubspot.add("ada")

    for ask in (lambda: hubspot.lists.members("9999", [ada]), lambda: joined(hubspot, "9999")):
        with pytest.raises(Refused) as refused:
            ask()
        assert (refused.value.code, "9999" in refused.value.text) == ("LIST_NOT_FOUND", True)


def test_new_members_are_returned_newest_first(hubspot: Backend) -> None:
    """With their times, since the moment, and without those who left (INC-22)."""
    ada, bob, cleo, dan = (hubspot.add(name) for name in ("ada", "bob", "cleo", "dan"))
    ours = hubspot.list_editor.make()
    add_to_list(hubspot, ours, cleo, ada, dan, bob)
    hubspot.list_editor.remove_from_list(ours, dan)
    hubspot.update_index()

    seen = flat(hubspot.lists.joined_since(ours, LONG_AGO))

    assert [one.ref for one in seen] == [bob, ada, cleo]
    assert [one.modified_at for one in seen] == sorted(
        (one.modified_at for one in seen), reverse=True
    )
    assert not any(one.deleted for one in seen)
    assert joined(hubspot, ours, seen[1].modified_at) == [bob, ada]
    assert joined(hubspot, ours, seen[1].modified_at + LATER) == [bob]
    assert joined(hubspot, ours, seen[0].modified_at + LATER) == []


def test_an_empty_list_has_no_new_members(hubspot: Backend) -> None:
    """It exists and has no members."""
    ours = hubspot.list_editor.make()
    hubspot.update_index()

    assert joined(hubspot, ours) == []


SMALL_PAGES: dict[str, Callable[[], Iterator[Backend]]] = {
    "memory": implementations.memory_hubspot,
    "simulator": partial(implementations.simulated_hubspot, list_page=3),
    "simulator-2026-03": partial(implementations.simulated_hubspot, "2026-03", list_page=3),
}


@pytest.fixture(params=SMALL_PAGES)
def small_pages(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Stages with small pages."""
    yield from SMALL_PAGES[request.param]()


def test_each_read_returns_those_who_joined_since_the_last(small_pages: Backend) -> None:
    """With any number of pages, and although members leave in between."""
    crowd = [small_pages.add(f"p{number}") for number in range(12)]
    ours = small_pages.list_editor.make()
    add_to_list(small_pages, ours, *crowd[:8])
    first = flat(small_pages.lists.joined_since(ours, LONG_AGO))
    add_to_list(small_pages, ours, crowd[8])
    second = flat(small_pages.lists.joined_since(ours, first[0].modified_at + LATER))
    for one in crowd[:7]:
        small_pages.list_editor.remove_from_list(ours, one)
    add_to_list(small_pages, ours, crowd[9], crowd[10], crowd[11])
    third = flat(small_pages.lists.joined_since(ours, second[0].modified_at + LATER))

    assert [one.ref for one in first] == crowd[7::-1]
    assert [one.ref for one in second] == [crowd[8]]
    assert [one.ref for one in third] == crowd[:8:-1]
    assert joined(small_pages, ours, first[1].modified_at) == crowd[:6:-1]
    assert joined(small_pages, ours) == crowd[:6:-1]


def test_more_than_a_hundred_memberships_are_read(small_pages: Backend) -> None:
    """A batch read has a hundred."""
    crowd = [
        one.ref
        for one in small_pages.crm.create(
            [small_pages.creation(f"p{number}") for number in range(120)]
        )
    ]
    ours = small_pages.list_editor.make()
    for one in (crowd[3], crowd[117]):
        small_pages.list_editor.add_to_list(ours, one)
    small_pages.update_index()

    assert small_pages.lists.members(ours, crowd) == {crowd[3], crowd[117]}
