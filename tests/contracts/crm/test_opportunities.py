"""Opportunities, their contact roles and the record types of an org behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from crmsync.errors import Conflict, Gone
from crmsync.model.effects import CreateRecord, EndRole, UpdateRecord
from crmsync.model.kinds.pipelines import OrgStage, RecordType
from crmsync.model.kinds.roles import RelatedOpportunity, Role
from crmsync.model.links import Slot
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Written
from tests.contracts.crm import implementations
from tests.contracts.crm.backend import Backend

ROLE, OPPORTUNITY = "OpportunityContactRole", "Opportunity"
NEVER = "006000000000777AAA"

OPEN = OrgStage("Prospecting", "Prospecting", 10)
TALKS = OrgStage("Negotiation/Review", "Talks", 90)
WON = OrgStage("Closed Won", "Closed Won", 100, is_closed=True, is_won=True)
LOST = OrgStage("Closed Lost", "Closed Lost", 0, is_closed=True)
PROCESS = (OPEN, TALKS, WON, LOST)


def stage_of_the_world(stage: OrgStage) -> dict[str, object]:
    """A stage as the start data of the simulator has it."""
    names = {
        "ApiName": stage.name,
        "MasterLabel": stage.label,
        "DefaultProbability": stage.probability,
    }
    return {**names, "IsClosed": stage.is_closed, "IsWon": stage.is_won}


NAMES = {"New business": PROCESS, "Renewal": (OPEN, WON, LOST)}
OLD = OrgStage("Old", "Old")
MASTER = RecordType("", "Master", PROCESS, is_default=True, others=(OLD,))


def others_of(process: tuple[OrgStage, ...]) -> tuple[OrgStage, ...]:
    """The stages of the org that a process does not have; the inactive one is last."""
    return (*(stage for stage in PROCESS if stage not in process), OLD)


IN_MEMORY = [
    RecordType(
        f"01200000000000{at}AAA", name, process, is_default=at == 1, others=others_of(process)
    )
    for at, (name, process) in enumerate(NAMES.items(), start=1)
]
WORLD: dict[str, Any] = {
    "stages": [*map(stage_of_the_world, PROCESS), {**stage_of_the_world(OLD), "IsActive": False}]
}
TYPED: dict[str, Any] = {
    **WORLD,
    "opportunity_record_types": [
        *(
            {"Name": name, "stages": [stage.name for stage in process]}
            for name, process in NAMES.items()
        ),
        {"Name": "Former", "IsActive": False},
    ],
}
ORGS = {
    "memory": partial(implementations.memory_salesforce, types=[MASTER]),
    "simulator": partial(implementations.simulated_salesforce, **WORLD),
}
TYPED_ORGS = {
    "memory": partial(implementations.memory_salesforce, types=[MASTER, *IN_MEMORY]),
    "simulator": partial(implementations.simulated_salesforce, **TYPED),
}


@pytest.fixture(params=ORGS)
def org(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each Salesforce in turn, without record types of opportunities."""
    yield from ORGS[request.param]()


