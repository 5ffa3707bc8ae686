"""Every page and every action of the console is tried in a browser: it has a row in `rows.py`."""

from __future__ import annotations

from crmsync.console.routes import ROUTES
from tests.browser.rows import ACTIONS, FILES, PAGES


def test_every_route_has_a_row():
    """A page or a file that is shown, and an action; no row is about what is no route."""
    shown = {path for path, route in ROUTES.items() if route.show}
    acting = {path for path, route in ROUTES.items() if route.act or route.ask}

    assert {row.path for row in (*PAGES, *FILES)} == shown
    assert {row.path for row in ACTIONS} == acting
