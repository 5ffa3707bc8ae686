"""The link table behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.errors import Conflict
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.decisions import Decision, DecisionType, decisions_of
from crmsync.model.fingerprints import Base, tags
from crmsync.model.links import Intent, Link, LinkState, LoopState, Slot
from crmsync.model.records import Kind, Ref, Side
from tests.builders import NOON
from tests.contracts.stores.tables import links_on_dynamodb
from tests.memory import MemoryLinks

TABLES = {"memory": MemoryLinks, "dynamodb": None}


@pytest.fixture(params=TABLES)
def links(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryLinks()
    else:
        with links_on_dynamodb() as table:
            yield table


def hubspot(number: int) -> Ref:
    """A HubSpot contact."""
    return Ref(Side.HUBSPOT, "contact", str(number))


def salesforce(number: int, name: str = "Lead") -> Ref:
    """A Salesforce record."""
    return Ref(Side.SALESFORCE, name, f"00Q{number:012d}AAA")


def a_link(number: int, **changes: Any) -> Link:
    """A new link of two records of the same number."""
    base = Base({b"tag1": b"seal1", b"tag2": b"seal2"})
    link = Link(
        "acme", Kind.CONTACT, hubspot(number), salesforce(number), base, Base({b"tag3": b"seal3"})
    )
    return replace(link, **changes)


def save_one(links: Any, link: Link) -> Any:
    """The outcome of saving one link."""
    [saved] = links.save([link])
    return saved


@pytest.mark.parametrize("state", LinkState)
def test_a_link_is_found_from_either_side_exactly_as_it_was_saved(
    links: Any, state: LinkState
) -> None:
    """All its parts are read back, under the next version."""
    loops = {b"tag1": LoopState(5, NOON), b"tag2": LoopState(1, NOON + timedelta(milliseconds=7))}
    link = a_link(1, wrote=tags(["Email", "Phone"]), state=state, loops=loops)

    saved = save_one(links, link)

    assert saved == replace(link, version=1)
    assert links.find("acme", [hubspot(1)]) == {hubspot(1): saved}
    assert links.find("acme", [salesforce(1)]) == {salesforce(1): saved}


@pytest.mark.rule("CH-29")
def test_what_was_decided_is_read_back(links: Any) -> None:
    """As it was when the link was saved; a link without decisions has none."""
    decision = Decision(DecisionType.CONFLICT, Side.HUBSPOT, "phone", "MAP-3")
    at = datetime(2026, 11, 2, 12, tzinfo=UTC)
    links.save([a_link(1).deciding(decision).announced_at(at), a_link(2)])

    found = links.find("acme", [hubspot(1), salesforce(2)])

    assert {ref: list(decisions_of(link.history)) for ref, link in found.items()} == {
        hubspot(1): [replace(decision, at=at)],
        salesforce(2): [],
    }


def test_an_update_leaves_nothing_that_the_link_no_longer_has(links: Any) -> None:
    """Intents, what a limit or the loop breaker holds back, ties, owners, and the history."""
    intent = Intent(b"12345", {b"tag1": frozenset({b"seal1"})}, NOON)
    full = a_link(
        1,
        wrote=tags(["Phone"]),
        state=LinkState.TOMBSTONE,
        deleted_on=Side.HUBSPOT,
        is_merged=True,
        hubspot_owner="7",
        salesforce_owner="005",
        overtaken_owner="006",
        tied={"81": "003000000000001AAA"},
        hubspot_intent=intent,
        salesforce_intent=intent,
        tying=intent,
        holds=frozenset({Hold(Side.HUBSPOT, ChangeLimit.BLANKS)}),
        loops={b"tag1": LoopState(5, NOON)},
        key=2,
    ).deciding(Decision(DecisionType.LINKED))
    known = save_one(links, save_one(links, full.announced_at(NOON)))

    save_one(links, a_link(1, version=known.version))

    (found,) = links.find("acme", [hubspot(1)]).values()
    assert (known, found, found.history) == (
        replace(full, version=2),
        a_link(1, version=3),
        "",
    )


def test_a_record_without_a_link_is_left_out(links: Any) -> None:
    """Many records are looked up at once, from both sides."""
    one, two = links.save([a_link(1), a_link(2)])

    asked = [hubspot(1), salesforce(2), hubspot(3), salesforce(3)]

    assert links.find("acme", asked) == {hubspot(1): one, salesforce(2): two}


def test_connections_do_not_see_each_other(links: Any) -> None:
    """The same record may be linked in two connections (TEN-1)."""
    acme, other = links.save([a_link(1), a_link(1, connection="other")])

    assert links.find("other", [salesforce(1)]) == {salesforce(1): other}
    assert links.find("acme", [salesforce(1)]) == {salesforce(1): acme}
    assert links.find("third", [salesforce(1), hubspot(1)]) == {}


def test_both_records_of_a_new_link_must_be_unlinked(links: Any) -> None:
    """Of a link whose record already has one, nothing is saved; the links around it are saved."""
    save_one(links, a_link(1))

    same, half, good = links.save([a_link(1), a_link(2, salesforce=salesforce(1)), a_link(3)])

    assert [type(same), type(half), good] == [Conflict, Conflict, a_link(3, version=1)]
    assert links.find("acme", [hubspot(2)]) == {}


def test_of_two_new_links_of_one_record_in_one_call_the_first_is_saved(links: Any) -> None:
    """Two changes about one person may be in the same batch."""
    first, second = links.save([a_link(1), a_link(2, hubspot=hubspot(1))])

    assert (first, type(second)) == (a_link(1, version=1), Conflict)


def test_an_update_needs_the_version_that_was_read(links: Any) -> None:
    """Whoever saves second has to read and plan again."""
    read = save_one(links, a_link(1))
    newer = save_one(links, replace(read, hubspot_base=Base({b"tag1": b"seal9"})))

    late = save_one(links, replace(read, state=LinkState.TOMBSTONE))

    assert type(late) is Conflict
    assert links.find("acme", [hubspot(1), salesforce(1)]) == {
        hubspot(1): newer,
        salesforce(1): newer,
    }
    assert newer == replace(read, hubspot_base=Base({b"tag1": b"seal9"}), version=2)


def test_an_update_of_a_missing_link_is_a_conflict(links: Any) -> None:
    """It was dropped or never existed."""
    assert type(save_one(links, a_link(1, version=3))) is Conflict
    assert links.find("acme", [hubspot(1), salesforce(1)]) == {}


def test_a_tombstone_keeps_both_records(links: Any) -> None:
    """It is still found, and its records cannot be linked again."""
    read = save_one(links, a_link(1))
    buried = save_one(links, replace(read, state=LinkState.TOMBSTONE))

    assert links.find("acme", [hubspot(1), salesforce(1)]) == {
        hubspot(1): buried,
        salesforce(1): buried,
    }
    assert type(save_one(links, a_link(1, hubspot=hubspot(2)))) is Conflict


@pytest.mark.parametrize(
    "changes",
    [{"salesforce": salesforce(1, "Contact")}, {"hubspot": hubspot(7)}],
    ids=["a converted lead", "a merge in HubSpot"],
)
def test_a_link_can_move_to_another_record_on_one_side(links: Any, changes: dict[str, Ref]) -> None:
    """It is found by its new record and no longer by the old one, which can be linked again."""
    read = save_one(links, a_link(1))

    moved = save_one(links, replace(read, **changes))

    assert moved == replace(read, **changes, version=2)
    assert links.find("acme", [hubspot(1), salesforce(1), *changes.values()]) == dict.fromkeys(
        (moved.hubspot, moved.salesforce), moved
    )
    side = next(iter(changes))
    free = a_link(8, **{side: getattr(read, side)})
    assert save_one(links, free) == replace(free, version=1)


def test_a_link_cannot_move_to_a_linked_record(links: Any) -> None:
    """Both links stay as they were."""
    one, two = links.save([a_link(1), a_link(2)])

    assert type(save_one(links, replace(one, salesforce=salesforce(2)))) is Conflict
    assert type(save_one(links, replace(one, hubspot=hubspot(2)))) is Conflict
    assert links.find("acme", [hubspot(1), salesforce(2)]) == {hubspot(1): one, salesforce(2): two}


def test_a_link_that_moved_is_not_saved_with_an_old_version(links: Any) -> None:
    """A late writer neither restores the old record nor moves the link again."""
    read = save_one(links, a_link(1))
    moved = save_one(links, replace(read, salesforce=salesforce(1, "Contact")))

    outcomes = [save_one(links, read), save_one(links, replace(read, salesforce=salesforce(5)))]

    assert [type(one) for one in outcomes] == [Conflict, Conflict]
    assert links.find("acme", [hubspot(1), salesforce(1), salesforce(5)]) == {hubspot(1): moved}


@pytest.mark.parametrize(
    "taken",
    [{"hubspot": hubspot(7)}, {"salesforce": salesforce(7)}],
    ids=["by another contact", "by another lead"],
)
@pytest.mark.parametrize(
    "changes",
    [{}, {"salesforce": salesforce(1, "Contact")}, {"hubspot": hubspot(8)}],
    ids=["stays", "a converted lead", "a merge in HubSpot"],
)
def test_a_dropped_link_does_not_replace_the_one_that_took_its_place(
    links: Any, taken: dict[str, Ref], changes: dict[str, Ref]
) -> None:
    """A late writer has read a link that was dropped since. Another link has one of its records
    now, and is as old.
    """
    read = save_one(links, a_link(1))
    links.drop([read])
    newer = save_one(links, a_link(1, **taken))

    late = save_one(links, replace(read, **changes))

    assert type(late) is Conflict
    assert newer == a_link(1, **taken, version=1)
    everyone = [hubspot(1), salesforce(1), *taken.values(), *changes.values()]
    assert links.find("acme", everyone) == dict.fromkeys(
        [one for one in everyone if one in (newer.hubspot, newer.salesforce)], newer
    )


def test_many_links_are_saved_and_found_in_order(links: Any) -> None:
    """More links than one transaction or one read can have."""
    numbers = range(120)
    created = links.save([a_link(number) for number in numbers])
    updated = links.save([*created[:60], a_link(500)])

    assert [link.version for link in updated] == [2] * 60 + [1]
    found = links.find("acme", [salesforce(number) for number in numbers])
    assert list(found.values()) == [*updated[:60], *created[60:]]


@pytest.mark.parametrize("hubspot_owner", [None, "", "7001"])
@pytest.mark.parametrize("salesforce_owner", [None, "", "005000000000001AAA"])
def test_owners_are_read_back_whether_known_none_or_never_read(
    links: Any, hubspot_owner: str | None, salesforce_owner: str | None
) -> None:
    """No owner and an owner that was never read are different (OWN-7)."""
    link = a_link(1, hubspot_owner=hubspot_owner, salesforce_owner=salesforce_owner)

    saved = save_one(links, link)

    assert links.find("acme", [hubspot(1)]) == {hubspot(1): saved}
    assert saved == replace(link, version=1)


def test_a_dropped_link_is_gone_from_both_sides(links: Any) -> None:
    """Its records can be linked again, and the links around it stay."""
    one, two, three = links.save([a_link(1), a_link(2), a_link(3)])
    links.find("acme", [salesforce(2)])

    assert links.drop([two, one]) == [two, one]

    everyone = [hubspot(1), salesforce(1), hubspot(2), salesforce(2), hubspot(3), salesforce(3)]
    assert links.find("acme", everyone) == {hubspot(3): three, salesforce(3): three}
    assert save_one(links, a_link(2, hubspot=hubspot(1))) == a_link(
        2, hubspot=hubspot(1), version=1
    )


def test_dropping_a_link_again_succeeds(links: Any) -> None:
    """A response may be lost, and a link may be in a call twice."""
    link = save_one(links, a_link(1))

    assert links.drop([link, link]) == [link, link]
    assert links.drop([link]) == [link]
    assert links.find("acme", [hubspot(1), salesforce(1)]) == {}


def test_a_link_that_was_saved_meanwhile_is_not_dropped(links: Any) -> None:
    """A link is dropped only as it was read; the others of the call are dropped."""
    read, other = links.save([a_link(1), a_link(2)])
    newer = save_one(links, replace(read, hubspot_owner="7001"))

    late, done = links.drop([read, other])

    assert (type(late), done) == (Conflict, other)
    assert links.find("acme", [hubspot(1), salesforce(1)]) == {
        hubspot(1): newer,
        salesforce(1): newer,
    }


@pytest.mark.parametrize(
    "changes",
    [{"salesforce": salesforce(7, "Contact")}, {"hubspot": hubspot(7)}],
    ids=["in Salesforce", "in HubSpot"],
)
def test_a_link_that_moved_meanwhile_is_not_dropped(links: Any, changes: dict[str, Ref]) -> None:
    """It is dropped neither by its old record nor by its new one."""
    read = save_one(links, a_link(1))
    moved = save_one(links, replace(read, **changes))

    [late] = links.drop([read])

    assert type(late) is Conflict
    assert links.find("acme", changes.values()) == dict.fromkeys(changes.values(), moved)


def test_dropping_a_link_whose_record_has_another_link_is_refused(links: Any) -> None:
    """The newer link stays."""
    read = save_one(links, a_link(1))
    links.drop([read])
    taken = save_one(links, a_link(1, salesforce=salesforce(5)))

    [late] = links.drop([read])

    assert type(late) is Conflict
    assert links.find("acme", [hubspot(1), salesforce(5)]) == {
        hubspot(1): taken,
        salesforce(5): taken,
    }


def test_nothing_to_drop_is_nothing_done(links: Any) -> None:
    """An empty call returns nothing."""
    assert list(links.drop([])) == []


def test_a_link_with_an_unfilled_slot_cannot_be_saved(links: Any) -> None:
    """Slots must be filled before links are saved."""
    with pytest.raises((TypeError, AssertionError)):
        links.save([a_link(1, salesforce=Slot("new"))])
