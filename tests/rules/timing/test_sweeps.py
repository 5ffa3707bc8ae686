"""How far back a side is looked at, and what of it is news."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.model.records import Side
from crmsync.rules.timing.sweeps import (
    FINAL_AFTER,
    LOOKBACK,
    MAX_SEEN,
    SLOW,
    is_news,
    newest,
    remembered,
    start_of,
)
from tests.builders import at

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
MARK = timedelta(milliseconds=1)
FULL = {str(number): at(30) + timedelta(milliseconds=number) for number in range(MAX_SEEN)}
OLDER = {key: one - HOUR / 4 for key, one in FULL.items()}


@pytest.mark.parametrize(
    ("seen", "begin", "least", "start"),
    [
        pytest.param({}, None, 5, at(-30), id="as far as wanted"),
        pytest.param(
            {"1": at(29)}, None, 5, at(-30), id="little is remembered, and that is all there was"
        ),
        pytest.param({}, at(10), 5, at(10), id="no further than to the beginning"),
        pytest.param({}, at(30), 5, at(30), id="not even a little"),
        pytest.param(
            {},
            at(40),
            5,
            at(-30),
            id="a cursor that stands from before it was switched off and on again",
        ),
        pytest.param(FULL, None, 5, at(25), id="memory is full with what came since"),
        pytest.param(FULL, None, 0, at(30), id="and need not be gone beyond"),
        pytest.param(OLDER, None, 5, at(15) + SECOND, id="as far as memory goes"),
        pytest.param(
            OLDER, None, 0, at(15) + SECOND, id="as far as memory goes, and need not be gone beyond"
        ),
    ],
)
def test_a_look_goes_back_as_far_as_it_is_needed(seen, begin, least, start):
    """Further than the beginning or memory it would find what is not wanted or was passed on; some
    minutes it goes where it must.
    """
    assert start_of(at(30), seen, HOUR, begin, least=timedelta(minutes=least)) == start


def test_both_sides_are_looked_at_further_back_than_they_are_late():
    """Salesforce: 14 minutes and two turns of far looks. HubSpot: the time between two sweeps more
    than 20 minutes.
    """
    salesforce, hubspot = LOOKBACK[Side.SALESFORCE], LOOKBACK[Side.HUBSPOT]
    assert salesforce.far >= timedelta(minutes=14) + 2 * salesforce.turn
    assert hubspot.near >= timedelta(minutes=20) + timedelta(minutes=15)
    assert hubspot.far >= hubspot.turn + HOUR


@pytest.mark.parametrize("side", Side)
def test_what_comes_minutes_late_is_looked_at_whatever_is_remembered(side):
    """However much was passed on since, five minutes: by each look, or by a far one, which then
    goes back its turn as well.
    """
    lookback = LOOKBACK[side]
    assert lookback.least(far=True) >= timedelta(minutes=5)
    assert lookback.least(far=False) >= timedelta(minutes=5) or lookback.least(
        far=True
    ) >= lookback.turn + timedelta(minutes=6)
    assert lookback.least(far=True) < lookback.back(far=True)


def test_what_is_set_back_while_a_fast_sync_is_at_it_is_passed_on_once_more():
    """A slow one has the pair read itself. Stamps have whole seconds, and clocks may differ by
    one.
    """
    assert FINAL_AFTER >= SLOW + 2 * SECOND


@pytest.mark.parametrize(
    ("told", "deleted", "news"),
    [
        pytest.param(None, False, True, id="never seen"),
        pytest.param(at(5), False, False, id="passed on"),
        pytest.param(at(4), False, True, id="edited since"),
        pytest.param(at(5) - MARK, False, True, id="passed on while its second went on"),
        pytest.param(
            at(6), False, True, id="an older stamp than before: a transaction that took long"
        ),
        pytest.param(at(4), True, True, id="deleted since"),
        pytest.param(at(5), True, False, id="passed on as deleted"),
        pytest.param(
            at(5) + SECOND, True, False, id="the list has it a second earlier than the bin had"
        ),
    ],
)
def test_what_was_passed_on_is_no_news(told, deleted, news):
    """Told by its stamp; of a deletion it suffices that something later was passed on."""
    assert is_news(told, at(5), deleted=deleted) is news


@pytest.mark.parametrize(
    ("told", "now", "kept"),
    [
        pytest.param(None, at(5) + FINAL_AFTER, at(5), id="its second is over"),
        pytest.param(
            None,
            at(5) + SECOND,
            at(5) - MARK,
            id="its second may go on, by a clock that differs",
        ),
        pytest.param(at(5) - MARK, at(5) + SECOND, at(5) - MARK, id="and still may"),
        pytest.param(at(5) - MARK, at(6), at(5), id="the next look"),
        pytest.param(None, at(4), at(5) - MARK, id="from the future"),
        pytest.param(at(5) - MARK, at(4), at(5), id="from the future still"),
    ],
)
def test_a_record_whose_second_goes_on_is_passed_on_once_more(told, now, kept):
    """Stamps of whole seconds do not tell two edits in one second apart; but no record is passed on
    for ever.
    """
    assert remembered(told, at(5), now) == kept


def test_the_newest_are_remembered():
    """What is older is looked at once more, or not at all."""
    more = {"old": at(0), **FULL}
    assert newest(more) == FULL
    assert newest({"old": at(0)}) == {"old": at(0)}
