"""HubSpot merges two linked records while edits are not yet synced: whatever is synced first, the
primary record's pair stays linked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import pytest

from crmsync.errors import SyncError
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause, redelivered
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Ref, Side
from tests.flows.interleaving.gate import Gate, KilledError, with_gate
from tests.memory.world import MemoryWorld

MESSAGES = ("primary", "other", "other gone", "survivor", "winner", "loser")
"""The changes of a merge and of edits shortly before it: the two HubSpot records, one of them also as
deleted, the survivor, and their Salesforce records.
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
        """Deliver changes of some records as one batch, and work off the queue."""
        changes = [
            self.world.change(
                self.refs[name.split(maxsplit=1)[0]], Cause.DELETED if " " in name else Cause.EDITED
            )
            for name in names
        ]
        self.world.deliver(changes)

    def state(self) -> object:
        """The pairs, what the loser shows, and the reported records."""
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


EXPECTED = ({("survivor", "winner")}, {"loser"}, True, [])
"""The winner's pair stays linked, the loser's has a tombstone, its Salesforce record is unchanged, and
nothing is reported.
"""


ACROSS = {"primary": "winner", "other": "loser", "winner": "primary", "loser": "other"}
"""What the counterpart of each record is called."""


def contacts() -> Merge:
    """Two contacts with leads: one or two fields of each of the four were edited, and nothing was
    synced since.
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
    """Make and sync two records, edit all four, and merge the two in HubSpot before anything is
    synced.
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


def wrong_orders(
    kind: Callable[[], Merge], orders: Sequence[Sequence[str]], *, together: bool = False
) -> dict[object, object]:
    """The orders of arrival after which something is wrong, once a sweep has reported the survivor
    and the Salesforce records.
    """
    found: dict[object, object] = {}
    for order in orders:
        merge = kind()
        for batch in [order] if together else [(name,) for name in order]:
            merge.deliver(*batch)
            merge.world.drain()
        merge.deliver("survivor", "winner", "loser")
        merge.world.drain()
        if (state := merge.state()) != EXPECTED:
            found[tuple(order)] = state
    return found


@pytest.mark.long
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_stays_linked_in_any_order_of_changes(
    kind: Callable[[], Merge],
):
    """Four of the six changes in every order, one after the other, while the last two may be
    lost.
    """
    assert wrong_orders(kind, list(permutations(MESSAGES, 4))) == {}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_stays_linked_whichever_two_changes_come_first(
    kind: Callable[[], Merge],
    together: bool,  # noqa: FBT001
):
    """The two changes arrive one after the other or in one batch."""
    assert wrong_orders(kind, list(permutations(MESSAGES, 2)), together=together) == {}


