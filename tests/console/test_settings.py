"""The pages of the settings: what runs, every push, and the difference of two versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmsync.console.pages.settings import SHOWN, VersionRow, difference, settings
from crmsync.flows.operator.settings import ShownSettings
from crmsync.model.settings import Settings
from crmsync.wire.settings.stored import Entry, Revision
from local.stack import Stack
from tests.builders import NOON, a_connection
from tests.console.browser import Browser, texts
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import with_contacts

OLD = Revision(1, "a\nb\nc\n", Settings((a_connection(),)), NOON, "ada")
NEW = Revision(3, "a\nB\nc\n", Settings(), NOON, "bea")


def test_every_push_has_its_author_and_what_it_changed():
    """With the way to its difference from the push before and from the one that runs; a push that
    nobody can trust has its reason instead.
    """
    entries = [Entry(3, NEW), Entry(2), Entry(1, OLD)]

    view = settings(ShownSettings(NEW, ("x",)), entries, {3: ("changed",), 1: ("new",)})

    assert (view.running, view.departs, view.unshown) == (NEW, ("x",), 0)
    assert view.rows == (
        VersionRow(3, NOON, "bea", ("changed",), "", "/settings/difference?from=1&to=3", ""),
        VersionRow(
            2,
            None,
            "",
            (),
            "Its seal does not hold, so crmsync settings push did not store it.",
            "",
            "",
        ),
        VersionRow(1, NOON, "ada", ("new",), "", "", "/settings/difference?from=3&to=1"),
    )


def test_the_newest_pushes_are_listed():
    """How many more there are is told; without settings in force nothing is compared with them."""
    entries = [Entry(number, OLD) for number in range(SHOWN + 5, 0, -1)]

    view = settings(None, entries, {}, trouble="Replaced.", hint="Push.")

    assert (len(view.rows), view.unshown, view.running) == (SHOWN, 5, None)
    assert (view.trouble, view.hint) == ("Replaced.", "Push.")
    assert {row.now for row in view.rows} == {""}


@pytest.mark.parametrize(("old", "new", "is_back"), [(OLD, NEW, False), (NEW, OLD, True)])
def test_two_versions_differ_in_meaning_and_text(old: Revision, new: Revision, is_back: bool):  # noqa: FBT001 - a value of the table
    """Each line with how it differs; whether the way leads back."""
    found = difference(old, new)
    before, after = old.text[2], new.text[2]

    assert found.lines == (
        ("place", "@@ -1,3 +1,3 @@"),
        ("same", " a"),
        ("removed", f"-{before}"),
        ("added", f"+{after}"),
        ("same", " c"),
    )
    assert len(found.changes) == 1
    assert found.is_back is is_back


def test_the_pages_show_what_the_command_pushed(stack: Stack, browser: Browser, tmp_path: Path):
    """The file that runs, who pushed it, the change word for word, and how to go back."""
    file = tmp_path / "settings.toml"
    text = with_contacts("max_changes_per_hour = 7")
    file.write_text(text, encoding="utf-8")
    pushed = command(stack, "settings", "push", str(file), "--apply")
    page = browser.get("/settings")
    back = browser.get("/settings/difference?from=2&to=1")

    assert texts(page, "//section[1]/h2") == ["Version 2 runs"]
    assert " ".join(text.split()) in texts(page, "//section[1]//pre")
    assert texts(page, "//article[1]/ul/li") == pushed["changes"]
    assert texts(page, "//article/h3") == ["Version 2", "Version 1"]
    assert texts(back, "//h1") == ["Settings 2 and 1"]
    assert texts(back, "//del")[-2:] == ["-[connection.contacts]", "-max_changes_per_hour = 7"]
    assert texts(back, "//code") == ["crmsync settings rollback 1 --apply"]
    assert texts(browser.get("/settings/difference"), "//h1") == ["Settings 1 and 2"]
    assert texts(browser.get("/settings/difference?to=9"), "//main/p[1]") == [
        "There are no settings of version 9."
    ]
