"""HubSpot merges two linked records while edits still wait: whatever is looked at first, the primary record's pair goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import pytest

from crmsync.model.changes import Cause
from crmsync.model.links import LinkState
from crmsync.model.records import Ref
from tests.flows.worlds import Town

MESSAGES = ("primary", "other", "other gone", "survivor", "winner", "loser")
"""What is told of a merge and of edits shortly before it: the two HubSpot records, one of them also as deleted, what became of them, and
their Salesforce records."""


@dataclass
class Merge:
    """Two pairs whose HubSpot records were merged; `refs` are the records by the names of `MESSAGES`."""

    town: Town
    refs: dict[str, Ref] = field(default_factory=dict)
    left_alone: object = None

    def deliver(self, *names: str) -> None:
        """Tell of some records, one batch for all, and work off what follows."""
        changes = [
            self.town.change(self.refs[name.split(maxsplit=1)[0]], Cause.DELETED if " " in name else Cause.EDITED)
            for name in names
        ]
        self.town.deliver(changes)

    def standing(self) -> object:
        """Which pairs there are, what the loser shows, and who is reported."""
        called = {ref: name for name, ref in self.refs.items()}
        links = self.town.links.all
        return (
            {
                (called.get(one.hubspot, one.hubspot), called.get(one.salesforce, one.salesforce))
                for one in links
                if one.state is LinkState.ACTIVE
            },
            {called.get(one.salesforce) for one in links if one.state is LinkState.TOMBSTONE},
            dict(self.town.salesforce.fields(self.refs["loser"])) == self.left_alone,
            list(self.town.inbox.parked("acme")),
        )


SOUND = ({("survivor", "winner")}, {"loser"}, True, [])
"""The winner's pair goes on, the loser's is over, its Salesforce record shows what it showed, and nobody is told of anything."""


def contacts() -> Merge:
    """Two contacts with leads: one field of each of the four was edited, and nobody has looked yet."""
    town = Town()
    merge = Merge(town)
    for here, there in (("primary", "winner"), ("other", "loser")):
        merge.refs[here] = town.new_contact(email=f"{here}@example.com", lastname=here)
        town.sync(merge.refs[here])
        merge.refs[there] = town.counterpart(merge.refs[here])
    town.wait()
    town.hubspot.edit(merge.refs["primary"], {"phone": "0101"})
    town.hubspot.edit(merge.refs["other"], {"phone": "0102", "city": "Ulm"})
    town.salesforce.edit(merge.refs["winner"], {"Title": "Baker"})
    town.salesforce.edit(merge.refs["loser"], {"Title": "Pilot"})
    return merged(merge)


def companies() -> Merge:
    """Two companies with accounts, both made in Salesforce."""
    town = Town()
    merge = Merge(town)
    for here, there in (("primary", "winner"), ("other", "loser")):
        merge.refs[there] = town.new_account(Name=there)
        town.sync(merge.refs[there])
        merge.refs[here] = town.counterpart(merge.refs[there])
    town.wait()
    town.hubspot.edit(merge.refs["primary"], {"phone": "0101"})
    town.hubspot.edit(merge.refs["other"], {"phone": "0102", "zip": "89073"})
    town.salesforce.edit(merge.refs["winner"], {"BillingCity": "Bern"})
    town.salesforce.edit(merge.refs["loser"], {"BillingCity": "Graz"})
    return merged(merge)


def deals() -> Merge:
    """Two deals with opportunities."""
    town = Town()
    merge = Merge(town)
    for here, there in (("primary", "winner"), ("other", "loser")):
        merge.refs[here] = town.new_deal(dealname=here)
        town.sync(merge.refs[here])
        town.drain()
        merge.refs[there] = town.counterpart(merge.refs[here])
    town.wait()
    town.hubspot.edit(merge.refs["primary"], {"amount": "101"})
    town.hubspot.edit(merge.refs["other"], {"amount": "102", "description": "Old"})
    town.salesforce.edit(merge.refs["winner"], {"Name": "The winner"})
    town.salesforce.edit(merge.refs["loser"], {"Name": "The loser"})
    return merged(merge)


def merged(merge: Merge) -> Merge:
    """A person merges the two HubSpot records."""
    merge.left_alone = dict(merge.town.salesforce.fields(merge.refs["loser"]))
    merge.town.wait()
    merge.refs["survivor"] = merge.town.hubspot.merge(merge.refs["primary"], merge.refs["other"])
    merge.town.wait()
    return merge


KINDS = [contacts, companies, deals]


def unsound(
    kind: Callable[[], Merge], orders: Sequence[Sequence[str]], *, together: bool = False
) -> dict[object, object]:
    """The orders of arrival after which not all is as it should be, once the sweep has told of the survivor and of Salesforce's records."""
    found: dict[object, object] = {}
    for order in orders:
        merge = kind()
        for batch in [order] if together else [(name,) for name in order]:
            merge.deliver(*batch)
            merge.town.drain()
        merge.deliver("survivor", "winner", "loser")
        merge.town.drain()
        if (standing := merge.standing()) != SOUND:
            found[tuple(order)] = standing
    return found


