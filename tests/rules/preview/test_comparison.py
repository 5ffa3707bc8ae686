"""How records stand to their counterparts: what a plan would do, what the inbox says, and when they
were edited.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from crmsync.model.effects import (
    Category,
    CreateRecord,
    DeleteRecord,
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
from crmsync.model.facts import Facts
from crmsync.model.links import LinkState, Slot
from crmsync.model.operations.comparison import Standing
from crmsync.model.plan import Plan, no_effects
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair import reports
from crmsync.rules.preview.comparison import (
    LONGEST_REASON,
    SETTLES_AFTER,
    Judgement,
    judge,
    settled_before,
)
from tests.builders import NOON, a_change, a_contact, a_lead, a_link, a_ruleset, at

ADA, LEAD = a_contact(), a_lead()
LINK = a_link(ADA, LEAD, a_ruleset())
BURIED = replace(LINK, state=LinkState.TOMBSTONE)
LINKED = Facts(a_change(ADA.ref), LINK, ADA, LEAD)
ALONE = Facts(a_change(ADA.ref), None, ADA)
ORPHAN = Facts(a_change(ADA.ref), LINK, ADA)
COMPANY = Ref(Side.HUBSPOT, "company", "91")
ROLE = Ref(Side.SALESFORCE, "OpportunityContactRole", "00K1")

MOVED = replace(LINK, salesforce=replace(LEAD.ref, object="Contact", id="0031"))
LATER = at(60)
"""A time at which everything has settled."""

WRITE = UpdateRecord(LEAD.ref, Side.SALESFORCE, {"Title": "x"}, ("MAP-3",))
CREATE = CreateRecord(Side.SALESFORCE, "Lead", "1", {"LastName": "x"}, Slot("new"), ("SET-2",))


def judged(facts: Facts, *effects: Effect, parked: Category | None = None) -> Judgement:
    """How the record of these facts stands, long after its last edit."""
    return judge(facts, Plan(effects), parked=parked, settled_at=LATER)


@pytest.mark.rule("CH-31")
@pytest.mark.parametrize(
    ("effects", "standing"),
    [
        pytest.param((), Standing.IN_STEP, id="nothing"),
        pytest.param((SaveLink(replace(LINK, key=2)),), Standing.IN_STEP, id="another key"),
        pytest.param((RollUp(frozenset({ADA.ref})),), Standing.IN_STEP, id="right sums"),
        pytest.param((RequestSync(COMPANY, Kind.ACCOUNT, None),), Standing.IN_STEP, id="woken"),
        pytest.param(
            (RequestSync(COMPANY, Kind.ACCOUNT, ADA.ref),), Standing.IN_STEP, id="its parent"
        ),
        pytest.param((SaveLink(LINK), WRITE), Standing.DIFFERENT, id="another value"),
        pytest.param((replace(WRITE, best_effort=True),), Standing.DIFFERENT, id="our own field"),
        pytest.param((OptOut("ada@example.com"),), Standing.DIFFERENT, id="an opt-out"),
        pytest.param((EndRole(ROLE),), Standing.DIFFERENT, id="a role too many"),
        pytest.param((SaveLink(MOVED),), Standing.DIFFERENT, id="a link that has to move"),
        pytest.param((DropLink(LINK),), Standing.DIFFERENT, id="a link to forget"),
        pytest.param(
            (reports.looping(ADA.ref, ["phone"]),), Standing.DIFFERENT, id="a report to come"
        ),
    ],
)
def test_a_linked_pair_is_in_step_unless_something_would_be_written(
    effects: tuple[Effect, ...], standing: Standing
) -> None:
    """What a plan only does for the link itself, or for another record, is no difference."""
    assert judged(LINKED, *effects).standing is standing


@pytest.mark.rule("CH-31")
@pytest.mark.parametrize(
    ("effects", "standing"),
    [
        pytest.param((CREATE,), Standing.MISSING, id="would be created"),
        pytest.param((SaveLink(replace(LINK, version=0)),), Standing.MISSING, id="would be linked"),
        pytest.param(
            (RequestSync(COMPANY, Kind.ACCOUNT, ADA.ref),), Standing.MISSING, id="after its parent"
        ),
        pytest.param(
            (reports.duplicate_of_linked(ADA.ref, [LEAD.ref]),), Standing.MISSING, id="a report"
        ),
        pytest.param((reports.waiting(ADA.ref),), Standing.OUTSIDE, id="no address"),
        pytest.param((SaveLink(BURIED),), Standing.OUTSIDE, id="a deletion remembered"),
        pytest.param((), Standing.OUTSIDE, id="nothing"),
    ],
)
def test_a_record_alone_is_missing_only_if_it_should_have_a_counterpart(
    effects: tuple[Effect, ...], standing: Standing
) -> None:
    """Without an address, or by the settings, it is outside."""
    assert judged(ALONE, *effects).standing is standing


@pytest.mark.rule("CH-31")
@pytest.mark.parametrize(
    "effects", [(SaveLink(BURIED, ("DEL-1",)),), (DeleteRecord(ADA.ref), SaveLink(BURIED))]
)
def test_half_a_pair_is_missing_the_other(effects: tuple[Effect, ...]) -> None:
    """Its link still says that there is one."""
    assert judged(ORPHAN, *effects).standing is Standing.MISSING


@pytest.mark.rule("CH-31")
@pytest.mark.parametrize(
    ("category", "standing"),
    [
        (Category.VALIDATION, Standing.PARKED),
        (Category.BRAKE, Standing.PARKED),
        (Category.WAITING, Standing.OUTSIDE),
        (Category.UNAVAILABLE, Standing.WAITING),
        (Category.HELD, Standing.WAITING),
    ],
)
def test_the_error_inbox_explains_what_is_in_it(category: Category, standing: Standing) -> None:
    """A record that a person was told about is no finding, whatever its plan would do."""
    assert judged(LINKED, WRITE, parked=category).standing is standing


@pytest.mark.rule("CH-31")
def test_a_record_that_was_just_edited_waits() -> None:
    """Either record counts; one that would have nothing to do is in step all the same."""
    settled = at(-30)
    young = replace(LINKED, salesforce=replace(LEAD, modified_at=at(-29)))
    old = replace(
        LINKED,
        hubspot=replace(ADA, modified_at=at(-31)),
        salesforce=replace(LEAD, modified_at=at(-30)),
    )
    standings = [
        judge(facts, Plan(effects), parked=None, settled_at=settled).standing
        for facts, effects in ((young, (WRITE,)), (old, (WRITE,)), (young, ()))
    ]
    assert standings == [Standing.WAITING, Standing.DIFFERENT, Standing.IN_STEP]


@pytest.mark.rule("CH-31")
@pytest.mark.rule("ROLL-1")
def test_wrong_sums_are_a_difference_of_the_deal() -> None:
    """A plan always adds up; only sums that would be written count."""
    plan = Plan((RollUp(frozenset({ADA.ref}), because=("ROLL-1",)),))
    found = judge(LINKED, plan, parked=None, settled_at=LATER, wrong_sums={ADA.ref})
    assert found == Judgement(Standing.DIFFERENT, "add up the opportunities of 1 contacts (ROLL-1)")


@pytest.mark.rule("INC-7")
def test_a_pair_outside_the_inclusion_list_is_outside() -> None:
    """It is linked and left as it is."""
    plan = no_effects("is outside the inclusion list", "INC-7")
    found = judge(LINKED, plan, parked=None, settled_at=LATER)
    assert found == Judgement(Standing.OUTSIDE, "is outside the inclusion list")


@pytest.mark.parametrize(
    ("effects", "reason"),
    [
        ((SaveLink(LINK), WRITE), f"update {LEAD.ref}: Title (MAP-3)"),
        ((CREATE, WRITE), "create salesforce Lead: LastName (SET-2)"),
        (
            (SaveLink(BURIED, ("DEL-1",)),),
            "a record of its link is gone, so the link ends (DEL-1)",
        ),
    ],
)
def test_the_reason_says_what_would_be_done(effects: Iterable[Effect], reason: str) -> None:
    """It names fields, records and rules, and no value."""
    assert judged(LINKED, *effects).reason == reason


def test_a_long_reason_is_cut() -> None:
    """A row of results has room for many."""
    many = replace(WRITE, fields={f"Field_{number}__c": "x" for number in range(40)})
    reason = judged(LINKED, many).reason
    assert (len(reason), reason[-4:]) == (LONGEST_REASON, " ...")


@pytest.mark.rule("CH-31")
def test_edits_settle_after_half_an_hour_of_working_sweeps() -> None:
    """While a side's sweeps fail or changes are put off, younger edits are not known yet."""
    ago = SETTLES_AFTER
    assert settled_before(NOON, [NOON, None], []) == NOON - ago
    assert settled_before(NOON, [NOON, at(-90)], []) == at(-90) - ago
    assert settled_before(NOON, [at(-1)], [at(-200)]) == at(-200) - ago


def test_a_report_of_several_effects_does_not_hide_a_write() -> None:
    """A record that waits for an address and has another field to write differs."""
    report = Report(ADA.ref, Category.WAITING, "waits")
    assert judged(LINKED, WRITE, report).standing is Standing.DIFFERENT
