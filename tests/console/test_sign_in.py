"""Who sees the console: a link opens it once, a session lasts eight hours, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from local.stack import Stack
from tests.console.browser import Browser, texts
from tests.console.conftest import ADA, new_link
from tests.flows.stories.story_command import command

EIGHT_HOURS = 8 * 3600
KEY = "an-other-key-of-the-console-as-long-as-it-has-to-be-for-a-console"


def refused(response: requests.Response) -> bool:
    """Whether a request got nothing but a page that says what to do."""
    return response.status_code == 403 and texts(response, "//h1") == ["Refused"]


def lines(stack: Stack) -> list[dict[str, Any]]:
    """What the console has logged about people."""
    found = [json.loads(one) for one in stack.output("console").splitlines() if one[:1] == "{"]
    return [one for one in found if str(one.get("message")).startswith("console ")]


def test_a_link_opens_the_console_once(stack: Stack, stranger: Browser):
    """It leads to the first page; a second browser gets nothing with it."""
    link = new_link(stack)
    first, second = stranger.get(link), Browser(stack.console_url).get(link)

    assert (first.status_code, first.url) == (200, f"{stack.console_url}/")
    assert texts(first, "//h1") == ["Overview"]
    assert refused(second)
    assert texts(second, "//main/p") == [
        (
            "This link does not open the console: a link is valid for five minutes, opens it once, "
            "and ends when the console's key is changed."
        ),
        "Run crmsync console once more and open the new link.",
    ]


def test_the_command_prints_such_a_link(stack: Stack, stranger: Browser):
    """With no more rights than the two policies for that; the page says who AWS knows them as."""
    page = stranger.get(command(stack, "console", key="OperatorReadPolicy.ConsolePolicy")["url"])

    who = stack.cloud.aws.client("sts").get_caller_identity()["Arn"]
    assert (page.status_code, texts(page, "//footer/p")) == (200, [f"Signed in as {who}"])


@pytest.mark.parametrize("path", ["/", "/errors", "/nothing", "/sign-out", "/sign-in"])
def test_without_a_session_there_is_nothing_to_see(stranger: Browser, path: str):
    """Not even which pages there are."""
    assert refused(stranger.get(path))
    assert refused(stranger.post(path))


def test_a_link_ends_after_five_minutes(stack: Stack, stranger: Browser):
    """And is good until then."""
    late, early = new_link(stack), new_link(stack)
    stack.advance(290, settle=False)
    assert stranger.get(early).status_code == 200
    stack.advance(11, settle=False)
    assert refused(Browser(stack.console_url).get(late))


def test_a_session_ends_after_eight_hours(stack: Stack, browser: Browser):
    """Whatever was done meanwhile; the browser is told so as well."""
    (cookie,) = browser.session.cookies
    value = cookie.value
    stack.advance(EIGHT_HOURS - 60, settle=False)
    assert browser.get("/").status_code == 200
    stack.advance(61, settle=False)
    browser.session.cookies.set("crmsync", value)
    assert refused(browser.get("/"))


def test_forged_links_and_cookies_open_nothing(stack: Stack, browser: Browser):
    """A link and a session with another end, a link as a session, a session as a link, and text."""
    link = new_link(stack).partition("?link=")[2]
    session = browser.session.cookies["crmsync"]
    assert session is not None
    for text in (f"x{session[1:]}", session[:-1], link, "", "a.b", f"{session}.{session}"):
        stranger = Browser(stack.console_url)
        stranger.session.cookies.set("crmsync", text)
        assert refused(stranger.get("/")), text
    for text in (f"x{link[1:]}", link[:-1], session, "", "a.b"):
        assert refused(Browser(stack.console_url).get(f"/sign-in?link={text}")), text


def test_another_key_ends_links_and_sessions(stack: Stack, browser: Browser):
    """Links of the new key open the console at once, old ones do not, and old sessions end within
    five minutes.
    """
    client = stack.cloud.aws.client("secretsmanager")
    before = client.get_secret_value(SecretId="crmsync-console")["SecretString"]
    link = new_link(stack)
    secret = json.loads(before) | {"key": KEY}
    client.put_secret_value(SecretId="crmsync-console", SecretString=json.dumps(secret))
    try:
        new = Browser(stack.console_url)
        stack.advance(10, settle=False)
        assert new.get(new_link(stack)).status_code == 200
        assert refused(Browser(stack.console_url).get(link))
        stack.advance(300, settle=False)
        assert refused(browser.get("/"))
        assert new.get("/").status_code == 200
    finally:
        client.put_secret_value(SecretId="crmsync-console", SecretString=before)
        stack.advance(300, settle=False)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example.com"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.com"},
        {"Sec-Fetch-Site": "same-site", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example.com"},
    ],
)
def test_a_form_of_another_site_does_nothing(browser: Browser, headers: Mapping[str, str]):
    """Even with the session's cookie and its proof."""
    answer = browser.post("/sign-out", {"proof": browser.proof()}, headers)

    assert refused(answer)
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("proof", ["", "wrong"])
def test_a_form_without_the_proof_does_nothing(browser: Browser, proof: str):
    """A wrong one neither; nor does that of somebody else's session."""
    assert refused(browser.post("/sign-out", {"proof": proof}))
    assert refused(browser.post("/sign-out"))
    assert browser.get("/").status_code == 200


