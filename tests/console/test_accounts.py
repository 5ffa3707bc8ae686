"""Who sees the console by an account of the company: the issuer's word counts if its signature, its
time and its nonce are right, and only for who may (decision 64).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests

from local.stack import Stack
from tests.console.browser import Browser, texts, tree
from tests.console.conftest import ADA, new_link
from tests.flows.conftest import SETTINGS, WORLD
from tests.flows.stories.story_command import command
from tests.oidc_issuer import CLIENT, SECRET, OidcIssuer, public, rsa_key

START = "/sign-in/account"
BACK = "/sign-in/back"
CLIENT_SECRET = "company/crmsync-console"
MINUTES = 60
Change = Callable[[OidcIssuer], object]


class Company:
    """An issuer, and a stack whose console takes its accounts."""

    def __init__(self, **parameters: str) -> None:
        """Start both; `parameters` are the stack's."""
        self.issuer = OidcIssuer(lambda: self.stack.clock.now_ms() / 1_000)
        given = {
            "ConsoleIssuer": self.issuer.url,
            "ConsoleClientId": CLIENT,
            "ConsoleClientSecret": CLIENT_SECRET,
            **parameters,
        }
        self.stack = Stack(SETTINGS, WORLD, parameters=given)
        self.issuer.redirects.add(f"{self.stack.console_url}{BACK}")
        secrets = self.stack.cloud.aws.client("secretsmanager")
        content = json.dumps({"client_secret": SECRET})
        secrets.create_secret(Name=CLIENT_SECRET, SecretString=content)

    def close(self) -> None:
        """End both."""
        self.stack.close()
        self.issuer.close()

    def browser(self) -> Browser:
        """A browser in which nobody is signed in."""
        return Browser(self.stack.console_url)

    def lines(self) -> list[dict[str, Any]]:
        """What the console has logged about people."""
        found = [
            json.loads(one) for one in self.stack.output("console").splitlines() if one[:1] == "{"
        ]
        names = ("message", "by", "account", "reason", "path")
        return [
            {name: one[name] for name in names if name in one}
            for one in found
            if str(one.get("message")).startswith("console ")
        ]


@pytest.fixture(scope="module")
def running() -> Iterator[Company]:
    """A console for addresses of example.com, and for links."""
    made = Company(ConsoleEmailDomains="example.com,Example.NET")
    yield made
    made.close()


@pytest.fixture
def company(running: Company) -> Company:
    """The same, where Ada signs in."""
    running.issuer.reset()
    return running


def heading_and_text(response: requests.Response) -> tuple[int, str, str]:
    """What a person reads first."""
    return response.status_code, texts(response, "//h1")[0], texts(response, "//main/p")[0]


def way_back(browser: Browser) -> str:
    """The address by which a browser comes back from the issuer."""
    there = browser.session.get(f"{browser.url}{START}", allow_redirects=False, timeout=30).headers[
        "location"
    ]
    return str(browser.session.get(there, allow_redirects=False, timeout=30).headers["location"])


def test_an_account_opens_the_console(company: Company):
    """By the link on the page for who is not signed in; the page then says who it is."""
    browser = company.browser()
    before = browser.get("/errors")
    link = texts(before, "//main//a")
    page = browser.get(START)

    assert (before.status_code, link) == (403, ["Sign in with your company's account"])
    assert (page.url, texts(page, "//h1")) == (f"{browser.url}/", ["Overview"])
    assert texts(page, "//footer/p") == ["Signed in as ada@example.com"]
    assert [one.name for one in browser.session.cookies] == ["crmsync"]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("/errors/records?category=validation&code=A%26B", None),
        ("/jobs", None),
        ("/errors/retry", "/"),
        ("//evil.example.com/errors", "/"),
        ("https://evil.example.com/errors", "/"),
        (f"/errors?page={'1' * 1_000}", "/"),
    ],
)
def test_a_sign_in_leads_to_the_page_that_was_asked_for(
    company: Company, asked: str, shown: str | None
):
    """If it is one of the console's pages; anything else leads to the first one."""
    browser = company.browser()

    page = browser.get(f"{START}?{urlencode({'to': asked})}")

    assert page.url == f"{browser.url}{shown or asked}"
    assert texts(page, "//footer/p") == ["Signed in as ada@example.com"]


def test_whoever_is_not_signed_in_is_led_to_the_page_that_they_opened(company: Company):
    """The link on the page that says so keeps it; that of the first page, and of what is no page,
    keeps nothing.
    """
    browser = company.browser()
    kept = {
        path: tree(browser.get(path)).xpath("//main//a/@href")
        for path in ("/errors/records?code=A%26B", "/", "/nothing")
    }
    page = browser.get(kept["/errors/records?code=A%26B"][0])

    assert kept == {
        "/errors/records?code=A%26B": [f"{START}?to=%2Ferrors%2Frecords%3Fcode%3DA%2526B"],
        "/": [START],
        "/nothing": [START],
    }
    assert page.url == f"{browser.url}/errors/records?code=A%26B"


