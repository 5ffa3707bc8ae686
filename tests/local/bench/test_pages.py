"""The pages of the console stay fast while much is stored."""

from __future__ import annotations

import pytest

from local.bench.page import NoMarksError
from local.bench.pages.pages import (
    PAGES,
    WHEN,
    Amount,
    Opening,
    PageFigures,
    as_markdown,
    as_text,
    measure,
    page_with,
)
from local.stack.operator import ROOT

MOST_CALLS = {"/": 34, "/record": 24}
"""The most calls of a page in a new process; of all others `FEW_CALLS`."""

FEW_CALLS = 10

MOST_MS = {"first": 1_500, "later": 900, "again": 700}
"""The most processor time of the function: some four times what it takes, as a busy machine makes it
longer.
"""

FIGURES = PageFigures(
    "/",
    {
        "first": Opening(27, 240.0, 1_300.4),
        "later": Opening(25, 110.0, 280.0),
        "again": Opening(8, 20.0, 38.0),
    },
)


@pytest.mark.long
def test_no_page_takes_long_with_a_hundred_thousand_links_and_thousands_of_errors() -> None:
    """Each page makes a bounded number of calls and takes a bounded time of the processor, however
    much is stored, and opening it again takes no more than opening it first.
    """
    pages = measure(Amount(), rounds=1)

    assert tuple(one.path for one in pages) == PAGES
    assert {
        one.path: one.by_time["first"].calls
        for one in pages
        if one.by_time["first"].calls > MOST_CALLS.get(one.path, FEW_CALLS)
    } == {}
    assert {
        (one.path, when): one.by_time[when].processor_ms
        for one in pages
        for when in WHEN
        if one.by_time[when].processor_ms > MOST_MS[when]
    } == {}
    calls = [[one.by_time[when].calls for when in WHEN] for one in pages]
    assert [one for one in calls if one != sorted(one, reverse=True)] == []


def test_a_table_has_a_row_for_each_page() -> None:
    """For a page of the docs and for a terminal; milliseconds are whole."""
    assert as_markdown([FIGURES]) == (
        "| Page | first: calls | first: processor ms | first: ms | later: calls "
        "| later: processor ms | later: ms | again: calls | again: processor ms | again: ms |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n"
        "| `/` | 27 | 240 | 1,300 | 25 | 110 | 280 | 8 | 20 | 38 |"
    )
    assert as_text([FIGURES]).splitlines()[1].split() == (
        ["`/`", "27", "240", "1,300", "25", "110", "280", "8", "20", "38"]
    )


def test_the_table_replaces_the_one_before() -> None:
    """What stands around the marks is a person's; a page without them is an error."""
    page = "a\n<!-- pages: begin -->\nold\n<!-- pages: end -->\nb\n"

    assert page_with(page, "new", "Measured.") == (
        "a\n<!-- pages: begin -->\n\nMeasured.\n\nnew\n\n<!-- pages: end -->\nb\n"
    )
    with pytest.raises(NoMarksError):
        page_with("no marks", "new", "Measured.")


def test_the_docs_have_the_table() -> None:
    """docs/performance.md has the marks, and a row of the first page between them."""
    page = (ROOT / "docs/performance.md").read_text()
    table = page.partition("<!-- pages: begin -->")[2].partition("<!-- pages: end -->")[0]
    assert "| `/` |" in table
