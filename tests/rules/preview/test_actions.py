"""What plans come to, in the words that previews count by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.effects import (
    Associate,
    Category,
    CreateRecord,
    DeleteRecord,
    Dissociate,
    DropLink,
    Effect,
    EndRole,
    OptOut,
    Report,
    RequestSync,
    RollUp,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.links import LinkState, Slot
from crmsync.model.plan import Plan, no_effects
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.preview.actions import WRITES, Action, PlannedAction, actions_of
from tests.builders import a_contact, a_lead, a_link, a_ruleset

ADA, LEAD = a_contact().ref, a_lead().ref
COMPANY = Ref(Side.HUBSPOT, "company", "91")
ROLE = Ref(Side.SALESFORCE, "OpportunityContactRole", "00K1")
LINK = a_link(a_contact(), a_lead(), a_ruleset())
BURIED = replace(LINK, state=LinkState.TOMBSTONE)

HUBSPOT, SALESFORCE = (Side.HUBSPOT, "contact"), (Side.SALESFORCE, "Lead")


@pytest.mark.parametrize(
    ("effect", "action", "where"),
    [
        (CreateRecord(Side.SALESFORCE, "Lead", "1", {}, Slot("new")), Action.CREATE, SALESFORCE),
        (UpdateRecord(LEAD, Side.SALESFORCE, {}), Action.UPDATE, SALESFORCE),
        (UpdateRecord(LEAD, Side.SALESFORCE, {}, best_effort=True), Action.MARK, SALESFORCE),
        (UpdateRecord(Slot("new"), Side.HUBSPOT, {}), Action.UPDATE, HUBSPOT),
        (Associate(ADA, COMPANY), Action.ASSOCIATE, HUBSPOT),
        (Dissociate(ADA, COMPANY), Action.DISSOCIATE, HUBSPOT),
        (EndRole(ROLE), Action.END_ROLE, (Side.SALESFORCE, "OpportunityContactRole")),
        (RollUp(frozenset({ADA})), Action.ROLL_UP, HUBSPOT),
        (OptOut("ada@example.com"), Action.OPT_OUT, HUBSPOT),
        (DeleteRecord(COMPANY), Action.DELETE, (Side.HUBSPOT, "company")),
        (SaveLink(replace(LINK, version=0)), Action.LINK, HUBSPOT),
        (SaveLink(BURIED), Action.BURY, HUBSPOT),
        (RequestSync(COMPANY, Kind.ACCOUNT, ADA), Action.WAIT, HUBSPOT),
        (Report(ADA, Category.WAITING, "waits"), Action.WAIT, HUBSPOT),
        (Report(ADA, Category.VALIDATION, "is refused"), Action.REFUSE, HUBSPOT),
    ],
)
def test_each_effect_counts_as_an_action(
    effect: Effect, action: Action, where: tuple[Side, str]
) -> None:
    """An action counts for the object that is written, or else for the record of the plan: a
    HubSpot contact.
    """
    assert actions_of(Plan((effect,)), ADA) == [PlannedAction(action, *where, effect)]


@pytest.mark.parametrize(
    "effect", [SaveLink(LINK), DropLink(LINK), RequestSync(COMPANY, Kind.ACCOUNT, None)]
)
def test_what_people_do_not_see_is_nothing(effect: Effect) -> None:
    """A base that is brought up to date, a link that makes room, a look at a neighbour."""
    assert actions_of(Plan((effect,)), ADA) == [PlannedAction(Action.NOTHING, *HUBSPOT)]


def test_a_plan_without_effects_is_nothing() -> None:
    """In step, or left alone by a rule."""
    assert actions_of(no_effects("is in step"), LEAD) == [
        PlannedAction(Action.NOTHING, *SALESFORCE)
    ]


def test_a_plan_may_do_several_things() -> None:
    """In the order of its effects."""
    update, report = (
        UpdateRecord(ADA, Side.HUBSPOT, {"phone": "1"}),
        Report(ADA, Category.VALIDATION, "is refused"),
    )
    assert [one.action for one in actions_of(Plan((update, SaveLink(LINK), report)), ADA)] == [
        Action.UPDATE,
        Action.REFUSE,
    ]


def test_what_is_written_to_a_crm() -> None:
    """The others are our own memory, or what people would be told."""
    assert set(Action) - WRITES == {
        Action.LINK,
        Action.BURY,
        Action.WAIT,
        Action.REFUSE,
        Action.NOTHING,
    }