def test_the_issuer_is_asked_for_a_code_with_pkce(company: Company):
    """With a state, a nonce and a challenge of their own each time; the way back is the console's
    address, whatever a request says of itself.
    """
    asked = []
    for _ in range(2):
        answer = company.browser().session.get(
            f"{company.stack.console_url}{START}",
            headers={"X-Forwarded-Host": "evil.example.com"},
            allow_redirects=False,
            timeout=30,
        )
        parts = urlsplit(answer.headers["location"])
        asked.append({name: one for name, (one,) in parse_qs(parts.query).items()})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("crmsync-sign-in=")
        assert cookie.endswith("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax")

    own = ("state", "nonce", "code_challenge")
    assert {len({one[name] for one in asked}) for name in own} == {2}
    assert {len(one[name]) for one in asked for name in own} == {43}
    assert [{name: one[name] for name in one if name not in own} for one in asked] == [
        {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": f"{company.stack.console_url}{BACK}",
            "scope": "openid email",
            "code_challenge_method": "S256",
        }
    ] * 2


def by_another_key(claims: dict[str, Any]) -> str:
    """A token that says it is signed with the issuer's key, and is not."""
    return jwt.encode(claims, rsa_key("another"), "RS256", {"kid": "first"})


def by_an_unknown_key(claims: dict[str, Any]) -> str:
    """A token signed with a key that the issuer does not publish, and says so."""
    return jwt.encode(claims, rsa_key("another"), "RS256", {"kid": "another"})


def by_nobody(claims: dict[str, Any]) -> str:
    """A token without a signature."""
    return jwt.encode(claims, None, "none", {"kid": "first"})


def by_the_public_key(claims: dict[str, Any]) -> str:
    """A token signed with what everybody knows, as if that were a secret."""
    return jwt.encode(claims, public("first")["n"], "HS256", {"kid": "first"})


REFUSALS = [
    ("forged", lambda one: setattr(one, "signer", by_another_key), "is not signed by the issuer"),
    ("key", lambda one: setattr(one, "signer", by_an_unknown_key), "names no key of the issuer"),
    ("none", lambda one: setattr(one, "signer", by_nobody), "in a way that shows nothing"),
    ("HS256", lambda one: setattr(one, "signer", by_the_public_key), "in a way that shows nothing"),
    ("text", lambda one: setattr(one, "signer", lambda _claims: "no.token"), "cannot be read"),
    ("audience", lambda one: one.changes.update(aud="other"), "is for another application"),
    ("party", lambda one: one.changes.update(aud=[CLIENT, "other"]), "is for another application"),
    ("azp", lambda one: one.changes.update(azp="other"), "is for another application"),
    ("issuer", lambda one: one.changes.update(iss="https://id.example.org"), "another issuer"),
    ("nonce", lambda one: one.changes.update(nonce="other"), "belongs to another sign-in"),
    ("no nonce", lambda one: one.changes.update(nonce=None), "belongs to another sign-in"),
    ("no end", lambda one: one.changes.update(exp=None), "lacks a claim that it must have"),
    ("odd end", lambda one: one.changes.update(exp="never"), "does not say for how long"),
    ("domain", lambda one: one.person.update(email="ada@example.org"), "ada@example.org may not"),
    (
        "longer domain",
        lambda one: one.person.update(email="ada@example.com.example.org"),
        "its domain is none of those that may",
    ),
    ("two", lambda one: one.person.update(email="a@example.org@example.com"), "was verified"),
    ("unverified", lambda one: one.person.update(email_verified=False), "was verified"),
    ("unsaid", lambda one: one.person.pop("email_verified"), "was verified"),
    ("no address", lambda one: one.person.pop("email"), "was verified"),
    (
        "secret",
        lambda one: one.faults.update({"/token": (401, {"error": "invalid_client"})}),
        "refused (invalid_client)",
    ),
    ("no token", lambda one: one.faults.update({"/token": (200, {})}), "gave no ID token"),
]


@pytest.mark.parametrize(
    ("change", "text"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS]
)
def test_what_does_not_hold_opens_nothing(company: Company, change: Change, text: str):
    """A page says why, and how to begin again; no session begins."""
    change(company.issuer)
    browser = company.browser()
    page = browser.get(START)

    assert heading_and_text(page)[:2] == (403, "Refused")
    assert text in heading_and_text(page)[2]
    assert texts(page, "//main//a") == ["Sign in with your company's account"]
    assert "crmsync" not in browser.session.cookies
    assert browser.get("/").status_code == 403


@pytest.mark.parametrize(
    ("iat", "exp", "text"),
    [
        (-1_000, -130, "has been over for"),
        (600, 900, "its clock is ahead"),
        (-1_000, -60, ""),
        (60, 360, ""),
    ],
)
def test_the_times_of_a_token_count(company: Company, iat: int, exp: int, text: str):
    """Clocks may differ by two minutes; beyond that the page says which clock is wrong."""
    now = company.stack.clock.now_ms() // 1_000
    company.issuer.changes.update(iat=now + iat, exp=now + exp)
    page = company.browser().get(START)

    assert page.status_code == (403 if text else 200)
    assert text in " ".join(texts(page, "//main/p"))