@pytest.fixture(params=TYPED_ORGS)
def typed(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each Salesforce in turn, with two record types."""
    yield from TYPED_ORGS[request.param]()


def an_account(org: Backend, name: str = "Example Works") -> Ref:
    """Create an account as a person."""
    return org.person.add("Account", {"Name": name})


def a_contact(org: Backend, name: str) -> Ref:
    """Create a contact as a person."""
    return org.person.add("Contact", {"LastName": name})


def an_opportunity(org: Backend, **fields: Value) -> Ref:
    """Create an opportunity as a person."""
    needed = {"Name": "A deal", "StageName": OPEN.name, "CloseDate": "2026-12-24"}
    return org.person.add(OPPORTUNITY, {**needed, **fields})


def a_role(org: Backend, opportunity: Ref, contact: Ref) -> Ref:
    """Give a contact a role as a person."""
    return org.person.add(ROLE, {"OpportunityId": opportunity.id, "ContactId": contact.id})


def a_role_effect(opportunity: Ref, contact: Ref, key: str = "555001-7-8") -> CreateRecord:
    """The effect that gives a contact a role."""
    fields = {"OpportunityId": opportunity.id, "ContactId": contact.id}
    return CreateRecord(Side.SALESFORCE, ROLE, key, fields, Slot("role"))


def unknown_refs(name: str) -> list[Ref]:
    """Ids that no record of an object has, valid and invalid ones."""
    return [Ref(Side.SALESFORCE, name, text) for text in ("see above", "", "0'", NEVER)]


def test_a_role_that_was_read_once_is_still_returned_after_its_deletion(org: Backend) -> None:
    """Salesforce itself keeps nothing of a role that was deleted by itself; the sweep returns it as
    deleted, whoever deleted it.
    """
    ada, bob, cleo = a_contact(org, "Ada"), a_contact(org, "Bob"), a_contact(org, "Cleo")
    deal, other = an_opportunity(org), an_opportunity(org)
    read, listed, unseen = a_role(org, deal, ada), a_role(org, deal, bob), a_role(org, other, cleo)
    counted = a_role(org, other, bob)
    since = org.crm.read([deal], {OPPORTUNITY: []})[deal].created_at
    org.opportunities.roles([read])
    org.opportunities.roles_of([deal])
    org.opportunities.of_contacts([bob])

    for role in (unseen, read, counted):
        org.person.delete(role)
    org.opportunities.end_roles([EndRole(listed)])

    assert org.opportunities.roles([read, listed, counted, unseen]) == {
        read: Role(read, deal, ada, is_deleted=True),
        listed: Role(listed, deal, bob, is_deleted=True),
        counted: Role(counted, other, bob, is_deleted=True),
    }
    assert org.opportunities.roles_of([deal, other]) == {}
    swept = [
        (one.ref, one.deleted)
        for page in org.sweeper.changed_since({ROLE: since}, with_purged=True)
        for one in page
    ]
    assert sorted(swept) == sorted((ref, True) for ref in (read, listed, counted, unseen))


@pytest.mark.rule("OPP-10")
def test_roles_are_read_by_opportunity_and_by_id(org: Backend) -> None:
    """A contact that is related to an opportunity in another way has no role."""
    ada, bob, works = a_contact(org, "Ada"), a_contact(org, "Bob"), an_account(org)
    org.person.edit(ada, {"AccountId": works.id})
    one, two, bare = (
        an_opportunity(org),
        an_opportunity(org),
        an_opportunity(org, AccountId=works.id),
    )
    first, second, third = a_role(org, one, ada), a_role(org, one, bob), a_role(org, two, ada)
    roles = {
        ref: Role(ref, *ends)
        for ref, ends in ((first, (one, ada)), (second, (one, bob)), (third, (two, ada)))
    }

    by_opportunity = org.opportunities.roles_of([*unknown_refs(OPPORTUNITY), two, bare, one])

    assert by_opportunity == {one: (roles[first], roles[second]), two: (roles[third],)}
    assert org.opportunities.roles([*unknown_refs(ROLE), *roles]) == roles
    assert (org.opportunities.roles([]), org.opportunities.roles_of([])) == ({}, {})


def test_the_roles_of_a_deleted_opportunity_are_deleted_and_restored_with_it(org: Backend) -> None:
    """A deleted contact's roles are deleted, too; the time of an opportunity's deletion is known
    while it is in the recycle bin (Q-30).
    """
    ada, bob = a_contact(org, "Ada"), a_contact(org, "Bob")
    one, two = an_opportunity(org), an_opportunity(org)
    role, other = a_role(org, one, ada), a_role(org, two, bob)
    before = org.crm.read([one], {OPPORTUNITY: []})[one].modified_at

    org.person.delete(one)
    org.person.delete(bob)

    assert org.opportunities.roles([role, other]) == {
        role: Role(role, one, ada, is_deleted=True),
        other: Role(other, two, bob, is_deleted=True),
    }
    in_bin = org.opportunities.deleted_at([*unknown_refs(OPPORTUNITY), one, two])
    assert list(in_bin) == [one]
    assert before <= in_bin[one] < datetime(2100, 1, 1, tzinfo=UTC)
    org.person.restore(one)
    assert org.opportunities.roles([role]) == {role: Role(role, one, ada)}
    assert org.opportunities.deleted_at([one]) == {}
    assert org.opportunities.deleted_at([]) == {}


def test_a_remembered_role_is_returned_after_its_deletion(org: Backend) -> None:
    """A role that we create is remembered at once, as it may be deleted before the next read."""
    ada, deal = a_contact(org, "Ada"), an_opportunity(org)
    (made,) = org.crm.create([a_role_effect(deal, ada)])
    org.opportunities.remember_roles([Role(made.ref, deal, ada)])

    org.person.delete(made.ref)

    assert org.opportunities.roles([made.ref]) == {
        made.ref: Role(made.ref, deal, ada, is_deleted=True)
    }


def test_a_role_is_created_once_under_its_key(org: Backend) -> None:
    """The role's opportunity cannot be written a second time; a role that is in the recycle bin is
    created again.
    """
    ada, bob, deal = a_contact(org, "Ada"), a_contact(org, "Bob"), an_opportunity(org)
    effects = [a_role_effect(deal, ada, "555001-7-8"), a_role_effect(deal, bob, "555001-7-9")]

    first = org.crm.create(effects)
    again = org.crm.create([effects[1], effects[0], effects[1]])

    roles = [one.ref for one in first]
    assert [one.ref for one in again] == [roles[1], roles[0], roles[1]]
    assert org.opportunities.roles_of([deal])[deal] == (
        Role(roles[0], deal, ada, key="555001-7-8"),
        Role(roles[1], deal, bob, key="555001-7-9"),
    )
    assert org.crm.read(roles[:1], {ROLE: [SALESFORCE_KEY]})[roles[0]].fields == {
        SALESFORCE_KEY: "555001-7-8"
    }
    org.opportunities.end_roles([EndRole(roles[0])])
    [anew] = org.crm.create(effects[:1])
    assert anew.ref not in roles
    assert [
        role.ref for role in org.opportunities.roles_of([deal])[deal] if not role.is_deleted
    ] == [
        roles[1],
        anew.ref,
    ]


def test_a_refused_role_does_not_affect_the_others(org: Backend) -> None:
    """A role needs a contact that exists."""
    ada, bob, deal = a_contact(org, "Ada"), a_contact(org, "Bob"), an_opportunity(org)
    org.person.delete(bob)

    outcomes = org.crm.create(
        [a_role_effect(deal, bob, "555001-7-9"), a_role_effect(deal, ada, "555001-7-8")]
    )

    assert [type(one) for one in outcomes] == [Gone, Written]
    assert [role.contact for role in org.opportunities.roles_of([deal])[deal]] == [ada]


def test_removing_roles_again_succeeds(org: Backend) -> None:
    """Outcomes are in order; the opportunity and the contact stay (Q-29)."""
    ada, bob, deal = a_contact(org, "Ada"), a_contact(org, "Bob"), an_opportunity(org)
    one, two = a_role(org, deal, ada), a_role(org, deal, bob)
    effects = [EndRole(ref) for ref in (Ref(Side.SALESFORCE, ROLE, "see above"), one, two, one)]

    outcomes = [org.opportunities.end_roles(effects) for _ in range(2)]

    assert outcomes == [[Written(effect.ref, {}) for effect in effects]] * 2
    assert org.opportunities.roles_of([deal]) == {}
    assert set(org.crm.read([ada, bob, deal], {"Contact": [], OPPORTUNITY: []})) == {ada, bob, deal}
    assert list(org.opportunities.end_roles([])) == []


def test_the_opportunities_of_a_contact_are_those_in_which_it_has_a_role(org: Backend) -> None:
    """Each opportunity is returned once, with the label of its stage; removed roles and deleted
    opportunities do not count.
    """
    ada, bob, cleo = a_contact(org, "Ada"), a_contact(org, "Bob"), a_contact(org, "Cleo")
    won = an_opportunity(org, StageName=WON.name, Amount=1200.5)
    talks = an_opportunity(org, StageName=TALKS.name, CloseDate="2027-01-31")
    gone = an_opportunity(org, Amount=1)
    for deal in (talks, won, gone):
        a_role(org, deal, ada)
    a_role(org, won, ada)
    org.opportunities.end_roles([EndRole(a_role(org, won, bob))])
    org.person.delete(gone)

    related = org.opportunities.of_contacts([*unknown_refs("Contact"), bob, ada, cleo])

    records = org.crm.read([won, talks], {OPPORTUNITY: []})
    at = {ref.id: record.created_at for ref, record in records.items()}
    expected = [
        RelatedOpportunity(
            won.id,
            at[won.id],
            date(2026, 12, 24),
            Decimal("1200.5"),
            "Closed Won",
            is_closed=True,
            is_won=True,
        ),
        RelatedOpportunity(
            talks.id, at[talks.id], date(2027, 1, 31), None, "Talks", is_closed=False, is_won=False
        ),
    ]
    assert related == {ada: tuple(sorted(expected, key=lambda one: one.opportunity))}
    assert org.opportunities.of_contacts([]) == {}


def test_the_opportunities_of_a_contact_have_their_present_values(org: Backend) -> None:
    """They change when it is won, reopened or changed in amount."""
    ada, deal = a_contact(org, "Ada"), an_opportunity(org, Amount=10)
    a_role(org, deal, ada)

    def shown() -> list[object]:
        [one] = org.opportunities.of_contacts([ada])[ada]
        return [one.amount, one.stage, one.is_closed, one.is_won]

    assert shown() == [Decimal(10), "Prospecting", False, False]
    org.crm.update([UpdateRecord(deal, Side.SALESFORCE, {"StageName": WON.name, "Amount": 12})])
    assert shown() == [Decimal(12), "Closed Won", True, True]
    org.person.edit(deal, {"StageName": LOST.name})
    assert shown() == [Decimal(12), "Closed Lost", True, False]
    org.person.edit(deal, {"StageName": TALKS.name, "Amount": None})
    assert shown() == [None, "Talks", False, False]


def test_the_survivor_of_merged_contacts_has_the_roles_of_both(org: Backend) -> None:
    """Opportunities and roles themselves are never merged."""
    ada, bob, deal, other = (
        a_contact(org, "Ada"),
        a_contact(org, "Bob"),
        an_opportunity(org),
        an_opportunity(org),
    )
    roles = a_role(org, deal, ada), a_role(org, other, bob)

    org.person.merge(ada, bob)

    assert {one.opportunity for one in org.opportunities.of_contacts([ada])[ada]} == {
        deal.id,
        other.id,
    }
    assert org.crm.survivors([deal, other, *roles]) == {}


def test_the_opportunities_of_accounts_are_returned_in_the_order_of_their_ids(org: Backend) -> None:
    """Deleted ones are left out."""
    works, other, empty = an_account(org), an_account(org, "Other"), an_account(org, "Empty")
    one, two = an_opportunity(org, AccountId=works.id), an_opportunity(org, AccountId=other.id)
    gone = an_opportunity(org, AccountId=works.id)
    an_opportunity(org)
    org.person.delete(gone)

    assert org.opportunities.of_accounts([*unknown_refs("Account"), other, works, empty]) == sorted(
        [one, two]
    )
    assert org.opportunities.of_accounts([]) == []


def test_opportunities_are_found_by_a_value_in_any_case(org: Backend) -> None:
    """Several may have it, and no value can inject SOQL."""
    one, two = an_opportunity(org, NextStep="AB-1"), an_opportunity(org, NextStep="ab-1")
    odd = an_opportunity(org, NextStep="o'brien \\ co")
    gone = an_opportunity(org, NextStep="AB-2")
    org.person.delete(gone)
    values = ["Ab-1", "ab-2", "O'Brien \\ Co", "x') OR (Name != '", "", " ", "a\x00b"]

    found = org.opportunities.by_value("NextStep", values)

    assert found == {"ab-1": tuple(sorted([one, two])), "o'brien \\ co": (odd,)}
    assert org.opportunities.by_value("NextStep", []) == {}


def test_an_org_without_record_types_has_one_process(org: Backend) -> None:
    """It has all active stages, in the org's order, under the id "" (Q-25)."""
    an_opportunity(org)

    assert org.opportunities.record_types() == [MASTER]
    assert org.opportunities.has_currencies() is False


def test_each_record_type_has_the_stages_of_its_own_process(typed: Backend) -> None:
    """Active types are returned in the order of their ids; the id "" is returned only while an
    opportunity has no record type (Q-25).
    """
    types = list(typed.opportunities.record_types())

    assert {one.label: (one.stages, one.is_default, one.others) for one in types} == {
        "New business": (PROCESS, True, (OLD,)),
        "Renewal": ((OPEN, WON, LOST), False, (TALKS, OLD)),
    }
    assert types == sorted(types, key=lambda one: one.id)
    deal = an_opportunity(typed)
    [shown] = typed.crm.read([deal], {OPPORTUNITY: ["RecordTypeId"]}).values()
    assert shown.fields["RecordTypeId"] == next(one.id for one in types if one.is_default)
    assert typed.opportunities.record_types() == types
    typed.person.edit(deal, {"RecordTypeId": None})
    assert typed.opportunities.record_types() == [replace(MASTER, is_default=False), *types]


def test_opportunities_are_created_updated_and_swept_like_other_records(org: Backend) -> None:
    """They are created once under our key; closed and won follow the stage; the sweep returns their
    roles, too.
    """
    works, ada = an_account(org), a_contact(org, "Ada")
    fields = {
        "Name": "A deal",
        "StageName": WON.name,
        "CloseDate": "2026-12-24",
        "AccountId": works.id,
        "Amount": 7,
    }
    effect = CreateRecord(Side.SALESFORCE, OPPORTUNITY, "555001-7", fields, Slot("deal"))

    [first], [again] = (
        org.crm.create([effect]),
        org.crm.create([replace(effect, fields={**fields, "Amount": 8})]),
    )
    [role] = org.crm.create([a_role_effect(first.ref, ada)])

    assert (type(again), again.existing) == (Conflict, first.ref.id)
    columns = ["Name", "Amount", "IsClosed", "IsWon", SALESFORCE_KEY]
    [record] = org.crm.read([first.ref], {OPPORTUNITY: columns}).values()
    assert list(record.fields.values()) == ["A deal", 7, True, True, "555001-7"]
    page = org.lister.page(OPPORTUNITY, "", 10)
    assert (page.refs, page.after, org.lister.count(OPPORTUNITY)) == ((first.ref,), None, 1)
    org.person.delete(first.ref)
    since = dict.fromkeys((OPPORTUNITY, ROLE), record.created_at)
    seen = [(one.ref, one.deleted) for page in org.sweeper.changed_since(since) for one in page]
    assert seen == [(first.ref, True), (role.ref, True)]
    assert [
        type(one)
        for one in org.crm.update([UpdateRecord(first.ref, Side.SALESFORCE, {"Amount": 9})])
    ] == [Gone]
