"""The store of troubles behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.gateways.dynamodb.troubles import TroubleTable
from crmsync.model.operations.troubles import Outage, Pause, Rest, Troubles
from crmsync.model.records import Kind, Side
from tests.builders import NOON
from tests.contracts.stores.tables import dynamodb, troubles_on_dynamodb
from tests.memory import MemoryTroubleStore


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryTroubleStore()
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


def test_an_outage_is_read_back_exactly_as_it_was_stored(store: Any) -> None:
    """It belongs to one kind of one connection; ending it deletes it, and ending it again does
    nothing.
    """
    partly = replace(OUTAGE, side="", is_whole=False, is_sure=False, hint="Mend it.")
    store.save_outage("acme", Kind.CONTACT, OUTAGE)
    store.save_outage("acme", Kind.ACCOUNT, partly)
    both = {Kind.CONTACT: replace(OUTAGE, version=1), Kind.ACCOUNT: replace(partly, version=1)}
    assert (store.load("acme"), store.load("other")) == (Troubles(both), Troubles())

    for _ in range(2):
        store.end_outage("acme", Kind.CONTACT)
    assert store.load("acme") == Troubles({Kind.ACCOUNT: both[Kind.ACCOUNT]})


def test_an_outage_of_a_removed_connection_expires() -> None:
    """It expires ninety days after it was last seen."""
    with dynamodb("pk", "sk") as client:
        TroubleTable(client, "Table").save_outage("acme", Kind.CONTACT, OUTAGE)
        (row,) = client.scan(TableName="Table")["Items"]

    assert row["expires_at"] == {"N": str(int((OUTAGE.seen_at + timedelta(days=90)).timestamp()))}


def test_of_two_that_store_one_outage_the_first_wins(store: Any) -> None:
    """So only one of several workers tries whether it is over."""
    first = store.save_outage("acme", Kind.CONTACT, OUTAGE)
    assert (first, store.save_outage("acme", Kind.CONTACT, OUTAGE)) == (
        replace(OUTAGE, version=1),
        None,
    )

    second = store.save_outage("acme", Kind.CONTACT, replace(first, fails=4))
    assert second == replace(OUTAGE, fails=4, version=2)
    assert store.save_outage("acme", Kind.CONTACT, replace(first, fails=5)) is None
    assert store.load("acme").outages == {Kind.CONTACT: second}


def test_a_missing_field_is_kept_until_it_is_ended(store: Any) -> None:
    """Missing fields are stored besides outages; only the first to store one learns that it is new."""
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
    store.save_outage("acme", Kind.CONTACT, OUTAGE)
    news = [store.save_rest("acme", rest) for rest in (title, own, title)]
    older = replace(title, since=NOON - timedelta(hours=1))
    store.save_rest("acme", older)

    assert (news, store.load("acme").rests, store.load("other").rests) == (
        [True, True, False],
        (own, older),
        (),
    )
    for _ in range(2):
        store.end_rest("acme", title)
    assert store.load("acme") == Troubles({Kind.CONTACT: replace(OUTAGE, version=1)}, (own,))


def test_a_pause_is_kept_until_it_is_ended(store: Any) -> None:
    """The first one wins and belongs to one connection; outages and missing fields are not
    affected.
    """
    first, second = (
        Pause(NOON, "arn:aws:iam::111122223333:user/ada"),
        Pause(NOON + timedelta(minutes=1), "bea"),
    )

    store.pause("acme", first)
    store.pause("acme", second)

    assert (store.load("acme").pause, store.load("other").pause) == (first, None)
    assert (store.load("acme").outages, store.load("acme").rests) == ({}, ())
    store.resume("acme")
    store.resume("acme")
    assert store.load("acme") == Troubles()
