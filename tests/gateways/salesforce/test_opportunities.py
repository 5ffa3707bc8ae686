"""Calls for opportunities: what shares a call, what a refusal affects, and setup objects in the
sweep.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from crmsync.errors import Conflict, Down, Refused, TryAgain
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.objects.opportunities import SalesforceOpportunities
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.salesforce.sweep import SalesforceSweep
from crmsync.model.effects import CreateRecord, EndRole
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.memory import MemoryRoleStore
from tests.simulated import OUR_FIELD, OUR_OBJECTS, FixedSecret, served

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
OPPORTUNITY, ROLE = "Opportunity", "OpportunityContactRole"


@dataclass(slots=True)
class Org:
    """A simulated org, its gateways and the faults in force."""

    gateway: SalesforceGateway
    opportunities: SalesforceOpportunities
    simulator: SalesforceSimulator
    faults: Faults
    clock: Clock

    def made(self, name: str, count: int, **fields: Any) -> list[Ref]:
        """Create so many records of an object."""
        effects = [
            CreateRecord(
                Side.SALESFORCE,
                name,
                f"555001-{name}-{at}",
                {**NEEDED[name], **fields},
                Slot(str(at)),
            )
            for at in range(count)
        ]
        outcomes = self.gateway.create(effects)
        assert all(isinstance(one, Written) for one in outcomes), outcomes
        return [one.ref for one in outcomes if isinstance(one, Written)]

    def roles(self, opportunities: list[Ref], contacts: list[Ref]) -> list[Ref]:
        """Give each contact a role in the opportunity at the same position."""
        pairs = zip(opportunities, contacts, strict=True)
        effects = [a_role(opportunity, contact) for opportunity, contact in pairs]
        return [one.ref for one in self.gateway.create(effects) if isinstance(one, Written)]

    def calls(self) -> int:
        """Return the number of calls so far."""
        return int(self.simulator.stats()["calls"])


NEEDED: Mapping[str, Mapping[str, Any]] = {
    OPPORTUNITY: {"Name": "A deal", "StageName": "Prospecting", "CloseDate": "2026-12-24"},
    "Contact": {"LastName": "Lang"},
}


def a_role(opportunity: Ref, contact: Ref, **fields: Any) -> CreateRecord:
    """The effect that gives a contact a role."""
    ends = {"OpportunityId": opportunity.id, "ContactId": contact.id}
    return CreateRecord(
        Side.SALESFORCE, ROLE, f"{opportunity.id}-{contact.id}", {**ends, **fields}, Slot("role")
    )


def an_org(**world: Any) -> Iterator[Org]:
    """A running org."""
    clock = Clock()
    faults = Faults(clock)
    legacy = {**OUR_FIELD, "name": "Legacy__c"}
    world["custom_fields"] = {name: [OUR_FIELD, legacy] for name in OUR_OBJECTS}
    simulator = SalesforceSimulator(world, clock=clock, faults=faults)
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        retry_policy = RetryPolicy(pause=lambda _: None, jitter=lambda: 0.5)
        gateway = SalesforceGateway(url, secret, now=time.time, retry_policy=retry_policy)
        gateway.identity()
        yield Org(
            gateway,
            SalesforceOpportunities(gateway.session, MemoryRoleStore()),
            simulator,
            faults,
            clock,
        )


@pytest.fixture
def org() -> Iterator[Org]:
    """An org with an unused stage and two record types."""
    stages = [
        {"ApiName": "Prospecting", "MasterLabel": "Finding", "DefaultProbability": 10},
        {
            "ApiName": "Former",
            "MasterLabel": "Long ago",
            "DefaultProbability": 20,
            "IsActive": False,
        },
        {"ApiName": "Closed Won", "DefaultProbability": 100, "IsClosed": True, "IsWon": True},
    ]
    types = [
        {"Name": "New business", "stages": ["Prospecting", "Closed Won"]},
        {"Name": "Renewal", "stages": ["Closed Won"]},
    ]
    yield from an_org(stages=stages, opportunity_record_types=types, person_accounts=True)


def test_a_thousand_opportunities_take_a_call_or_two(org: Org) -> None:
    """Hundreds of roles or deletions per query and five queries per call; 200 roles are deleted per
    call.
    """
    opportunities, contacts = org.made(OPPORTUNITY, 450), org.made("Contact", 450)
    roles = org.roles(opportunities, contacts)
    questions = [
        lambda: org.opportunities.roles(roles),
        lambda: org.opportunities.roles_of(opportunities),
        lambda: org.opportunities.of_contacts(contacts),
        lambda: org.opportunities.deleted_at(opportunities),
        lambda: org.opportunities.end_roles([EndRole(role) for role in roles]),
    ]
    answers, calls = [], []
    for ask in questions:
        before = org.calls()
        answers.append(len(ask()))
        calls.append(org.calls() - before)

    assert answers == [450, 450, 450, 0, 450]
    assert calls == [1, 1, 1, 1, 3]
    assert org.opportunities.of_contacts(contacts) == {}


def test_an_inactive_stage_is_still_read(org: Org) -> None:
    """Its label is visible to people; no record type has it."""
    [deal], [contact] = org.made(OPPORTUNITY, 1, StageName="Former"), org.made("Contact", 1)
    org.roles([deal], [contact])

    [tie] = org.opportunities.of_contacts([contact])[contact]
    types = org.opportunities.record_types()

    assert tie.stage == "Long ago"
    assert [[stage.label for stage in one.stages] for one in types] == [
        ["Finding", "Closed Won"],
        ["Closed Won"],
    ]


def test_record_types_cost_a_call_each_and_a_few_more(org: Org) -> None:
    """The queries share a call."""
    before = org.calls()

    org.opportunities.record_types()

    assert org.calls() - before == 2 + 2 + 1


def test_currencies_are_described_once(org: Org) -> None:
    """An org with one currency does not have the field."""
    before = org.calls()

    assert [org.opportunities.has_currencies() for _ in range(3)] == [False] * 3
    assert org.calls() - before == 1


def test_a_locked_role_waits_and_the_others_are_deleted(org: Org) -> None:
    """Each role has its own outcome (fault 14)."""
    roles = org.roles(org.made(OPPORTUNITY, 3), org.made("Contact", 3))
    org.faults.replace([{"at": "salesforce", "kind": "lock_row"}])

    outcomes = org.opportunities.end_roles([EndRole(role) for role in roles])

    assert sorted(type(one).__name__ for one in outcomes) == ["TryAgain", "Written", "Written"]


def test_roles_deleted_before_salesforce_failed_are_reported(org: Org) -> None:
    """Only the rest is tried again; if none was deleted, the error is raised."""
    roles = org.roles(org.made(OPPORTUNITY, 210), org.made("Contact", 210))
    down = [{"at": "salesforce", "kind": "server_error", "times": 100}]
    org.simulator.on_product_write = lambda: org.faults.replace(down)

    outcomes = org.opportunities.end_roles([EndRole(role) for role in roles])

    assert [type(one) for one in outcomes] == [Written] * 200 + [Down] * 10
    with pytest.raises(TryAgain):
        org.opportunities.end_roles([EndRole(role) for role in roles[200:]])


def test_a_value_that_another_role_has_is_a_conflict_and_changes_no_role(org: Org) -> None:
    """Only our own key shows that a role is ours."""
    deals, contacts = org.made(OPPORTUNITY, 2), org.made("Contact", 2)
    effects = [
        a_role(deal, contact, Legacy__c="7") for deal, contact in zip(deals, contacts, strict=True)
    ]

    first, clash = (org.gateway.create([effect])[0] for effect in effects)

    assert (type(first), type(clash)) == (Written, Conflict)
    assert {ref: role.contact for ref, role in org.opportunities.roles([first.ref]).items()} == {
        first.ref: contacts[0]
    }


def test_setup_objects_are_swept_like_records(org: Org) -> None:
    """Stages are included, and the record types of opportunities, but not those of person accounts."""
    [deal] = org.made(OPPORTUNITY, 1)
    since = dict.fromkeys((OPPORTUNITY, ROLE, "OpportunityStage", "RecordType"), LONG_AGO)

    seen = [one for page in org.gateway.changed_since(since) for one in page]

    counts = {name: sum(one.ref.object == name for one in seen) for name in since}
    assert counts == {OPPORTUNITY: 1, ROLE: 0, "OpportunityStage": 3, "RecordType": 2}
    assert [one.ref for one in seen if one.ref.object == OPPORTUNITY] == [deal]
    assert not any(one.deleted for one in seen)


def test_a_refused_object_does_not_hide_the_others(org: Org) -> None:
    """All others are returned, then the refusal is raised."""
    [deal] = org.made(OPPORTUNITY, 1)
    pages = org.gateway.changed_since({"Hidden__c": LONG_AGO, OPPORTUNITY: LONG_AGO})

    seen = [one.ref for one in next(iter(pages))]

    assert seen == [deal]
    with pytest.raises(Refused):
        list(pages)


def test_deleted_roles_are_returned_page_by_page_in_order(org: Org) -> None:
    """A page only has deletions up to its end; otherwise a crash after it would skip records."""
    small = SalesforceSweep(org.gateway.session, now=time.time, page=2)
    roles = []
    for deal, contact in zip(org.made(OPPORTUNITY, 5), org.made("Contact", 5), strict=True):
        roles += org.roles([deal], [contact])
        org.clock.advance(1)
    org.opportunities.end_roles([EndRole(roles[0]), EndRole(roles[3])])

    pages = [
        [(one.ref, one.deleted) for one in page]
        for page in small.changed_since({ROLE: LONG_AGO}, with_purged=True)
    ]

    told = list(dict.fromkeys(one for page in pages for one in page))
    assert told == [*((roles[at], False) for at in (1, 2, 4)), (roles[0], True), (roles[3], True)]
    assert all(not deleted for _, deleted in pages[0])


def test_a_refused_list_of_deleted_roles_does_not_hide_the_others(org: Org) -> None:
    """Like a missing object, it is raised at the end."""
    [deal] = org.made(OPPORTUNITY, 1)
    broken = SalesforceSweep(org.gateway.session, now=lambda: 0.0)
    pages = broken.changed_since({ROLE: LONG_AGO, OPPORTUNITY: LONG_AGO}, with_purged=True)

    assert [one.ref for one in next(iter(pages))] == [deal]
    with pytest.raises(Refused):
        list(pages)
