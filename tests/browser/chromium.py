"""Chromium without a window, driven by Playwright.

Law: the only module that starts a browser, the one that CHROMIUM names (the Makefile looks for it).
It loads nothing by itself, and its profile is new.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Where a picture is made, letters look alike on every screen.
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
)


def is_here() -> bool:
    """Whether a browser can be started."""
    return bool(os.environ.get("CHROMIUM") and importlib.util.find_spec("playwright"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, which ends with the block."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only `make browser` has it

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=os.environ["CHROMIUM"], args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
