"""Since when a mapping row is in force: told at the push, by what was in force before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from crmsync.model.fields import FieldRule, Update
from crmsync.model.settings import DealSettings, Settings
from crmsync.rules.settings_dates import dated
from tests.builders import a_connection, at

COLOUR = FieldRule("favourite_colour", "Favourite_Colour__c")
PHONE = FieldRule("phone", "Phone")


def settings(*rows: FieldRule) -> Settings:
    """Settings with these rows for contacts."""
    return Settings((a_connection(field=rows),))


def with_deals_since(settings: Settings, moment: datetime | None) -> Settings:
    """The settings as they are kept, with the moment since which deals sync."""
    return replace(
        settings, connections=tuple(replace(c, deals=replace(c.deals, since=moment)) for c in settings.connections)
    )


@pytest.mark.rule("MAP-6")
@pytest.mark.parametrize(
    ("before", "row", "since"),
    [
        pytest.param((), COLOUR, at(5), id="a new row"),
        pytest.param((replace(COLOUR, since=at()),), COLOUR, at(), id="the same row"),
        pytest.param((COLOUR,), COLOUR, None, id="a row that was there from the start"),
        pytest.param(
            (replace(COLOUR, since=at()),),
            replace(COLOUR, update=Update.PREFER_HUBSPOT),
            at(),
            id="another policy",
        ),
        pytest.param(
            (replace(COLOUR, update=Update.NEVER, since=at()),), COLOUR, at(5), id="a row that begins to sync"
        ),
        pytest.param((replace(COLOUR, salesforce="Other__c"),), COLOUR, at(5), id="another field"),
        pytest.param((), PHONE, None, id="a default pair is no new one"),
        pytest.param((replace(PHONE, update=Update.NEVER),), PHONE, at(5), id="a default pair that begins to sync"),
    ],
)
def test_a_row_is_dated_when_it_comes(before, row, since):
    """New rows have the moment of the push, others keep what they had."""
    assert dated(settings(*before), settings(row), at(5)) == settings(replace(row, since=since))


@pytest.mark.rule("MAP-6")
def test_a_new_connection_has_no_dates():
    """It has linked nothing yet, so all its rows are there from the start."""
    assert dated(Settings(), settings(COLOUR), at(5)) == with_deals_since(settings(COLOUR), at(5))


@pytest.mark.rule("OPP-4")
@pytest.mark.parametrize(
    ("before", "now", "since"),
    [
        pytest.param(DealSettings(sync=False), DealSettings(), at(5), id="switched on"),
        pytest.param(DealSettings(since=at()), DealSettings(), at(), id="on already"),
        pytest.param(DealSettings(since=at()), DealSettings(sync=False), None, id="switched off"),
    ],
)
def test_deals_are_dated_when_they_are_switched_on(before, now, since):
    """An opportunity that is older than that moment syncs only by import, so the moment is kept."""
    old, new = (Settings((replace(a_connection(), deals=deals),)) for deals in (before, now))
    assert dated(old, new, at(5)) == with_deals_since(new, since)
