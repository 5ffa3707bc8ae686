"""Activities of people, companies and deals that are linked later: they follow by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest

from crmsync.errors import Refused
from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import ActivityKindSettings
from crmsync.model.records import Value
from crmsync.model.settings import CreateInSalesforce
from tests.flows.kinds.activities.activity_worlds import (
    TO_SALESFORCE,
    TWO_WAY,
    a_call,
    a_world,
    shown,
)
from tests.memory.world import MemoryWorld


class KilledError(BaseException):
    """The worker's process is gone."""


def _dies(_effects: object) -> NoReturn:
    raise KilledError


def tasks(world: MemoryWorld, *names: str) -> list[dict[str, Value]]:
    """Return these fields of all tasks."""
    return [shown(world, ref, *names) for ref in world.salesforce.refs("Task")]


def a_world_without_leads(**kinds: ActivityKindSettings) -> MemoryWorld:
    """Build a world in which HubSpot's contacts make no leads."""
    world = a_world(**kinds)
    world.settings = {"create_in_salesforce": CreateInSalesforce.NEVER}
    return world


@pytest.mark.rule("ACT-5")
def test_a_call_follows_once_its_contact_is_linked():
    """A call of a contact that nobody is linked with is left alone after some minutes. Days later
    the contact meets its lead, and the call gets its task without an edit.
    """
    world = a_world_without_leads()
    contact = world.new_contact()
    call = a_call(world, contact)
    world.sync(call)
    world.drain()
    world.wait(minutes=3 * 24 * 60)
    assert (tasks(world, "Subject"), world.outbox.delayed) == ([], [])

    lead = world.new_lead()
    world.sync(lead)
    world.drain()

    assert tasks(world, "Subject", "WhoId") == [{"Subject": "First talk", "WhoId": lead.id}]
    world.drain()
    assert len(tasks(world)) == 1


@pytest.mark.rule("ACT-5")
def test_a_call_that_asks_for_its_company_is_woken_as_an_activity():
    """The sync of a company hands those that wait for it to the functions of their own kinds."""
    world = a_world()
    world.settings = {"create_in_salesforce": CreateInSalesforce.CONTACT}
    company = world.new_company(world.new_contact())
    world.sync(a_call(world, company))
    world.drain()

    (account,) = world.salesforce.refs("Account")
    assert tasks(world, "WhatId") == [{"WhatId": account.id}]


@pytest.mark.rule("ACT-5")
def test_a_task_follows_once_its_lead_is_linked():
    """A Salesforce task of a lead without a counterpart becomes a call once the lead has one; one
    of before the switch, and one of a kind that stays in Salesforce, do not.
    """
    world = a_world_without_leads(calls=TWO_WAY, tasks=TO_SALESFORCE)
    lead = world.new_lead()
    world.salesforce.add("Task", {"Subject": "Old", "TaskSubtype": "Call", "WhoId": lead.id})
    world.wait()
    world.activities = replace(world.activities, calls=replace(TWO_WAY, since=world.now))
    world.salesforce.add("Task", {"Subject": "Called", "TaskSubtype": "Call", "WhoId": lead.id})
    world.salesforce.add("Task", {"Subject": "To do", "TaskSubtype": "Task", "WhoId": lead.id})

    world.new_contact()
    world.sync(lead)
    world.drain()

    shown_calls = [shown(world, one, "hs_call_title") for one in world.hubspot.refs("call")]
    assert shown_calls == [{"hs_call_title": "Called"}]
    assert world.hubspot.refs("task") == []


@pytest.mark.rule("ACT-5")
def test_a_call_gets_another_contact_of_its_task_once_that_one_is_linked():
    """In an org with Shared Activities, where a task is about several people."""
    world = a_world(calls=TWO_WAY)
    world.activities = replace(world.activities, several_contacts=True)
    ada, ben = (
        world.new_salesforce_contact(None, f"{name}@example.com") for name in ("ada", "ben")
    )
    world.sync(ada)
    fields = {"Subject": "Called", "TaskSubtype": "Call", "WhoId": ada.id}
    task = world.salesforce.add("Task", {**fields, "TaskWhoIds": f"{ada.id};{ben.id}"})
    world.sync(task)
    world.drain()
    call = world.counterpart(task)
    before = world.associations.of([call], "contact")

    world.sync(ben)
    world.drain()

    assert before == {call: (world.counterpart(ada),)}
    after = world.associations.of([call], "contact")
    assert set(after[call]) == {world.counterpart(ada), world.counterpart(ben)}


