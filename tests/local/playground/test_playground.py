"""The playground: what its pages show, what its forms do, and which requests it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from lxml import html

from local.people import People
from local.playground import Playground
from local.playground.objects import PLACES
from local.stack import Stack
from tests.flows.conftest import SETTINGS, WORLD

CONTACT = ("hubspot", "contact")
LEAD = ("salesforce", "Lead")
WAIT = 60
PATIENCE = ("minute", "quarter", "quarter")
"""The steps after an outage: the pauses between tries grow to fifteen minutes."""


class Visitor:
    """A person with a browser on the playground of a stack."""

    def __init__(self, stack: Stack, url: str) -> None:
        self.stack = stack
        self.url = url
        self.people = People(stack.ready())

    def get(self, path: str, **headers: str) -> requests.Response:
        """Open a page, without following a redirect."""
        return requests.get(self.url + path, headers=headers, timeout=WAIT, allow_redirects=False)

    def page(self, path: str) -> Any:
        """The elements of a page."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return html.document_fromstring(answer.text)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> requests.Response:
        """Send a form from a page of the playground, if `headers` do not say otherwise."""
        given = {"Origin": self.url, **headers}
        return requests.post(
            self.url + path, data=fields, headers=given, timeout=WAIT, allow_redirects=False
        )

    def press(self, button: str) -> str:
        """Press a button for time or faults; return what the next page says."""
        answer = self.post("/do", {"do": button, "kind": "contacts"})
        assert answer.status_code == 303
        return said(self.page(answer.headers["Location"]), "//*[@role='status']")[0]

    def fill_in(self, page: Any, side: str, **values: str) -> requests.Response:
        """Send the form of a side with these values, as a browser does."""
        (form,) = page.xpath(f"//form[@action='/record'][input[@name='side' and @value='{side}']]")
        return self.post(form.action, {**dict(form.form_values()), **values})

    def new(self, place: tuple[str, str], **values: str) -> str:
        """Make a record with the form for new ones; return the path of its page."""
        page = self.page(f"/record?side={place[0]}&object={place[1]}")
        answer = self.fill_in(page, place[0], **values)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]


def said(page: Any, path: str) -> list[str]:
    """The texts at an XPath, with single spaces."""
    return [" ".join(" ".join(one.itertext()).split()) for one in page.xpath(path)]


def _rows(page: Any, title: str) -> list[str]:
    return said(page, f"//section[h2[starts-with(., '{title}')]]//tbody/tr")


def id_of(path: str) -> str:
    """The record of a page."""
    return parse_qs(urlsplit(path).query)["id"][0]


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    with Stack(SETTINGS, WORLD) as stack, closing(Playground(stack)) as playground:
        yield Visitor(stack, playground.url)


@pytest.fixture(autouse=True)
def _no_faults(visitor: Visitor) -> None:
    visitor.stack.faults([])


def test_an_edit_on_the_left_appears_on_the_right_with_its_rule(visitor: Visitor) -> None:
    """A contact made in HubSpot's form becomes a lead, and a later edit shows what was written and
    by which rule; the page has both records side by side.
    """
    made = visitor.new(
        CONTACT, firstname="Ada", lastname="Lang", email="ada@example.com", company="Example"
    )
    page = visitor.page(made)
    assert said(page, "//*[@role='status']") == ["Saved. What is due has run."]
    assert page.xpath("//input[@id='salesforce-LastName']/@value") == ["Lang"]
    answer = visitor.fill_in(page, "hubspot", phone="+49 731 100")
    page = visitor.page(answer.headers["Location"])
    assert page.xpath("//input[@id='salesforce-Phone']/@value") == ["+49 731 100"]
    (newest, *_) = [row for row in _rows(page, "What happened") if "written" in row]
    assert "Phone (MAP-3)" in newest
    assert "Nothing is left to write." in said(page, "//ul[@class='plan']/li")
    assert any("phone / Phone" in row and "MAP-3" in row for row in _rows(page, "The plan now"))
    assert visitor.people.contact_with("ada@example.com") == id_of(made)


