"""``python -m tests.browser.screenshots``: pictures of the console for the documentation.

Law: what is shown is the demo's story, and three contacts whose leads the org refuses, half an hour
later. Pictures made again are the same but for the lines that show how long changes took: their
size is fixed, the story begins with an hour, and one moment stands for every time on a page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from local.demo.story import Story
from local.demo.terminal import HERE
from local.people import People
from local.stack import Stack
from tests.browser.chromium import chromium, is_here
from tests.browser.tab import SCHEMES, Tab
from tests.console.conftest import new_link

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SCREEN = {"width": 1100, "height": 700}
PICTURES = MappingProxyType(
    {
        "console-overview": "/",
        "console-errors": "/errors",
        "console-completeness": "/completeness",
        "console-record": "/record?connection=acme&record=hubspot:contact:81000001",
    }
)
"""The name of a picture, and what it shows; the record is Ada, the first one of the story."""

RULE = {
    "object": "Lead",
    "field": "Company",
    "contains": "& Co",
    "message": "Enter the company without its legal form.",
}
HOUR = 3600
HALF_AN_HOUR = HOUR // 2
"""Seconds in which every sweep looks once."""

REFUSED = ("mina", "noor", "olga")

_SAME_TIMES = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.nodeValue = texts.currentNode.nodeValue
    .replace(/\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}(:\\d{2})?/g, (_, seconds) => '2026-11-02 12:00' + (seconds ? ':00' : ''))
    .replace(/\\d+ (min|h) ago/g, '1 $1 ago')
    .replace(/from \\d{2}:\\d{2}/g, 'from 12:00')
    .replace(/at most [\\d.]+ (s|min)( \\d+ s)?/g, 'at most 1 $1');
}"""


def main() -> int:
    """Make all pictures; 1 if there is no browser."""
    if not is_here():
        print("Pictures need Chromium: install it, or say make screenshots CHROMIUM=/path/to/it")
        return 1
    IMAGES.mkdir(exist_ok=True)
    with played() as stack, chromium() as browser:
        for scheme in SCHEMES:
            for path in pictures(stack, browser, scheme):
                print(f"{path} ({path.stat().st_size / 1024:.0f} KB)")
    return 0


@contextmanager
def played() -> Iterator[Stack]:
    """A stack after the demo, with three records that the org refuses, and after a comparison."""
    world: dict[str, Any] = json.loads((HERE / "world.json").read_text(encoding="utf-8"))
    world["salesforce"]["validation_rules"] = [RULE]
    with Stack((HERE / "settings.toml").read_text(encoding="utf-8"), world) as stack:
        stack.advance(HOUR - stack.clock.now_ms() / 1000 % HOUR)
        for play in Story(stack).steps():
            play()
        people = People(stack.ready())
        for name in REFUSED:
            people.new_contact(
                email=f"{name}@example.net", firstname=name, lastname="Roth", company="Roth & Co"
            )
        stack.settle()
        stack.advance(HALF_AN_HOUR)
        yield stack


def pictures(stack: Stack, browser: Browser, scheme: str) -> Iterator[Path]:
    """Make each picture in a colour scheme."""
    context = browser.new_context(viewport=SCREEN, color_scheme=scheme)
    tab = Tab(context, stack.console_url)
    tab.open(new_link(stack))
    tab.open("/completeness")
    tab.page.get_by_role("button", name="Compare now").click()
    stack.settle()
    for name, address in PICTURES.items():
        tab.open(address)
        tab.page.evaluate(_SAME_TIMES)
        path = IMAGES / f"{name}-{scheme}.png"
        tab.page.screenshot(path=path, animations="disabled")
        yield path
    context.close()


if __name__ == "__main__":
    sys.exit(main())