@pytest.mark.rule("ACT-5")
def test_a_task_gets_its_account_once_the_company_is_linked():
    """A call of a linked contact and of a company without a counterpart is about the account as soon
    as there is one.
    """
    world = a_world()
    person = world.new_salesforce_contact(None)
    world.sync(person)
    contact = world.counterpart(person)
    company = world.new_company()
    call = a_call(world, contact, company)
    world.sync(call)
    world.drain()
    assert tasks(world, "WhoId", "WhatId") == [{"WhoId": person.id, "WhatId": None}]

    account = world.new_account()
    world.salesforce.edit(person, {"AccountId": account.id})
    world.associations.add_association(contact, company, primary=True)
    world.sync(company, account, cause=Cause.AGAIN)
    world.drain()

    assert world.counterpart(company) == account
    assert tasks(world, "WhoId", "WhatId") == [{"WhoId": person.id, "WhatId": account.id}]


@pytest.mark.rule("ACT-5")
def test_a_call_that_has_to_be_about_a_deal_follows_once_the_deal_is_linked():
    """With only_with_opportunity it is left alone until then."""
    world = a_world(calls=replace(TO_SALESFORCE, only_with_opportunity=True))
    person = world.new_salesforce_contact(world.new_account())
    world.sync(person)
    deal = world.new_deal()
    call = a_call(world, world.counterpart(person), deal)
    world.sync(call)
    world.drain()
    assert tasks(world) == []

    world.sync(deal)
    world.drain()

    opportunity = world.counterpart(deal)
    assert tasks(world, "WhoId", "WhatId") == [{"WhoId": person.id, "WhatId": opportunity.id}]


@pytest.mark.rule("ACT-5")
def test_a_worker_that_dies_once_the_link_is_saved_has_queued_the_activities():
    """The call was queued before anything was written."""
    world = a_world_without_leads()
    contact = world.new_contact()
    call = a_call(world, contact)
    world.sync(call)
    world.drain()
    lead = world.new_lead()
    world.hubspot.update = _dies
    with pytest.raises(KilledError):
        world.sync(lead)
    del world.hubspot.update
    assert world.counterpart(contact) == lead
    world.drain()

    assert tasks(world, "WhoId") == [{"WhoId": lead.id}]


@pytest.mark.rule("ACT-5")
def test_a_contact_that_is_refused_and_its_call_do_not_wake_each_other_for_ever():
    """The lead of a contact is refused: its call asks for it some times, and then both rest. Once
    the lead is made, the call follows.
    """
    world = a_world()
    refusal = Refused("Company is missing.", code="REQUIRED_FIELD_MISSING")
    world.salesforce.checks.append(lambda _ref, name, _fields: refusal if name == "Lead" else None)
    contact = world.new_contact()
    call = a_call(world, contact)
    world.sync(contact, call)
    world.drain()
    assert (world.outbox.published, world.outbox.delayed) == ([], [])

    world.salesforce.checks.clear()
    world.sync(contact, cause=Cause.AGAIN)
    world.drain()

    assert tasks(world, "WhoId") == [{"WhoId": world.counterpart(contact).id}]


@pytest.mark.rule("ACT-5")
def test_contacts_cost_no_more_where_no_activities_sync():
    """Linking contacts reads associations once for each kind of activity that goes to Salesforce,
    and asks Salesforce once where one goes to HubSpot; nothing of that where all kinds are off.
    """
    spent = []
    for kinds in ({"calls": ActivityKindSettings()}, {"calls": TO_SALESFORCE, "notes": TWO_WAY}):
        world = a_world(**kinds)
        for at in range(20):
            world.new_lead(Email=f"p{at}@example.com")
        contacts = [world.new_contact(email=f"p{at}@example.com") for at in range(20)]
        world.sync(*contacts)
        spent.append((world.hubspot.calls["associations"], world.salesforce.calls["about"]))

    assert [(after - before) for before, after in zip(*spent, strict=True)] == [2, 1]
