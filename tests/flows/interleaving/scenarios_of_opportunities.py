"""Scenarios of two workers at opportunities: fields, contact roles, roll-ups and lifecycle
stages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from crmsync.model.changes import Cause, Change, TieEvent
from crmsync.model.records import Ref, Side
from crmsync.model.settings import DealSettings
from tests.flows.interleaving.scenario import (
    HUBSPOT,
    RECORDS,
    SALESFORCE,
    Attribute,
    Scenario,
    existing,
    plain,
    text_of,
)
from tests.memory.world import MemoryWorld

OPEN, WON = "Prospecting", "Closed Won"


def deal() -> Scenario:
    """A deal and its opportunity."""
    world = MemoryWorld()
    opportunity = world.new_opportunity(Description="1", Amount=1)
    world.sync(opportunity)
    world.drain()
    refs = {HUBSPOT: world.counterpart(opportunity), SALESFORCE: opportunity}
    return Scenario(
        world,
        refs,
        (plain("text", "description", "Description"), plain("amount", "amount", "Amount")),
    )


def _association(name: str, *, at_first: bool = False) -> Attribute:
    """Whether a contact is associated with the deal and has a role in the opportunity."""
    records = RECORDS

    def associate(scenario: Scenario, value: bool) -> Sequence[Change]:  # noqa: FBT001 - a value
        mine, contact = existing(scenario, HUBSPOT), existing(scenario, f"my {name}")
        ties = scenario.world.associations
        (ties.add_association if value else ties.remove_association)(mine, contact)
        news = TieEvent(contact, scenario.world.now, is_gone=not value)
        return [replace(scenario.world.change(mine, Cause.AGAIN), ties=(news,))]

    def give_role(scenario: Scenario, value: bool) -> Sequence[Change]:  # noqa: FBT001 - a value
        if value:
            role = scenario.world.opportunities.add_role(
                existing(scenario, SALESFORCE), existing(scenario, f"their {name}")
            )
            return [scenario.world.change(role)]
        ended = _roles(scenario, name)
        for role in ended:
            # Change events told us of the role; Salesforce no longer shows it once it is deleted.
            scenario.world.opportunities.roles([role])
            scenario.world.salesforce.delete(role)
        return [scenario.world.change(role, Cause.DELETED) for role in ended]

    def associated(scenario: Scenario) -> object:
        found = scenario.world.associations.of([existing(scenario, HUBSPOT)], "contact").get(
            existing(scenario, HUBSPOT), ()
        )
        return existing(scenario, f"my {name}") in found

    return Attribute(
        f"association of {name}",
        (at_first, not at_first, not at_first),
        {Side.HUBSPOT: associate, Side.SALESFORCE: give_role},
        {Side.HUBSPOT: associated, Side.SALESFORCE: lambda scenario: bool(_roles(scenario, name))},
        records,
        reads=frozenset({"of", "roles_of"}),
    )


def _roles(scenario: Scenario, name: str) -> list[Ref]:
    world = scenario.world
    contact, opportunity = existing(scenario, f"their {name}"), existing(scenario, SALESFORCE)
    return [
        ref
        for ref in world.salesforce.refs("OpportunityContactRole")
        if world.salesforce.fields(ref)["ContactId"] == contact.id
        and world.salesforce.fields(ref)["OpportunityId"] == opportunity.id
    ]


def _roll_up_problems(scenario: Scenario) -> list[str]:
    """The contacts whose roll-ups differ from what their roles add up to."""
    world = scenario.world
    wrong = []
    for name in ("ada", "eva"):
        if f"their {name}" not in scenario.refs:
            continue
        mine, theirs = existing(scenario, f"my {name}"), existing(scenario, f"their {name}")
        rows = [
            world.salesforce.fields(ref) for ref in world.salesforce.refs("OpportunityContactRole")
        ]
        ids = {str(row["OpportunityId"]) for row in rows if row["ContactId"] == theirs.id}
        tied = [world.salesforce.fields(Ref(Side.SALESFORCE, "Opportunity", one)) for one in ids]
        wanted = (
            str(len(tied)),
            text_of(sum((Decimal(str(one.get("Amount") or 0)) for one in tied), Decimal())),
        )
        shown = world.hubspot.fields(mine)
        there = (
            shown.get("crmsync_num_associated_deals", "0"),
            text_of(shown.get("crmsync_total_revenue", "0")),
        )
        if there != wanted:
            wrong.append(f"{name}: shows deals and revenue {there}, they are {wanted}")
    return wrong


def _contacts(world: MemoryWorld, *names: str) -> dict[str, Ref]:
    """Contacts linked on both sides."""
    refs = {}
    for name in names:
        theirs = world.new_salesforce_contact(None, f"{name}@example.com")
        world.sync(theirs)
        refs |= {f"my {name}": world.counterpart(theirs), f"their {name}": theirs}
    return refs


def roles() -> Scenario:
    """A deal and its opportunity, and two contacts without a role; both associations are attributes
    and may be removed again.
    """
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    people = _contacts(world, "ada", "eva")
    opportunity = world.new_opportunity(Amount=5)
    world.sync(opportunity)
    world.drain()
    refs = {HUBSPOT: world.counterpart(opportunity), SALESFORCE: opportunity, **people}
    return Scenario(world, refs, (_association("ada"), _association("eva")), _roll_up_problems)


def ended_roles() -> Scenario:
    """A deal and its opportunity, and two contacts with roles; both associations are attributes and
    may be added again.
    """
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    people = _contacts(world, "ada", "eva")
    opportunity = world.new_opportunity(people["their ada"], people["their eva"], Amount=5)
    world.sync(opportunity)
    world.drain()
    refs = {HUBSPOT: world.counterpart(opportunity), SALESFORCE: opportunity, **people}
    return Scenario(
        world,
        refs,
        (_association("ada", at_first=True), _association("eva", at_first=True)),
        _roll_up_problems,
    )


def roll_ups() -> Scenario:
    """A contact with two opportunities, whose amounts are the attributes."""
    world = MemoryWorld()
    people = _contacts(world, "ada")
    both = [
        world.new_opportunity(people["their ada"], Amount=1, Name=f"Pumps {n}") for n in range(2)
    ]
    world.sync(*both)
    world.drain()
    refs = {HUBSPOT: world.counterpart(both[0]), SALESFORCE: both[0], **people}
    refs |= {"other deal": world.counterpart(both[1]), "other opportunity": both[1]}
    other = {Side.HUBSPOT: "other deal", Side.SALESFORCE: "other opportunity"}
    attributes = (
        plain("amount", "amount", "Amount"),
        plain("other amount", "amount", "Amount", records=other),
    )
    return Scenario(world, refs, attributes, _roll_up_problems)


def _stage(name: str, records: Mapping[Side, str]) -> Attribute:
    """The stage of an opportunity and its deal, by its label."""

    def pipeline(scenario: Scenario) -> Mapping[str, str]:
        return {
            stage.label: stage.id
            for one in scenario.world.deals.pipelines()
            if one.label == "Salesforce - Default pipeline"
            for stage in one.stages
        }

    def move(scenario: Scenario, value: str) -> Sequence[Change]:
        ref = existing(scenario, records[Side.HUBSPOT])
        scenario.world.hubspot.edit(ref, {"dealstage": pipeline(scenario)[value]})
        return [scenario.world.change(ref)]

    def shown(scenario: Scenario) -> object:
        found = scenario.world.hubspot.fields(existing(scenario, records[Side.HUBSPOT])).get(
            "dealstage"
        )
        return next((label for label, one in pipeline(scenario).items() if one == found), None)

    simple = plain(name, "dealstage", "StageName", records=records)
    salesforce = Side.SALESFORCE

    def there(scenario: Scenario) -> object:
        return scenario.world.salesforce.fields(existing(scenario, records[salesforce])).get(
            "StageName"
        )

    return Attribute(
        name,
        ("Closed Lost", OPEN, WON),
        {Side.HUBSPOT: move, salesforce: simple.edit_on[salesforce]},
        {Side.HUBSPOT: shown, salesforce: there},
        records,
    )


def _lifecycle_problems(scenario: Scenario) -> list[str]:
    """The records whose lifecycle stage is not the one that the opportunities set."""
    ever = [value for values in scenario.history.values() for value in values]
    kept = list(ever)
    for value in scenario.overwritten:
        kept.remove(value)
    wanted = [
        "customer" if WON in one else "opportunity" if OPEN in one else None for one in (ever, kept)
    ]
    fields = scenario.world.hubspot.fields
    there = {
        name: fields(existing(scenario, name)).get("lifecyclestage")
        for name in ("my ada", "colleague", "company")
    }
    return [
        f"lifecycle: {name} {stage!r}, not {wanted[0]!r}"
        for name, stage in there.items()
        if stage not in wanted
    ]


def lifecycle() -> Scenario:
    """A contact with two lost opportunities, its company and a colleague; the opportunities' stages
    are the attributes.
    """
    world = MemoryWorld()
    account = world.new_account()
    world.sync(account)
    world.drain()
    theirs = world.new_salesforce_contact(account)
    colleague = world.new_salesforce_contact(account, "eva@example.com")
    world.sync(theirs, colleague)
    world.drain()
    both = [
        world.new_opportunity(theirs, StageName="Closed Lost", Name=f"Pumps {n}") for n in range(2)
    ]
    world.sync(*both)
    world.drain()
    refs = {HUBSPOT: world.counterpart(both[0]), SALESFORCE: both[0]}
    refs |= {"other deal": world.counterpart(both[1]), "other opportunity": both[1]}
    refs |= {"my ada": world.counterpart(theirs), "colleague": world.counterpart(colleague)}
    refs |= {"company": world.counterpart(account)}
    other = {Side.HUBSPOT: "other deal", Side.SALESFORCE: "other opportunity"}
    return Scenario(
        world, refs, (_stage("stage", RECORDS), _stage("other stage", other)), _lifecycle_problems
    )
