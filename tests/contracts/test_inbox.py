"""What the error inbox does behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmsync.model.effects import Category, Report
from crmsync.model.records import Ref, Side
from crmsync.rules.timing.parked import KEPT, SOON
from tests.builders import NOON
from tests.contracts.tables import an_inbox, dynamodb
from tests.memory import MemoryInbox

LASTING = {Category.WAITING, Category.MAPPING, Category.BRAKE, Category.HELD, Category.PRIVACY}


@dataclass
class Clock:
    """A clock that a test moves, and that goes on a second with each look."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """The time."""
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock by which reports are dated."""
    return Clock()


@pytest.fixture(params=["memory", "dynamodb"])
def inbox(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Any]:
    """Each error inbox in turn."""
    if request.param == "memory":
        yield MemoryInbox(clock)
    else:
        with dynamodb("pk", "sk") as client:
            yield an_inbox(client, clock)


def contact(number: int) -> Ref:
    """A HubSpot contact."""
    return Ref(Side.HUBSPOT, "contact", str(number))


def a_report(number: int, text: str = "Required fields are missing: [Company]") -> Report:
    """Why a contact does not sync."""
    return Report(
        contact(number),
        Category.VALIDATION,
        text,
        "Company",
        "Fill the field in HubSpot.",
        ("ERR-1", "SET-2"),
    )


def test_a_report_comes_back_exactly_as_it_was_parked(inbox: Any) -> None:
    """Blank parts included."""
    reports = [
        a_report(1),
        Report(Ref(Side.SALESFORCE, "Lead", "00Q"), Category.WAITING, "It has no e-mail address."),
    ]
    for report in reports:
        inbox.park("acme", [report])

    assert list(inbox.parked("acme")) == reports


def test_who_waits_for_a_record_is_found_by_it(inbox: Any) -> None:
    """Whichever of several it is, in this connection only, and no longer once another report has
    taken its place.
    """
    waits = [replace(a_report(number), waits_for=(contact(8), contact(9))) for number in (1, 2)]
    inbox.park("acme", [*waits, a_report(3)])
    inbox.park("other", [waits[0]])
    inbox.park("acme", [a_report(2)])

    assert list(inbox.parked("acme")) == [waits[0], a_report(2), a_report(3)]
    found = [
        inbox.waiting_for("acme", refs)
        for refs in ([contact(9)], [contact(7), contact(8)], [contact(1)], [])
    ]
    assert [list(refs) for refs in found] == [[contact(1)], [contact(1)], [], []]


def test_what_is_held_back_is_found_among_all(inbox: Any) -> None:
    """By its category, for as long as the report has it."""
    held = [replace(a_report(number), category=Category.HELD) for number in (1, 2, 3)]
    inbox.park("acme", [*held, a_report(4)])
    inbox.park("acme", [a_report(2)])
    inbox.clear("acme", [contact(3)])

    assert [list(inbox.held(name)) for name in ("acme", "other")] == [[contact(1)], []]


def test_the_newest_report_counts_and_keeps_the_place_of_the_first(inbox: Any) -> None:
    """Oldest trouble first, however often it was tried since."""
    for report in (a_report(1), a_report(2), a_report(1, "Another reason")):
        inbox.park("acme", [report])

    assert list(inbox.parked("acme")) == [a_report(1, "Another reason"), a_report(2)]


def test_a_record_that_syncs_again_is_forgotten_and_the_others_stay(inbox: Any) -> None:
    """Clearing what was never parked is fine."""
    inbox.park("acme", [a_report(1)])
    inbox.park("acme", [a_report(2)])

    inbox.clear("acme", [contact(1), contact(99)])

    assert list(inbox.parked("acme")) == [a_report(2)]


def test_what_is_to_be_forgotten_soon_is_found(clock: Clock, inbox: Any) -> None:
    """Two weeks before 90 days are over, unless it was reported again; never what waits, is held
    back or is about a field.
    """
    lasting = [
        *(
            replace(a_report(number), category=category)
            for number, category in enumerate(sorted(LASTING), start=10)
        ),
        replace(a_report(20), waits_for=(contact(8),)),
        replace(
            a_report(21),
            ref=Ref(Side.SALESFORCE, "field", "Lead.Title"),
            category=Category.PERMISSIONS,
        ),
    ]
    inbox.park("acme", [a_report(1), a_report(2), *lasting])
    clock.now += KEPT - SOON - timedelta(hours=1)
    early = list(inbox.ending("acme"))
    inbox.park("acme", [a_report(2)])
    clock.now += timedelta(hours=1)

    assert (early, list(inbox.ending("acme"))) == ([], [contact(1)])
    assert len(list(inbox.parked("acme"))) == 2 + len(lasting)


def test_connections_have_an_inbox_each(inbox: Any) -> None:
    """One connection's records are not another's, even under the same id."""
    inbox.park("acme", [a_report(1)])
    inbox.park("other", [a_report(1, "Other")])

    inbox.clear("acme", [contact(1)])

    assert (list(inbox.parked("acme")), list(inbox.parked("other"))) == ([], [a_report(1, "Other")])


def test_many_reports_are_kept_and_forgotten(inbox: Any) -> None:
    """A batch that fails whole is parked whole."""
    inbox.park("acme", [a_report(number) for number in range(60)])
    inbox.clear("acme", [contact(number) for number in range(10, 60)])

    assert sorted(report.ref for report in inbox.parked("acme")) == sorted(
        contact(number) for number in range(10)
    )


def test_nothing_to_park_or_to_clear_is_fine(inbox: Any) -> None:
    """An empty batch costs nothing."""
    inbox.park("acme", [])
    inbox.clear("acme", [])

    assert list(inbox.parked("acme")) == []
