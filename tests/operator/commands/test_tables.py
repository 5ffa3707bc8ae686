"""Tables that the command prints fit the terminal."""

from __future__ import annotations

import pytest

from crmsync.cli.tables import listed, table, wrapped


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


LONG = "shares its e-mail address with a record that is linked already"


def test_a_long_last_cell_goes_on_below_itself() -> None:
    """No word of it is cut, and nothing of it stands below another column."""
    assert listed([("acme", "81", LONG), ("acme", "9", "")], width=50).splitlines() == [
        "acme  81  shares its e-mail address with a record",
        "          that is linked already",
        "acme  9",
    ]


def test_a_last_cell_without_room_goes_on_a_line_of_its_own() -> None:
    """Where the cells before it take the line, it is indented below them."""
    assert listed([("x" * 30, LONG)], width=50).splitlines() == [
        "x" * 30,
        "    shares its e-mail address with a record that",
        "      is linked already",
    ]


def test_a_table_takes_the_whole_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value is cut only where the terminal has no room for it, and not at all in a pipe."""
    rows = [("x" * 150, "short")]
    heading = ("A", "B")
    whole = f"{'x' * 150}  short"

    found = {}
    for columns in ("", "160", "100", "20"):
        monkeypatch.setenv("COLUMNS", columns)
        found[columns] = table(heading, rows).splitlines()[1]

    assert found == {
        "": whole,
        "160": whole,
        "100": f"{'x' * 90}...  short",
        "20": f"{'x' * 70}...  short",
    }