def test_the_proof_of_another_session_does_nothing(stack: Stack, browser: Browser):
    """Two people are signed in; a form of the one does nothing for the other."""
    other = Browser(stack.console_url)
    other.get(new_link(stack))

    assert refused(browser.post("/sign-out", {"proof": other.proof()}))


@pytest.mark.parametrize("origin", ["null", "own"])
def test_signing_out_ends_the_session_in_this_browser(stack: Stack, browser: Browser, origin: str):
    """By the button, in browsers that say where a form comes from and in those that do not."""
    headers = {"Origin": stack.console_url}
    if origin == "null":
        headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}

    assert refused(browser.post("/sign-out", {"proof": browser.proof()}, headers))
    assert dict(browser.session.cookies) == {}


def test_who_came_and_what_was_refused_is_logged(stack: Stack):
    """With the identity that asked for the link, and neither link nor cookie."""
    before = len(lines(stack))
    browser, link = Browser(stack.console_url), new_link(stack)
    browser.get(link)
    Browser(stack.console_url).get(link)
    Browser(stack.console_url).get("/")
    browser.post("/sign-out", {"proof": "x"})
    browser.post("/sign-out", {"proof": browser.proof()})

    logged = lines(stack)[before:]
    shown = [
        {name: one[name] for name in ("message", "by", "reason", "path") if name in one}
        for one in logged
    ]
    assert shown == [
        {"message": "console opened", "by": ADA},
        {"message": "console refused", "reason": "no valid link", "path": "/sign-in"},
        {"message": "console refused", "reason": "no session", "path": "/"},
        {"message": "console refused", "reason": "not our form", "path": "/sign-out"},
        {"message": "console left", "by": ADA},
        {"message": "console refused", "reason": "no session", "path": "/"},
    ]
    assert link.partition("?link=")[2] not in stack.output("console")


def test_every_answer_tells_the_browser_what_to_keep_to(stack: Stack, browser: Browser):
    """Pages, refusals and redirects: nothing from elsewhere, in no frame, kept nowhere."""
    redirect = browser.session.get(new_link(stack), allow_redirects=False, timeout=30)
    answers = [browser.get("/"), browser.get("/nothing"), Browser(stack.console_url).get("/")]
    for answer in (redirect, *answers):
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert policy[1].startswith("style-src 'sha256-")
        assert policy[2:] == [
            "img-src data:",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
        assert {
            name: answer.headers.get(name)
            for name in ("cache-control", "referrer-policy", "x-content-type-options")
        } == {
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }


def test_unknown_pages_and_methods_are_told(browser: Browser):
    """To somebody who is signed in."""
    proof = browser.proof()
    assert browser.get("/nothing").status_code == 404
    assert browser.post("/nothing", {"proof": proof}).status_code == 404
    assert browser.post("/", {"proof": proof}).status_code == 405
    assert browser.session.delete(f"{browser.url}/", timeout=30).status_code == 405
