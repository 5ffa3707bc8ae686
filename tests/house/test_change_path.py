"""A newcomer can follow one change: the number of modules that it goes through only shrinks."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import page
from tests.house.change_path import AFTER, Walk, walk

MAX_MODULES = 66
"""Modules of the product between HubSpot's webhook and the saved link; lower it when it shrinks."""


@pytest.fixture(scope="module")
def found() -> Walk:
    """The way of one changed phone number."""
    return walk()


def test_a_changed_phone_number_takes_a_limited_number_of_modules(found: Walk) -> None:
    """The number reaches Salesforce, and on its way it enters no more modules than this."""
    assert (found.phone, len(found.modules) <= MAX_MODULES) == (AFTER, True), found.modules
    assert (found.intake[0], found.sync[0]) == ("handler", "handler")


def test_the_page_follows_the_change(found: Walk) -> None:
    """The architecture's page says how many modules there are, and the modules that it links to are
    all among them.
    """
    text = page("docs/architecture.md").text
    chapter = text[text.index("## One change") : text.index("## Folders")]
    linked = re.findall(r"\]\(\.\./([\w/]+)\.py\)", chapter)
    names = [
        one.removeprefix("layers/shared/").replace("/", ".")
        for one in linked
        if not one.startswith("functions/")
    ]
    assert f"{MAX_MODULES} modules" in chapter
    assert f"follow the {len(set(linked))}\n" in chapter
    assert [one for one in names if one not in found.modules] == []
