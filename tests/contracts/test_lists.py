"""What HubSpot's lists tell behind the port."""

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
    """The sightings of all pages, in order."""
    return [one for page in pages for one in page]


def joined(stage: Stage, list_id: str, since: datetime = LONG_AGO) -> list[Ref]:
    """Who came in since the moment, in the order told."""
    return [one.ref for one in flat(stage.lists.joined_since(list_id, since))]


def put_in(stage: Stage, list_id: str, *refs: Ref) -> None:
    """Put contacts into a list, one after the other, with time in between."""
    for ref in refs:
        stage.keeper.put_in(list_id, ref)
        stage.catch_up()


def test_those_in_the_list_are_told_and_the_others_are_not(hubspot: Stage) -> None:
    """Being in another list does not count, nor does having been in this one (INC-2)."""
    ada, bob, cleo, dan = (hubspot.add(name) for name in ("ada", "bob", "cleo", "dan"))
    ours, other = hubspot.keeper.make(), hubspot.keeper.make()
    put_in(hubspot, ours, ada, bob, dan)
    put_in(hubspot, other, cleo)
    hubspot.keeper.take_out(ours, dan)
    hubspot.catch_up()

    assert hubspot.lists.members(ours, [ada, bob, cleo, dan, ada]) == {ada, bob}
    assert hubspot.lists.members(ours, [cleo, dan]) == frozenset()


def test_what_cannot_be_an_id_is_in_no_list(hubspot: Stage) -> None:
    """It never spoils the others."""
    ada, ours = hubspot.add("ada"), hubspot.keeper.make()
    put_in(hubspot, ours, ada)
    typed = [Ref(Side.HUBSPOT, "contact", text) for text in ("see above", "", "987654321987")]

    assert hubspot.lists.members(ours, [*typed, ada]) == {ada}
    assert hubspot.lists.members(ours, []) == frozenset()


def test_a_list_that_is_not_there_is_refused_by_name(hubspot: Stage) -> None:
    """The operator learns which one (SET-9)."""
    ada = hubspot.add("ada")

    for ask in (lambda: hubspot.lists.members("9999", [ada]), lambda: joined(hubspot, "9999")):
        with pytest.raises(Refused) as refused:
            ask()
        assert (refused.value.code, "9999" in refused.value.text) == ("LIST_NOT_FOUND", True)


def test_who_came_into_the_list_is_told_newest_first(hubspot: Stage) -> None:
    """With the time of coming, from the moment on, and without those who left (INC-22)."""
    ada, bob, cleo, dan = (hubspot.add(name) for name in ("ada", "bob", "cleo", "dan"))
    ours = hubspot.keeper.make()
    put_in(hubspot, ours, cleo, ada, dan, bob)
    hubspot.keeper.take_out(ours, dan)
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


def test_nobody_came_into_an_empty_list(hubspot: Stage) -> None:
    """It is there, and that is all."""
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
    """Stages whose pages are smaller than the crowd."""
    yield from SMALL_PAGES[request.param]()


def test_each_look_tells_those_who_came_since_the_last(crowded: Stage) -> None:
    """However many pages there are, and whoever leaves in between."""
    crowd = [crowded.add(f"p{number}") for number in range(12)]
    ours = crowded.keeper.make()
    put_in(crowded, ours, *crowd[:8])
    first = flat(crowded.lists.joined_since(ours, LONG_AGO))
    put_in(crowded, ours, crowd[8])
    second = flat(crowded.lists.joined_since(ours, first[0].modified_at + LATER))
    for one in crowd[:7]:
        crowded.keeper.take_out(ours, one)
    put_in(crowded, ours, crowd[9], crowd[10], crowd[11])
    third = flat(crowded.lists.joined_since(ours, second[0].modified_at + LATER))

    assert [one.ref for one in first] == crowd[7::-1]
    assert [one.ref for one in second] == [crowd[8]]
    assert [one.ref for one in third] == crowd[:8:-1]
    assert joined(crowded, ours, first[1].modified_at) == crowd[:6:-1]
    assert joined(crowded, ours) == crowd[:6:-1]


def test_more_than_a_hundred_are_asked_for_at_once(crowded: Stage) -> None:
    """A batch read takes a hundred."""
    crowd = [
        one.ref
        for one in crowded.crm.create([crowded.creation(f"p{number}") for number in range(120)])
    ]
    ours = crowded.keeper.make()
    for one in (crowd[3], crowd[117]):
        crowded.keeper.put_in(ours, one)
    crowded.catch_up()

    assert crowded.lists.members(ours, crowd) == {crowd[3], crowd[117]}
