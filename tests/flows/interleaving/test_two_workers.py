"""Two workers at one pair, one of them stopped or killed at every call: both sides show the last
edits once, and nothing more is written.

`tests.flows.interleaving.interleave` defines where a worker is stopped and which lost edits are
excused. ``-s`` prints the counts.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.model.changes import Cause, redelivered
from crmsync.model.effects import Category
from crmsync.model.effects import Report as Parked
from crmsync.model.records import Ref, Side
from tests.flows.interleaving.gate import Gate, KilledError
from tests.flows.interleaving.interleave import Interruption, find_problems, start
from tests.flows.interleaving.interleave_report import (
    Report,
    all_interruptions,
    run_interrupted,
    run_overlapping,
    run_with_late_death,
)
from tests.flows.interleaving.scenario import Scenario
from tests.flows.interleaving.scenarios import PAIRS
from tests.flows.interleaving.scenarios_of_creation import CREATIONS, SIMULTANEOUS_CREATIONS

IRREVERSIBLE = frozenset({"opt-out", "lifecycle"})
"""Scenarios in which nothing can be set back."""

ONE_WAY = frozenset({"opt-out", "roles", "ended roles"})
"""Scenarios whose attributes have only two values, so that the newer edit is one of the other attribute."""

QUICK = sorted(PAIRS.keys() - {"contact", "lifecycle"})
SET_BACK = ("deal", "ended roles", "lead", "owner", "roles")
"""The scenarios that run by default; the rest takes minutes."""

SIMPLE = ("lead", "company", "deal", "roll-ups")


WITHOUT_RESYNC = frozenset({"roles", "ended roles", *CREATIONS})
"""Scenarios that never need the further sync of a poll or a sweep."""


def assert_no_problems(name: str, report: Report) -> None:
    """Print the counts, and fail with the whole report if something went wrong or needed a further
    sync that it must not need.
    """
    print(str(report).splitlines()[0])  # noqa: T201 - the counts are what a person wants to see with -s
    if report.failed or (report.needs_resync and name in WITHOUT_RESYNC):
        pytest.fail(str(report), pytrace=False)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", sorted(PAIRS))
def test_one_worker_alone_has_no_problems(name: str, side: Side) -> None:
    """Edits on either side, each synced before the next, leave nothing for the check to find."""
    scenario = start(PAIRS[name], side)
    scenario.run_worker(scenario.take_pending())
    for attribute in (1, 0):
        for at in Side:
            scenario.world.wait()
            scenario.edit(
                scenario.attributes[attribute], at, scenario.attributes[attribute].values[2]
            )
            scenario.run_worker(scenario.take_pending())
    scenario.deliver_rest()

    assert find_problems(scenario) == []


@pytest.mark.parametrize("name", sorted(CREATIONS))
def test_one_worker_alone_creates_a_record_once(name: str) -> None:
    """A new record gets one counterpart, linked once."""
    scenario = start(CREATIONS[name], None)
    scenario.run_worker(scenario.take_pending())
    scenario.deliver_rest()

    assert find_problems(scenario) == []


def _differing_value(scenario: Scenario) -> None:
    scenario.world.hubspot.put(_ref(scenario, "hubspot"), {"phone": "7"}, ours=True)


def _unwanted_value(scenario: Scenario) -> None:
    _differing_value(scenario)
    scenario.world.salesforce.put(_ref(scenario, "salesforce"), {"Phone": "7"}, ours=True)


def _duplicate_record(scenario: Scenario) -> None:
    scenario.world.new_lead(Email="ada.two@example.com")


def _parked(scenario: Scenario) -> None:
    scenario.world.inbox.park(
        "acme", [Parked(_ref(scenario, "hubspot"), Category.VALIDATION, "No.")]
    )


def _change_left(scenario: Scenario) -> None:
    scenario.world.outbox.again([(scenario.world.change(_ref(scenario, "hubspot")), 0)])


def _ref(scenario: Scenario, name: str) -> Ref:
    ref = scenario.ref(name)
    assert ref is not None
    return ref


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (_differing_value, "phone: HubSpot '7', Salesforce '2', edited last '2'"),
        (_unwanted_value, "phone: both '7', edited last '2'"),
        (_duplicate_record, "expected and found: {'salesforce Lead': (1, 2)}"),
        (_parked, "No."),
        (_change_left, "still writes"),
    ],
)
def test_the_check_finds_every_kind_of_problem(
    break_it: Callable[[Scenario], None], problem: str
) -> None:
    """It finds a differing value, an unwanted value, a duplicate record, an open error and work
    that is left.
    """
    scenario = start(PAIRS["lead"], Side.HUBSPOT)
    scenario.run_worker(scenario.take_pending())
    scenario.deliver_rest()

    break_it(scenario)

    assert any(problem in one for one in find_problems(scenario))


def test_an_edit_between_a_workers_read_and_its_write_is_the_only_excuse() -> None:
    """An edit at that moment is excused only of the attribute and on the side that the worker then
    writes.
    """
    kinds = [Interruption(side, attribute, 2) for side in Side for attribute in (0, 1)]
    excused = [
        run_interrupted("lead", PAIRS["lead"], Side.HUBSPOT, [kind]).excused for kind in kinds
    ]

    assert [count > 0 for count in excused] == [False, False, True, False]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", QUICK)
def test_a_newer_edit_wins_whichever_worker_is_late(name: str, side: Side) -> None:
    """While worker 1 is stopped, a person edits the same field again and worker 2 syncs it."""
    assert_no_problems(
        name,
        run_interrupted(
            name, PAIRS[name], side, [Interruption(side, int(name in ONE_WAY), via=side)]
        ),
    )


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", SET_BACK)
def test_a_value_that_is_set_back_after_a_worker_died_stays_back(name: str, side: Side) -> None:
    """Worker 1 dies at some call, and the person sets the value back before its message is
    redelivered.
    """
    assert_no_problems(
        name, run_interrupted(name, PAIRS[name], side, [Interruption(side, 0, 0, kills=True)])
    )


@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("name", sorted(CREATIONS))
def test_two_workers_create_a_record_once(name: str, *, kills: bool) -> None:
    """Two workers have the new record's change, and one of them is stopped or killed at any
    call.
    """
    side = Side.HUBSPOT if name in {"new contact", "new deal"} else Side.SALESFORCE
    assert_no_problems(
        name, run_interrupted(name, CREATIONS[name], None, [Interruption(via=side, kills=kills)])
    )


@pytest.mark.parametrize(("via", "kills"), [(None, False), (Side.HUBSPOT, False), (None, True)])
@pytest.mark.parametrize("name", sorted(SIMULTANEOUS_CREATIONS))
def test_a_counterpart_that_a_person_makes_at_that_moment_is_linked(
    name: str, via: Side | None, *, kills: bool
) -> None:
    """One pair results, with the values of both records.

    A duplicate lead is possible only if the person makes theirs after the worker has searched for
    one and before it creates its own, without a second worker: Salesforce accepts both, no order of
    calls prevents it, and the duplicate is reported.
    """
    side = Side.SALESFORCE if name == "contact meets lead" else Side.HUBSPOT
    report = run_interrupted(
        name, SIMULTANEOUS_CREATIONS[name], None, [Interruption(side, via=via, kills=kills)]
    )
    rows = [row for rows in report.wrong.values() for row in rows]
    doubled = [
        row for row in rows if any("shares its e-mail address" in one for one in row[1].problems)
    ]
    print(f"{str(report).splitlines()[0]}, {len(doubled)} made twice, by a person and by us")  # noqa: T201

    assert [row for row in rows if row not in doubled] == []
    assert doubled == [] or (side, via, kills) == (Side.SALESFORCE, None, False)


def test_a_redelivered_change_is_synced_even_without_a_visible_change() -> None:
    """A dead worker's change is redelivered with a cause that reads the records in any case."""
    scenario = start(PAIRS["lead"], Side.HUBSPOT)
    mine = scenario.take_pending()
    scenario.run_worker(mine)
    reads = scenario.world.salesforce.calls["read"]

    scenario.run_worker(mine)
    unchanged = scenario.world.salesforce.calls["read"] - reads
    scenario.deliver_rest(mine)

    assert (unchanged, {one.cause for one in mine}) == (0, {Cause.EDITED})
    assert scenario.world.salesforce.calls["read"] > reads + 1


