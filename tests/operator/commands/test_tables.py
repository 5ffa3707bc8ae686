"""Tables that the command prints fit the terminal."""

from __future__ import annotations

from crmsync.cli.tables import table, wrapped


def test_a_table_is_no_wider_than_needed() -> None:
    """Each column is as wide as its longest cell, and lines have no trailing blanks."""
    assert table(("NAME", "N"), [("ada", "1"), ("grace", "")]) == "NAME   N\nada    1\ngrace"


def test_a_table_without_rows_is_empty() -> None:
    """It has no heading either."""
    assert table(("NAME",), []) == ""


def test_wide_columns_are_cut() -> None:
    """The widest columns are shortened first, with dots; narrow ones are complete."""
    assert table(("A", "B"), [("x" * 50, "short")], width=20).splitlines() == [
        "A              B",
        "xxxxxxxxxx...  short",
    ]


def test_a_table_of_many_columns_stays_readable() -> None:
    """No column becomes narrower than eight characters, even if the table then does not fit."""
    lines = table(("A",) * 4, [("x" * 20,) * 4], width=20).splitlines()
    assert lines[1] == "  ".join(["xxxxx..."] * 4)


def test_a_value_cannot_control_the_terminal() -> None:
    """Line breaks and escapes in a record's value become blanks."""
    assert table(("A", "B"), [("one\ntwo\x1b[2J", "x")]) == "A            B\none two [2J  x"
    assert wrapped("one\x1b[2J two") == "one [2J two"


def test_a_long_text_is_wrapped() -> None:
    """It is wrapped at 100 characters, with the following lines indented."""
    assert wrapped("word " * 25, "  ").splitlines() == [
        "  " + " ".join(["word"] * 19),
        "    " + " ".join(["word"] * 6),
    ]
