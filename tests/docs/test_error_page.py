"""The page about error codes says what the table of codes says."""

from __future__ import annotations

import re

import pytest

from crmsync.model.effects import Category
from crmsync.rules.refusals.hubspot import HUBSPOT
from crmsync.rules.refusals.refusal import Extent, Refusal
from crmsync.rules.refusals.table import SALESFORCE
from tests.docs.error_tables import PAGE, TITLES, meanwhile, table, with_tables
from tests.docs.pages import names, page

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_code() -> None:
    """Every code is on the page: what it means, who can fix it, how, and what crmsync does.

    ``python -m tests.docs.error_tables`` writes the tables anew.
    """
    assert with_tables(TEXT) == TEXT


@pytest.mark.parametrize(("title", "entries"), TITLES.items(), ids=TITLES)
def test_every_code_has_a_row(title: str, entries: dict[str, Refusal]) -> None:
    """Each code is in one row below its heading, codes with the same meaning together."""
    rows = page("docs/errors.md").rows(title)
    found = [code for row in rows for code in names(row[0])]

    assert sorted(found) == sorted(entries)


def test_what_happens_meanwhile_is_explained() -> None:
    """Every word of the last column is explained at the top."""
    words = {meanwhile(one) for entries in TITLES.values() for one in entries.values()}
    explained = {row[0] for row in page("docs/errors.md").rows("What crmsync does meanwhile")}

    assert words == explained


def test_the_vendors_page_has_the_codes_of_hubspot_as_the_table_has_them() -> None:
    """Every status of the page is in the table, and each code there has its status and its wait;
    policies of rate limits are no codes.
    """
    policies = {"TEN_SECONDLY_ROLLING", "SECONDLY"}
    rows = page("docs/vendors.md").rows("HubSpot: errors")
    found = {
        (code, status)
        for row in rows
        for status in re.findall(r"\d{3}", row[0])
        for code in {status, *names(row[1])} - policies
    }

    assert found == {(code, str(HUBSPOT[code].status)) for code, _ in found if code in HUBSPOT}
    assert len(found) > len(rows)
    waits = {row[0]: row[2] for row in rows}
    assert (waits["423"], HUBSPOT["423"].wait) == ("wait two seconds or more", 2)


def test_the_vendors_page_has_the_codes_of_salesforce_as_the_table_has_them() -> None:
    """Each code of the page is in the table. One with which Salesforce refuses the user or the org
    stops the whole side; one of a row or a field does not.
    """
    rows = page("docs/vendors.md").rows("Salesforce: errors")
    found = {code: row[1] for row in rows for code in names(row[0])}

    assert {code for code in found if code not in SALESFORCE} == set()
    of_a_side = {code for code in found if SALESFORCE[code].extent is Extent.SIDE}
    assert of_a_side == {code for code, status in found.items() if status in {"401", "403"}}


def test_every_category_is_explained() -> None:
    """The page has a row for each category, and no other."""
    rows = page("docs/errors.md").rows("Categories")

    assert [name for row in rows for name in names(row[0])] == list(Category)


def test_a_changed_code_changes_the_page() -> None:
    """Without its table a section gets it back, and a wrong row is replaced."""
    wrong = TEXT.replace("A text is longer than its field.", "Nobody knows.")

    assert wrong != TEXT
    assert with_tables(wrong) == TEXT
    assert table({}).count("\n") == 1