def test_a_removed_role_counts_whichever_change_of_the_pair_comes_first() -> None:
    """A worker died after it created a role that a person then removed, and the deal's change comes
    in one batch with the role's.
    """
    scenario = start(PAIRS["roles"], Side.HUBSPOT)
    mine, gate = (
        scenario.take_pending(),
        Gate(dies_at=1 + _calls_of(PAIRS["roles"]).index("salesforce.create")),
    )
    with pytest.raises(KilledError):
        scenario.run_worker(mine, gate)
    scenario.world.wait()
    assert scenario.edit(scenario.attributes[0], Side.SALESFORCE, scenario.attributes[0].values[0])

    scenario.run_worker(
        [redelivered(change) for change in mine] + scenario.take_pending(Side.SALESFORCE)
    )

    assert scenario.shown()["association of ada"] == (False, False)


def _calls_of(make: Callable[[], Scenario]) -> list[str]:
    """The calls of a worker that is not stopped, after an edit in HubSpot."""
    scenario, gate = start(make, Side.HUBSPOT), Gate()
    scenario.run_worker(scenario.take_pending(), gate)
    return gate.calls


@pytest.mark.long
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", sorted(PAIRS))
def test_every_interruption_at_every_call(name: str, side: Side) -> None:
    """Edits of both attributes on both sides, newer or set back, with worker 2 on either side or
    none, and worker 1 alive or dead.
    """
    assert_no_problems(
        name,
        run_interrupted(
            name, PAIRS[name], side, all_interruptions(irreversible=name in IRREVERSIBLE)
        ),
    )


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(CREATIONS))
def test_every_interruption_while_a_record_is_created(name: str) -> None:
    """The same interruptions, with a record that has no counterpart yet."""
    assert_no_problems(
        name, run_interrupted(name, CREATIONS[name], None, all_interruptions(creations=True))
    )


