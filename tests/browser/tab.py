"""A tab of the browser at the console: it opens pages, uses the keyboard, and notes what goes wrong.

Law: whatever a page loads from elsewhere, runs in vain or says in the browser's console is trouble,
unless a test expects it.
"""

from __future__ import annotations

from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
SCHEMES = ("light", "dark")
REFUSAL = "Failed to load resource: the server responded with a status of 403"
"""What Chromium says itself when a page that it opens is a refusal."""

_IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_READ = (Path(__file__).parent / "tab.js").read_text(encoding="utf-8")


class Tab:
    """A tab in which somebody may be signed in.

    Attributes:
        url: The console's origin.
        page: Playwright's page.
        troubles: What went wrong so far, a line each.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        """Open nothing yet."""
        self.url = url
        self.page = context.new_page()
        self.troubles: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def open(self, address: str) -> Response:
        """Open a page, from its path or a whole address."""
        to = address if "://" in address else self.url + address
        answer = self.page.goto(to)
        assert answer is not None, to
        return answer

    @property
    def heading(self) -> str:
        """The main heading."""
        return str(self.page.locator("h1").inner_text())

    @property
    def text(self) -> str:
        """What a person can read below the main heading, with single spaces."""
        return " ".join(str(self.page.locator("main").inner_text()).split())

    def barriers(self) -> list[str]:
        """What keeps somebody from using the page: the rules of axe that it breaks, with the place,
        and whether it has to be scrolled sideways (a table may be). Looked at in both colour
        schemes, wide and on a phone.
        """
        checker = import_module("axe_playwright_python.sync_playwright").Axe()
        found: list[str] = []
        for scheme, screen in product(SCHEMES, (WIDE, PHONE)):
            self.page.emulate_media(color_scheme=scheme)
            self.page.set_viewport_size(screen)
            look = f"{scheme}, {screen['width']} px"
            found += [
                f"{look}: {one['id']}: {node['target']}"
                for one in checker.run(self.page).response["violations"]
                for node in one["nodes"]
            ]
            if self.page.evaluate(_IS_TOO_WIDE):
                found.append(f"{look}: is scrolled sideways")
        return found

    def stops(self) -> list[dict[str, Any]]:
        """What the keyboard has to reach, in the order of the page: its name and its tag."""
        return list(self.page.evaluate(f"{_READ}; stops().map(described)"))

    def press_tab(self) -> dict[str, Any] | None:
        """Go on by one tab; what has the focus then, and whether it can be seen; None for nothing."""
        self.page.keyboard.press("Tab")
        found = self.page.evaluate(f"{_READ}; focused()")
        return dict(found) if found else None

    def go_to(self, name: str, tag: str = "") -> None:
        """Go on by tabs until what has this name has the focus. Raises `AssertionError`."""
        for _ in range(len(self.stops()) + 1):
            found = self.press_tab()
            if found and found["name"] == name and tag in {"", found["tag"]}:
                return
        raise AssertionError(f"no tab leads to {name!r}: {[one['name'] for one in self.stops()]}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith("data:") and urlsplit(request.url).netloc != (
            urlsplit(self.url).netloc
        ):
            self.troubles.append(f"request: {request.url}")
