"""The lifecycle stages that an opportunity sets, under every combination of the three settings,
with and without a contact role.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest

from crmsync.model.changes import Cause
from crmsync.model.records import Ref
from crmsync.model.settings import CompanySettings, DealSettings, LifecycleSettings
from tests.memory.world import MemoryWorld

NOTHING = (None, None, None)
COMBINATIONS = tuple(product((True, False), repeat=4))


@dataclass
class CompanyGroup:
    """A synced account with two contacts: `member`, who may get a role, and a colleague."""

    world: MemoryWorld
    account: Ref
    member: Ref
    colleague: Ref

    @classmethod
    def of(
        cls, *, companies: bool = True, automatic: bool = True, to_colleagues: bool = True
    ) -> CompanyGroup:
        """The records under these settings."""
        world = MemoryWorld(
            companies=CompanySettings(sync=companies),
            deal_settings=DealSettings(sync=companies),
            lifecycle=LifecycleSettings(
                automatic_transitions=automatic, sync_to_company_contacts=to_colleagues
            ),
        )
        account = world.new_account()
        member, colleague = (
            world.new_salesforce_contact(account, f"{name}@example.com") for name in ("ada", "eva")
        )
        world.sync(account) if companies else None
        world.sync(member, colleague)
        world.drain()
        return cls(world, account, member, colleague)

    def opportunity(self, stage: str, *, role: bool = True, **fields: object) -> Ref:
        """Make an opportunity of the account, by default with a role of the member, and sync it if
        deals sync.
        """
        ref = self.world.new_opportunity(
            *([self.member] if role else []), StageName=stage, AccountId=self.account.id, **fields
        )
        self.sync(ref)
        return ref

    def sync(self, *refs: Ref, cause: Cause = Cause.EDITED) -> None:
        """Sync these records if deals sync, and work off the queue."""
        if self.world.deal_settings.sync:
            self.world.sync(*refs, cause=cause)
        self.world.drain()

    def stages(self) -> tuple[object, object, object]:
        """The lifecycle stages of the member, the colleague and the company."""
        contacts = [self.world.counterpart(one) for one in (self.member, self.colleague)]
        companies = self.world.hubspot.refs("company")
        shown = [
            self.world.hubspot.fields(one).get("lifecyclestage") for one in (*contacts, *companies)
        ]
        return (*shown, *[None] * (3 - len(shown)))  # type: ignore[return-value]


@pytest.mark.rule("LIFE-1")
@pytest.mark.rule("LIFE-2")
@pytest.mark.rule("LIFE-3")
@pytest.mark.rule("LIFE-4")
@pytest.mark.rule("LIFE-5")
@pytest.mark.rule("SET-7")
@pytest.mark.parametrize(("companies", "automatic", "to_colleagues", "role"), COMBINATIONS)
def test_a_won_opportunity_makes_customers(companies, automatic, to_colleagues, role):
    """With company sync, transitions and a role the contact and its company become Customer, and
    with the third setting its colleagues as well.
    """
    group = CompanyGroup.of(companies=companies, automatic=automatic, to_colleagues=to_colleagues)

    group.opportunity("Closed Won", role=role)

    if companies and automatic and role:
        assert group.stages() == ("customer", "customer" if to_colleagues else None, "customer")
    else:
        assert group.stages() == NOTHING


@pytest.mark.rule("LIFE-20")
@pytest.mark.rule("LIFE-21")
def test_a_lost_or_reopened_opportunity_sets_no_stage_back():
    """An open opportunity sets Opportunity, a won one Customer, and later changes set nothing
    back.
    """
    group = CompanyGroup.of()
    ref = group.opportunity("Prospecting")
    assert group.stages() == ("opportunity",) * 3

    for stage in ("Closed Won", "Closed Lost", "Prospecting"):
        group.world.salesforce.edit(ref, {"StageName": stage})
        group.sync(ref)
        assert group.stages() == ("customer",) * 3


@pytest.mark.rule("LIFE-24")
def test_a_role_in_an_opportunity_won_before_counts():
    """A contact that gets a role in a won opportunity becomes Customer."""
    group = CompanyGroup.of()
    ref = group.opportunity("Closed Won", role=False)
    assert group.stages() == NOTHING

    role = group.world.opportunities.add_role(ref, group.member)
    group.sync(role)

    assert group.stages() == ("customer",) * 3


@pytest.mark.rule("LIFE-6")
def test_a_lost_opportunity_or_one_without_roles_sets_no_stage():
    """An opportunity that is lost or has no contact role leaves every stage as it is."""
    group = CompanyGroup.of()
    group.opportunity("Closed Lost")
    group.opportunity("Prospecting", role=False)
    assert group.stages() == NOTHING


def test_a_contact_that_a_person_sets_back_stays_until_the_opportunity_changes_its_stage():
    """An edit of the amount sets no stage again; a new stage of the opportunity does."""
    group = CompanyGroup.of()
    ref = group.opportunity("Closed Won")
    contact = group.world.counterpart(group.member)
    group.world.hubspot.edit(contact, {"lifecyclestage": "lead"})

    group.world.salesforce.edit(ref, {"Amount": 9})
    group.sync(ref)
    assert group.world.hubspot.fields(contact)["lifecyclestage"] == "lead"

    group.world.salesforce.edit(ref, {"StageName": "Prospecting"})
    group.sync(ref)
    assert group.world.hubspot.fields(contact)["lifecyclestage"] == "opportunity"


@pytest.mark.rule("LIFE-8")
def test_the_most_recently_created_opportunity_shows_its_stage():
    """The copied stage is that of the opportunity created last, not of the one changed last."""
    group = CompanyGroup.of()
    older = group.opportunity("Prospecting")
    group.world.wait()
    group.opportunity("Negotiation/Review")
    group.world.salesforce.edit(older, {"StageName": "Closed Lost"})
    group.sync(older)

    contact = group.world.counterpart(group.member)
    assert group.world.hubspot.fields(contact)["crmsync_opportunity_stage"] == "Negotiation/Review"
