"""Sign-in with an account of the company, in a browser: the way to the issuer and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.tab import REFUSAL, WIDE, Tab
from tests.console.test_accounts import BACK, START, Company

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

LINK = "Sign in with your company's account"


@pytest.fixture(scope="module")
def company(browser: Browser) -> Iterator[Company]:  # noqa: ARG001 - none is started without a browser
    """A console for addresses of example.com."""
    made = Company(ConsoleEmailDomains="example.com")
    yield made
    made.close()


@pytest.fixture
def tab(browser: Browser, company: Company) -> Iterator[Tab]:
    """A tab in which nobody is signed in."""
    company.issuer.reset()
    context = browser.new_context(viewport=WIDE)
    yield Tab(context, company.stack.console_url)
    context.close()


def test_the_keyboard_leads_to_the_issuer_and_back(company: Company, tab: Tab):
    """Whoever is not signed in presses one link and then sees the page that was wanted; nothing of
    the way stays in the address or in the cookies, and no page but the issuer's is opened.
    """
    tab.open("/errors")
    barriers = tab.barriers()
    tab.go_to(LINK)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(f"{tab.url}/errors")

    assert barriers == []
    assert tab.heading == "Errors"
    assert tab.page.locator("footer").inner_text() == "Signed in as ada@example.com"
    assert [one["name"] for one in tab.page.context.cookies()] == ["crmsync"]
    others = [one for one in tab.troubles if REFUSAL not in one]
    assert len(others) == 1
    assert others[0].startswith(f"request: {company.issuer.url}/authorize?")


def test_who_may_not_is_told_so(company: Company, tab: Tab):
    """On a page that everybody can read, and that leads to another try."""
    company.issuer.person["email"] = "ada@example.org"
    tab.open(START)

    assert tab.page.url.startswith(f"{tab.url}{BACK}?")
    assert tab.heading == "Refused"
    assert "ada@example.org may not open the console: its domain is none" in tab.text
    assert tab.page.get_by_role("link", name=LINK).count() == 1
    assert tab.page.context.cookies()[0]["name"] == "crmsync-sign-in"
    assert tab.barriers() == []
