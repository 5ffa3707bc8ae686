"""HubSpot's lists behind the port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from crmsync.errors import Refused
from crmsync.model.records import Ref, Side
from crmsync.ports.listing import ChangedRecord
from tests.contracts import stages
from tests.contracts.stages import Stage

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LATER = timedelta(milliseconds=1)


def flat(pages: Iterable[Sequence[ChangedRecord]]) -> list[ChangedRecord]:
    """The changed records of all pages, in order."""
    return [one for page in pages for one in page]


def joined(stage: Stage, list_id: str, since: datetime = LONG_AGO) -> list[Ref]:
    """The contacts that joined since the moment, in order."""
    return [one.ref for one in flat(stage.lists.joined_since(list_id, since))]


def add_to_list(stage: Stage, list_id: str, *refs: Ref) -> None:
    """Add contacts to a list, one after the other, with time in between."""
    for ref in refs:
        stage.keeper.add_to_list(list_id, ref)
        stage.catch_up()


def test_members_of_the_list_are_returned(hubspot: Stage) -> None:
    """Neither members of another list nor former members count (INC-2)."""
    ada, bob, cleo, dan = (hubspot.add(name) for name in ("ada", "bob", "cleo", "dan"))
    ours, other = hubspot.keeper.make(), hubspot.keeper.make()
    add_to_list(hubspot, ours, ada, bob, dan)
    add_to_list(hubspot, other, cleo)
    hubspot.keeper.remove_from_list(ours, dan)
    hubspot.catch_up()

    assert hubspot.lists.members(ours, [ada, bob, cleo, dan, ada]) == {ada, bob}
    assert hubspot.lists.members(ours, [cleo, dan]) == frozenset()


def test_an_invalid_id_is_not_a_member(hubspot: Stage) -> None:
    """It does not affect the others."""
    ada, ours = hubspot.add("ada"), hubspot.keeper.make()
    add_to_list(hubspot, ours, ada)
    typed = [Ref(Side.HUBSPOT, "contact", text) for text in ("see above", "", "987654321987")]

    assert hubspot.lists.members(ours, [*typed, ada]) == {ada}
    assert hubspot.lists.members(ours, []) == frozenset()


def test_a_missing_list_is_refused_by_name(hubspot: Stage) -> None:
    """The error says which list (SET-9)."""
    ada = hubspot.add("ada")

    for ask in (lambda: hubspot.lists.members("9999", [ada]), lambda: joined(hubspot, "9999")):
        with pytest.raises(Refused) as refused:
            ask()
        assert (refused.value.code, "9999" in refused.value.text) == ("LIST_NOT_FOUND", True)


def test_new_members_are_returned_newest_first(hubspot: Stage) -> None:
    """With their times, since the moment, and without those who left (INC-22)."""
    ada, bob, cleo, dan = (hubspot.add(name) for name in ("ada", "bob", "cleo", "dan"))
    ours = hubspot.keeper.make()
    add_to_list(hubspot, ours, cleo, ada, dan, bob)
    hubspot.keeper.remove_from_list(ours, dan)
    hubspot.catch_up()

    seen = flat(hubspot.lists.joined_since(ours, LONG_AGO))

    assert [one.ref for one in seen] == [bob, ada, cleo]
    assert [one.modified_at for one in seen] == sorted(
        (one.modified_at for one in seen), reverse=True
    )
    assert not any(one.deleted for one in seen)
    assert joined(hubspot, ours, seen[1].modified_at) == [bob, ada]
    assert joined(hubspot, ours, seen[1].modified_at + LATER) == [bob]
    assert joined(hubspot, ours, seen[0].modified_at + LATER) == []


def test_an_empty_list_has_no_new_members(hubspot: Stage) -> None:
    """It exists and has no members."""
    ours = hubspot.keeper.make()
    hubspot.catch_up()

    assert joined(hubspot, ours) == []


SMALL_PAGES: dict[str, Callable[[], Iterator[Stage]]] = {
    "memory": stages.memory_hubspot,
    "simulator": partial(stages.simulated_hubspot, list_page=3),
    "simulator-2026-03": partial(stages.simulated_hubspot, "2026-03", list_page=3),
}


@pytest.fixture(params=SMALL_PAGES)
def crowded(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Stages with small pages."""
    yield from SMALL_PAGES[request.param]()


def test_each_read_returns_those_who_joined_since_the_last(crowded: Stage) -> None:
    """With any number of pages, and although members leave in between."""
    crowd = [crowded.add(f"p{number}") for number in range(12)]
    ours = crowded.keeper.make()
    add_to_list(crowded, ours, *crowd[:8])
    first = flat(crowded.lists.joined_since(ours, LONG_AGO))
    add_to_list(crowded, ours, crowd[8])
    second = flat(crowded.lists.joined_since(ours, first[0].modified_at + LATER))
    for one in crowd[:7]:
        crowded.keeper.remove_from_list(ours, one)
    add_to_list(crowded, ours, crowd[9], crowd[10], crowd[11])
    third = flat(crowded.lists.joined_since(ours, second[0].modified_at + LATER))

    assert [one.ref for one in first] == crowd[7::-1]
    assert [one.ref for one in second] == [crowd[8]]
    assert [one.ref for one in third] == crowd[:8:-1]
    assert joined(crowded, ours, first[1].modified_at) == crowd[:6:-1]
    assert joined(crowded, ours) == crowd[:6:-1]


def test_more_than_a_hundred_memberships_are_read(crowded: Stage) -> None:
    """A batch read has a hundred."""
    crowd = [
        one.ref
        for one in crowded.crm.create([crowded.creation(f"p{number}") for number in range(120)])
    ]
    ours = crowded.keeper.make()
    for one in (crowd[3], crowd[117]):
        crowded.keeper.add_to_list(ours, one)
    crowded.catch_up()

    assert crowded.lists.members(ours, crowd) == {crowd[3], crowd[117]}
