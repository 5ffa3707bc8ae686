"""Used-up days in the simulation: the product hardly calls, and catches up by itself."""

from __future__ import annotations

import pytest

from crmsync.gateways.call_leases import CallLeases
from crmsync.model.records import Side
from tests.simulation.histories.steps import History, Outage, Person, Setting, Step, Wait
from tests.simulation.play import act, play
from tests.simulation.world.system import System

PAIR = (Person("new person", value="1"), Wait(60))
USED_UP = (
    Outage("salesforce", 40_000),
    Person("edit person", what="fax", value="1"),
    Person("edit person", Side.SALESFORCE, what="jobtitle", value="2"),
    Wait(7_200),
    Wait(7_200),
)


def refused(*steps: Step) -> tuple[int, list[str]]:
    """How many calls Salesforce refused by the end of these steps, and the problems by then."""
    system = System(Setting())
    for step in steps:
        act(system, step)
    return system.call_days.refused["salesforce"], system.problems


@pytest.mark.rule("API-2")
def test_a_used_up_day_costs_few_calls_and_nothing_is_lost() -> None:
    """Four hours of it cost at most a call every quarter of an hour; afterwards both sides agree."""
    calls, problems = refused(*PAIR, *USED_UP)

    assert 1 <= calls <= 20
    assert problems == []
    assert play(History(Setting(), (*PAIR, *USED_UP))).problems == []


def test_a_product_that_goes_on_calling_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge compares the calls with the probes that the time allows."""
    monkeypatch.setattr(CallLeases, "hear", lambda _self, **_heard: None)
    _, problems = refused(*PAIR, *USED_UP)

    assert any("calls to salesforce in its used-up day" in one for one in problems)
