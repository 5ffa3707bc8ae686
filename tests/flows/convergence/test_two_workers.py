"""Two workers at one pair, one of them stopped at every call or killed there: both sides show what
people edited last, once, and then rest.

What is stopped where, and what excuses a lost edit, stands in `tests.flows.convergence.interleave`.
``-s`` prints the counts.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmsync.model.changes import Cause, redelivered
from crmsync.model.effects import Category
from crmsync.model.effects import Report as Parked
from crmsync.model.records import Ref, Side
from tests.flows.convergence.interleave import Gate, KilledError, Meanwhile, Scene, begin, judge
from tests.flows.convergence.interleave_births import BIRTHS, MEETINGS
from tests.flows.convergence.interleave_report import (
    Report,
    dying_late,
    everything,
    interrupted,
    overlapping,
)
from tests.flows.convergence.interleave_scenes import PAIRS

STICKY = frozenset({"opt-out", "lifecycle"})
"""Scenes in which nothing can be set back."""

ONE_WAY = frozenset({"opt-out", "roles", "ended roles"})
"""Scenes whose topics have two values alone: what is newer there is an edit of the other topic."""

QUICK = sorted(PAIRS.keys() - {"contact", "lifecycle"})
BACK = ("deal", "ended roles", "lead", "owner", "roles")
"""What runs with every change; the rest takes minutes."""

SIMPLE = ("lead", "company", "deal", "roll-ups")


AT_ONCE = frozenset({"roles", "ended roles", *BIRTHS})
"""Scenes that never need the further look that a poll or a sweep brings."""


def sound(name: str, report: Report) -> None:
    """Print the counts; where something went wrong, or was right late only and need not be, fail
    with all of it.
    """
    print(str(report).splitlines()[0])  # noqa: T201 - the counts are what a person wants to see with -s
    if report.failed or (report.late and name in AT_ONCE):
        pytest.fail(str(report), pytrace=False)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", sorted(PAIRS))
def test_a_worker_alone_is_judged_sound(name: str, side: Side) -> None:
    """Edits one after the other, each looked at before the next, on either side: the judge finds
    nothing.
    """
    scene = begin(PAIRS[name], side)
    scene.work(scene.take())
    for topic in (1, 0):
        for at in Side:
            scene.world.wait()
            scene.edit(scene.topics[topic], at, scene.topics[topic].values[2])
            scene.work(scene.take())
    scene.finish()

    assert judge(scene) == []


@pytest.mark.parametrize("name", sorted(BIRTHS))
def test_a_birth_alone_is_judged_sound(name: str) -> None:
    """One record on each side, linked once."""
    scene = begin(BIRTHS[name], None)
    scene.work(scene.take())
    scene.finish()

    assert judge(scene) == []


def _stale(scene: Scene) -> None:
    scene.world.hubspot.put(_ref(scene, "hubspot"), {"phone": "7"}, ours=True)


def _stale_on_both(scene: Scene) -> None:
    _stale(scene)
    scene.world.salesforce.put(_ref(scene, "salesforce"), {"Phone": "7"}, ours=True)


def _doubled(scene: Scene) -> None:
    scene.world.new_lead(Email="ada.two@example.com")


def _parked(scene: Scene) -> None:
    scene.world.inbox.park("acme", [Parked(_ref(scene, "hubspot"), Category.VALIDATION, "No.")])


def _queued(scene: Scene) -> None:
    scene.world.outbox.again([(scene.world.change(_ref(scene, "hubspot")), 0)])


def _ref(scene: Scene, name: str) -> Ref:
    ref = scene.ref(name)
    assert ref is not None
    return ref


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (_stale, "phone: HubSpot '7', Salesforce '2', edited last '2'"),
        (_stale_on_both, "phone: both '7', edited last '2'"),
        (_doubled, "wanted and there: {'salesforce Lead': (1, 2)}"),
        (_parked, "No."),
        (_queued, "does not rest"),
    ],
)
def test_the_judge_sees_what_is_wrong(spoil: Callable[[Scene], None], problem: str) -> None:
    """A value that differs, one that nobody wanted, a record too many, an open error, work that is
    left.
    """
    scene = begin(PAIRS["lead"], Side.HUBSPOT)
    scene.work(scene.take())
    scene.finish()

    spoil(scene)

    assert any(problem in one for one in judge(scene))


def test_an_edit_between_a_workers_read_and_its_write_is_the_only_excuse() -> None:
    """On the side that the worker writes, of the field that it writes; the same moment with another
    field, or the other side, is none.
    """
    kinds = [Meanwhile(side, topic, 2) for side in Side for topic in (0, 1)]
    excused = [interrupted("lead", PAIRS["lead"], Side.HUBSPOT, [kind]).excused for kind in kinds]

    assert [count > 0 for count in excused] == [False, False, True, False]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", QUICK)
def test_a_newer_edit_wins_whoever_is_late(name: str, side: Side) -> None:
    """While worker 1 stands, a person edits the same field again and worker 2 does its whole
    look.
    """
    sound(
        name,
        interrupted(name, PAIRS[name], side, [Meanwhile(side, int(name in ONE_WAY), via=side)]),
    )


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", BACK)
def test_a_value_set_back_stays_back_though_a_worker_died(name: str, side: Side) -> None:
    """Worker 1 dies at some call, and the person sets the value back before its message comes
    again.
    """
    sound(name, interrupted(name, PAIRS[name], side, [Meanwhile(side, 0, 0, kills=True)]))


@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("name", sorted(BIRTHS))
def test_a_record_is_born_once(name: str, *, kills: bool) -> None:
    """Two workers have the news of it, and one of them stands, or dies, anywhere."""
    side = Side.HUBSPOT if name in {"new contact", "new deal"} else Side.SALESFORCE
    sound(name, interrupted(name, BIRTHS[name], None, [Meanwhile(via=side, kills=kills)]))


@pytest.mark.parametrize(("via", "kills"), [(None, False), (Side.HUBSPOT, False), (None, True)])
@pytest.mark.parametrize("name", sorted(MEETINGS))
def test_a_record_that_a_person_makes_at_that_moment_is_met(
    name: str, via: Side | None, *, kills: bool
) -> None:
    """One pair, with what both said.

    Two leads there are only where the person makes theirs after the worker has looked for one and
    before it makes its own, with no second worker between: Salesforce takes both, no order of calls
    rules it out, and people are told of the duplicate.
    """
    side = Side.SALESFORCE if name == "contact meets lead" else Side.HUBSPOT
    report = interrupted(name, MEETINGS[name], None, [Meanwhile(side, via=via, kills=kills)])
    rows = [row for rows in report.wrong.values() for row in rows]
    doubled = [
        row for row in rows if any("shares its e-mail address" in one for one in row[1].problems)
    ]
    print(f"{str(report).splitlines()[0]}, {len(doubled)} made twice, by a person and by us")  # noqa: T201

    assert [row for row in rows if row not in doubled] == []
    assert doubled == [] or (side, via, kills) == (Side.SALESFORCE, None, False)


def test_a_message_that_comes_back_is_looked_at_closely() -> None:
    """A dead worker's change comes again as one that looks even at what shows nothing new."""
    scene = begin(PAIRS["lead"], Side.HUBSPOT)
    mine = scene.take()
    scene.work(mine)
    reads = scene.world.salesforce.calls["read"]

    scene.work(mine)
    quiet = scene.world.salesforce.calls["read"] - reads
    scene.finish(mine)

    assert (quiet, {one.cause for one in mine}) == (0, {Cause.EDITED})
    assert scene.world.salesforce.calls["read"] > reads + 1


