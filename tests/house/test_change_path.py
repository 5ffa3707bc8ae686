"""A newcomer can follow one change: the number of modules that it goes through only shrinks."""

from __future__ import annotations

from tests.house.change_path import AFTER, walk

MAX_MODULES = 74
"""Modules of the product between HubSpot's webhook and the saved link; lower it when it shrinks."""


def test_a_changed_phone_number_takes_a_limited_number_of_modules() -> None:
    """The number reaches Salesforce, and on its way it enters no more modules than this."""
    found = walk()
    assert (found.phone, len(found.modules) <= MAX_MODULES) == (AFTER, True), found.modules
    assert (found.intake[0], found.sync[0]) == ("handler", "handler")