def test_an_edit_on_the_right_appears_on_the_left(visitor: Visitor) -> None:
    """The lists of both sides show the pair, and what happened names the record."""
    visitor.new(
        LEAD, FirstName="Grace", LastName="Holm", Email="grace@example.org", Company="Example AB"
    )
    page = visitor.page("/contacts")
    assert any("Grace Holm" in row for row in _rows(page, "HubSpot"))
    assert any("Grace Holm" in row for row in _rows(page, "Salesforce"))
    assert any("SET-1" in row for row in _rows(page, "What happened"))
    links = page.xpath("//section[@id='happened']//tr[contains(., 'SET-1')]//a/@href")
    assert visitor.page(links[0]).xpath("//input[@id='hubspot-firstname']/@value") == ["Grace"]


def test_only_what_was_changed_in_the_form_is_written(visitor: Visitor) -> None:
    """What changed on the same record since the page was opened stays; a form without a change
    writes nothing.
    """
    made = visitor.new(CONTACT, firstname="Eve", lastname="Moss", email="eve@example.com")
    page = visitor.page(made)
    visitor.people.edit_contact(id_of(made), jobtitle="Engineer")
    visitor.fill_in(page, "hubspot", phone="1")
    shown = visitor.people.contact(id_of(made), "jobtitle", "phone")
    assert shown == {"jobtitle": "Engineer", "phone": "1"}
    answer = visitor.fill_in(visitor.page(made), "hubspot")
    assert "told=unchanged" in answer.headers["Location"]


def test_a_refused_edit_shows_what_the_crm_says_and_keeps_what_was_typed(visitor: Visitor) -> None:
    """Nothing that a person has typed is lost."""
    page = visitor.page("/record?side=salesforce&object=Lead")
    answer = visitor.fill_in(page, "salesforce", FirstName="Nameless")
    assert answer.status_code == 400
    page = html.document_fromstring(answer.text)
    assert "Required fields are missing" in said(page, "//*[@role='alert']")[0]
    assert page.xpath("//input[@id='salesforce-FirstName']/@value") == ["Nameless"]


def test_deals_and_companies_cross_too(visitor: Visitor) -> None:
    """A company becomes an account at the wish of a contact or a person; an opportunity becomes a
    deal, with a stage from the list.
    """
    visitor.new(("salesforce", "Account"), Name="Example Ltd", Website="example.com")
    visitor.new(
        ("salesforce", "Opportunity"),
        Name="Renewal",
        Amount="1200",
        StageName="Prospecting",
        CloseDate="2031-05-06",
    )
    for path, title in (("/companies", "Example Ltd"), ("/deals", "Renewal")):
        page = visitor.page(path)
        assert any(title in row for row in _rows(page, "HubSpot")), path
        assert any(title in row for row in _rows(page, "Salesforce")), path
    (deal,) = visitor.page("/deals").xpath("//section[h2='HubSpot']//tbody//a/@href")
    page = visitor.page(deal)
    assert page.xpath("//input[@id='hubspot-closedate']/@value") == ["2031-05-06"]
    (stage, _) = [one for one in page.xpath("//select/option[@selected]/@value") if one][:2]
    other = next(
        one
        for one in page.xpath("//select[@id='hubspot-dealstage']/option/@value")
        if one not in {"", stage}
    )
    assert visitor.fill_in(page, "hubspot", dealstage=other).status_code == 303


def test_lost_webhooks_are_found_later(visitor: Visitor) -> None:
    """The buttons for faults and time work, and the page says what is in force."""
    assert visitor.press("lose-webhooks") == "Done: Lose HubSpot's webhooks."
    assert any("In force: webhook: drop." in one for one in said(visitor.page("/"), "//p"))
    made = visitor.new(CONTACT, lastname="Late", email="late@example.com", company="Example")
    assert any("No Salesforce record is linked" in one for one in said(visitor.page(made), "//p"))
    assert visitor.press("no-faults") == "Done: Clear all faults."
    assert visitor.press("quarter") == "Done: Advance 15 minutes."
    assert visitor.page(made).xpath("//input[@id='salesforce-LastName']/@value") == ["Late"]


