"""Histories are shrunk and printed; coverage counts what they did."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from crmsync.model.records import Side
from tests.simulation import coverage
from tests.simulation.decided import exercised
from tests.simulation.ended import A_PAIR
from tests.simulation.histories.shrink import shrink
from tests.simulation.histories.steps import (
    Fault,
    History,
    Operator,
    Person,
    Setting,
    Wait,
)
from tests.simulation.soak import kept


def test_a_history_is_shrunk_to_the_steps_that_matter() -> None:
    """What the failure does not need is dropped, and numbers become plain."""
    long = History(
        Setting(creates="contact", portals=2),
        (
            Wait(5),
            Person("new person", Side.SALESFORCE, 3, 2, value="2"),
            Wait(60),
            Person("opt out", who=2),
            Fault("links.save", "conflict", 2),
            Person("convert", who=1),
        ),
    )

    def fails(history: History) -> bool:
        acts = [one.does for one in history.steps if isinstance(one, Person)]
        return acts[:1] == ["new person"] and "convert" in acts

    assert shrink(long, fails) == History(
        Setting(), (Person("new person", Side.SALESFORCE), Person("convert"))
    )


@pytest.mark.parametrize(
    "step",
    [Operator("push", "phone", "two_way", portal=1), Operator("hide", "phone", portal=1)],
    ids=["push", "hide"],
)
def test_what_the_operator_does_still_has_its_property_when_it_is_shrunk(step: Operator) -> None:
    """Only its connection becomes plain: without the rest nothing would be pushed or hidden."""
    assert shrink(History(steps=(Wait(5), step)), lambda one: step.does in str(one)) == History(
        steps=(replace(step, portal=0),)
    )


def test_a_history_is_printed_as_python() -> None:
    """What is printed of a failure makes the same history again."""
    history = History(
        Setting(policies=(("phone", "never"),)), (*A_PAIR, Fault("links.save", "x", 2))
    )
    names = {one.__name__: one for one in (History, Setting, Person, Wait, Fault)}
    assert eval(f"{{{kept(7, history)}}}", names) == {"seed 7": history}  # noqa: S307 - our own text


def test_coverage_counts_and_names_what_never_happened() -> None:
    """Effects, rules and reports are read off the decisions; the rest is told first."""
    lines = [
        "create salesforce Lead: Company, Email (SET-2, OWN-9)",
        "report duplicates: It shares its address. (DUP-1)",
    ]
    assert list(exercised(lines)) == [
        "rule SET-2",
        "rule OWN-9",
        "effect create salesforce Lead",
        "rule DUP-1",
        "report duplicates",
    ]
    seen = Counter({"effect save link": 2, "crash": 1})
    assert coverage.pairs(seen) == Counter({"pair crash x effect save link": 1})
    report = coverage.report(seen)
    effects = next(at for at, line in enumerate(report) if line.startswith("effects: 1 of"))
    assert report[effects + 1].startswith("  never: create hubspot contact")
    assert report[effects + 2] == "  save link 2"