@pytest.mark.long
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("MRG-4")
@pytest.mark.rule("DUP-6")
@pytest.mark.parametrize("kind", KINDS)
def test_the_primary_records_pair_stays_linked_if_the_changes_come_in_one_batch(
    kind: Callable[[], Merge],
):
    """Three of the changes together, in every order."""
    assert wrong_orders(kind, list(permutations(MESSAGES, 3)), together=True) == {}


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
def test_edits_on_both_sides_of_the_primary_pair_all_sync(first: str):
    """The survivor's values reach the winner's lead and that lead's edit the survivor; edits of the
    loser's lead go nowhere.
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
def test_a_survivor_without_a_visible_change_takes_over_the_link():
    """If the webhook of the merge is lost, a sweep that reports the survivor alone is enough."""
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
def test_the_loser_pair_ends_wherever_the_worker_dies_that_moves_the_survivors_link():
    """The webhook of the merge is lost, and a change of the winner's lead is all that comes, twice:
    the worker that had it first died.
    """
    states: dict[int, object] = {}
    for at in range(40):
        merge = contacts()
        change, died = merge.world.change(merge.refs["winner"]), Gate(dies_at=at)
        try:
            sync_contacts([change], with_gate(merge.world.context, died))
        except KilledError:
            merge.world.wait(12)
            merge.world.deliver([redelivered(change)])
        merge.world.drain()
        if merge.state() != EXPECTED:
            states[at] = merge.state()
        if len(died.calls) < at:
            break
    assert states == {}


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
def test_the_survivor_may_have_the_other_contacts_address(first: str):
    """The primary record's lead gets that address, and the other lead, which is no longer linked,
    keeps it.
    """
    merge = contacts()
    merge.world.hubspot.edit(merge.refs["survivor"], {"email": "other@example.com"})
    for name in (first, "survivor", "winner", "loser"):
        merge.deliver(name)
    assert merge.state() == EXPECTED
    assert merge.world.salesforce.fields(merge.refs["winner"])["Email"] == "other@example.com"


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("first", MESSAGES)
@pytest.mark.parametrize("named", ["", "00Q000000000999AAA"])
def test_a_survivor_that_names_neither_lead_is_matched_by_its_values(first: str, named: str):
    """If HubSpot has no lead's id, or an outdated one, the address is that of the primary
    record.
    """
    merge = contacts()
    merge.world.hubspot.edit(merge.refs["survivor"], {"crmsync_salesforce_id": named})
    for name in (first, "survivor", "winner", "loser"):
        merge.deliver(name)
    assert merge.state() == EXPECTED


@pytest.mark.rule("MRG-3")
@pytest.mark.rule("CH-13")
def test_a_third_lead_with_the_address_is_not_linked_with_the_survivor():
    """The third lead is reported as a duplicate, and the primary pair stays linked."""
    merge = contacts()
    third = merge.world.new_lead(Email="primary@example.com")
    merge.world.sync(third)
    for name in ("loser", "survivor", "winner"):
        merge.deliver(name)
    active, over, alone, reported = merge.state()
    assert (active, over, alone) == ({("survivor", "winner")}, {"loser"}, True)
    assert [(one.ref, str(one.category)) for one in reported] == [(third, "duplicates")]


@pytest.mark.rule("MRG-3")
@pytest.mark.parametrize("is_primary", [True, False])
@pytest.mark.parametrize("order", list(permutations(["last", "lead", "winner", "loser"], 2)))
def test_a_series_of_merges_leaves_the_pair_of_the_last_primary_record(
    order: tuple[str, ...],
    is_primary: bool,  # noqa: FBT001
):
    """The survivor is merged with a third linked contact before the first merge was synced, as the
    primary record or as the other.
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
    successor, other = ("winner", "lead") if is_primary else ("lead", "winner")
    assert merge.state() == ({("last", successor)}, {"loser", other}, True, [])


@pytest.mark.rule("MRG-3")
@pytest.mark.rule("DEL-1")
def test_deleting_the_losers_lead_does_not_delete_the_survivor():
    """The setting deletes the contact of a deleted lead, but the survivor is not the loser's
    contact.
    """
    merge = contacts()
    merge.world.settings = {"delete_in_hubspot": True}
    merge.world.salesforce.delete(merge.refs["loser"])
    merge.left_alone = {}
    for name in ("loser gone", "survivor", "winner"):
        merge.deliver(name)
    assert (merge.state(), merge.world.hubspot.refs("contact")) == (
        EXPECTED,
        [merge.refs["survivor"]],
    )


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("deletes", [False, True])
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("DEL-1")
def test_the_survivor_goes_on_with_the_other_lead_if_that_of_the_primary_record_is_gone(
    deletes: bool,  # noqa: FBT001
    together: bool,  # noqa: FBT001
):
    """Nothing was read since the lead was deleted and the contacts were merged: the survivor is not
    deleted with it, syncs with the other lead, and one more look at both writes nothing.
    """
    found: dict[object, object] = {}
    for order in permutations(("winner gone", "survivor", "loser", "primary gone")):
        merge = contacts()
        merge.world.settings = {"delete_in_hubspot": deletes}
        merge.world.salesforce.delete(merge.refs["winner"])
        for batch in [order] if together else [(name,) for name in order]:
            merge.deliver(*batch)
        writes = merge.world.writes()
        merge.deliver("survivor", "loser")
        pairs, ended, _, told = merge.state()
        found[order] = (pairs, ended, told, merge.world.writes() - writes)
    expected = ({("survivor", "loser")}, {"winner"}, [], 0)
    assert {order: state for order, state in found.items() if state != expected} == {}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.rule("MRG-3")
