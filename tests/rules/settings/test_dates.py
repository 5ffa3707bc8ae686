"""Since when a mapping row is in force: told at the push, by what was in force before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.concerns import since_of
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Kind
from crmsync.model.settings import Settings
from crmsync.rules.settings.dates import dated
from tests.builders import a_connection, at

COLOUR = FieldRule("favourite_colour", "Favourite_Colour__c")
PHONE = FieldRule("phone", "Phone")


def settings(*rows: FieldRule) -> Settings:
    """Settings with these rows for contacts."""
    return Settings((a_connection(field=rows),))


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
            (replace(COLOUR, update=Update.NEVER, since=at()),),
            COLOUR,
            at(5),
            id="a row that begins to sync",
        ),
        pytest.param((replace(COLOUR, salesforce="Other__c"),), COLOUR, at(5), id="another field"),
        pytest.param((), PHONE, None, id="a default pair is no new one"),
        pytest.param(
            (replace(PHONE, update=Update.NEVER),),
            PHONE,
            at(5),
            id="a default pair that begins to sync",
        ),
    ],
)
def test_a_row_is_dated_when_it_comes(before, row, since):
    """New rows have the moment of the push, others keep what they had."""
    assert dated(settings(*before), settings(row), at(5)) == settings(replace(row, since=since))


@pytest.mark.rule("MAP-6")
def test_a_new_connection_has_no_rows_with_dates():
    """It has linked nothing yet, so all its rows are there from the start."""
    (connection,) = dated(Settings(), settings(COLOUR), at(5)).connections
    assert connection.contacts.field == (COLOUR,)


@pytest.mark.rule("OPP-4")
@pytest.mark.parametrize("section", ["contacts", "companies", "deals"])
@pytest.mark.parametrize(
    ("before", "now", "since"),
    [
        pytest.param(None, {}, at(5), id="a new connection"),
        pytest.param({"sync": False}, {}, at(5), id="switched on"),
        pytest.param({"since": at()}, {}, at(), id="on already"),
        pytest.param({}, {}, None, id="on since before dates were kept"),
        pytest.param({"since": at()}, {"sync": False}, None, id="switched off"),
    ],
)
def test_a_concern_is_dated_when_it_is_switched_on(section, before, now, since):
    """Sweeps begin at that moment; what is older syncs only by import."""
    old, new = (with_section(section, one) for one in (before, now))
    (connection,) = dated(old, new, at(5)).connections
    assert getattr(connection, section).since == since


def with_section(section: str, values: dict[str, object] | None) -> Settings:
    """Settings of one connection with these values in a section; none at all for None."""
    if values is None:
        return Settings()
    connection = a_connection()
    return Settings(
        (replace(connection, **{section: replace(getattr(connection, section), **values)}),)
    )


LISTED = {"inclusion_list": "77", "since": at(), "listed_since": at(1)}


@pytest.mark.rule("SET-9")
@pytest.mark.parametrize(
    ("before", "now", "since"),
    [
        pytest.param(None, {"inclusion_list": "77"}, at(5), id="a new connection"),
        pytest.param(LISTED, {"inclusion_list": "77"}, at(1), id="the same list"),
        pytest.param(LISTED, {"inclusion_list": "78"}, at(5), id="another list"),
        pytest.param(
            LISTED | {"sync": False},
            {"inclusion_list": "77"},
            at(5),
            id="contacts are switched on again",
        ),
        pytest.param(
            {"inclusion_list": "77"},
            {"inclusion_list": "77"},
            None,
            id="in force before dates were kept",
        ),
        pytest.param(
            LISTED,
            {"inclusion_list": "default"},
            None,
            id="the preset, of which nobody asks HubSpot",
        ),
        pytest.param(LISTED, {}, None, id="no list"),
    ],
)
def test_an_inclusion_list_is_dated_when_it_comes_into_force(before, now, since):
    """Who enters it from then on is looked at, however late the first sweep comes."""
    (connection,) = dated(
        with_section("contacts", before), with_section("contacts", now), at(5)
    ).connections
    assert connection.contacts.listed_since == since


@pytest.mark.parametrize(
    ("companies", "deals", "since"),
    [
        pytest.param(at(1), at(2), at(2), id="deals came later"),
        pytest.param(at(3), at(2), at(3), id="companies came later"),
        pytest.param(None, at(2), at(2), id="companies since before dates were kept"),
        pytest.param(None, None, None, id="both since before dates were kept"),
    ],
)
def test_opportunities_sync_since_both_are_on(companies, deals, since):
    """Deals sync only where companies do (OPP-2)."""
    connection = a_connection()
    connection = replace(
        connection,
        companies=replace(connection.companies, since=companies),
        deals=replace(connection.deals, since=deals),
    )
    assert [since_of(connection, kind) for kind in (Kind.ACCOUNT, Kind.OPPORTUNITY)] == [
        companies,
        since,
    ]
