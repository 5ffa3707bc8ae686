"""The pages of what the limits hold back, and what becomes of it by their buttons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from crmsync.console.pages.brakes import Held, brakes, records
from crmsync.console.parts import PER_PAGE
from crmsync.flows.operator.over_limit import OverLimitRecord
from crmsync.gateways.dynamodb.inbox.recent import KEPT
from crmsync.model.effects import Category, Report
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.refusals.table import hint_of
from local.people import People
from local.stack import Stack
from tests.builders import NOON
from tests.console.browser import Browser, texts, tree
from tests.flows.conftest import WORLD
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import with_contacts

CODE = "CHANGES_OVER_LIMIT"
CARD = f"connection=acme&object=contact&code={CODE}"
EFFECT = (
    "Both sides stay as they are, and stay different in these fields until somebody edits one of "
    "them."
)
PEOPLE = 4


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack whose limit lets one change of an hour cross."""
    with Stack(with_contacts("max_changes_per_hour = 1"), WORLD) as made:
        yield made


@pytest.fixture(scope="module")
def contacts(stack: Stack) -> list[str]:
    """Four contacts that were renamed at once: the first one crossed."""
    people = People(stack.ready())
    made = [
        people.new_contact(email=f"brake{number}@example.com", lastname="Lang", company="Acme")
        for number in range(PEOPLE)
    ]
    stack.settle()
    inputs = [{"id": one, "properties": {"lastname": "Long"}} for one in made]
    people.hubspot.crm.contacts.batch_api.update({"inputs": inputs})
    stack.settle()
    stack.advance(KEPT + 1)
    return made


def a_row(number: int, code: str = CODE, name: str = "contact") -> OverLimitRecord:
    """A record that a limit holds back since so many minutes."""
    report = Report(Ref(Side.HUBSPOT, name, str(number)), Category.BRAKE, "waits", code=code)
    return OverLimitRecord("acme", Kind.CONTACT, report, NOON - timedelta(minutes=number))


def held(browser: Browser) -> list[str]:
    """The records that are held back, by the page."""
    return texts(browser.get("/brakes/records"), "//tbody/tr/th")


def names(stack: Stack) -> list[str]:
    """The last names of all leads, by address."""
    found = People(stack.ready()).records("SELECT LastName FROM Lead ORDER BY Email")
    return [row["LastName"] for row in found]


def confirmed(browser: Browser, address: str) -> str:
    """Press the button of a page that asks; what the page says that follows."""
    (form,) = tree(browser.get(address)).xpath("//main//form")
    fields = {one.get("name"): one.get("value") for one in form.xpath(".//input")}
    (told,) = texts(browser.post(form.get("action"), fields), "//p[@role='status']")
    return told


def test_records_are_counted_by_object_and_limit():
    """The oldest come first, with since when, and what to do."""
    deletion = a_row(90, "DELETIONS_OVER_LIMIT")
    which = "connection=acme&object=contact&code=DELETIONS_OVER_LIMIT"
    view = brakes([a_row(1), a_row(5), deletion, a_row(2, name="company")], NOON, "Told.")

    assert [(one.name, one.code, one.records, one.ago) for one in view.groups] == [
        ("HubSpot contact", "DELETIONS_OVER_LIMIT", 1, "1 h 30 min ago"),
        ("HubSpot contact", CODE, 2, "5 min ago"),
        ("HubSpot company", CODE, 1, "2 min ago"),
    ]
    assert view.groups[0] == Held(
        "acme",
        "HubSpot contact",
        "DELETIONS_OVER_LIMIT",
        "More records were deleted than max_deletes_per_hour allows.",
        hint_of("DELETIONS_OVER_LIMIT"),
        1,
        NOON - timedelta(minutes=90),
        "1 h 30 min ago",
        f"/brakes/records?{which}",
        f"/brakes/decide?decision=release&{which}",
        f"/brakes/decide?decision=drop&{which}",
    )
    assert (view.records, view.told) == (4, "Told.")


def test_records_are_listed_in_parts():
    """Fifty each, with the way to both sides."""
    rows = [a_row(number) for number in range(PER_PAGE + 1)]
    parts = [records(rows, {"object": "contact"}, page).part for page in (1, 2)]

    assert [(len(one.rows), one.first, one.before, one.after) for one in parts] == [
        (50, 1, "", "/brakes/records?object=contact&page=2"),
        (1, 51, "/brakes/records?object=contact&page=1", ""),
    ]


def test_what_is_held_back_is_released_and_dropped(
    stack: Stack, contacts: list[str], browser: Browser
):
    """One record is released, one of the others is dropped, then the rest: each is asked about
    first, and the jobs name who decided.
    """
    known = [f"hubspot:contact:{one}" for one in contacts[1:]]
    listed = [row["ref"]["id"] for row in command(stack, "brakes", "list")]
    page = browser.get("/brakes")
    asked = browser.get(f"/brakes/decide?decision=drop&{CARD}")
    unchanged = held(browser)
    one = f"/brakes/decide?decision=release&connection=acme&object=contact&id={contacts[2]}"
    told = [confirmed(browser, one)]
    stack.settle()
    stack.advance(KEPT + 1)
    after_one = (held(browser), names(stack))
    told.append(confirmed(browser, f"/brakes/decide?decision=drop&{CARD}"))
    stack.settle()
    stack.advance(KEPT + 1)

    assert [f"hubspot:contact:{each}" for each in listed] == unchanged == known
    assert texts(page, "//article/h2") == ["HubSpot contact, acme"]
    assert texts(page, "//article/p/strong") == ["3 records"]
    assert texts(asked, "//main/p") == [
        "Drop 3 records?",
        f"acme: HubSpot contact, {CODE}: 3 records.",
        EFFECT,
    ]
    assert told == [
        "Released: 1 record. Each leaves the list once it is written.",
        "Dropped: 2 records. Each leaves the list within a minute or so.",
    ]
    assert after_one == ([known[0], known[2]], ["Long", "Lang", "Long", "Lang"])
    assert (held(browser), names(stack)) == ([], after_one[1])
    assert texts(browser.get("/brakes"), "//main/p[@class='well']") == ["Nothing is held back."]
    jobs = command(stack, "jobs", "list")
    assert sorted((job["verb"], job["queued"]) for job in jobs) == [("drop", 2), ("release", 1)]
    assert {job["by"].rpartition("/")[2] for job in jobs} == {"ada"}


def test_what_is_not_held_back_cannot_be_decided(browser: Browser):
    """A record that is not in the list, and a word that is no decision, change nothing."""
    proof = ("proof", browser.proof())
    asked = browser.get("/brakes/decide?decision=release&id=1")
    unknown = browser.post("/brakes/decide", [proof, ("decision", "release"), ("id", "1")])
    no_word = browser.post("/brakes/decide", [proof, ("decision", "burn")])

    assert (asked.status_code, texts(asked, "//main/p[1]")) == (
        404,
        ["Nothing of this is held back any more."],
    )
    assert [texts(one, "//p[@role='status']") for one in (unknown, no_word)] == [[], []]
