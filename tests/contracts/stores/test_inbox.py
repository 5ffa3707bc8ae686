"""The error inbox behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmsync.model.effects import Category, Report
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.records import Ref, Side
from crmsync.rules.timing.parked import KEPT, SOON
from tests.builders import NOON
from tests.contracts.stores.tables import an_inbox, dynamodb
from tests.memory import MemoryInbox

LASTING = {Category.WAITING, Category.MAPPING, Category.BRAKE, Category.HELD, Category.PRIVACY}


@dataclass
class Clock:
    """A clock that a test sets, and that advances a second with each reading."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """The time."""
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock that dates reports."""
    return Clock()


@pytest.fixture(params=["memory", "dynamodb"])
def inbox(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Any]:
    """Each implementation in turn."""
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
        code="REQUIRED_FIELD_MISSING",
    )


def test_a_report_is_read_back_exactly_as_it_was_stored(inbox: Any) -> None:
    """Blank parts are read back, too."""
    reports = [
        a_report(1),
        Report(Ref(Side.SALESFORCE, "Lead", "00Q"), Category.WAITING, "It has no e-mail address."),
    ]
    for report in reports:
        inbox.park("acme", [report])

    assert list(inbox.parked("acme")) == reports


def test_a_waiting_record_is_found_by_what_it_waits_for(inbox: Any) -> None:
    """It is found by any of the records that it waits for, in this connection only, until another
    report replaces its own.
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


def test_records_that_wait_for_something_new_are_named(inbox: Any) -> None:
    """A report that is repeated, or waits for less, names nothing new."""
    one = replace(a_report(1), waits_for=(contact(8),))
    both = replace(one, waits_for=(contact(8), contact(9)))

    found = [inbox.park("acme", [report, a_report(2)]) for report in (one, one, both, one)]

    assert [list(refs) for refs in found] == [[contact(1)], [], [contact(1)], []]


def test_held_records_are_found(inbox: Any) -> None:
    """A record is found by its category until its report has another one."""
    held = [replace(a_report(number), category=Category.HELD) for number in (1, 2, 3)]
    inbox.park("acme", [*held, a_report(4)])
    inbox.park("acme", [a_report(2)])
    inbox.clear("acme", [contact(3)])

    assert [list(inbox.held(name)) for name in ("acme", "other")] == [[contact(1)], []]


def test_the_newest_report_replaces_the_first_and_keeps_its_place(inbox: Any) -> None:
    """Reports are sorted by the first time, however often the record was tried since."""
    for report in (a_report(1), a_report(2), a_report(1, "Another reason")):
        inbox.park("acme", [report])

    assert list(inbox.parked("acme")) == [a_report(1, "Another reason"), a_report(2)]


@pytest.mark.rule("ERR-1")
def test_an_entry_has_its_code_its_times_and_the_number_of_attempts(
    clock: Clock, inbox: Any
) -> None:
    """Attempts count from the first report on, whatever the later ones say, until the record
    syncs.
    """
    another = replace(a_report(1, "Too long."), code="STRING_TOO_LONG")
    inbox.park("acme", [a_report(1)])
    clock.now = NOON + timedelta(hours=1)
    inbox.park("acme", [a_report(1), another])
    clock.now = NOON + timedelta(hours=2)
    inbox.park("acme", [a_report(2)])
    before = list(inbox.entries("acme"))
    inbox.clear("acme", [contact(1)])
    clock.now = NOON + timedelta(hours=3)
    inbox.park("acme", [a_report(1)])
    second = timedelta(seconds=1)

    assert before == [
        InboxEntry(another, NOON + second, NOON + timedelta(hours=1) + second, 2),
        InboxEntry(
            a_report(2), NOON + timedelta(hours=2) + second, NOON + timedelta(hours=2) + second, 1
        ),
    ]
    assert list(inbox.entries("acme"))[1:] == [
        InboxEntry(
            a_report(1), NOON + timedelta(hours=3) + second, NOON + timedelta(hours=3) + second, 1
        )
    ]


def test_the_entries_of_some_records_are_those_among_all(clock: Clock, inbox: Any) -> None:
    """The oldest first; a record without a report has none, and of no record there is none."""
    for number in (3, 1, 2):
        inbox.park("acme", [a_report(number)])
        clock.now += timedelta(hours=1)
    inbox.park("beta", [a_report(1)])
    third, first, _ = inbox.entries("acme")

    assert list(inbox.entries_of("acme", {contact(1), contact(3), contact(9)})) == [third, first]
    assert list(inbox.entries_of("acme", [])) == []


def test_a_second_report_of_one_attempt_is_not_counted(inbox: Any) -> None:
    """It replaces the first report, and counts where that one is gone."""
    another = replace(a_report(1, "Too long."), code="STRING_TOO_LONG")
    inbox.park("acme", [a_report(1)])
    inbox.park("acme", [another, a_report(2)], {contact(1), contact(2)})

    assert [(one.report, one.attempts) for one in inbox.entries("acme")] == [
        (another, 1),
        (a_report(2), 1),
    ]


def test_clearing_deletes_the_reports_of_these_records_only(inbox: Any) -> None:
    """Clearing a record without a report does nothing."""
    inbox.park("acme", [a_report(1)])
    inbox.park("acme", [a_report(2)])

    inbox.clear("acme", [contact(1), contact(99)])

    assert list(inbox.parked("acme")) == [a_report(2)]


def test_reports_that_expire_soon_are_found(clock: Clock, inbox: Any) -> None:
    """A report is found two weeks before its 90 days are over, unless it was renewed; reports of
    waiting and held records and of fields never expire.
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
    """A connection does not see another's records, even with the same id."""
    inbox.park("acme", [a_report(1)])
    inbox.park("other", [a_report(1, "Other")])

    inbox.clear("acme", [contact(1)])

    assert (list(inbox.parked("acme")), list(inbox.parked("other"))) == ([], [a_report(1, "Other")])


def test_many_reports_are_stored_and_cleared(inbox: Any) -> None:
    """A whole failed batch can be stored and cleared."""
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


def test_it_says_whose_reports_there_are(inbox: Any) -> None:
    """Only records with a report are named, of their own connection, and none once it is cleared."""
    inbox.park("acme", [a_report(81), a_report(82)])
    inbox.park("beta", [a_report(83)])
    refs = [contact(number) for number in (81, 82, 83, 84)]
    before = sorted(inbox.reported("acme", refs))
    inbox.clear("acme", [contact(81)])

    assert before == [contact(81), contact(82)]
    assert list(inbox.reported("acme", refs)) == [contact(82)]
    assert list(inbox.reported("acme", [])) == []


def test_it_also_says_who_is_waited_for(inbox: Any) -> None:
    """Where that is asked for, records that a report waits for are named beside those with a
    report, each once, and no longer when nothing waits.
    """
    company, other = Ref(Side.HUBSPOT, "company", "12"), Ref(Side.HUBSPOT, "company", "13")
    inbox.park("acme", [replace(a_report(81), waits_for=(company, contact(81)))])
    refs = [contact(81), contact(82), company, other]
    before = [sorted(inbox.reported("acme", refs, or_awaited=one)) for one in (False, True)]
    inbox.clear("acme", [contact(81)])

    assert before == [[contact(81)], [company, contact(81)]]
    assert list(inbox.reported("acme", refs, or_awaited=True)) == []
    assert list(inbox.reported("acme", [], or_awaited=True)) == []
