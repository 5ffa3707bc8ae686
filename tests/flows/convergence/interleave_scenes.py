"""The scenes that two workers meet in: a pair of each kind that is in step, or a record just made,
and what people change about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from crmsync.model.changes import Cause, Change, TieNews
from crmsync.model.owners import Owner, Owners
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CreateInSalesforce, DealSettings
from tests.flows.convergence.interleave import Scene, Topic
from tests.memory.world import MemoryWorld

HUBSPOT, SALESFORCE = "hubspot", "salesforce"
RECORDS = {Side.HUBSPOT: HUBSPOT, Side.SALESFORCE: SALESFORCE}
OWNERS = Owners(
    tuple(
        Owner(str(n), f"Owner {n}", f"owner.{n}@example.com", is_active=True, kind="PERSON")
        for n in range(1, 4)
    ),
    tuple(
        Owner(
            f"00500000000001{n}AAA",
            f"Owner {n}",
            f"owner.{n}@example.com",
            is_active=True,
            kind="Standard",
        )
        for n in range(1, 4)
    ),
)
OPEN, WON = "Prospecting", "Closed Won"


def plain(
    name: str,
    here: str,
    there: str,
    records: Mapping[Side, str] = RECORDS,
) -> Topic:
    """A field that each side keeps under a name of its own; values are compared as texts."""
    names = {Side.HUBSPOT: here, Side.SALESFORCE: there}

    def put(side: Side) -> Callable[[Scene, Any], Sequence[Change]]:
        def edit(scene: Scene, value: Any) -> Sequence[Change]:
            ref = _there(scene, records[side])
            scene.world.crm(side).edit(ref, {names[side]: value})
            return [scene.world.change(ref)]

        return edit

    def show(side: Side) -> Callable[[Scene], object]:
        def shown(scene: Scene) -> object:
            ref = scene.ref(records[side])
            return (
                None if ref is None else _text(scene.world.crm(side).fields(ref).get(names[side]))
            )

        return shown

    return Topic(
        name,
        ("1", "2", "3"),
        {side: put(side) for side in Side},
        {side: show(side) for side in Side},
        records,
    )


PHONE = plain("phone", "phone", "Phone")
TITLE = plain("title", "jobtitle", "Title")


def _text(value: object) -> object:
    return None if value is None else str(value).removesuffix(".0").lower()


def _there(scene: Scene, name: str) -> Ref:
    ref = scene.ref(name)
    assert ref is not None
    return ref


def lead() -> Scene:
    """A contact and its lead."""
    world = MemoryWorld()
    ada = world.new_contact(phone="1", jobtitle="1")
    world.sync(ada)
    return Scene(world, {HUBSPOT: ada, SALESFORCE: world.counterpart(ada)}, (PHONE, TITLE))


def member() -> Scene:
    """A contact on both sides."""
    world = MemoryWorld()
    ada = world.new_salesforce_contact(None, Phone="1", Title="1")
    world.sync(ada)
    return Scene(world, {HUBSPOT: world.counterpart(ada), SALESFORCE: ada}, (PHONE, TITLE))


def company() -> Scene:
    """A company and its account."""
    world = MemoryWorld()
    account = world.new_account(Phone="1", BillingCity="1")
    world.sync(account)
    world.drain()
    refs = {HUBSPOT: world.counterpart(account), SALESFORCE: account}
    return Scene(world, refs, (PHONE, plain("city", "city", "BillingCity")))


def deal() -> Scene:
    """A deal and its opportunity."""
    world = MemoryWorld()
    opportunity = world.new_opportunity(Description="1", Amount=1)
    world.sync(opportunity)
    world.drain()
    refs = {HUBSPOT: world.counterpart(opportunity), SALESFORCE: opportunity}
    return Scene(
        world,
        refs,
        (plain("text", "description", "Description"), plain("amount", "amount", "Amount")),
    )


def owner() -> Scene:
    """A contact and its lead that belong to somebody; who that is, is the topic."""
    world = MemoryWorld(owners=OWNERS)
    ada = world.new_contact(phone="1", hubspot_owner_id="1")
    world.sync(ada)
    ids = {SALESFORCE: {one.id: str(n) for n, one in enumerate(OWNERS.salesforce, 1)}}

    def put(scene: Scene, value: str) -> Sequence[Change]:
        user = next(user for user, n in ids[SALESFORCE].items() if n == value)
        scene.world.salesforce.edit(_there(scene, SALESFORCE), {"OwnerId": user})
        return [scene.world.change(_there(scene, SALESFORCE))]

    def show(scene: Scene) -> object:
        return ids[SALESFORCE].get(
            str(scene.world.salesforce.fields(_there(scene, SALESFORCE)).get("OwnerId"))
        )

    simple = plain("owner", "hubspot_owner_id", "OwnerId")
    topic = Topic(
        "owner",
        ("1", "2", "3"),
        {Side.HUBSPOT: simple.put[Side.HUBSPOT], Side.SALESFORCE: put},
        {Side.HUBSPOT: simple.show[Side.HUBSPOT], Side.SALESFORCE: show},
        RECORDS,
    )
    return Scene(world, {HUBSPOT: ada, SALESFORCE: world.counterpart(ada)}, (topic, PHONE))


def opt_out() -> Scene:
    """A contact and its lead; whoever is out stays out (OPT-5)."""
    world = MemoryWorld()
    ada = world.new_contact(phone="1", hs_email_optout="false")
    world.sync(ada)

    def leave(scene: Scene, value: str) -> Sequence[Change]:
        scene.world.preferences.opted_out.add("ada@example.com")
        scene.world.hubspot.edit(ada, {"hs_email_optout": value})
        return [scene.world.change(ada)]

    def untick(scene: Scene, value: str) -> Sequence[Change]:
        scene.world.salesforce.edit(
            _there(scene, SALESFORCE), {"HasOptedOutOfEmail": value == "true"}
        )
        return [scene.world.change(_there(scene, SALESFORCE))]

    simple = plain("out", "hs_email_optout", "HasOptedOutOfEmail")
    topic = Topic(
        "out",
        ("false", "true", "true"),
        {Side.HUBSPOT: leave, Side.SALESFORCE: untick},
        simple.show,
        RECORDS,
    )
    return Scene(world, {HUBSPOT: ada, SALESFORCE: world.counterpart(ada)}, (topic, PHONE))


def parent() -> Scene:
    """A contact on both sides, in the first of three companies; which one is the topic."""
    world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
    accounts = [world.new_account(Name=f"Example {n}") for n in range(1, 4)]
    world.sync(*accounts)
    world.drain()
    companies = [world.counterpart(one) for one in accounts]
    theirs = world.new_salesforce_contact(accounts[0], Phone="1")
    world.sync(theirs)
    world.drain()

    def move(scene: Scene, value: str) -> Sequence[Change]:
        mine = _there(scene, HUBSPOT)
        scene.world.associations.add_association(mine, companies[int(value) - 1], primary=True)
        return [scene.world.change(mine)]

    def reassign(scene: Scene, value: str) -> Sequence[Change]:
        scene.world.salesforce.edit(theirs, {"AccountId": accounts[int(value) - 1].id})
        return [scene.world.change(theirs)]

    def company_of(scene: Scene) -> object:
        found = scene.world.associations.primary(_there(scene, HUBSPOT))
        return str(companies.index(found) + 1) if found else None

    def account_of(scene: Scene) -> object:
        found = scene.world.salesforce.fields(theirs).get("AccountId")
        return next((str(n) for n, one in enumerate(accounts, 1) if one.id == found), None)

    topic = Topic(
        "parent",
        ("1", "2", "3"),
        {Side.HUBSPOT: move, Side.SALESFORCE: reassign},
        {Side.HUBSPOT: company_of, Side.SALESFORCE: account_of},
        RECORDS,
    )
    return Scene(world, {HUBSPOT: world.counterpart(theirs), SALESFORCE: theirs}, (topic, PHONE))


def _tie(name: str, *, at_first: bool = False) -> Topic:
    """Whether a contact is tied to the deal by an association, and to the opportunity by a role; as
    it is at first, and as it is then.
    """
    records = RECORDS

    def associate(scene: Scene, value: bool) -> Sequence[Change]:  # noqa: FBT001 - a value
        mine, contact = _there(scene, HUBSPOT), _there(scene, f"my {name}")
        ties = scene.world.associations
        (ties.add_association if value else ties.remove_association)(mine, contact)
        news = TieNews(contact, scene.world.now, is_gone=not value)
        return [replace(scene.world.change(mine, Cause.AGAIN), ties=(news,))]

    def give_role(scene: Scene, value: bool) -> Sequence[Change]:  # noqa: FBT001 - a value
        if value:
            role = scene.world.opportunities.add_role(
                _there(scene, SALESFORCE), _there(scene, f"their {name}")
            )
            return [scene.world.change(role)]
        ended = _roles(scene, name)
        for role in ended:
            # What change events have told of it is remembered, as Salesforce forgets it.
            scene.world.opportunities.roles([role])
            scene.world.salesforce.delete(role)
        return [scene.world.change(role, Cause.DELETED) for role in ended]

    def associated(scene: Scene) -> object:
        found = scene.world.associations.of([_there(scene, HUBSPOT)], "contact").get(
            _there(scene, HUBSPOT), ()
        )
        return _there(scene, f"my {name}") in found

    return Topic(
        f"tie of {name}",
        (at_first, not at_first, not at_first),
        {Side.HUBSPOT: associate, Side.SALESFORCE: give_role},
        {Side.HUBSPOT: associated, Side.SALESFORCE: lambda scene: bool(_roles(scene, name))},
        records,
        reads=frozenset({"of", "roles_of"}),
    )


def _roles(scene: Scene, name: str) -> list[Ref]:
    world = scene.world
    contact, opportunity = _there(scene, f"their {name}"), _there(scene, SALESFORCE)
    return [
        ref
        for ref in world.salesforce.refs("OpportunityContactRole")
        if world.salesforce.fields(ref)["ContactId"] == contact.id
        and world.salesforce.fields(ref)["OpportunityId"] == opportunity.id
    ]


def _sums(scene: Scene) -> list[str]:
    """What the contacts of a scene show, where it is not what their roles come to."""
    world = scene.world
    wrong = []
    for name in ("ada", "eva"):
        if f"their {name}" not in scene.refs:
            continue
        mine, theirs = _there(scene, f"my {name}"), _there(scene, f"their {name}")
        rows = [
            world.salesforce.fields(ref) for ref in world.salesforce.refs("OpportunityContactRole")
        ]
        ids = {str(row["OpportunityId"]) for row in rows if row["ContactId"] == theirs.id}
        tied = [world.salesforce.fields(Ref(Side.SALESFORCE, "Opportunity", one)) for one in ids]
        wanted = (
            str(len(tied)),
            _text(sum((Decimal(str(one.get("Amount") or 0)) for one in tied), Decimal())),
        )
        shown = world.hubspot.fields(mine)
        there = (
            shown.get("crmsync_num_associated_deals", "0"),
            _text(shown.get("crmsync_total_revenue", "0")),
        )
        if there != wanted:
            wrong.append(f"{name}: shows deals and revenue {there}, they are {wanted}")
    return wrong


def _people(world: MemoryWorld, *names: str) -> dict[str, Ref]:
    """Contacts on both sides."""
    refs = {}
    for name in names:
        theirs = world.new_salesforce_contact(None, f"{name}@example.com")
        world.sync(theirs)
        refs |= {f"my {name}": world.counterpart(theirs), f"their {name}": theirs}
    return refs


def roles() -> Scene:
    """A deal and its opportunity, and two contacts who are tied to neither yet; both ties are
    topics, and may be taken away again.
    """
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    people = _people(world, "ada", "eva")
    opportunity = world.new_opportunity(Amount=5)
    world.sync(opportunity)
    world.drain()
    refs = {HUBSPOT: world.counterpart(opportunity), SALESFORCE: opportunity, **people}
    return Scene(world, refs, (_tie("ada"), _tie("eva")), _sums)


def ended_roles() -> Scene:
    """A deal and its opportunity, and two contacts who are tied to both; both ties are topics:
    taken away, they may be made again.
    """
    world = MemoryWorld(deal_settings=DealSettings(remove_associations=True))
    people = _people(world, "ada", "eva")
    opportunity = world.new_opportunity(people["their ada"], people["their eva"], Amount=5)
    world.sync(opportunity)
    world.drain()
    refs = {HUBSPOT: world.counterpart(opportunity), SALESFORCE: opportunity, **people}
    return Scene(world, refs, (_tie("ada", at_first=True), _tie("eva", at_first=True)), _sums)


def roll_ups() -> Scene:
    """A contact with two opportunities, the amounts of which are the topics."""
    world = MemoryWorld()
    people = _people(world, "ada")
    both = [
        world.new_opportunity(people["their ada"], Amount=1, Name=f"Pumps {n}") for n in range(2)
    ]
    world.sync(*both)
    world.drain()
    refs = {HUBSPOT: world.counterpart(both[0]), SALESFORCE: both[0], **people}
    refs |= {"other deal": world.counterpart(both[1]), "other opportunity": both[1]}
    other = {Side.HUBSPOT: "other deal", Side.SALESFORCE: "other opportunity"}
    topics = (
        plain("amount", "amount", "Amount"),
        plain("other amount", "amount", "Amount", records=other),
    )
    return Scene(world, refs, topics, _sums)


def _stage(name: str, records: Mapping[Side, str]) -> Topic:
    """The stage of an opportunity and its deal, by its label."""

    def pipeline(scene: Scene) -> Mapping[str, str]:
        return {
            stage.label: stage.id
            for one in scene.world.deals.pipelines()
            if one.label == "Salesforce - Default pipeline"
            for stage in one.stages
        }

    def move(scene: Scene, value: str) -> Sequence[Change]:
        ref = _there(scene, records[Side.HUBSPOT])
        scene.world.hubspot.edit(ref, {"dealstage": pipeline(scene)[value]})
        return [scene.world.change(ref)]

    def shown(scene: Scene) -> object:
        found = scene.world.hubspot.fields(_there(scene, records[Side.HUBSPOT])).get("dealstage")
        return next((label for label, one in pipeline(scene).items() if one == found), None)

    simple = plain(name, "dealstage", "StageName", records=records)
    salesforce = Side.SALESFORCE

    def there(scene: Scene) -> object:
        return scene.world.salesforce.fields(_there(scene, records[salesforce])).get("StageName")

    return Topic(
        name,
        ("Closed Lost", OPEN, WON),
        {Side.HUBSPOT: move, salesforce: simple.put[salesforce]},
        {Side.HUBSPOT: shown, salesforce: there},
        records,
    )


def _furthest(scene: Scene) -> list[str]:
    """Whose lifecycle stage is not the one that the opportunities took them to."""
    ever = [value for values in scene.past.values() for value in values]
    kept = list(ever)
    for value in scene.lost:
        kept.remove(value)
    wanted = [
        "customer" if WON in one else "opportunity" if OPEN in one else None for one in (ever, kept)
    ]
    fields = scene.world.hubspot.fields
    there = {
        name: fields(_there(scene, name)).get("lifecyclestage")
        for name in ("my ada", "colleague", "company")
    }
    return [
        f"lifecycle: {name} {stage!r}, not {wanted[0]!r}"
        for name, stage in there.items()
        if stage not in wanted
    ]


def lifecycle() -> Scene:
    """A contact with two lost opportunities, its company and a colleague; the opportunities' stages
    are the topics.
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
    return Scene(world, refs, (_stage("stage", RECORDS), _stage("other stage", other)), _furthest)


PAIRS: Mapping[str, Callable[[], Scene]] = {
    "lead": lead,
    "contact": member,
    "company": company,
    "deal": deal,
    "owner": owner,
    "opt-out": opt_out,
    "parent": parent,
    "roles": roles,
    "ended roles": ended_roles,
    "roll-ups": roll_ups,
    "lifecycle": lifecycle,
}
"""Scenes that begin with a pair in step."""