@pytest.mark.rule("DUP-26")
def test_the_survivor_goes_on_with_the_other_lead_if_that_of_the_primary_record_is_anothers(
    together: bool,  # noqa: FBT001
):
    """The primary record had got another address, and a new contact the one that it had before, by
    which it was linked with what the lead was converted into.
    """
    found: dict[object, object] = {}
    for order in permutations(("winner", "survivor", "loser", "other")):
        world = MemoryWorld()
        primary, other = world.new_contact(), world.new_contact(email="other@example.com")
        world.sync(primary, other)
        world.drain()
        winner, loser = world.counterpart(primary), world.counterpart(other)
        world.hubspot.edit(primary, {"email": "primary@example.com"})
        new = world.new_contact()
        became = world.salesforce.convert(winner)
        world.sync(became)
        world.drain()
        world.wait()
        survivor = world.hubspot.merge(primary, other)
        merge = Merge(
            world,
            {"winner": winner, "loser": loser, "survivor": survivor, "primary": primary}
            | {"other": other, "new": new, "became": became},
        )
        for batch in [order] if together else [(name,) for name in order]:
            merge.deliver(*batch)
        world.drain()
        pairs, ended, _, told = merge.state()
        found[order] = ({one for one in pairs if one[1] in merge.refs}, ended, told)
    expected = ({("survivor", "loser"), ("new", "became")}, {"winner"}, [])
    assert {order: state for order, state in found.items() if state != expected} == {}


@pytest.mark.rule("DUP-24")
def test_an_edit_just_before_the_survivors_id_is_written_crosses():
    """The worker has read the lead and writes nothing but the id. As nobody else has changed the lead
    since, the edit could be taken for Salesforce's formatting of the value that made the lead.
    """
    world = MemoryWorld()
    primary = world.new_contact(jobtitle="Engineer")
    other = world.new_contact(email="other@example.com")
    world.sync(primary, other)
    lead = world.counterpart(primary)
    world.wait()
    survivor = world.hubspot.merge(primary, other)
    save = world.links.save

    def edited_meanwhile(links: Sequence[Link]) -> Sequence[Link | SyncError]:
        world.links.save = save
        world.salesforce.edit(lead, {"Title": "Chief engineer"})
        return save(links)

    world.links.save = edited_meanwhile
    world.sync(survivor)
    world.sync(lead)
    world.drain()

    assert world.hubspot.fields(survivor)["jobtitle"] == "Chief engineer"
    assert world.salesforce.fields(lead)["Title"] == "Chief engineer"


@pytest.mark.rule("DEL-1")
@pytest.mark.parametrize("side", Side)
def test_nobody_waits_for_a_parent_whose_own_counterpart_was_deleted_before_it_had_a_link(
    side: Side,
):
    """A company shows the id of an account that is gone, or the other way round, and no link tells
    of it: as no other one is made, their contacts do not wait.
    """
    world = MemoryWorld()
    account, person = world.new_account(), world.new_salesforce_contact(None)
    world.sync(account, person)
    company, contact = world.counterpart(account), world.counterpart(person)
    (link,) = (one for one in world.links.all if one.hubspot == company)
    world.links.drop([link])
    world.wait()
    world.crm(side.other).delete(account if side is Side.HUBSPOT else company)
    if side is Side.HUBSPOT:
        world.associations.add_association(contact, company)
    else:
        world.salesforce.edit(person, {"AccountId": account.id})

    world.sync(contact, person)
    world.drain()

    assert (list(world.inbox.parked("acme")), world.outbox.delayed) == ([], [])
    left = world.hubspot.refs("company"), world.salesforce.refs("Account")
    assert left == (([company], []) if side is Side.HUBSPOT else ([], [account]))
    writes = world.links.writes
    world.sync(company, account, contact, person, cause=Cause.AGAIN)
    world.drain()
    assert world.links.writes == writes


