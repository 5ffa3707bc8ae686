"""The history that a link keeps of what was decided: its text, and what of it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.decisions import Decision, DecisionType, decisions_of
from crmsync.model.fields import Update
from crmsync.model.links import HISTORY_KEPT, NEWEST_RARE, fitted, with_decided
from crmsync.model.records import Side
from tests.builders import NOON, OUR_USER, at

WRITTEN = Decision(DecisionType.WRITTEN, Side.SALESFORCE, "Phone", "MAP-3", Update.TWO_WAY)
CONFLICT = Decision(
    DecisionType.CONFLICT, Side.HUBSPOT, "phone", "MAP-1", Update.PREFER_SALESFORCE, OUR_USER
)


@pytest.mark.rule("CH-29")
@pytest.mark.parametrize("policy", [*Update, None])
@pytest.mark.parametrize("side", [*Side, None])
@pytest.mark.parametrize("decided", DecisionType)
def test_each_decision_is_read_back_as_it_was_made(
    decided: DecisionType, side: Side | None, policy: Update | None
) -> None:
    """With its time to the second, its field, rule, policy, side and user."""
    one = Decision(decided, side, "Favourite_Colour__c", "CH-4", policy, OUR_USER)
    text = with_decided("", [one], NOON + timedelta(milliseconds=700))
    assert list(decisions_of(text)) == [replace(one, at=NOON)]


def test_decisions_are_read_newest_first() -> None:
    """Of one moment, conflicts come before writes; without decisions the history stays as it is."""
    first = with_decided("", [WRITTEN, CONFLICT], NOON)
    second = with_decided(first, [WRITTEN], at(5))
    assert with_decided(second, [], at(9)) == second
    assert list(decisions_of(second)) == [
        replace(WRITTEN, at=at(5)),
        replace(CONFLICT, at=NOON),
        replace(WRITTEN, at=NOON),
    ]


def test_old_decisions_go_with_the_next_one() -> None:
    """Ninety days are kept."""
    text = with_decided(with_decided("", [CONFLICT], NOON), [WRITTEN], at(1))
    later = NOON + HISTORY_KEPT
    assert list(decisions_of(with_decided(text, [WRITTEN], later))) == [
        replace(WRITTEN, at=later),
        replace(WRITTEN, at=at(1)),
    ]


def test_what_only_a_later_release_knows_is_left_out() -> None:
    """After a rollback the rest can still be read."""
    text = with_decided("", [WRITTEN], NOON)
    unknown = text.replace("wst", "zst"), text.replace("wst", "wsz")
    assert [list(decisions_of(one)) for one in unknown] == [[], []]
    assert list(decisions_of(f"{unknown[0]};wh-OPT-4,optout")) == [
        Decision(DecisionType.WRITTEN, Side.HUBSPOT, "optout", "OPT-4", at=NOON)
    ]


def lines(*decided: Decision) -> list[str]:
    """A history with a decision a minute, oldest first; newest line first."""
    text = ""
    for number, one in enumerate(decided):
        text = with_decided(text, [one], at(number))
    return text.split("\n")


def test_the_newest_decisions_that_fit_are_kept() -> None:
    """A line takes its bytes and one more."""
    newest, middle, _ = known = lines(WRITTEN, WRITTEN, WRITTEN)
    room = len(newest) + len(middle) + 2
    assert fitted("\n".join(known), room) == f"{newest}\n{middle}"
    assert fitted("\n".join(known), room - 1) == newest
    assert fitted("\n".join(known), 0) == ""
    assert fitted("\n".join(known), 1024) == "\n".join(known)


@pytest.mark.rule("CH-3")
def test_a_conflict_is_kept_in_preference_to_later_writes() -> None:
    """The newest one even where there is no room at all; both stay in the order of time."""
    newest, middle, conflict = known = lines(CONFLICT, WRITTEN, WRITTEN)
    assert fitted("\n".join(known), 0) == conflict
    assert fitted("\n".join(known), len(newest) + len(conflict) + 2) == f"{newest}\n{conflict}"
    assert middle not in fitted("\n".join(known), len(newest) + len(conflict) + 9)


def test_only_the_newest_conflicts_are_preferred() -> None:
    """So a field in which the two sides always conflict leaves room for other decisions."""
    known = lines(*[CONFLICT] * 3, WRITTEN, *[CONFLICT] * NEWEST_RARE)
    room = sum(len(line) + 1 for line in known[: NEWEST_RARE + 1])
    assert fitted("\n".join(known), room).split("\n") == known[: NEWEST_RARE + 1]
