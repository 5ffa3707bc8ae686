"""Tables for people fit their terminal."""

from __future__ import annotations

from crmsync.cli.tables import table, wrapped


def test_a_table_is_as_wide_as_it_must_be() -> None:
    """Each column as its longest cell; no blanks at the end of a line."""
    assert table(("NAME", "N"), [("ada", "1"), ("grace", "")]) == "NAME   N\nada    1\ngrace"


def test_a_table_without_rows_is_nothing() -> None:
    """Not even a heading."""
    assert table(("NAME",), []) == ""


def test_what_is_too_wide_is_cut() -> None:
    """The widest columns first, with dots; the narrow ones are left whole."""
    assert table(("A", "B"), [("x" * 50, "short")], width=20).splitlines() == [
        "A              B",
        "xxxxxxxxxx...  short",
    ]


def test_a_table_of_many_columns_stays_readable() -> None:
    """Where it cannot fit, no column gets narrower than eight."""
    lines = table(("A",) * 4, [("x" * 20,) * 4], width=20).splitlines()
    assert lines[1] == "  ".join(["xxxxx..."] * 4)


def test_a_value_cannot_move_the_cursor() -> None:
    """Line breaks and escapes of a record's value become blanks: a table shows text, and does
    nothing.
    """
    assert table(("A", "B"), [("one\ntwo\x1b[2J", "x")]) == "A            B\none two [2J  x"
    assert wrapped("one\x1b[2J two") == "one [2J two"


def test_a_long_text_is_wrapped() -> None:
    """At 100 characters, what follows further in."""
    assert wrapped("word " * 25, "  ").splitlines() == [
        "  " + " ".join(["word"] * 19),
        "    " + " ".join(["word"] * 6),
    ]