@pytest.mark.rule("DEL-1")
@pytest.mark.parametrize("is_read_first", [True, False])
def test_nobody_waits_for_the_account_of_a_survivor_whose_account_was_deleted(
    *, is_read_first: bool
):
    """An edit does not bring the account back, so a contact of the surviving company does not wait
    for it, whether or not the deletion was read before the merge. If the account is restored, the
    pair goes on.
    """
    world = MemoryWorld()
    account, person = world.new_account(), world.new_salesforce_contact(None)
    world.sync(account, person)
    company, contact = world.counterpart(account), world.counterpart(person)
    other = world.new_company(contact)
    world.wait()
    world.salesforce.delete(account)
    if is_read_first:
        world.sync(account, cause=Cause.DELETED)
    survivor = world.hubspot.merge(company, other)
    world.sync(account, cause=Cause.DELETED)

    world.wait()
    world.sync(contact)
    world.drain()

    assert (list(world.inbox.parked("acme")), world.outbox.delayed) == ([], [])
    assert world.salesforce.refs("Account") == []
    writes = world.links.writes
    world.sync(survivor, contact, cause=Cause.AGAIN)
    world.drain()
    assert world.links.writes == writes
    world.salesforce.restore(account)
    world.sync(account, cause=Cause.RESTORED)
    assert world.pairs() == {(survivor.id, account.id)}


@pytest.mark.rule("MRG-1")
@pytest.mark.parametrize("first", ["winner", "loser"])
@pytest.mark.parametrize("kind", [contacts, companies])
def test_the_link_moves_to_the_losers_record_if_it_wins_a_merge_in_salesforce(
    kind: Callable[[], Merge], first: str
):
    """Somebody has merged the contacts, and then merges their leads the other way round; the same
    for companies and accounts.
    """
    merge = kind()
    merge.deliver("survivor", "winner", "loser")
    assert_pair_goes_on(merge, "survivor", "loser", "winner", first)


@pytest.mark.rule("MRG-1")
@pytest.mark.parametrize("first", ["winner", "loser"])
@pytest.mark.parametrize("kind", [contacts, companies])
def test_the_link_moves_to_the_record_of_a_deleted_one_if_it_wins_a_merge_in_salesforce(
    kind: Callable[[], Merge], first: str
):
    """What is left in Salesforce of a contact or company that was deleted in HubSpot."""
    merge = kind()
    merge.deliver("survivor", "winner", "loser")
    new_account = merge.world.new_account
    merge.refs["other"] = new_account() if kind is companies else merge.world.new_lead()
    merge.world.sync(merge.refs["other"])
    merge.refs["primary"] = merge.world.counterpart(merge.refs["other"])
    merge.world.hubspot.delete(merge.refs["survivor"])
    merge.deliver("survivor gone")
    assert_pair_goes_on(merge, "primary", "winner", "other", first)


def assert_pair_goes_on(merge: Merge, ours: str, left: str, linked: str, first: str) -> None:
    """The record that is `linked` is merged into the one that is `left`: the next edit of `ours`
    arrives there, and there is one living link.
    """
    world = merge.world
    world.wait()
    world.salesforce.merge(merge.refs[left], merge.refs[linked])
    world.wait()
    told = [left, f"{linked} gone"]
    for name in told if first == "loser" else reversed(told):
        merge.deliver(name)
        world.drain()
    world.wait()
    ref = merge.refs[ours]
    world.hubspot.edit(ref, {"phone": "0109"})
    merge.deliver(ours)
    world.drain()

    living = [one for one in world.links.all if one.state is LinkState.ACTIVE]
    assert [(one.hubspot, one.salesforce) for one in living] == [(ref, merge.refs[left])]
    assert world.salesforce.fields(merge.refs[left])["Phone"] == "0109"
    assert list(world.inbox.parked("acme")) == []
