"""Several changes of one record are merged to one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.changes import MAX_TIES, Cause, TieEvent, coalesce
from crmsync.model.records import Ref, Side
from tests.builders import a_change, at

DEAL = Ref(Side.HUBSPOT, "deal", "7")


def a_contact_ref(number: int) -> Ref:
    return Ref(Side.HUBSPOT, "contact", str(number))


def test_the_last_association_change_of_each_contact_is_kept() -> None:
    """A contact that was associated and removed again counts as removed; other contacts keep their
    changes.
    """
    tied, untied = (
        TieEvent(a_contact_ref(81), at(1), is_gone=False),
        TieEvent(a_contact_ref(81), at(2)),
    )
    other = TieEvent(a_contact_ref(82), at(0))
    first, second = (
        replace(a_change(DEAL, Cause.AGAIN), ties=(untied, other)),
        replace(a_change(DEAL, Cause.EDITED), ties=(tied,)),
    )

    assert coalesce([first, second]) == [replace(first, ties=(other, untied))]


def test_a_change_has_a_limited_number_of_association_changes() -> None:
    """The newest ones are kept."""
    news = tuple(TieEvent(a_contact_ref(number), at(number)) for number in range(MAX_TIES + 5))
    halves = [replace(a_change(DEAL), ties=news[:50]), replace(a_change(DEAL), ties=news[50:])]

    assert [one.ties for one in coalesce(halves)] == [news[5:]]


def test_a_resync_keeps_the_time_when_it_was_asked_for() -> None:
    """A later edit of the record makes it no later: mappings that came between the two are not part
    of the resync.
    """
    resync, edit = a_change(DEAL, Cause.RESYNC), a_change(DEAL, Cause.EDITED, minutes=5)

    assert coalesce([resync, edit]) == coalesce([edit, resync]) == [resync]


@pytest.mark.parametrize("cause", sorted(set(Cause) - {Cause.WOKEN}))
def test_a_change_that_was_put_off_still_counts_as_put_off_beside_another_one(cause: Cause) -> None:
    """Its sync may have ended half way: the record shows nothing new, but its counterpart may not
    be written yet.
    """
    put_off = replace(a_change(DEAL, Cause.EDITED), held=True)
    other = a_change(DEAL, cause, minutes=1)

    assert (coalesce([put_off, other]), coalesce([other, put_off])) == (
        [replace(other, held=True)],
        [replace(other, held=True)],
    )
