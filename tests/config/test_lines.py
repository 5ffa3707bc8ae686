"""Every key, table and list item of a TOML file has its line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crmsync.wire.settings.line_numbers import Path, index_lines, line_of

FILE = '''\
# a comment with [brackets] = "and" {more}
title = "a # that is no comment" # and one that is
"quoted key" = 'C:\\folder'
dotted.inside."and so on" = 1
text = """
[not.a.table]
key = 1 \\"""
""" # after
raw = \'\'\'
[[nor]] this
\'\'\'
list = [ # of
  1, "two, ]", # three
  [3, 4],
  { four = 5, six.seven = [8] },
]

[table] # of things
key = true
  [table.inner]
  key = 2026-11-21T10:00:00Z
[[row]]
key = 1.5
[row.inner]
key = "a"
[[row.part]]
key = ""
[[row.part]]
key = "b"
[[row]]
[[row.part]]
  key={a=[{b=1}]}
'''

LINES = {
    ("title",): 2,
    ("quoted key",): 3,
    ("dotted",): 4,
    ("dotted", "inside"): 4,
    ("dotted", "inside", "and so on"): 4,
    ("text",): 5,
    ("raw",): 9,
    ("list",): 12,
    ("list", 0): 13,
    ("list", 1): 13,
    ("list", 2): 14,
    ("list", 2, 0): 14,
    ("list", 2, 1): 14,
    ("list", 3): 15,
    ("list", 3, "four"): 15,
    ("list", 3, "six"): 15,
    ("list", 3, "six", "seven"): 15,
    ("list", 3, "six", "seven", 0): 15,
    ("table",): 18,
    ("table", "key"): 19,
    ("table", "inner"): 20,
    ("table", "inner", "key"): 21,
    ("row",): 22,
    ("row", 0): 22,
    ("row", 0, "key"): 23,
    ("row", 0, "inner"): 24,
    ("row", 0, "inner", "key"): 25,
    ("row", 0, "part"): 26,
    ("row", 0, "part", 0): 26,
    ("row", 0, "part", 0, "key"): 27,
    ("row", 0, "part", 1): 28,
    ("row", 0, "part", 1, "key"): 29,
    ("row", 1): 30,
    ("row", 1, "part"): 31,
    ("row", 1, "part", 0): 31,
    ("row", 1, "part", 0, "key"): 32,
    ("row", 1, "part", 0, "key", "a"): 32,
    ("row", 1, "part", 0, "key", "a", 0): 32,
    ("row", 1, "part", 0, "key", "a", 0, "b"): 32,
}


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Return the path of every item of a document."""
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inside:
        yield (*path, key)
        yield from places(item, (*path, key))


def test_each_place_has_its_line() -> None:
    """The file has comments, strings of all four kinds, dotted keys, inline tables and arrays of
    tables.
    """
    assert index_lines(FILE) == LINES
    assert index_lines(FILE.replace("\n", "\r\n")) == LINES


def test_a_missing_key_has_the_line_of_its_table() -> None:
    """The document itself is line 1."""
    assert line_of(LINES, ("row", 1, "part", 0, "missing")) == 31
    assert line_of(LINES, ("nowhere", 3)) == 1


VALUES = st.recursive(
    st.sampled_from(["1", "true", '"a]b"', "'}'", '"""\n"x" ]\n"""', "'''\n#'''", "1979-05-27"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ",\n".join(items) + "]")
        | st.lists(inner.filter(lambda item: "\n" not in item), max_size=3).map(
            lambda items: (
                "{" + ", ".join(f"k{number} = {item}" for number, item in enumerate(items)) + "}"
            )
        )
    ),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=6))
def test_every_place_that_the_parser_finds_has_a_line(values: list[str]) -> None:
    """Each key has the line on which it was written, whatever the values look like."""
    text, wanted = "", {}
    for number, value in enumerate(values):
        wanted["table", number, "key"] = text.count("\n") + 2
        text += f"[[table]]\nkey = {value}\n"

    lines = index_lines(text)

    assert {path: lines[path] for path in wanted} == wanted
    assert set(lines) == set(places(tomllib.loads(text)))
