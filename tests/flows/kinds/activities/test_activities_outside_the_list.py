"""Nothing of an activity crosses for contacts outside the inclusion list; whom and what else it is
about syncs, and the rest follows once they join.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.kinds.activity import gather_and_plan
from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import ActivitySettings, LeftAlone
from crmsync.model.plan import Note
from crmsync.model.records import Ref, Side
from tests.flows.kinds.activities.activity_worlds import (
    TO_SALESFORCE,
    TWO_WAY,
    a_call,
    a_linked_person,
    shown,
)
from tests.flows.kinds.activities.listed_worlds import (
    TITLES,
    a_person,
    contacts_of,
    join,
    list_on,
    listed,
    look,
    people_of,
)
from tests.memory.world import MemoryWorld

pytestmark = pytest.mark.rule("INC-7")

ALONE = Note(f"is left alone: {LeftAlone.OUTSIDE}", ("ACT-3", "INC-7"))
OTHERS_REST = "contacts outside the inclusion list are neither added nor taken away on either side"
PEOPLE_REST = "whom it is about stays as it is while a contact is outside the inclusion list"


def an_account(world: MemoryWorld) -> tuple[Ref, Ref]:
    """A company and its account."""
    account = world.new_account()
    world.sync(account)
    return world.counterpart(account), account


def a_task(world: MemoryWorld, **fields: str) -> Ref:
    """A call that somebody logged in Salesforce."""
    return world.salesforce.add(
        "Task",
        {"Subject": "Offer", "TaskSubtype": "Call", "Status": "Completed", **fields},
    )


def tasks(world: MemoryWorld, *names: str) -> list[dict[str, object]]:
    """These fields of all tasks."""
    return [dict(shown(world, ref, *names)) for ref in world.salesforce.refs("Task")]


def membership_reads(world: MemoryWorld) -> list[frozenset[Ref]]:
    """The contacts of each membership read from now on."""
    read, asked = world.lists.members, []

    def members(list_id: str, refs: Sequence[Ref]) -> frozenset[Ref]:
        asked.append(frozenset(refs))
        return read(list_id, refs)

    world.lists.members = members
    return asked


@pytest.mark.rule("ACT-3")
@pytest.mark.rule("Q-22")
@pytest.mark.parametrize("outside", ["freeze", "ignore"])
def test_a_call_of_a_frozen_contact_makes_its_task_once_it_joins(outside: str) -> None:
    """It is left alone at once, and the plan says why."""
    world = listed(outside)
    contact, person = a_person(world)
    call = a_call(world, contact)
    (plan,) = gather_and_plan([world.change(call)], world.context).plans
    world.sync(call)
    world.drain()
    before = tasks(world, "WhoId")

    join(world, contact)

    assert (plan.effects, plan.notes) == ((), (ALONE,))
    assert (before, tasks(world, "WhoId")) == ([], [{"WhoId": person.id}])


@pytest.mark.rule("ACT-3")
@pytest.mark.rule("Q-22")
def test_a_task_of_a_frozen_contact_makes_its_call_once_it_joins() -> None:
    """Its contact is found by its counterpart, as HubSpot shows no activity of it."""
    world = listed()
    contact, person = a_person(world)
    task = a_task(world, WhoId=person.id)
    (plan,) = gather_and_plan([world.change(task)], world.context).plans
    world.sync(task)
    world.drain()
    before = world.hubspot.refs("call")

    join(world, contact)

    (call,) = world.hubspot.refs("call")
    assert (plan.effects, plan.notes, before) == ((), (ALONE,), [])
    assert contacts_of(world, call) == {contact}


@pytest.mark.rule("ACT-3")
def test_a_pair_of_a_frozen_contact_rests_until_it_joins() -> None:
    """Edits of both sides stay where they are, and all of them cross afterwards."""
    world = listed()
    contact, _ = a_person(world, is_in=True)
    call = a_call(world, contact)
    world.sync(call)
    world.drain()
    task = world.counterpart(call)
    world.lists.remove_from_list("77", contact)

    world.wait()
    world.hubspot.edit(call, {"hs_call_title": "Second talk"})
    world.salesforce.edit(task, {"Description": "Signed."})
    writes = world.writes()
    look(world, call, task)
    during = world.writes() - writes
    (plan,) = gather_and_plan([world.change(call, Cause.AGAIN)], world.context).plans
    join(world, contact)

    assert (during, plan.effects, plan.notes) == (0, (), (ALONE,))
    assert shown(world, task, "Subject") == {"Subject": "Second talk"}
    assert shown(world, call, "hs_call_body") == {"hs_call_body": "Signed."}


def test_a_call_about_a_company_too_syncs_without_the_frozen_contact() -> None:
    """Its task names the account alone, and the contact once it joins."""
    world = listed()
    contact, person = a_person(world)
    company, account = an_account(world)
    call = a_call(world, contact, company)
    world.sync(call)
    world.drain()
    before = tasks(world, "WhoId", "WhatId")
    (plan,) = gather_and_plan([world.change(call, Cause.AGAIN)], world.context).plans

    join(world, contact)

    assert before == [{"WhoId": None, "WhatId": account.id}]
    assert (plan.effects, [one.text for one in plan.notes]) == ((), [PEOPLE_REST])
    assert tasks(world, "WhoId", "WhatId") == [{"WhoId": person.id, "WhatId": account.id}]


def test_a_task_about_an_account_too_syncs_without_the_frozen_contact() -> None:
    """Its call shows the company alone, and the contact once it joins; the task stays as it is."""
    world = listed()
    contact, person = a_person(world)
    company, account = an_account(world)
    task = a_task(world, WhoId=person.id, WhatId=account.id)
    world.sync(task)
    world.drain()
    (call,) = world.hubspot.refs("call")
    before = contacts_of(world, call), world.associations.of([call], "company")
    look(world, call, task)
    (plan,) = gather_and_plan([world.change(call, Cause.AGAIN)], world.context).plans

    join(world, contact)

    assert before == (set(), {call: (company,)})
    assert (plan.effects, [one.text for one in plan.notes]) == ((), [PEOPLE_REST])
    assert contacts_of(world, call) == {contact}
    assert tasks(world, "WhoId", "WhatId") == [{"WhoId": person.id, "WhatId": account.id}]


def test_a_call_of_two_contacts_is_about_the_one_in_the_list() -> None:
    """The frozen one is older, and stays in HubSpot; one membership read is enough for both calls."""
    world = listed()
    outside, _ = a_person(world)
    inside, person = a_person(world, "eva", is_in=True)
    calls = [a_call(world, outside, inside), a_call(world, inside)]
    asked = membership_reads(world)
    gather_and_plan([world.change(call) for call in calls], world.context)
    reads = list(asked)

    world.sync(*calls)
    look(world, *calls, *world.salesforce.refs("Task"))
    plans = gather_and_plan([world.change(one, Cause.AGAIN) for one in calls], world.context).plans

    assert [[one.text for one in plan.notes] for plan in plans] == [
        [OTHERS_REST],
        [],
    ]
    assert reads == [frozenset({outside, inside})]
    assert tasks(world, "WhoId") == [{"WhoId": person.id}] * 2
    assert [contacts_of(world, call) for call in calls] == [{outside, inside}, {inside}]


@pytest.mark.parametrize("on_task", [True, False])
def test_a_frozen_contact_that_is_taken_away_stays_on_the_other_side(*, on_task: bool) -> None:
    """An edit of the same activity crosses all the same, as it is about a company too; that somebody
    is taken away crosses once the contact joins.
    """
    world = listed()
    contact, person = a_person(world, is_in=True)
    company, account = an_account(world)
    call = a_call(world, contact, company)
    world.sync(call)
    world.drain()
    task = world.counterpart(call)
    world.lists.remove_from_list("77", contact)

    world.wait()
    if on_task:
        world.salesforce.edit(task, {"WhoId": None, "Subject": "Later"})
    else:
        world.associations.remove_association(call, contact)
        world.hubspot.edit(call, {"hs_call_title": "Later"})
    look(world, call, task)
    title = shown(world, task, "Subject"), shown(world, call, "hs_call_title")
    outside = contacts_of(world, call), shown(world, task, "WhoId", "WhatId")
    join(world, contact)

    left = {contact} if on_task else set()
    who = None if on_task else person.id
    assert title == ({"Subject": "Later"}, {"hs_call_title": "Later"})
    assert outside == (left, {"WhoId": who, "WhatId": account.id})
    assert contacts_of(world, call) == set()
    assert shown(world, task, "WhoId", "WhatId") == {"WhoId": None, "WhatId": account.id}


def test_a_task_that_moves_to_another_contact_takes_nobody_away() -> None:
    """While the one before is frozen, HubSpot keeps it; then the call moves as the task did."""
    world = listed()
    ada, _ = a_person(world, is_in=True)
    eva, evas = a_person(world, "eva", is_in=True)
    call = a_call(world, ada)
    world.sync(call)
    world.drain()
    task = world.counterpart(call)
    world.lists.remove_from_list("77", ada)

    world.wait()
    world.salesforce.edit(task, {"WhoId": evas.id})
    look(world, task, call)
    outside = contacts_of(world, call), shown(world, task, "WhoId")
    join(world, ada)

    assert outside == ({ada}, {"WhoId": evas.id})
    assert (contacts_of(world, call), shown(world, task, "WhoId")) == ({eva}, {"WhoId": evas.id})


def test_a_task_that_moves_is_not_taken_to_another_contact_of_the_call() -> None:
    """The call is about two contacts and its task about the one that left the list: that HubSpot has
    another one is no news, so the person's choice in Salesforce stays, and crosses in the end.
    """
    world = listed()
    (ada, _), (eva, evas) = (a_person(world, name, is_in=True) for name in ("ada", "eva"))
    kim, _ = a_person(world, "kim", is_in=True)
    call = a_call(world, ada, kim)
    world.sync(call)
    world.drain()
    task = world.counterpart(call)
    world.lists.remove_from_list("77", ada)

    world.wait()
    world.salesforce.edit(task, {"WhoId": evas.id})
    look(world, task, call)
    outside = contacts_of(world, call), shown(world, task, "WhoId")
    join(world, ada)

    assert outside == ({ada, kim}, {"WhoId": evas.id})
    assert shown(world, task, "WhoId") == {"WhoId": evas.id}
    assert eva in contacts_of(world, call)


def test_somebody_in_the_list_is_added_to_a_task_of_nobody_beside_the_frozen_one() -> None:
    """A call about a company gets two contacts, of which the older one is frozen."""
    world = listed()
    ada, _ = a_person(world)
    eva, evas = a_person(world, "eva", is_in=True)
    company, account = an_account(world)
    call = a_call(world, company)
    world.sync(call)
    world.drain()

    world.wait()
    for one in (ada, eva):
        world.associations.add_association(call, one)
    look(world, call)

    assert tasks(world, "WhoId", "WhatId") == [{"WhoId": evas.id, "WhatId": account.id}]


def test_a_call_whose_worker_died_is_paired_without_the_frozen_contact() -> None:
    """Its task was made, and the link was not saved: that the task lacks the contact is no edit."""
    world = listed()
    ada, _ = a_person(world)
    eva, evas = a_person(world, "eva", is_in=True)
    call = a_call(world, ada, eva)
    save = world.links.save
    world.links.save = lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(call)
    world.links.save = save
    before = tasks(world, "WhoId")

    world.wait(12)
    look(world, call)

    assert (before, tasks(world, "WhoId")) == ([{"WhoId": evas.id}], [{"WhoId": evas.id}])
    assert contacts_of(world, call) == {ada, eva}
    assert list(world.inbox.parked("acme")) == []


def test_a_frozen_lead_keeps_its_task_alone() -> None:
    """Salesforce takes nothing beside a lead, so a company of the call stays in HubSpot."""
    world = listed()
    settings, world.settings = world.settings, {}
    contact, lead = a_linked_person(world)
    company, _ = an_account(world)
    call = a_call(world, contact)
    world.sync(call)
    world.drain()
    world.settings = settings
    task = world.counterpart(call)

    world.wait()
    world.associations.add_association(call, company)
    world.hubspot.edit(call, {"hs_call_title": "Later"})
    look(world, call, task)

    fields = shown(world, task, "WhoId", "WhatId", "Subject")
    assert fields == {"WhoId": lead.id, "WhatId": None, "Subject": "Later"}
    assert list(world.inbox.parked("acme")) == []


def test_a_list_of_contacts_keeps_the_frozen_one_where_it_is() -> None:
    """In an org with Shared Activities: another contact is added on each side, and both cross; the
    frozen one that HubSpot alone has is added to the task once it joins.
    """
    world = listed(several=True)
    (eva, evas), (kim, kims) = (a_person(world, name, is_in=True) for name in ("eva", "kim"))
    (ada, adas), (lou, lous) = a_person(world), a_person(world, "lou", is_in=True)
    call = a_call(world, eva, ada)
    world.sync(call)
    world.drain()
    task = world.counterpart(call)
    first = shown(world, task, "WhoId", "TaskWhoIds")
    world.wait()
    world.associations.add_association(call, kim)
    look(world, call, task)
    world.wait()
    theirs = ";".join(sorted((evas.id, kims.id, lous.id)))
    world.salesforce.edit(task, {"TaskWhoIds": theirs})
    look(world, call, task)
    outside = contacts_of(world, call), shown(world, task, "TaskWhoIds")
    join(world, ada)

    assert first == {"WhoId": evas.id, "TaskWhoIds": evas.id}
    assert outside == ({eva, ada, kim, lou}, {"TaskWhoIds": theirs})
    assert contacts_of(world, call) == {eva, ada, kim, lou}
    everybody = ";".join(sorted((evas.id, kims.id, lous.id, adas.id)))
    assert shown(world, task, "WhoId", "TaskWhoIds") == {
        "WhoId": evas.id,
        "TaskWhoIds": everybody,
    }


def a_call_of(world: MemoryWorld, *contacts: Ref) -> tuple[Ref, Ref]:
    """A call of these contacts and its task, in step."""
    call = a_call(world, *contacts)
    world.sync(call)
    world.drain()
    return call, world.counterpart(call)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("adding", Side)
@pytest.mark.parametrize("taking", Side)
def test_a_frozen_contact_that_is_taken_out_of_a_list_goes_once_it_joins(
    taking: Side, adding: Side, *, at_once: bool
) -> None:
    """In an org with Shared Activities: it stays on the other side while another contact crosses."""
    world = listed(several=True)
    evas, kims, adas = (a_person(world, name, is_in=True) for name in ("eva", "kim", "ada"))
    eva, kim, ada = (dict(zip(Side, one, strict=True)) for one in (evas, kims, adas))
    pair = call, task = a_call_of(world, eva[Side.HUBSPOT], ada[Side.HUBSPOT])
    world.lists.remove_from_list("77", ada[Side.HUBSPOT])

    world.wait()
    list_on(world, taking, pair, eva[taking])
    if not at_once:
        look(world, call, task)
    with_ada = (ada[adding],) if adding is not taking else ()
    list_on(world, adding, pair, eva[adding], kim[adding], *with_ada)
    look(world, call, task)
    outside = people_of(world, pair)
    writes = world.writes()
    look(world, call, task)
    during = world.writes() - writes
    join(world, ada[Side.HUBSPOT])

    both = {side: {eva[side], kim[side]} for side in Side}
    assert outside == both | {taking.other: both[taking.other] | {ada[taking.other]}}
    assert during == 0
    assert people_of(world, pair) == both
    assert shown(world, task, "WhoId") == {"WhoId": eva[Side.SALESFORCE].id}


@pytest.mark.parametrize("adding", Side)
def test_a_frozen_contact_that_leaves_a_list_stays_on_both_sides(adding: Side) -> None:
    """In an org with Shared Activities: that it is in both lists, as agreed, is no edit beside which
    an edit of either list would count as a conflict.
    """
    world = listed(several=True)
    evas, kims, adas = (a_person(world, name, is_in=True) for name in ("eva", "kim", "ada"))
    eva, kim, ada = (dict(zip(Side, one, strict=True)) for one in (evas, kims, adas))
    pair = call, task = a_call_of(world, eva[Side.HUBSPOT], ada[Side.HUBSPOT])
    world.lists.remove_from_list("77", ada[Side.HUBSPOT])

    world.wait()
    list_on(world, adding, pair, eva[adding], kim[adding], ada[adding])
    world.wait()
    other = task if adding is Side.HUBSPOT else call
    world.crm(other.side).edit(other, {TITLES[other.side]: "Later"})
    look(world, call, task)

    assert people_of(world, pair) == {side: {eva[side], kim[side], ada[side]} for side in Side}
    assert shown(world, task, "Subject") == {"Subject": "Later"}


def test_a_frozen_contact_may_come_back_where_both_lists_have_changed() -> None:
    """In an org with Shared Activities, between two looks: nothing tells then that it was agreed on,
    so it counts as added. Both sides show the same in the end.
    """
    world = listed(several=True)
    (eva, evas), (kim, _) = (a_person(world, name, is_in=True) for name in ("eva", "kim"))
    (ada, adas), (_, lous) = (a_person(world, name, is_in=True) for name in ("ada", "lou"))
    pair = call, task = a_call_of(world, eva, ada)
    world.lists.remove_from_list("77", ada)

    world.wait()
    list_on(world, Side.HUBSPOT, pair, eva, ada, kim)
    world.wait()
    list_on(world, Side.SALESFORCE, pair, evas, lous)
    look(world, call, task)
    outside = people_of(world, pair)
    join(world, ada)

    found = people_of(world, pair)
    assert (ada in outside[Side.HUBSPOT], adas in outside[Side.SALESFORCE]) == (True, False)
    assert (ada in found[Side.HUBSPOT], adas in found[Side.SALESFORCE]) == (True, True)
    assert {world.counterpart(one) for one in found[Side.HUBSPOT]} == found[Side.SALESFORCE]


@pytest.mark.rule("ACT-8")
def test_a_deletion_does_not_cross_for_a_frozen_contact() -> None:
    """The pair ends, and the task stays; the plan says why."""
    world = listed(calls=replace(TWO_WAY, delete_in_salesforce=True))
    contact, _ = a_person(world, is_in=True)
    call = a_call(world, contact)
    world.sync(call)
    world.drain()
    world.lists.remove_from_list("77", contact)

    world.hubspot.delete(call)
    (plan,) = gather_and_plan([world.change(call, Cause.DELETED)], world.context).plans
    world.sync(call, cause=Cause.DELETED)

    kept = "is kept: the contacts that it is about are outside the inclusion list"
    assert kept in [one.text for one in plan.notes]
    assert len(world.salesforce.refs("Task")) == 1


@pytest.mark.rule("INC-4")
def test_a_call_of_a_subscriber_makes_its_task_with_another_stage() -> None:
    """The preset list leaves subscribers out; the call has no news when a lead's contact joins."""
    world = MemoryWorld(
        activities=ActivitySettings(calls=TO_SALESFORCE), settings={"inclusion_list": "default"}
    )
    contact, lead = a_linked_person(world)
    world.hubspot.edit(contact, {"lifecyclestage": "subscriber"})
    world.sync(contact)
    call = a_call(world, contact)
    world.sync(call)
    world.drain()
    before = tasks(world, "WhoId")

    world.hubspot.edit(contact, {"lifecyclestage": "marketingqualifiedlead"})
    world.sync(contact)
    world.drain()

    assert (before, tasks(world, "WhoId")) == ([], [{"WhoId": lead.id}])


@pytest.mark.rule("INC-1")
@pytest.mark.rule("CH-17")
@pytest.mark.parametrize("outside", ["", "sync"])
def test_where_nobody_is_frozen_nobody_is_asked_for(outside: str) -> None:
    """Without a list, or where contacts outside sync, membership decides nothing here."""
    world = listed(outside) if outside else listed()
    if not outside:
        world.settings = {}
    contact, person = a_person(world)
    call = a_call(world, contact)
    asked = membership_reads(world)

    gather_and_plan([world.change(call)], world.context)
    reads = list(asked)
    world.sync(call)

    assert (reads, tasks(world, "WhoId")) == ([], [{"WhoId": person.id}])
