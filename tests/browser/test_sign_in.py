"""Who gets in with a browser, and what another site can do with the browser of somebody who is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from werkzeug.wrappers import Response

from local.stack import Stack
from local.stack.serving import Server
from tests.browser.conftest import NewTab
from tests.browser.tab import REFUSAL, Tab
from tests.console.conftest import new_link
from tests.flows.stories.story_command import command

pytestmark = pytest.mark.browser

FIVE_MINUTES = 300
Site = Callable[[str], str]


@pytest.fixture
def site() -> Iterator[Site]:
    """Makes a page of another site and returns its address, on another port of this machine.

    To a browser that is another origin of the same site; under the name ``localhost`` it is another
    site.
    """
    with ExitStack() as owned:

        def make(page: str) -> str:
            server = Server(
                Response(f"<!doctype html><title>x</title>{page}", mimetype="text/html")
            )
            owned.callback(server.close)
            return server.url

        yield make


def is_refused(tab: Tab) -> bool:
    """Whether a tab shows nothing but a page that says what to do."""
    return tab.heading == "Refused" and tab.page.locator("nav, table, form").count() == 0


def test_the_link_of_the_command_opens_the_console(stack: Stack, new_tab: NewTab):
    """It leads to the first page, which says who is signed in; the address keeps nothing of it."""
    tab = new_tab(signed_in=False)
    tab.open(command(stack, "console")["url"])

    assert (tab.page.url, tab.heading) == (f"{stack.console_url}/", "Overview")
    assert tab.page.locator("footer").inner_text().startswith("Signed in as arn:aws:")


def test_signing_out_by_the_keyboard_ends_the_session(new_tab: NewTab):
    """The button of each page does it, and going back shows no page that was open before."""
    tab = new_tab(expected=REFUSAL)
    tab.open("/errors")
    tab.go_to("Sign out")
    with tab.page.expect_navigation():
        tab.page.keyboard.press("Enter")
    out = is_refused(tab)
    tab.page.go_back()

    assert (out, is_refused(tab)) == (True, True)


@pytest.mark.parametrize("what", ["forged", "expired", "used", "none"])
def test_no_other_link_opens_anything(stack: Stack, new_tab: NewTab, what: str):
    """One that was changed, one that is too old, one that was used before, and none at all."""
    link = new_link(stack)
    if what == "expired":
        stack.advance(FIVE_MINUTES + 1, settle=False)
    if what == "used":
        new_tab(signed_in=False).open(link)
    address = {"forged": f"{link[:-3]}AAA", "none": "/errors"}.get(what, link)
    tab = new_tab(signed_in=False, expected=REFUSAL)

    assert tab.open(address).status == 403
    assert is_refused(tab)
    assert tab.page.context.cookies() == []
    assert tab.barriers() == []


def test_a_link_in_a_message_opens_the_console(stack: Stack, new_tab: NewTab, site: Site):
    """Somebody follows it from a page of another site, such as a mail or a chat."""
    tab = new_tab(signed_in=False, expected="http://localhost")
    tab.page.goto(site(f'<a href="{new_link(stack)}">Open</a>').replace("127.0.0.1", "localhost"))
    tab.page.get_by_role("link").click()
    tab.page.wait_for_url(f"{stack.console_url}/")

    assert tab.heading == "Overview"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_form_of_another_site_does_nothing(stack: Stack, new_tab: NewTab, site: Site, name: str):
    """Even if it knows the proof of the session, and even if the browser sends the cookie."""
    tab = new_tab()
    proof = tab.page.locator("form input[name=proof]").first.get_attribute("value")
    form = (
        f'<form method="post" action="{stack.console_url}/sign-out">'
        f'<input name="proof" value="{proof}"><button>Win a prize</button></form>'
    )
    other = tab.page.context.new_page()
    other.goto(site(form).replace("127.0.0.1", name))
    other.get_by_role("button").click()
    other.wait_for_url(f"{stack.console_url}/sign-out")

    assert other.locator("h1").inner_text() == "Refused"
    assert tab.open("/").status == 200


def test_no_other_site_shows_the_console_in_a_frame(stack: Stack, new_tab: NewTab, site: Site):
    """So nobody is led to press a button there."""
    tab = new_tab()
    other = tab.page.context.new_page()
    said: list[str] = []
    other.on("console", lambda message: said.append(message.text))
    other.goto(site(f'<iframe src="{stack.console_url}/"></iframe>'))
    other.wait_for_timeout(200)

    assert [frame.url for frame in other.frames[1:]] == ["chrome-error://chromewebdata/"]
    assert any("frame-ancestors" in one for one in said)