def test_what_waits_for_a_side_that_is_down_is_shown(visitor: Visitor) -> None:
    """A person sees that the change waits, and sees it arrive once the side is back."""
    made = visitor.new(CONTACT, lastname="Calm", email="calm@example.com", company="Example")
    visitor.press("salesforce-down")
    visitor.fill_in(visitor.page(made), "hubspot", phone="2")
    assert any(" waits " in row for row in _rows(visitor.page("/contacts"), "What happened"))
    visitor.press("no-faults")
    shown = [""]
    for step in PATIENCE:
        visitor.press(step)
        shown = visitor.page(made).xpath("//input[@id='salesforce-Phone']/@value")
        if shown == ["2"]:
            break
    assert shown == ["2"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/companies",
        "/deals",
        *(f"/record?side={side}&object={name}" for side, name in PLACES),
    ],
)
def test_pages_can_be_used_without_seeing_them(visitor: Visitor, path: str) -> None:
    """Every page has a language, a title, landmarks, a way past the menu and one first heading;
    fields have labels, tables have captions and headings, and what a page refers to is there.
    """
    page = visitor.page(path)
    assert page.get("lang") == "en"
    assert page.xpath("//title")
    assert len(page.xpath("//main")) == len(page.xpath("//h1")) == 1
    assert page.xpath("//body/a[1]/@href") == ["#content"]
    assert page.xpath("//nav[@aria-label]//a[@aria-current='page']")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    named = page.xpath("//input[not(@type='hidden')]/@id") + page.xpath("//select/@id")
    assert set(named) <= set(page.xpath("//label/@for"))
    assert len(named) == len(page.xpath("//input[not(@type='hidden')] | //select"))
    assert page.xpath("//table[not(caption)] | //th[not(@scope)]") == []
    assert set(page.xpath("//@aria-labelledby")) <= set(ids)
    assert page.xpath("//*[@style or @onclick or @onsubmit] | //script[not(@src)]") == []


def test_another_web_site_can_neither_send_a_form_nor_read_a_page(visitor: Visitor) -> None:
    """A form is taken from the playground's own origin only, and a page is shown under its own
    address only; the answers forbid frames and scripts from elsewhere.
    """
    fields = {"do": "lose-webhooks"}
    for origin in ("https://example.com", "null", ""):
        assert visitor.post("/do", fields, Origin=origin).status_code == 403
    for host in ("example.com", "127.0.0.1", urlsplit(visitor.url).netloc + ".example.com"):
        assert visitor.get("/", Host=host).status_code == 403
        assert visitor.post("/do", fields, Host=host, Origin=f"http://{host}").status_code == 403
    assert visitor.stack.faults_in_force() == []
    answer = visitor.get("/")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert visitor.get("/", Host=f"localhost:{urlsplit(visitor.url).port}").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/do", 405),
        ("/record?side=hubspot&object=Lead", 404),
        ("/record?side=hubspot&object=contact&id=--help", 404),
        ("/record?side=hubspot&object=contact&id=999999", 404),
    ],
)
def test_a_page_that_is_not_there_says_so(visitor: Visitor, path: str, status: int) -> None:
    """The answer is a page with a sentence, and the menu."""
    answer = visitor.get(path)
    page = html.document_fromstring(answer.text)
    assert (answer.status_code, len(said(page, "//*[@role='alert']"))) == (status, 1)


def test_the_console_is_opened_with_a_link_made_for_it(visitor: Visitor) -> None:
    """Who follows it is asked nothing but a click, as with the command's link."""
    target = visitor.get("/console").headers["Location"]
    assert target.startswith(visitor.stack.console_url)
    assert requests.get(target, timeout=WAIT).status_code == 200


def test_a_page_can_tell_whether_anything_has_happened(visitor: Visitor) -> None:
    """The number stays while nothing happens and grows with what does."""
    before = visitor.get("/news").json()
    assert visitor.get("/news").json() == before
    visitor.new(CONTACT, lastname="News", email="news@example.com", company="Example")
    assert visitor.get("/news").json()["news"] > before["news"]
    for file in ("/playground.css", "/playground.js"):
        assert visitor.get(file).status_code == 200


def test_a_taken_port_is_replaced(visitor: Visitor) -> None:
    """The stack starts although something else has the port after its own; the ready file says
    where the playground is.
    """
    taken = urlsplit(visitor.url).port or 0
    with closing(Playground(visitor.stack, taken)) as other:
        assert other.url != visitor.url
        assert requests.get(other.url, timeout=WAIT).status_code == 200
