"""HubSpot merges two linked records while edits still wait: whatever is synced first, the
primary record's pair goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import pytest

from crmsync.model.changes import Cause
from crmsync.model.links import LinkState
from crmsync.model.records import Ref
from tests.memory.world import MemoryWorld

MESSAGES = ("primary", "other", "other gone", "survivor", "winner", "loser")
"""What is told of a merge and of edits shortly before it: the two HubSpot records, one of them also
as deleted, what became of them, and their Salesforce records.
"""


@dataclass
class Merge:
    """Two pairs whose HubSpot records were merged; `refs` are the records by the names of
    `MESSAGES`.
    """

    world: MemoryWorld
    refs: dict[str, Ref] = field(default_factory=dict)
    left_alone: object = None

    def deliver(self, *names: str) -> None:
        """Tell of some records, one batch for all, and work off what follows."""
        changes = [
            self.world.change(
                self.refs[name.split(maxsplit=1)[0]], Cause.DELETED if " " in name else Cause.EDITED
            )
            for name in names
        ]
        self.world.deliver(changes)

    def standing(self) -> object:
        """Which pairs there are, what the loser shows, and who is reported."""
        called = {ref: name for name, ref in self.refs.items()}
        links = self.world.links.all
        return (
            {
                (called.get(one.hubspot, one.hubspot), called.get(one.salesforce, one.salesforce))
                for one in links
                if one.state is LinkState.ACTIVE
            },
            {called.get(one.salesforce) for one in links if one.state is LinkState.TOMBSTONE},
            dict(self.world.salesforce.fields(self.refs["loser"])) == self.left_alone,
            list(self.world.inbox.parked("acme")),
        )


SOUND = ({("survivor", "winner")}, {"loser"}, True, [])
"""The winner's pair goes on, the loser's is over, its Salesforce record shows what it showed, and
nobody is told of anything.
"""


ACROSS = {"primary": "winner", "other": "loser", "winner": "primary", "loser": "other"}
"""What the counterpart of each record is called."""


def contacts() -> Merge:
    """Two contacts with leads: one field of each of the four was edited, or two, and nobody has
    looked yet.
    """
    return merged(
        ("primary", "other"),
        lambda world, name: world.new_contact(email=f"{name}@example.com", lastname=name),
        primary={"phone": "0101"},
        other={"phone": "0102", "city": "Ulm"},
        winner={"Title": "Baker"},
        loser={"Title": "Pilot"},
    )


def companies() -> Merge:
    """Two companies with accounts, both made in Salesforce."""
    return merged(
        ("winner", "loser"),
        lambda world, name: world.new_account(Name=name),
        primary={"phone": "0101"},
        other={"phone": "0102", "zip": "89073"},
        winner={"BillingCity": "Bern"},
        loser={"BillingCity": "Graz"},
    )


def deals() -> Merge:
    """Two deals with opportunities."""
    return merged(
        ("primary", "other"),
        lambda world, name: world.new_deal(dealname=name),
        primary={"amount": "101"},
        other={"amount": "102", "description": "Old"},
        winner={"Name": "The winner"},
        loser={"Name": "The loser"},
    )


def merged(
    made: Sequence[str], make: Callable[[MemoryWorld, str], Ref], **edits: Mapping[str, str]
) -> Merge:
    """Persons make two records and, once these are pairs, edit all four; before anything is synced, they
    merge the two of HubSpot.
    """
    world = MemoryWorld()
    merge = Merge(world)
    for name in made:
        merge.refs[name] = make(world, name)
        world.sync(merge.refs[name])
        world.drain()
        merge.refs[ACROSS[name]] = world.counterpart(merge.refs[name])
    world.wait()
    for name, fields in edits.items():
        world.crm(merge.refs[name].side).edit(merge.refs[name], fields)
    merge.left_alone = dict(world.salesforce.fields(merge.refs["loser"]))
    world.wait()
    merge.refs["survivor"] = world.hubspot.merge(merge.refs["primary"], merge.refs["other"])
    world.wait()
    return merge


KINDS = [contacts, companies, deals]


def unsound(
    kind: Callable[[], Merge], orders: Sequence[Sequence[str]], *, together: bool = False
) -> dict[object, object]:
    """The orders of arrival after which not all is as it should be, once the sweep has told of the
    survivor and of Salesforce's records.
    """
    found: dict[object, object] = {}
    for order in orders:
        merge = kind()
        for batch in [order] if together else [(name,) for name in order]:
            merge.deliver(*batch)
            merge.world.drain()
        merge.deliver("survivor", "winner", "loser")
        merge.world.drain()
        if (standing := merge.standing()) != SOUND:
            found[tuple(order)] = standing
    return found


@pytest.mark.long
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_goes_on_in_whatever_order_the_news_arrive(
    kind: Callable[[], Merge],
):
    """Four of the six messages in every order, one after the other; the last two may be lost."""
    assert unsound(kind, list(permutations(MESSAGES, 4))) == {}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_goes_on_whichever_two_news_arrive_first(
    kind: Callable[[], Merge],
    together: bool,  # noqa: FBT001
):
    """One after the other, or in one batch."""
    assert unsound(kind, list(permutations(MESSAGES, 2)), together=together) == {}


@pytest.mark.long
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_goes_on_when_the_news_arrive_in_one_batch(
    kind: Callable[[], Merge],
):
    """Three of them together, in every order."""
    assert unsound(kind, list(permutations(MESSAGES, 3)), together=True) == {}


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
def test_edits_on_both_sides_of_the_primary_pair_all_arrive(first: str):
    """What the survivor shows crosses to the winner, and the winner's own edit to the survivor; the
    loser's reach nobody.
    """
    merge = contacts()
    for name in (first, "survivor", "winner", "loser"):
        merge.deliver(name)
    shown, winner = (
        merge.world.hubspot.fields(merge.refs["survivor"]),
        merge.world.salesforce.fields(merge.refs["winner"]),
    )
    assert [shown[name] for name in ("email", "phone", "jobtitle")] == [
        "primary@example.com",
        "0101",
        "Baker",
    ]
    assert [winner[name] for name in ("Email", "Phone", "Title")] == [
        "primary@example.com",
        "0101",
        "Baker",
    ]


@pytest.mark.rule("MRG-3")
def test_a_survivor_that_shows_nothing_new_takes_the_link_over_all_the_same():
    """Nothing was edited and the news of the merge was lost; the sweep tells of the survivor
    alone.
    """
    world = MemoryWorld()
    one, two = (
        world.new_contact(email="one@example.com"),
        world.new_contact(email="two@example.com"),
    )
    world.sync(one, two)
    lead = world.counterpart(one)
    survivor = world.hubspot.merge(one, two)
    world.sync(survivor)
    assert world.links.find("acme", [survivor])[survivor].salesforce == lead


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
def test_the_survivor_may_have_got_the_other_ones_address_since(first: str):
    """The primary record's lead gets that address, and the other lead keeps it all the same: it is
    no longer anybody's.
    """
    merge = contacts()
    merge.world.hubspot.edit(merge.refs["survivor"], {"email": "other@example.com"})
    for name in (first, "survivor", "winner", "loser"):
        merge.deliver(name)
    assert merge.standing() == SOUND
    assert merge.world.salesforce.fields(merge.refs["winner"])["Email"] == "other@example.com"


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
@pytest.mark.parametrize("named", ["", "00Q000000000999AAA"])
def test_where_the_survivor_names_neither_lead_its_values_tell_the_pair(first: str, named: str):
    """The id of the lead was never noted in HubSpot, or is that of one that is long gone; the
    address is the primary record's.
    """
    merge = contacts()
    merge.world.hubspot.edit(merge.refs["survivor"], {"crmsync_salesforce_id": named})
    for name in (first, "survivor", "winner", "loser"):
        merge.deliver(name)
    assert merge.standing() == SOUND


@pytest.mark.rule("MRG-3")
@pytest.mark.rule("CH-13")
def test_a_third_lead_with_the_address_does_not_get_the_survivor():
    """It arrives before the merge was synced, is reported as a double of a linked
    record, and the primary pair goes on.
    """
    merge = contacts()
    third = merge.world.new_lead(Email="primary@example.com")
    merge.world.sync(third)
    for name in ("loser", "survivor", "winner"):
        merge.deliver(name)
    active, over, alone, reported = merge.standing()
    assert (active, over, alone) == ({("survivor", "winner")}, {"loser"}, True)
    assert [(one.ref, str(one.category)) for one in reported] == [(third, "duplicates")]


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("is_primary", [True, False])
@pytest.mark.parametrize("order", list(permutations(["last", "lead", "winner", "loser"], 2)))
def test_a_row_of_merges_leaves_the_pair_of_the_last_primary_record(
    order: tuple[str, ...],
    is_primary: bool,  # noqa: FBT001
):
    """The survivor is merged with a third linked contact before that was synced: as the primary
    record, or as the other one.
    """
    merge = contacts()
    world = merge.world
    third = world.new_contact(email="third@example.com", lastname="third")
    world.sync(third)
    merge.refs["lead"] = world.counterpart(third)
    world.wait()
    world.salesforce.edit(merge.refs["lead"], {"Title": "Judge"})
    pair = (merge.refs["survivor"], third)
    merge.refs["last"] = world.hubspot.merge(*(pair if is_primary else reversed(pair)))
    for name in (*order, "last", "lead", "winner", "loser"):
        merge.deliver(name)
        world.drain()
    heir, other = ("winner", "lead") if is_primary else ("lead", "winner")
    assert merge.standing() == ({("last", heir)}, {"loser", other}, True, [])


@pytest.mark.rule("MRG-3")
@pytest.mark.rule("DEL-1")
def test_the_losers_lead_may_be_deleted_without_the_survivor_going_along():
    """The setting deletes the contact of a deleted lead, and the survivor is not the loser's
    contact.
    """
    merge = contacts()
    merge.world.settings = {"delete_in_hubspot": True}
    merge.world.salesforce.delete(merge.refs["loser"])
    merge.left_alone = {}
    for name in ("loser gone", "survivor", "winner"):
        merge.deliver(name)
    assert (merge.standing(), merge.world.hubspot.refs("contact")) == (
        SOUND,
        [merge.refs["survivor"]],
    )
