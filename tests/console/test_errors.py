"""The pages of what does not sync, and their buttons."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest

from crmsync.console.answers import Download
from crmsync.console.console import Console
from crmsync.console.pages.errors import Which, cards, records
from crmsync.console.parts import PER_PAGE
from crmsync.console.sign_in import Session
from crmsync.console.wording import number_of_records
from crmsync.flows.operator.errors import ErrorRow, ErrorType
from crmsync.gateways.dynamodb.inbox.recent import KEPT
from crmsync.model.effects import Category, Report
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.records import Ref, Side
from crmsync.wire.pages import MOST_BYTES, PageRequest
from local.people import People
from local.stack import Stack
from tests.builders import NOON
from tests.console.browser import Browser, texts, tree
from tests.flows.conftest import SETTINGS, WORLD

RULE = {
    "object": "Lead",
    "field": "LastName",
    "contains": "Refused",
    "message": "Not that name, please.",
}
REFUSED = {**WORLD, "salesforce": {**WORLD["salesforce"], "validation_rules": [RULE]}}
CARD = {
    "connection": "acme",
    "category": "validation",
    "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
}
LIST = "/errors/records?" + "&".join(f"{name}={value}" for name, value in CARD.items())


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack whose Salesforce refuses a name."""
    with Stack(SETTINGS, REFUSED) as made:
        yield made


@pytest.fixture
def contacts(stack: Stack) -> Iterator[list[str]]:
    """Three contacts whose leads Salesforce refuses; nothing else is parked, and afterwards they
    are corrected.
    """
    people = People(stack.ready())
    made = [
        people.new_contact(
            email=f"{one}.{token_hex(4)}@example.com", lastname="Refused", firstname=one
        )
        for one in ("ada", "bea", "cia")
    ]
    stack.advance(KEPT + 1)
    yield made
    for one in made:
        people.edit_contact(one, lastname="Corrected")
    stack.advance(KEPT + 1)


def a_row(number: int, code: str = "A") -> ErrorRow:
    """A contact that does not sync."""
    ref = Ref(Side.HUBSPOT, "contact", str(number))
    report = Report(ref, Category.VALIDATION, "A text.", code=code)
    return ErrorRow("acme", InboxEntry(report, NOON, NOON, 1))


def mended(stack: Stack, contact: str) -> None:
    """Correct a contact, without anybody hearing of it."""
    people = People(stack.ready())
    stack.faults([{"at": "webhook", "kind": "drop", "times": 10}])
    people.edit_contact(contact, lastname="Lang")
    stack.settle()
    stack.faults([])


def parked(stack: Stack, browser: Browser) -> list[str]:
    """The records on the page of the card, once the inbox is read anew."""
    stack.advance(KEPT + 1)
    return texts(browser.get(LIST), "//tbody/tr/th")


def test_a_card_tells_cause_and_cure(contacts: list[str], browser: Browser):
    """With the vendor's code, the number of records, who can help, and how."""
    assert len(contacts) == 3
    page = browser.get("/errors")
    (card,) = tree(page).xpath("//article")
    told = [" ".join(one.text_content().split()) for one in card.xpath(".//h2 | .//dl/dd")]

    assert told[:3] == ["FIELD_CUSTOM_VALIDATION_EXCEPTION", "acme", "validation"]
    assert told[5] == "Salesforce administrator"
    assert texts(page, "//article/p")[0].startswith("3 records: ")
    assert card.xpath(".//a/@href") == [LIST]


def test_the_records_of_a_card_are_listed(stack: Stack, contacts: list[str], browser: Browser):
    """Each with the text of the org's rule, and no customer's name."""
    page = browser.get(LIST)

    assert parked(stack, browser) == [f"hubspot:contact:{one}" for one in contacts]
    assert "Not that name, please." in texts(page, "//tbody/tr[1]/td[2]")[0]
    assert "bea" not in page.text


@pytest.mark.parametrize("choice", ["one", "selected", "card", "all"])
def test_a_button_has_records_synced_again(
    stack: Stack, contacts: list[str], browser: Browser, choice: str
):
    """One, the selected ones, those of a card, or all; what is in order then leaves the list."""
    for contact in contacts:
        mended(stack, contact)
    first, second, third = (f"hubspot:contact:{one}" for one in contacts)
    fields = {
        "one": [*CARD.items(), ("one", first), ("record", second)],
        "selected": [
            *CARD.items(),
            ("choice", "selected"),
            ("record", first),
            ("record", second),
        ],
        "card": [*CARD.items(), ("choice", "all")],
        "all": [],
    }
    left = {"one": [second, third], "selected": [third], "card": [], "all": []}

    page = browser.post("/errors/retry", [("proof", browser.proof()), *fields[choice]])
    stack.settle()

    count = 3 - len(left[choice])
    assert texts(page, "//p[@role='status']") == [
        f"Synced again: {number_of_records(count)}. What still fails comes back to this page."
    ]
    assert parked(stack, browser) == left[choice]
    assert f'"again":{count}' in stack.output("console").replace(" ", "")


