"""Changes of one record that come together are one look."""

from __future__ import annotations

from dataclasses import replace

from crmsync.model.changes import MOST_TIES, Cause, TieNews, coalesce
from crmsync.model.records import Ref, Side
from tests.builders import a_change, at

DEAL = Ref(Side.HUBSPOT, "deal", "7")


def a_contact_ref(number: int) -> Ref:
    return Ref(Side.HUBSPOT, "contact", str(number))


def test_what_was_told_of_each_contact_last_is_kept() -> None:
    """Tied and untied again: untied; of others what was told of them."""
    tied, untied = (
        TieNews(a_contact_ref(81), at(1), is_gone=False),
        TieNews(a_contact_ref(81), at(2)),
    )
    other = TieNews(a_contact_ref(82), at(0))
    first, second = (
        replace(a_change(DEAL, Cause.AGAIN), ties=(untied, other)),
        replace(a_change(DEAL, Cause.EDITED), ties=(tied,)),
    )

    assert coalesce([first, second]) == [replace(first, ties=(other, untied))]


def test_a_change_tells_of_so_many_contacts_at_most() -> None:
    """The newest ones."""
    news = tuple(TieNews(a_contact_ref(number), at(number)) for number in range(MOST_TIES + 5))
    halves = [replace(a_change(DEAL), ties=news[:50]), replace(a_change(DEAL), ties=news[50:])]

    assert [one.ties for one in coalesce(halves)] == [news[5:]]
