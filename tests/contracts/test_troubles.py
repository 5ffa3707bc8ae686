"""What the list of troubles does behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.gateways.dynamodb.troubles import TroubleTable
from crmsync.model.records import Kind, Side
from crmsync.model.troubles import Outage, Pause, Rest, Troubles
from tests.builders import NOON
from tests.contracts.tables import dynamodb, troubles_on_dynamodb
from tests.memory import MemoryTroubles


@pytest.fixture(params=["memory", "dynamodb"])
def book(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each list in turn."""
    if request.param == "memory":
        yield MemoryTroubles()
    else:
        with troubles_on_dynamodb() as table:
            yield table


OUTAGE = Outage(
    side="salesforce",
    code="REQUEST_LIMIT_EXCEEDED",
    text="TotalRequests Limit exceeded.",
    hint="",
    since=NOON,
    seen_at=NOON + timedelta(minutes=1),
    next_at=NOON + timedelta(minutes=6, microseconds=5),
    fails=3,
    is_whole=True,
)


def test_an_outage_comes_back_exactly_as_it_was_noted(book: Any) -> None:
    """By concern, in its own connection only; once ended it is gone, and ending it again does no
    harm.
    """
    partly = replace(OUTAGE, side="", is_whole=False, is_sure=False, hint="Mend it.")
    book.save_outage("acme", Kind.CONTACT, OUTAGE)
    book.save_outage("acme", Kind.ACCOUNT, partly)
    both = {Kind.CONTACT: replace(OUTAGE, version=1), Kind.ACCOUNT: replace(partly, version=1)}
    assert (book.load("acme"), book.load("other")) == (Troubles(both), Troubles())

    for _ in range(2):
        book.end_outage("acme", Kind.CONTACT)
    assert book.load("acme") == Troubles({Kind.ACCOUNT: both[Kind.ACCOUNT]})


def test_an_outage_of_a_connection_that_is_no_more_is_forgotten() -> None:
    """Ninety days after somebody last met it; whoever meets it again notes it anew."""
    with dynamodb("pk", "sk") as client:
        TroubleTable(client, "Table").save_outage("acme", Kind.CONTACT, OUTAGE)
        (row,) = client.scan(TableName="Table")["Items"]

    assert row["expires_at"] == {"N": str(int((OUTAGE.seen_at + timedelta(days=90)).timestamp()))}


def test_of_two_that_note_one_outage_the_first_counts(book: Any) -> None:
    """So only one of several workers looks ahead."""
    first = book.save_outage("acme", Kind.CONTACT, OUTAGE)
    assert (first, book.save_outage("acme", Kind.CONTACT, OUTAGE)) == (
        replace(OUTAGE, version=1),
        None,
    )

    second = book.save_outage("acme", Kind.CONTACT, replace(first, fails=4))
    assert second == replace(OUTAGE, fails=4, version=2)
    assert book.save_outage("acme", Kind.CONTACT, replace(first, fails=5)) is None
    assert book.load("acme").outages == {Kind.CONTACT: second}


def test_a_field_that_is_lacking_stands_until_it_is_ended(book: Any) -> None:
    """By field, beside the outages; only whoever notes it first is told that it is new."""
    title = Rest(Side.SALESFORCE, "Lead", "Title", NOON)
    own = Rest(
        Side.HUBSPOT,
        "contact",
        "crmsync_salesforce_id",
        NOON,
        is_needed=True,
        needs_edit=True,
        is_over=True,
    )
    book.save_outage("acme", Kind.CONTACT, OUTAGE)
    news = [book.save_rest("acme", rest) for rest in (title, own, title)]
    older = replace(title, since=NOON - timedelta(hours=1))
    book.save_rest("acme", older)

    assert (news, book.load("acme").rests, book.load("other").rests) == (
        [True, True, False],
        (own, older),
        (),
    )
    for _ in range(2):
        book.end_rest("acme", title)
    assert book.load("acme") == Troubles({Kind.CONTACT: replace(OUTAGE, version=1)}, (own,))


def test_a_pause_stands_until_it_is_ended(book: Any) -> None:
    """The first one counts, and it is the connection's alone; outages and fields that are lacking
    stand beside it.
    """
    first, second = (
        Pause(NOON, "arn:aws:iam::111122223333:user/ada"),
        Pause(NOON + timedelta(minutes=1), "bea"),
    )

    book.pause("acme", first)
    book.pause("acme", second)

    assert (book.load("acme").pause, book.load("other").pause) == (first, None)
    assert (book.load("acme").outages, book.load("acme").rests) == ({}, ())
    book.resume("acme")
    book.resume("acme")
    assert book.load("acme") == Troubles()
