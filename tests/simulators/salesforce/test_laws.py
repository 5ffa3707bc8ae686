"""Properties that hold for any value: ids, times, the parser and the indexes."""

from __future__ import annotations

import string
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce.org.ids import IdMaker, MalformedIdError, long_id
from simulators.salesforce.org.store import Table
from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.soql.engine import Engine
from simulators.salesforce.soql.parser import parse
from simulators.salesforce.times import read_datetime, rest_text
from simulators.salesforce.world import build
from tests.simulators.salesforce.orgs import quoted, soql

_SHORT = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)
_NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8
)


@pytest.mark.parametrize(
    "text", ["0015f00002J9YYEAA3", "003ak00000IiFInAAN", "005ak00000EpjsfAAB", "00DD00000000001MAA"]
)
def test_the_suffix_is_that_of_real_ids(text: str) -> None:
    """The 15-character form of an id expands to its 18 characters."""
    assert long_id(text[:15]) == long_id(text) == text


@given(_SHORT)
def test_ids_that_differ_in_case_only_differ_without_it_too(short: str) -> None:
    """The 18-character form distinguishes ids even if case is lost."""
    other = short.swapcase()
    assert (long_id(short).lower() == long_id(other).lower()) == (short == other)


@pytest.mark.parametrize(
    "text", ["", "short", "0015f00002J9YYEAA4", "0015f00002J9YY-AA3", "x" * 19]
)
def test_an_invalid_id_is_refused(text: str) -> None:
    """Length, characters and suffix must fit."""
    with pytest.raises(MalformedIdError):
        long_id(text)


def test_generated_ids_never_repeat() -> None:
    """The same seed gives the same ids."""
    ids = [IdMaker(7).make("00Q") for _ in range(2)]
    maker = IdMaker(7)
    many = [maker.make("00Q") for _ in range(5000)]
    assert (ids[0], len({one.lower() for one in many})) == (many[0], 5000)


@given(st.integers(0, 4_000_000_000))
def test_a_time_is_read_back_from_its_text(seconds: int) -> None:
    """It is the same second."""
    assert read_datetime(rest_text(seconds * 1000)) == seconds * 1000


@given(
    st.text(max_size=60),
    st.sampled_from(["", "SELECT Id FROM Lead WHERE ", "SELECT Id FROM Lead WHERE LastName = "]),
)
def test_no_text_breaks_the_parser(text: str, start: str) -> None:
    """Any text is parsed or refused."""
    with suppress(RefusalError):
        parse(start + text)


def test_deep_nesting_is_refused() -> None:
    """A query of parentheses only is malformed, too."""
    with pytest.raises(RefusalError, match="MALFORMED_QUERY"):
        parse("SELECT Id FROM Lead WHERE " + "(" * 20_000)


def _engine(names: list[str]) -> Engine:
    clock = Clock()
    records: list[dict[str, Any]] = [
        {"type": "Contact", "LastName": "x", "Department": name} for name in names
    ]
    org, cast = build({"records": records}, clock, Faults(clock), 0)
    return Engine(org.store, org.view(cast.person_id), org.now_ms(), "")


@settings(max_examples=40)
@given(_NAMES)
def test_an_escaped_text_finds_itself_and_nothing_else(name: str) -> None:
    """A literal with escaped quotes and backslashes can contain any text."""
    text = f"<{name}>"
    answer = _engine([text, f"{text}x"]).run(
        soql("SELECT Id FROM Contact WHERE Department =", quoted(text))
    )
    assert answer.total == 1


_KEYS = st.one_of(st.none(), st.sampled_from(["a", "A", "b", "c"]))


@given(st.lists(st.tuples(st.integers(0, 4), _KEYS, st.one_of(st.none(), st.integers(0, 5)))))
def test_an_index_finds_what_a_scan_would(
    writes: list[tuple[int, str | None, int | None]],
) -> None:
    """After any sequence of writes and removals, equality and time indexes agree with the rows."""
    table = Table()
    table.add_index("Email")
    for number, email, moment in writes:
        row_id = str(number)
        table.put(
            row_id,
            None if email == "c" else {"Id": row_id, "Email": email, "SystemModstamp": moment},
        )
    equal = {row["Id"] for row in table if (row["Email"] or "").lower() in {"a", "b"}}
    late = {
        row["Id"]
        for row in table
        if row["SystemModstamp"] is not None and 2 <= row["SystemModstamp"] <= 4
    }
    assert {row["Id"] for row in table.matching("Email", ["A", "b"])} == equal
    assert {row["Id"] for row in table.between("SystemModstamp", 2, 4)} == late