def test_news_of_a_tie_are_heard_whichever_change_of_the_pair_comes_first() -> None:
    """A worker died after it gave a role, and a person ended that: the deal's own change comes in
    one batch with that of the role.
    """
    scene = begin(PAIRS["roles"], Side.HUBSPOT)
    mine, gate = (
        scene.take(),
        Gate(dies_at=1 + _calls_of(PAIRS["roles"]).index("salesforce.create")),
    )
    with pytest.raises(KilledError):
        scene.work(mine, gate)
    scene.world.wait()
    assert scene.edit(scene.topics[0], Side.SALESFORCE, scene.topics[0].values[0])

    scene.work([redelivered(change) for change in mine] + scene.take(Side.SALESFORCE))

    assert scene.shown()["tie of ada"] == (False, False)


def _calls_of(make: Callable[[], Scene]) -> list[str]:
    """The calls of a worker that nobody stops, after an edit in HubSpot."""
    scene, gate = begin(make, Side.HUBSPOT), Gate()
    scene.work(scene.take(), gate)
    return gate.seen


@pytest.mark.long
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", sorted(PAIRS))
def test_whatever_happens_at_whatever_call(name: str, side: Side) -> None:
    """Both topics, both sides, newer values and old ones, worker 2 from either side or not at all,
    worker 1 alive or dead.
    """
    sound(name, interrupted(name, PAIRS[name], side, everything(sticky=name in STICKY)))


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(BIRTHS))
def test_whatever_happens_while_a_record_is_born(name: str) -> None:
    """As above, with a record that has no counterpart yet."""
    sound(name, interrupted(name, BIRTHS[name], None, everything(births=True)))


@pytest.mark.long
@pytest.mark.parametrize("topic", [0, 1])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", SIMPLE)
def test_a_worker_with_an_older_picture_may_die_at_any_later_call(
    name: str, side: Side, topic: int
) -> None:
    """Worker 1 stands, worker 2 does a newer edit of the first or the other topic, worker 1 goes on
    and dies later: all pairs of calls.
    """
    sound(name, dying_late(name, PAIRS[name], side, Meanwhile(side, topic, via=side)))


@pytest.mark.long
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", SIMPLE)
def test_both_workers_stand_anywhere(name: str, side: Side) -> None:
    """Worker 1 stands at any call while worker 2 begins, and ends while worker 2 stands at any of
    its own: all pairs of calls.
    """
    sound(name, overlapping(name, PAIRS[name], side, Meanwhile(side, via=side)))


def test_a_gate_that_never_opens_changes_nothing() -> None:
    """The calls of a worker are counted and left as they are."""
    scene = begin(PAIRS["lead"], Side.HUBSPOT)
    gate = Gate()
    scene.work(scene.take(), gate)

    assert (gate.was_open, gate.seen[0], gate.seen[-1]) == (
        False,
        "accounts.has_person_accounts",
        "end",
    )
    assert scene.shown()["phone"] == ("2", "2")
