"""What holds for every page: it can be used by keyboard, with a screen reader, on a phone and in the
dark, and it loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from typing import Any

import pytest
from lxml import html

from crmsync.console.pages.errors import cards
from crmsync.console.rendering import rendered, style
from crmsync.console.routes import ROUTES
from crmsync.console.sign_in import Session
from crmsync.flows.operator.errors import ErrorType
from crmsync.model.effects import Category
from local.people import People
from local.stack import Stack
from tests.builders import NOON
from tests.console.browser import Browser, tree

PAGES = [path for path, route in ROUTES.items() if route.show and not path.endswith(".csv")]
AA = 4.5
"""The least contrast of text (WCAG 2.2, 1.4.3)."""


def names(element: Any) -> str:
    """What a screen reader calls a field or a button."""
    labels = element.xpath("//label[@for=$id]", id=element.get("id", ""))
    text = element.text_content() if element.tag == "button" else ""
    return str(element.get("aria-label") or "".join(one.text for one in labels) or text).strip()


@pytest.fixture(scope="module")
def record(stack: Stack) -> str:
    """The address of the page of a contact that has synced."""
    contact = People(stack.ready()).new_contact(email="ada@example.com", lastname="Lang")
    stack.settle()
    return f"/record?connection=acme&record=hubspot:contact:{contact}"


@pytest.fixture
def page(browser: Browser, path: str, record: str) -> Any:
    """The page at a path; that of a record has one."""
    return tree(browser.get(record if path == "/record" else path))


def mark_name(page: Any, element: Any) -> str:
    """What a screen reader calls a part of a page; no two parts may have one name."""
    heading = element.get("aria-labelledby")
    return str(
        page.xpath(f"string(//*[@id='{heading}'])") if heading else element.get("aria-label")
    )


@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
def test_a_page_can_be_used_by_everybody(page: Any):
    """Language, title, one main heading, landmarks, a way past the menu, named fields, table
    headings with their direction.
    """
    assert page.get("lang") == "en"
    assert page.xpath("string(//title)").endswith(" - crmsync")
    assert [len(page.xpath(f"//{one}")) for one in ("h1", "main", "header", "footer")] == [1] * 4
    assert page.xpath("//body/*[1]/@href") == ["#content"]
    assert page.xpath("//main/@id") == ["content"]
    assert page.xpath("//nav[not(@aria-label)]") == []
    assert page.xpath("//th[not(@scope)]") == []
    assert page.xpath("//meta[@name='viewport']/@content") == [
        "width=device-width, initial-scale=1"
    ]
    fields = page.xpath("//input[not(@type='hidden')] | //select | //textarea | //button")
    assert [one.get("name") for one in fields if not names(one)] == []
    levels = [int(one.tag[1]) for one in page.xpath("//h1 | //h2 | //h3")]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    pictures = page.xpath("//svg[not(@aria-hidden='true')]")
    assert [one for one in pictures if one.get("role") != "img" or not one.get("aria-label")] == []
    marks = page.xpath("//section | //nav | //*[@role='region']")
    called = [mark_name(page, one) for one in marks]
    assert sorted(set(called)) == sorted(called)


@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
def test_a_page_loads_nothing_and_runs_nothing(page: Any):
    """No script, no style but its own, no address outside but those of a record in its CRMs; every
    form carries the proof.
    """
    assert page.xpath("//script | //iframe | //img | //object | //@style | //@onclick") == []
    assert len(page.xpath("//style")) == 1
    inside = page.xpath("//@href[not(../@rel = 'noreferrer')] | //@src | //@action")
    assert [one for one in inside if "//" in one] == []
    forms = page.xpath("//form")
    assert len(forms) >= 1
    assert [one for one in forms if not one.xpath(".//input[@name='proof']/@value")] == []
    assert {one.get("method") for one in forms} == {"post"}


def test_the_style_of_a_page_is_the_one_that_is_allowed(browser: Browser):
    """The policy names the style sheet by its hash; browsers ignore any other."""
    page = browser.get("/")
    (sheet,) = tree(page).xpath("//style/text()")
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in page.headers["content-security-policy"]


def test_what_others_wrote_is_text():
    """A code or a sentence of a CRM is shown as it stands, never as part of the page."""
    hostile = '<script>alert(1)</script>"><b>'
    view = cards([ErrorType(hostile, Category.VALIDATION, hostile, 1, 1, NOON, NOON)], hostile)
    values = {
        "title": hostile,
        "view": view,
        "style": "",
        "session": Session(hostile, hostile),
        "menu": [(hostile, hostile)],
        "path": "/errors",
    }

    page = html.document_fromstring(rendered("errors", values))

    assert page.xpath("//script | //b") == []
    assert page.xpath("string(//article/h2)") == hostile


def colours(scheme: str) -> dict[str, str]:
    """The colours of the style sheet in ``light`` or ``dark``."""
    light, dark = re.findall(r":root \{(.*?)\}", style(), re.DOTALL)
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light if scheme == "light" else dark))


def brightness(colour: str) -> float:
    """The relative luminance of a colour, as WCAG defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(scheme: str):
    """In both schemes each colour of text is readable on each ground that it stands on."""
    found = colours(scheme)
    pairs = [
        *((text, "page") for text in ("text", "quiet", "link", "alert", "well", "bar")),
        *((text, "soft") for text in ("text", "quiet", "link")),
        ("text", "alert-soft"),
    ]
    low = {}
    for text, ground in pairs:
        bright = sorted((brightness(found[text]), brightness(found[ground])))
        contrast = (bright[1] + 0.05) / (bright[0] + 0.05)
        if contrast < AA:
            low[text, ground] = round(contrast, 2)
    assert low == {}
