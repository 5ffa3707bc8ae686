"""Each page in a browser: it shows what it should, to everybody, on every screen."""

from __future__ import annotations

import re

import pytest

from crmsync.gateways.dynamodb.inbox.recent import KEPT
from local.people import People
from local.stack import Stack
from tests.browser.conftest import NewTab
from tests.browser.rows import ACTIONS, FILES, NAME, PAGES, ActionRow, FileRow, PageRow
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser

KEYS = {"Enter", "Space"}


def ids(row: PageRow | FileRow | ActionRow) -> str:
    """A short name of a row."""
    action = f": {row.keys[-1][0]}" if isinstance(row, ActionRow) else ""
    return row.address.partition("?")[0] + action


def first_ones(text: str) -> dict[str, str]:
    """What stands for the placeholders in a row's names, on a page with this text."""
    places = {
        "record": r"(hubspot:contact:\d+)",
        "count": r"In the error inbox: (\d+) records",
        "job": r"Comparison (\w+), acme",
    }
    found = {name: re.search(place, text) for name, place in places.items()}
    return {name: one[1] if one else "" for name, one in found.items()}


@pytest.mark.parametrize("row", PAGES, ids=ids)
def test_a_page_can_be_read_by_everybody(tab: Tab, row: PageRow):
    """Bright and dark, wide and on a phone: it says what it should, axe finds nothing, and nothing
    but a table has to be scrolled sideways.
    """
    answer = tab.open(row.address)

    assert (answer.status, tab.heading) == (200, row.heading)
    assert row.shows in tab.text
    assert tab.barriers() == []


def test_a_page_that_does_not_exist_can_be_read_by_everybody(new_tab: NewTab):
    """It says so."""
    tab = new_tab(expected="404")

    assert (tab.open("/nothing").status, tab.heading) == (404, "No such page")
    assert tab.barriers() == []


@pytest.mark.parametrize("row", PAGES, ids=ids)
def test_the_keyboard_reaches_everything(tab: Tab, row: PageRow):
    """By tabs alone, in the order of the page, and what has the focus can be seen."""
    tab.open(row.address)
    wanted = [one["name"] for one in tab.stops()]
    reached = [tab.press_tab() or {"name": "nothing", "isSeen": False} for _ in wanted]

    assert [one["name"] for one in reached] == wanted
    assert [one["name"] for one in reached if not one["isSeen"]] == []
    assert len(wanted) > 3


@pytest.mark.parametrize("row", ACTIONS, ids=ids)
def test_an_action_is_done_by_the_keyboard(stack: Stack, tab: Tab, row: ActionRow):
    """Tabs lead to each field and to the button, and the page that follows says what was done."""
    tab.open(row.address)
    for name, keys in row.keys:
        tab.go_to(name.format(**first_ones(tab.text)))
        if keys == "Enter":
            with tab.page.expect_navigation():
                tab.page.keyboard.press(keys)
        elif keys in KEYS:
            tab.page.keyboard.press(keys)
        else:
            tab.page.keyboard.type(keys)
    stack.settle()

    assert row.then in tab.text
    assert tab.barriers() == []


def test_the_figures_of_a_chart_are_opened_by_the_keyboard(tab: Tab):
    """The table below it has them, for those who do not see the picture as well."""
    tab.open("/")
    before = tab.text
    for title in ("Changes per hour", "From a change to its write", "Calls to HubSpot per hour"):
        tab.go_to(f"{title}, in figures", "summary")
        tab.page.keyboard.press("Enter")
        tab.go_to(f"{title}, acme")

    assert (before.count("Hour from"), tab.text.count("Hour from")) == (0, 3)
    assert tab.page.get_by_role("img", name="Changes per hour, acme").locator("rect").count() > 0
    assert tab.barriers() == []


@pytest.mark.parametrize("row", FILES, ids=ids)
def test_a_link_leads_to_a_file(tab: Tab, row: FileRow):
    """The browser keeps it under its name and stays on the page."""
    tab.open(row.address)
    with tab.page.expect_download() as download:
        tab.page.get_by_role("link", name=row.link).click()
    file = download.value

    assert file.suggested_filename == row.file
    assert row.holds in file.path().read_text(encoding="utf-8")


def test_a_record_that_is_corrected_leaves_the_list(stack: Stack, new_tab: NewTab):
    """Somebody corrects its name, presses its button on its page, and it is gone from there."""
    people = People(stack.ready())
    contact = people.new_contact(email="dia@example.com", lastname="Refused", firstname="Dia")
    stack.settle()
    stack.advance(KEPT + 1)
    stack.faults([{"at": "webhook", "kind": "drop", "times": 10}])
    people.edit_contact(contact, lastname="Lang")
    stack.settle()
    stack.faults([])
    tab, record = new_tab(), f"hubspot:contact:{contact}"
    tab.open("/errors")
    tab.page.get_by_role("link", name=f"Show the records of {NAME}").click()
    before = tab.text
    tab.page.get_by_role("button", name=f"Sync {record} again").click()
    told = tab.page.get_by_role("status").inner_text()
    stack.settle()
    stack.advance(KEPT + 1)
    tab.page.get_by_role("link", name=f"Show the records of {NAME}").click()

    assert record in before
    assert told.startswith("Synced again: 1 record.")
    assert record not in tab.text
    assert "3 records" in tab.text


@pytest.mark.parametrize("width", [320, 768, 1009, 1024, 1100])
def test_the_menu_has_a_line_of_its_own_on_a_narrow_window(tab: Tab, width: int):
    """The name and the button stay beside each other, and from a small laptop's width on the menu is
    in one line.
    """
    tab.page.set_viewport_size({"width": width, "height": 700})
    tab.open("/")

    def middles(selector: str) -> set[int]:
        boxes = [one.bounding_box() for one in tab.page.locator(selector).all()]
        return {round((box["y"] + box["height"] / 2) / 10) for box in boxes if box}

    assert len(middles("header .brand, header button")) == 1
    assert width < 1_000 or len(middles("nav[aria-label=Pages] a")) == 1
