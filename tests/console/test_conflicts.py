"""The page of the log of conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

import pytest

from crmsync.console.pages.conflicts import ConflictRow, conflict_view
from crmsync.flows.operator.conflicts import (
    MOST_ITEMS,
    PER_PART,
    ConflictChoice,
    ConflictReader,
)
from crmsync.model.conflicts import LoggedConflict
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.fields import Update
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Settings
from local.people import People
from local.stack import Stack
from tests.builders import NOON, a_connection
from tests.console.browser import Browser, texts, tree

ACME = a_connection()


def a_conflict(number: int, name: str = "Phone", because: str = "MAP-3") -> LoggedConflict:
    """A conflict about a contact, which HubSpot won."""
    decision = Decision(
        DecisionType.CONFLICT, Side.SALESFORCE, name, because, Update.TWO_WAY, at=NOON
    )
    return LoggedConflict(
        Kind.CONTACT,
        Ref(Side.HUBSPOT, "contact", str(number)),
        Ref(Side.SALESFORCE, "Lead", f"00Q{number}"),
        decision,
        NOON,
    )


def reader(*items: Sequence[LoggedConflict]) -> ConflictReader:
    """A log with these items, the newest one first."""
    keyed = [(f"{len(items) - place:04}", one) for place, one in enumerate(items)]

    def newest(_connection: str, until: str) -> Iterator[tuple[str, Sequence[LoggedConflict]]]:
        return (one for one in keyed if not until or one[0] <= until)

    return ConflictReader(lambda: Settings(connections=(ACME,)), newest)


def ids_of(log: ConflictReader, choice: ConflictChoice = ConflictChoice()) -> list[list[str]]:  # noqa: B008 - a value
    """The records of each part, from the first to the last."""
    parts, begin = [], ""
    while True:
        part = log.part("", choice, begin)
        parts.append([one.ref.id for one in part.lines])
        if not part.after:
            return parts
        begin = part.after


def test_the_log_is_shown_in_parts():
    """Fifty conflicts each, each conflict once, also where one batch has more."""
    log = reader(
        [a_conflict(one) for one in range(PER_PART + 20)],
        [a_conflict(one) for one in range(100, 130)],
        [],
        [a_conflict(200)],
    )
    numbers = [str(one) for one in (*range(PER_PART + 20), *range(100, 130), 200)]

    assert ids_of(log) == [numbers[:50], numbers[50:100], numbers[100:]]


def test_a_part_reads_only_so_much_of_the_log():
    """Where nothing fits the choice, a part ends after some items, and the next one goes on."""
    log = reader(*[[a_conflict(one)] for one in range(MOST_ITEMS)], [a_conflict(99, "Title")])

    assert ids_of(log, ConflictChoice(field="Title")) == [[], ["99"]]
    assert ids_of(reader()) == [[]]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (ConflictChoice(), ["1", "2"]),
        (ConflictChoice(kind="contact"), ["1", "2"]),
        (ConflictChoice(kind="account"), []),
        (ConflictChoice(field="PHONE"), ["1"]),
        (ConflictChoice(field="jobtitle"), ["2"]),
        (ConflictChoice(rule="map-1"), ["2"]),
        (ConflictChoice(field="Phone", rule="MAP-1"), []),
    ],
)
def test_conflicts_are_chosen(choice: ConflictChoice, found: list[str]):
    """By kind, by the field's name on either side, and by rule."""
    log = reader([a_conflict(1), a_conflict(2, "Title", "MAP-1")])

    assert ids_of(log, choice) == [found]


def test_a_row_says_who_won_and_why():
    """With the names on both sides, the policy, the rule, and the way to the record."""
    part = reader([a_conflict(81)]).part("acme", ConflictChoice())
    view = conflict_view(part, ("acme",), {"field": "Phone"}, is_first=True)

    assert view.rows == (
        ConflictRow(
            NOON,
            "hubspot:contact:81",
            "/record?connection=acme&record=hubspot%3Acontact%3A81",
            "phone / Phone",
            "conflict, HubSpot won",
            "two way",
            "MAP-3",
        ),
    )
    assert [rule for rule, _ in view.meanings] == ["MAP-3"]
    assert view.values.startswith("Values before and after a decision are not kept")
    undo = replace(ACME, undo=replace(ACME.undo, hours=48))
    kept = conflict_view(replace(part, connection=undo), ("acme",), {}, is_first=True)
    assert kept.values.startswith("Values before and after are kept for 48 hours")
    further = replace(part, after="0001~3")
    assert conflict_view(further, ("acme",), {"rule": "x"}, is_first=True).after == (
        "/conflicts?rule=x&connection=acme&from=0001~3"
    )


def test_a_conflict_of_the_sync_is_in_the_log(stack: Stack, browser: Browser):
    """It leads to its record; the form filters; the page has no value and no name."""
    people, email = People(stack.ready()), f"ada.{token_hex(4)}@example.com"
    contact = people.new_contact(email=email, lastname="Qlang")
    stack.settle()
    (lead,) = people.records(f"SELECT Id FROM Lead WHERE Email = '{email}'")  # noqa: S608 - ours
    before = browser.get("/conflicts")
    people.edit_contact(contact, jobtitle="Chief")
    stack.advance(timedelta(seconds=5).total_seconds(), settle=False)
    people.edit_record("Lead", lead["Id"], Title="Headx")
    stack.settle()

    page = browser.get("/conflicts")
    proof = str(tree(page).xpath("//input[@name='proof']/@value")[0])
    fields = {"proof": proof, "connection": "acme", "kind": "", "field": "phone", "rule": ""}
    filtered = browser.post("/conflicts", fields)

    assert "No such conflict was decided in the last 90 days." in before.text
    (row,) = tree(page).xpath("//tbody/tr")
    cells = [" ".join(one.text_content().split()) for one in row]
    assert cells[1:] == [
        f"hubspot:contact:{contact}",
        "jobtitle / Title",
        "conflict, Salesforce won",
        "two way",
        "MAP-3",
    ]
    shown = browser.get(row.xpath(".//a/@href")[0])
    assert texts(shown, "//h2[@id='pair']") == [f"Qlang, {email}"]
    assert not {one for one in (email, "Qlang", "Chief", "Headx") if one in page.text}
    assert filtered.url == f"{browser.url}/conflicts?connection=acme&field=phone"
    assert texts(filtered, "//tbody/tr") == []