@pytest.mark.long
@pytest.mark.parametrize("attribute", [0, 1])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", SIMPLE)
def test_a_worker_with_older_reads_may_die_at_any_later_call(
    name: str, side: Side, attribute: int
) -> None:
    """Worker 1 is stopped, worker 2 syncs a newer edit, and worker 1 continues and dies later, at
    every pair of calls.
    """
    assert_no_problems(
        name, run_with_late_death(name, PAIRS[name], side, Interruption(side, attribute, via=side))
    )


@pytest.mark.long
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", SIMPLE)
def test_both_workers_may_be_stopped_at_any_call(name: str, side: Side) -> None:
    """Worker 1 is stopped at any call while worker 2 starts, and finishes while worker 2 is stopped
    at any of its own.
    """
    assert_no_problems(name, run_overlapping(name, PAIRS[name], side, Interruption(side, via=side)))


def test_a_gate_that_never_opens_changes_nothing() -> None:
    """The worker's calls are counted and left as they are."""
    scenario = start(PAIRS["lead"], Side.HUBSPOT)
    gate = Gate()
    scenario.run_worker(scenario.take_pending(), gate)

    assert (gate.was_open, gate.calls[0], gate.calls[-1]) == (
        False,
        "accounts.has_person_accounts",
        "end",
    )
    assert scenario.shown()["phone"] == ("2", "2")
