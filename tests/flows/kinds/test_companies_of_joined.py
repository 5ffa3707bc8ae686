"""Companies of a contact that joins the inclusion list: it may decide that they get an account, and
nobody touches them then.
"""

from __future__ import annotations

import pytest

from crmsync.model.changes import Cause
from crmsync.model.records import Kind, Ref
from crmsync.model.settings import CreateInSalesforce, OutsideInclusionList
from tests.flows.kinds.deals.test_ties_outside_the_list import join
from tests.memory.world import MemoryWorld

BY_CONTACT = {"create_in_salesforce": CreateInSalesforce.CONTACT}
PRESET = {**BY_CONTACT, "inclusion_list": "default"}


def listed(outside: str = "freeze", **settings: object) -> dict[str, object]:
    """Settings with an inclusion list."""
    outsiders = OutsideInclusionList(outside)
    return {
        **BY_CONTACT,
        "inclusion_list": "77",
        "outside_inclusion_list": outsiders,
        **settings,
    }


def a_world(settings: dict[str, object]) -> MemoryWorld:
    """A world with a list that nobody is in."""
    world = MemoryWorld(settings=settings)
    world.lists.make("77")
    return world


def a_contact_whose_own_was_deleted(
    settings: dict[str, object], **fields: str
) -> tuple[MemoryWorld, Ref]:
    """A world, and a contact whose Salesforce contact was deleted; then come these settings."""
    world = a_world(dict(BY_CONTACT))
    ada = world.new_contact(**fields)
    sync(world, ada)
    theirs = world.counterpart(ada)
    world.salesforce.delete(theirs)
    sync(world, theirs)
    world.settings = settings
    return world, ada


def sync(world: MemoryWorld, *refs: Ref) -> None:
    """These changes and all that follow from them."""
    world.wait()
    world.sync(*refs)
    world.drain()


def names(world: MemoryWorld) -> set[object]:
    """The names of all accounts."""
    return {world.salesforce.fields(ref)["Name"] for ref in world.salesforce.refs("Account")}


def rests(world: MemoryWorld) -> bool:
    """Whether one more look at everything, even without news, writes nothing."""
    before = world.writes()
    world.wait()
    ours = [ref for name in ("contact", "company") for ref in world.hubspot.refs(name)]
    theirs = [ref for name in ("Lead", "Contact", "Account") for ref in world.salesforce.refs(name)]
    world.sync(*ours, *theirs, cause=Cause.AGAIN)
    world.drain()
    return world.writes() == before


def requested(world: MemoryWorld, contact: Ref, cause: Cause) -> list[Ref]:
    """The companies and accounts that a look at this contact has synced."""
    world.wait()
    world.outbox.delayed = []
    world.sync(contact, cause=cause)
    return [one.ref for one, _ in world.outbox.delayed if one.kind is Kind.ACCOUNT]


@pytest.mark.rule("ACC-9")
@pytest.mark.parametrize("outside", ["freeze", "ignore", "sync"])
def test_the_company_of_a_contact_without_a_counterpart_gets_its_account(outside: str) -> None:
    """The contact itself makes nothing, as its Salesforce contact was deleted."""
    world, ada = a_contact_whose_own_was_deleted(listed(outside))
    company = world.new_company(ada)
    sync(world, ada, company)
    assert names(world) == set()
    join(world, ada)
    assert names(world) == {"Example GmbH"}
    assert world.salesforce.refs("Contact") == []
    assert rests(world)


@pytest.mark.rule("ACC-9")
def test_every_company_of_a_contact_without_a_primary_one_gets_its_account() -> None:
    """The contact, which is new in Salesforce, decides for each of them."""
    world = a_world(listed())
    ada = world.new_contact()
    companies = [world.new_company(ada, name=name) for name in ("First", "Second", "Third")]
    world.associations.remove_association(ada, companies[0])
    sync(world, ada, *companies)
    assert names(world) == set()
    join(world, ada)
    assert names(world) == {"Second", "Third"}
    assert rests(world)


@pytest.mark.rule("ACC-11")
def test_a_company_whose_other_contact_has_a_contact_gets_its_account() -> None:
    """The one that joins gets a lead, which waits for no account; not all sync with leads."""
    world = a_world({})
    bob = world.new_contact(email="bob@example.com")
    world.new_salesforce_contact(None, "bob@example.com")
    sync(world, bob)
    world.settings = listed(create_in_salesforce=CreateInSalesforce.LEAD)
    ada = world.new_contact()
    company = world.new_company(ada, bob)
    sync(world, ada, bob, company)
    assert names(world) == set()
    join(world, ada)
    assert names(world) == {"Example GmbH"}
    assert len(world.salesforce.refs("Lead")) == 1
    assert rests(world)


@pytest.mark.rule("ACC-9")
@pytest.mark.rule("INC-4")
def test_the_company_of_a_contact_that_joins_the_preset_list_gets_its_account() -> None:
    """Subscribers are outside; another stage lets a contact join."""
    world, ada = a_contact_whose_own_was_deleted(PRESET, lifecyclestage="subscriber")
    company = world.new_company(ada)
    sync(world, ada, company)
    assert names(world) == set()
    world.hubspot.edit(ada, {"lifecyclestage": "lead"})
    sync(world, ada)
    assert names(world) == {"Example GmbH"}
    assert rests(world)


@pytest.mark.rule("ACC-9")
@pytest.mark.rule("INC-4")
def test_a_pair_that_joins_the_preset_list_decides_for_the_companies_of_its_contact() -> None:
    """The contact has left its primary company while the pair was outside."""
    world = a_world(dict(BY_CONTACT))
    ada = world.new_contact(lifecyclestage="subscriber")
    sync(world, ada)
    world.settings = PRESET
    companies = [world.new_company(ada, name=name) for name in ("First", "Second")]
    world.associations.remove_association(ada, companies[0])
    sync(world, ada, *companies)
    assert names(world) == set()
    world.hubspot.edit(ada, {"lifecyclestage": "lead"})
    sync(world, ada)
    assert names(world) == {"Second"}
    assert rests(world)


@pytest.mark.rule("ACC-12")
def test_nobody_outside_the_list_has_a_company_looked_at() -> None:
    """One more look, as after a worker that died."""
    world, ada = a_contact_whose_own_was_deleted(listed())
    company = world.new_company(ada)
    sync(world, ada, company)
    assert requested(world, ada, Cause.AGAIN) == []


def test_an_edit_has_no_company_looked_at() -> None:
    """Nobody joins a list of HubSpot's by an edit."""
    world, ada = a_contact_whose_own_was_deleted(listed())
    world.new_company(ada)
    world.lists.add_to_list("77", ada)
    world.hubspot.edit(ada, {"phone": "1"})
    assert requested(world, ada, Cause.EDITED) == []


def test_a_company_that_has_an_account_is_not_looked_at() -> None:
    """Whether a contact that joins decides for its company or not, a pair lasts (DUP-5)."""
    world, ada = a_contact_whose_own_was_deleted(listed())
    world.lists.add_to_list("77", ada)
    company = world.new_company(ada)
    sync(world, company)
    assert world.counterpart(company)
    assert requested(world, ada, Cause.AGAIN) == []
