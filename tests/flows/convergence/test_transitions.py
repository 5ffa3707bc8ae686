"""Which lifecycle stages an opportunity moves: every combination of the three settings, with and
without a contact role.
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
class Household:
    """An account with two contacts, all of them in step with HubSpot: one who may get a role, and a
    colleague.
    """

    world: MemoryWorld
    account: Ref
    member: Ref
    colleague: Ref

    @classmethod
    def of(
        cls, *, companies: bool = True, automatic: bool = True, to_colleagues: bool = True
    ) -> Household:
        """A household under these settings."""
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
        """A person makes an opportunity of the account, and gives the member a role; it syncs where
        deals do.
        """
        ref = self.world.new_opportunity(
            *([self.member] if role else []), StageName=stage, AccountId=self.account.id, **fields
        )
        self.look(ref)
        return ref

    def look(self, *refs: Ref, cause: Cause = Cause.EDITED) -> None:
        """These are looked at, where deals sync, and what follows from it is worked off."""
        if self.world.deal_settings.sync:
            self.world.sync(*refs, cause=cause)
        self.world.drain()

    def stages(self) -> tuple[object, object, object]:
        """What the member, the colleague and the company show in HubSpot."""
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
    """With company sync, transitions and a role the contact and its company become Customer, the
    colleagues by the third setting.
    """
    household = Household.of(companies=companies, automatic=automatic, to_colleagues=to_colleagues)

    household.opportunity("Closed Won", role=role)

    if companies and automatic and role:
        assert household.stages() == ("customer", "customer" if to_colleagues else None, "customer")
    else:
        assert household.stages() == NOTHING


@pytest.mark.rule("LIFE-20")
@pytest.mark.rule("LIFE-21")
def test_open_then_won_then_lost_never_goes_back():
    """An open opportunity makes an Opportunity, a won one a Customer; nothing that happens later
    sets anybody back.
    """
    household = Household.of()
    ref = household.opportunity("Prospecting")
    assert household.stages() == ("opportunity",) * 3

    for stage in ("Closed Won", "Closed Lost", "Prospecting"):
        household.world.salesforce.edit(ref, {"StageName": stage})
        household.look(ref)
        assert household.stages() == ("customer",) * 3


@pytest.mark.rule("LIFE-24")
def test_a_role_in_an_opportunity_won_long_ago_counts():
    """Retroactively: whoever gets a role in it becomes a Customer."""
    household = Household.of()
    ref = household.opportunity("Closed Won", role=False)
    assert household.stages() == NOTHING

    role = household.world.opportunities.add_role(ref, household.member)
    household.look(role)

    assert household.stages() == ("customer",) * 3


@pytest.mark.rule("LIFE-6")
def test_a_lost_opportunity_and_one_without_contacts_move_nobody():
    """An account alone, or an opportunity that was never won, has no effect on any stage."""
    household = Household.of()
    household.opportunity("Closed Lost")
    household.opportunity("Prospecting", role=False)
    assert household.stages() == NOTHING


def test_whom_a_person_set_back_stays_there_until_there_is_news():
    """An edit of the amount moves no stage again; another stage of the opportunity does."""
    household = Household.of()
    ref = household.opportunity("Closed Won")
    contact = household.world.counterpart(household.member)
    household.world.hubspot.edit(contact, {"lifecyclestage": "lead"})

    household.world.salesforce.edit(ref, {"Amount": 9})
    household.look(ref)
    assert household.world.hubspot.fields(contact)["lifecyclestage"] == "lead"

    household.world.salesforce.edit(ref, {"StageName": "Prospecting"})
    household.look(ref)
    assert household.world.hubspot.fields(contact)["lifecyclestage"] == "opportunity"


@pytest.mark.rule("LIFE-8")
def test_the_most_recently_created_opportunity_shows_its_stage():
    """The copy follows the opportunity that was created last, not the one that was changed last."""
    household = Household.of()
    older = household.opportunity("Prospecting")
    household.world.wait()
    household.opportunity("Negotiation/Review")
    household.world.salesforce.edit(older, {"StageName": "Closed Lost"})
    household.look(older)

    contact = household.world.counterpart(household.member)
    assert (
        household.world.hubspot.fields(contact)["crmsync_opportunity_stage"] == "Negotiation/Review"
    )