@pytest.mark.long
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_goes_on_in_whatever_order_the_news_arrive(kind: Callable[[], Merge]):
    """Four of the six messages in every order, one after the other; the last two may be lost."""
    assert unsound(kind, list(permutations(MESSAGES, 4))) == {}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_goes_on_whichever_two_news_arrive_first(kind: Callable[[], Merge], together: bool):  # noqa: FBT001
    """One after the other, or in one batch."""
    assert unsound(kind, list(permutations(MESSAGES, 2)), together=together) == {}


@pytest.mark.long
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_goes_on_when_the_news_arrive_in_one_batch(kind: Callable[[], Merge]):
    """Three of them together, in every order."""
    assert unsound(kind, list(permutations(MESSAGES, 3)), together=True) == {}


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
def test_edits_on_both_sides_of_the_primary_pair_all_arrive(first: str):
    """What the survivor shows crosses to the winner, and the winner's own edit to the survivor; the loser's reach nobody."""
    merge = contacts()
    for name in (first, "survivor", "winner", "loser"):
        merge.deliver(name)
    shown, winner = (
        merge.town.hubspot.fields(merge.refs["survivor"]),
        merge.town.salesforce.fields(merge.refs["winner"]),
    )
    assert [shown[name] for name in ("email", "phone", "jobtitle")] == ["primary@example.com", "0101", "Baker"]
    assert [winner[name] for name in ("Email", "Phone", "Title")] == ["primary@example.com", "0101", "Baker"]


@pytest.mark.rule("MRG-3")
def test_a_survivor_that_shows_nothing_new_takes_the_link_over_all_the_same():
    """Nothing was edited and the news of the merge was lost; the sweep tells of the survivor alone."""
    town = Town()
    one, two = town.new_contact(email="one@example.com"), town.new_contact(email="two@example.com")
    town.sync(one, two)
    lead = town.counterpart(one)
    survivor = town.hubspot.merge(one, two)
    town.sync(survivor)
    assert town.links.find("acme", [survivor])[survivor].salesforce == lead


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
def test_the_survivor_may_have_got_the_other_ones_address_since(first: str):
    """The primary record's lead gets that address, and the other lead keeps it all the same: it is no longer anybody's."""
    merge = contacts()
    merge.town.hubspot.edit(merge.refs["survivor"], {"email": "other@example.com"})
    for name in (first, "survivor", "winner", "loser"):
        merge.deliver(name)
    assert merge.standing() == SOUND
    assert merge.town.salesforce.fields(merge.refs["winner"])["Email"] == "other@example.com"


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
@pytest.mark.parametrize("named", ["", "00Q000000000999AAA"])
def test_where_the_survivor_names_neither_lead_its_values_tell_the_pair(first: str, named: str):
    """The id of the lead was never noted in HubSpot, or is that of one that is long gone; the address is the primary record's."""
    merge = contacts()
    merge.town.hubspot.edit(merge.refs["survivor"], {"crmsync_salesforce_id": named})
    for name in (first, "survivor", "winner", "loser"):
        merge.deliver(name)
    assert merge.standing() == SOUND


@pytest.mark.rule("MRG-3")
@pytest.mark.rule("CH-13")
def test_a_third_lead_with_the_address_does_not_get_the_survivor():
    """It arrives before anybody has looked at the merge, is reported as a double of a linked record, and the primary pair goes on."""
    merge = contacts()
    third = merge.town.new_lead(Email="primary@example.com")
    merge.town.sync(third)
    for name in ("loser", "survivor", "winner"):
        merge.deliver(name)
    active, over, alone, reported = merge.standing()
    assert (active, over, alone) == ({("survivor", "winner")}, {"loser"}, True)
    assert [(one.ref, str(one.category)) for one in reported] == [(third, "duplicates")]


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("is_primary", [True, False])
@pytest.mark.parametrize("order", list(permutations(["last", "lead", "winner", "loser"], 2)))
def test_a_row_of_merges_leaves_the_pair_of_the_last_primary_record(order: tuple[str, ...], is_primary: bool):  # noqa: FBT001
    """The survivor is merged with a third linked contact before anybody has looked: as the primary record, or as the other one."""
    merge = contacts()
    town = merge.town
    third = town.new_contact(email="third@example.com", lastname="third")
    town.sync(third)
    merge.refs["lead"] = town.counterpart(third)
    town.wait()
    town.salesforce.edit(merge.refs["lead"], {"Title": "Judge"})
    pair = (merge.refs["survivor"], third)
    merge.refs["last"] = town.hubspot.merge(*(pair if is_primary else reversed(pair)))
    for name in (*order, "last", "lead", "winner", "loser"):
        merge.deliver(name)
        town.drain()
    heir, other = ("winner", "lead") if is_primary else ("lead", "winner")
    assert merge.standing() == ({("last", heir)}, {"loser", other}, True, [])


@pytest.mark.rule("MRG-3")
@pytest.mark.rule("DEL-1")
def test_the_losers_lead_may_be_deleted_without_the_survivor_going_along():
    """The setting deletes the contact of a deleted lead, and the survivor is not the loser's contact."""
    merge = contacts()
    merge.town.settings = {"delete_in_hubspot": True}
    merge.town.salesforce.delete(merge.refs["loser"])
    merge.left_alone = {}
    for name in ("loser gone", "survivor", "winner"):
        merge.deliver(name)
    assert (merge.standing(), merge.town.hubspot.refs("contact")) == (SOUND, [merge.refs["survivor"]])
