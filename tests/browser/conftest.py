"""A browser at the console of one laptop stack, on which three records do not sync."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from local.people import People
from local.stack import Stack
from tests.browser.chromium import chromium, is_here
from tests.browser.tab import WIDE, Tab
from tests.console.conftest import new_link
from tests.flows.conftest import WORLD
from tests.flows.stories.story_contacts import with_contacts

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RULE = {
    "object": "Lead",
    "field": "LastName",
    "contains": "Refused",
    "message": "Not that name, please.",
}
CAMPAIGN = "701000000000001AAA"
LISTS = [{"listId": "77", "name": "Fair", "objectTypeId": "0-1", "processingType": "MANUAL"}]
REFUSING = {
    "hubspot": [{**WORLD["hubspot"][0], "lists": LISTS}],
    "salesforce": {
        **WORLD["salesforce"],
        "validation_rules": [RULE],
        "records": [{"type": "Campaign", "Id": CAMPAIGN, "Name": "Fair"}],
    },
}
FOLLOWING = f"""
[[connection.campaigns]]
list = "77"
campaign = "{CAMPAIGN}"
status = "Sent"
"""

NewTab = Callable[..., Tab]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests. Each test has tabs of its own, which share nothing."""
    if not is_here():
        pytest.skip("Chromium or Playwright is missing: make browser")
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def stack(browser: Browser) -> Iterator[Stack]:  # noqa: ARG001 - none is started without a browser
    """A stack whose Salesforce refuses the names of three contacts, and where the limit on changes
    holds back four others; two more are in step.
    """
    with Stack(with_contacts("max_changes_per_hour = 1") + FOLLOWING, REFUSING) as made:
        people = People(made.ready())
        for one in ("ada", "bea", "cia"):
            people.new_contact(email=f"{one}@example.com", lastname="Refused", firstname=one)
        known = [people.new_contact(email=f"{one}@example.com", lastname="Lang") for one in "abcde"]
        made.settle()
        inputs = [{"id": one, "properties": {"lastname": "Long"}} for one in known]
        people.hubspot.crm.contacts.batch_api.update({"inputs": inputs})
        for one in ("eva", "fay"):
            people.new_contact(email=f"{one}@example.com", lastname="Lang", firstname=one.title())
        made.settle()
        yield made


@pytest.fixture
def new_tab(browser: Browser, stack: Stack) -> Iterator[NewTab]:
    """Opens tabs, each in a profile of its own. After the test none may have had trouble but
    `expected`.
    """
    opened: list[tuple[Tab, Any, str]] = []

    def new(*, signed_in: bool = True, expected: str = "", **look: Any) -> Tab:
        context = browser.new_context(**{"viewport": WIDE, **look})
        context.set_default_timeout(20_000)
        tab = Tab(context, stack.console_url)
        opened.append((tab, context, expected))
        if signed_in:
            tab.open(new_link(stack))
        return tab

    yield new
    for _, context, _ in opened:
        context.close()
    assert [
        trouble
        for tab, _, expected in opened
        for trouble in tab.troubles
        if not expected or expected not in trouble
    ] == []


@pytest.fixture
def tab(new_tab: NewTab) -> Tab:
    """A tab in which somebody is signed in."""
    return new_tab()