def test_nothing_selected_does_nothing(stack: Stack, contacts: list[str], browser: Browser):
    """And neither does a record that is not in the list, nor a form of another site."""
    for contact in contacts:
        mended(stack, contact)
    before = parked(stack, browser)
    proof = ("proof", browser.proof())
    browser.post("/errors/retry", [proof, *CARD.items(), ("choice", "selected")])
    browser.post("/errors/retry", [proof, *CARD.items(), ("one", "hubspot:contact:1")])
    browser.post("/errors/retry", [proof, ("connection", "other")])
    foreign = browser.post("/errors/retry", [proof], {"Sec-Fetch-Site": "cross-site"})
    stack.settle()

    assert (foreign.status_code, parked(stack, browser)) == (403, before)
    assert len(before) == 3


def test_the_list_is_a_file_for_spreadsheets(contacts: list[str], browser: Browser):
    """With the columns of the command's."""
    answer = browser.get(f"/errors.csv?code={CARD['code']}")
    heading, *rows = csv.reader(io.StringIO(answer.text))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-disposition"] == 'attachment; filename="crmsync-errors.csv"'
    assert heading[:6] == ["connection", "category", "code", "side", "object", "id"]
    assert [row[5] for row in rows] == contacts
    assert browser.get("/errors.csv?code=OTHER").text.count("\n") == 1


def test_a_file_that_lambda_would_not_pass_on_is_told():
    """With what to do instead; nothing is sent in part."""
    told: list[tuple[str, object]] = []
    file = Download("a.csv", "text/csv", "a" * MOST_BYTES)
    console: Any = Console(
        sign_in=None, reports=None, tell=lambda what, facts: told.append((what, facts))
    )
    session = Session("ada", "proof")
    answers = [
        console._download(PageRequest("GET", "/errors.csv", headers=headers), file, session)
        for headers in ({}, {"accept-encoding": "gzip"})
    ]

    assert [one.status for one in answers] == [503, 200]
    assert "crmsync errors list --csv" in answers[0].body
    assert told == [("console failed", {"path": "/errors.csv", "code": "TOO_LONG"})]


def test_a_list_is_shown_in_parts():
    """Fifty records each, with the way to both sides; beyond the end there is none."""
    rows = [a_row(number) for number in range(2 * PER_PAGE + 1)]
    parts = [records(rows, Which(code="A"), page).part for page in (1, 2, 3, 4)]

    assert [(len(one.rows), one.first, one.before, one.after) for one in parts] == [
        (50, 1, "", "/errors/records?code=A&page=2"),
        (50, 51, "/errors/records?code=A&page=1", "/errors/records?code=A&page=3"),
        (1, 101, "/errors/records?code=A&page=2", ""),
        (0, 151, "/errors/records?code=A&page=3", ""),
    ]


@pytest.mark.parametrize(
    ("which", "has"),
    [
        (Which(), True),
        (Which("acme", "validation", "A"), True),
        (Which(connection="beta"), False),
        (Which(category="waiting"), False),
        (Which(code="B"), False),
        (Which(code=""), False),
    ],
)
def test_a_choice_is_what_is_named(which: Which, has: bool):  # noqa: FBT001 - a value of the table
    """A missing part stands for any; an empty code for entries without one."""
    assert which.has(a_row(1)) is has


def test_a_code_that_nobody_knows_has_a_card():
    """It names who looks into it; what is waiting has no code and is named by its category."""
    later = NOON + timedelta(hours=1)
    unknown = ErrorType("acme", Category.VALIDATION, "NEW_CODE", 2, 3, NOON, later)
    waiting = ErrorType("acme", Category.WAITING, "", 1, 1, NOON, NOON)

    view = cards([unknown, waiting], "Told.")

    assert [(one.cause, one.who, one.to) for one in view.cards] == [
        (
            "",
            "operator of crmsync",
            "/errors/records?connection=acme&category=validation&code=NEW_CODE",
        ),
        ("", "owner of the record", "/errors/records?connection=acme&category=waiting&code="),
    ]
    assert (view.records, view.told) == (3, "Told.")


def test_an_empty_inbox_says_so(stack: Stack, browser: Browser):
    """On the page of a card as well."""
    stack.advance(KEPT + 1)

    assert texts(browser.get("/errors"), "//main/p") == [
        (
            "No record waits or has failed by itself. The overview says whether something stands still "
            "as a whole."
        )
    ]
    assert texts(browser.get(LIST), "//main/p[@class]") == ["No record has this error now."]