def test_an_issuer_that_does_not_answer_is_told(company: Company):
    """The page says so, and nothing is wrong with the console."""
    company.issuer.faults["/token"] = (503, {})
    status, heading, text = heading_and_text(company.browser().get(START))

    assert (status, heading) == (503, "Not now")
    assert text == f"The issuer {company.issuer.url} refused (503)."


def test_a_sign_in_ends_in_the_browser_in_which_it_was_begun(company: Company):
    """Neither somebody else's way back opens the console, nor one's own with another state."""
    browser, other = company.browser(), company.browser()
    back, others = way_back(browser), way_back(other)
    exchanges = company.issuer.asked.count("/token")

    state = parse_qs(urlsplit(others).query)["state"][0]
    own = parse_qs(urlsplit(back).query)["state"][0]
    for address in (
        others,
        back.replace(own, state),
        back.replace(own, ""),
        f"{browser.url}{BACK}",
    ):
        assert heading_and_text(browser.get(address))[:2] == (403, "Refused")
    assert heading_and_text(company.browser().get(back))[:2] == (403, "Refused")
    assert company.issuer.asked.count("/token") == exchanges
    assert browser.get(back).status_code == 200


def test_a_way_back_is_good_once(company: Company):
    """With the cookie of its sign-in as well; the issuer is not asked a second time."""
    browser = company.browser()
    back = way_back(browser)
    attempt = browser.session.cookies["crmsync-sign-in"]
    assert browser.get(back).status_code == 200
    exchanges = company.issuer.asked.count("/token")

    again = company.browser()
    again.session.cookies.set("crmsync-sign-in", attempt)
    assert heading_and_text(again.get(back)) == (403, "Refused", "This sign-in is over already.")
    assert company.issuer.asked.count("/token") == exchanges


def test_a_sign_in_has_ten_minutes(company: Company):
    """Whoever takes longer begins again."""
    browser = company.browser()
    back = way_back(browser)
    company.stack.advance(10 * MINUTES + 1, settle=False)
    assert heading_and_text(browser.get(back))[:2] == (403, "Refused")


def test_what_the_issuer_says_of_a_refusal_is_told(company: Company):
    """A word of the standard is quoted, anything else is not."""
    for error, told in (("access_denied", "access_denied"), ("<b>x</b>", "no reason given")):
        browser = company.browser()
        state = parse_qs(urlsplit(way_back(browser)).query)["state"][0]
        page = browser.session.get(
            f"{browser.url}{BACK}", params={"state": state, "error": error}, timeout=30
        )
        expected = f"The issuer did not sign you in ({told})."
        assert heading_and_text(page) == (403, "Refused", expected)


def test_an_answer_of_another_issuer_is_refused(company: Company):
    """Where it says who it is (RFC 9207)."""
    browser = company.browser()
    page = browser.get(f"{way_back(browser)}&iss=https%3A%2F%2Fid.example.org")
    assert heading_and_text(page) == (
        403,
        "Refused",
        "The answer does not come from the issuer.",
    )


def test_the_way_of_links_goes_on(company: Company):
    """A link opens the console beside the accounts."""
    page = company.browser().get(new_link(company.stack))
    assert texts(page, "//footer/p") == [f"Signed in as {ADA}"]


def test_who_came_by_an_account_is_logged(company: Company):
    """With the address and the issuer's id; of who is refused the reason alone."""
    before = len(company.lines())
    browser = company.browser()
    browser.get(START)
    browser.post("/sign-out", {"proof": browser.proof()})
    company.issuer.person["email"] = "ada@example.org"
    company.browser().get(START)

    assert company.lines()[before:] == [
        {"message": "console opened", "by": "ada@example.com", "account": "00u1"},
        {"message": "console left", "by": "ada@example.com"},
        {"message": "console refused", "reason": "no session", "path": "/"},
        {"message": "console refused", "reason": "foreign domain", "path": BACK},
    ]
    output = company.stack.output("console")
    assert SECRET not in output
    assert "eyJ" not in output


def test_without_links_accounts_alone_open_the_console():
    """A link opens nothing, and the command prints where to sign in. Groups say who may."""
    company = Company(ConsoleGroups="operators,admins", ConsoleLinks="no")
    try:
        link = company.browser().get(new_link(company.stack))
        printed = command(company.stack, "console", key="OperatorReadPolicy.ConsolePolicy")
        admitted = company.browser().get(printed["url"])
        company.issuer.person["groups"] = ["sales"]
        refused = company.browser().get(START)
    finally:
        company.close()

    assert heading_and_text(link) == (403, "Refused", "Links do not open this console.")
    assert printed == {"url": f"{company.stack.console_url}{START}", "ends": None}
    assert texts(admitted, "//footer/p") == ["Signed in as ada@example.com"]
    assert heading_and_text(refused) == (
        403,
        "Refused",
        "ada@example.com may not open the console: the account is in none of the groups that may.",
    )
