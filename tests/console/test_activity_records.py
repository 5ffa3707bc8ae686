"""One record, where it is a call, an e-mail, a meeting, a note, a task or an event: at the console
and by the command.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex

import pytest

from local.people import People
from local.stack import Stack
from tests.console.browser import Browser, texts, tree
from tests.console.conftest import new_link
from tests.console.test_records import proof, rows
from tests.flows.conftest import WORLD
from tests.flows.stories.story_activities import (
    AT,
    new_activity,
    pass_sweep,
    tasks_of,
    with_activities,
)
from tests.flows.stories.story_command import run
from tests.flows.stories.story_contacts import linked_pair

TITLES = {
    "calls": "hs_call_title",
    "emails": "hs_email_subject",
    "meetings": "hs_meeting_title",
    "notes": "hs_note_body",
    "tasks": "hs_task_subject",
}
TYPES = {"calls": "0-48", "emails": "0-49", "meetings": "0-47", "notes": "0-46", "tasks": "0-27"}
MORE = {
    "emails": {"hs_email_status": "SENT"},
    "meetings": {"hs_meeting_start_time": AT, "hs_meeting_end_time": AT},
}


@dataclass(frozen=True, slots=True)
class Logged:
    """An activity of each kind with one contact: its word, its id, and that of its task or event."""

    words: dict[str, str]
    ids: dict[str, str]
    there: dict[str, str]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One stack in which all kinds go both ways."""
    with Stack(with_activities(**dict.fromkeys(TITLES, "two_way")), WORLD) as made:
        yield made


@pytest.fixture(scope="module")
def logged(stack: Stack) -> Logged:
    """What a person has logged with Ada, once it has synced."""
    people = People(stack.ready())
    contact, lead = linked_pair(stack, people, "ada.logged@example.com")
    words = {kind: f"W{token_hex(4)}" for kind in TITLES}
    ids = {
        kind: new_activity(people, kind, contact, **{name: words[kind]}, **MORE.get(kind, {}))
        for kind, name in TITLES.items()
    }
    pass_sweep(stack)
    tasks = {str(one["Subject"]): str(one["Id"]) for one in tasks_of(people, lead)}
    (event,) = tasks_of(people, lead, "Event")
    there = {
        kind: next((one for text, one in tasks.items() if word in text), str(event["Id"]))
        for kind, word in words.items()
    }
    return Logged(words, ids, there)


@pytest.fixture
def browser(stack: Stack) -> Browser:
    """A browser of somebody who has opened a new link."""
    made = Browser(stack.console_url)
    assert made.get(new_link(stack)).status_code == 200
    return made


def search(browser: Browser, text: str, kind: str = "activity") -> object:
    """Send the form of the search."""
    fields = {"proof": proof(browser), "text": text, "kind": kind, "connection": "acme"}
    return browser.post("/records", fields)


@pytest.mark.parametrize("kind", sorted(TITLES))
def test_an_activity_has_a_page(browser: Browser, logged: Logged, kind: str) -> None:
    """It is found by its id of either side, and shows both sides, its link and what was decided."""
    here, there = logged.ids[kind], logged.there[kind]
    salesforce = "Event" if kind == "meetings" else "Task"
    hubspot = kind.removesuffix("s")

    page, other = search(browser, here), search(browser, there)

    assert page.url.endswith(f"record=hubspot%3A{hubspot}%3A{here}")
    assert other.url.endswith(f"record=salesforce%3A{salesforce}%3A{there}")
    for one in (page, other):
        assert tree(one).xpath("//dd/a/@href") == [
            f"https://app.hubspot.com/contacts/555001/record/{TYPES[kind]}/{here}",
            f"https://acme.my.salesforce.com/{there}",
        ]
        assert texts(one, "//section[@aria-labelledby='pair']//dd")[-1] == "linked, active"
        assert texts(one, "//section[@aria-labelledby='now']/p") == [
            "Nothing: both sides are in step."
        ]
    assert texts(page, "//h2[@id='pair']") == [logged.words[kind]]
    assert TITLES[kind] in [row[0] for row in rows(page, "Mapped fields")]
    timeline = texts(page, "//section[@aria-labelledby='timeline']//tbody/tr")
    assert any("created in Salesforce" in line for line in timeline)


@pytest.mark.parametrize("kind", sorted(TITLES))
def test_an_activity_is_found_by_its_words(browser: Browser, logged: Logged, kind: str) -> None:
    """By a title or a subject in both CRMs; a note by its text, which HubSpot alone searches."""
    found = search(browser, logged.words[kind])

    assert f"{logged.ids[kind]}" in found.url


@pytest.mark.parametrize("kind", sorted(TITLES))
def test_the_command_explains_an_activity(stack: Stack, logged: Logged, kind: str) -> None:
    """On either side, by the object's name in any form; the history of both is the same."""
    here, there = logged.ids[kind], logged.there[kind]
    salesforce = "event" if kind == "meetings" else "task"

    told = [
        run(stack, "explain", "hubspot", kind, here),
        run(stack, "explain", "salesforce", salesforce, there),
        run(stack, "history", "hubspot", kind.removesuffix("s"), here),
        run(stack, "history", "salesforce", salesforce, there),
    ]

    assert [one.returncode for one in told] == [0] * 4, told
    explained = [json.loads(one.stdout) for one in told[:2]]
    histories = [json.loads(one.stdout)[0] for one in told[2:]]
    assert [(one["link"]["state"], one["effects"]) for one in explained] == [("active", [])] * 2
    assert [one["hubspot"] for one in histories] == [f"hubspot:{kind.removesuffix('s')}:{here}"] * 2
    assert [one["salesforce"].split(":")[2] for one in histories] == [there] * 2
    assert "created" in {one["decision"] for one in histories[0]["decisions"]}


def test_an_activity_without_a_link_is_found_by_its_id(stack: Stack, browser: Browser) -> None:
    """HubSpot is asked which of its objects has it, and its page says why it has no task; an id
    that nobody has is not found.
    """
    alone = new_activity(People(stack.ready()), "meetings", hs_meeting_title="Of nobody")

    page, nobody = search(browser, alone), search(browser, "999")

    assert page.url.endswith(f"record=hubspot%3Ameeting%3A{alone}")
    (why,) = texts(page, "//section[@aria-labelledby='now']//li")
    assert why.startswith("is left alone: ")
    assert texts(nobody, "//p[@role='status']") == ["No such record was found."]


def test_what_is_left_alone_in_salesforce_is_explained(stack: Stack, browser: Browser) -> None:
    """A private event of Salesforce says why it stays there."""
    people = People(stack.ready())
    event = people.new_record(
        "Event", Subject="Dentist", StartDateTime=AT, EndDateTime=AT, IsPrivate=True
    )

    page = search(browser, event)

    assert texts(page, "//section[@aria-labelledby='now']//li") == [
        "is left alone: it is private (ACT-3)"
    ]
