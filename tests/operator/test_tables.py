"""Tables for people fit their terminal."""

from __future__ import annotations

from crmsync.cli.tables import table, wrapped


def test_a_table_is_as_wide_as_it_must_be() -> None:
    """Each column is as wide as its longest cell, and lines have no trailing blanks."""
    assert table(("NAME", "N"), [("ada", "1"), ("grace", "")]) == "NAME   N\nada    1\ngrace"


def test_a_table_without_rows_is_empty() -> None:
    """It has no heading either."""
    assert table(("NAME",), []) == ""


def test_wide_columns_are_cut() -> None:
    """The widest columns are cut first, with dots; narrow ones stay whole."""
    assert table(("A", "B"), [("x" * 50, "short")], width=20).splitlines() == [
        "A              B",
        "xxxxxxxxxx...  short",
    ]


def test_a_table_of_many_columns_stays_readable() -> None:
    """When it cannot fit, no column becomes narrower than eight characters."""
    lines = table(("A",) * 4, [("x" * 20,) * 4], width=20).splitlines()
    assert lines[1] == "  ".join(["xxxxx..."] * 4)


def test_a_value_cannot_move_the_cursor() -> None:
    """Line breaks and escapes of a record's value become blanks: a table shows text, and does
    nothing.
    """
    assert table(("A", "B"), [("one\ntwo\x1b[2J", "x")]) == "A            B\none two [2J  x"
    assert wrapped("one\x1b[2J two") == "one [2J two"


def test_a_long_text_is_wrapped() -> None:
    """It is wrapped at 100 characters, with the following lines indented."""
    assert wrapped("word " * 25, "  ").splitlines() == [
        "  " + " ".join(["word"] * 19),
        "    " + " ".join(["word"] * 6),
    ]
