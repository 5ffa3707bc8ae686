"""The line numbers of keys, tables and list items in a TOML file.

The standard library's parser does not keep positions, and an error message needs a line number.
This module only reads the structure of a text that `tomllib` has already accepted, never a value.
Something whose line is unknown gets the line of the nearest thing around it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""The position of a value in the document: table names, keys, and indexes of arrays."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\r\n]+")
_STRINGS = (
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")',
    r"'''.*?'{3,5}(?!')",
    r'"(?:[^"\\\n]|\\.)*"',
    r"'[^'\n]*'",
)
_STRING = re.compile("|".join(_STRINGS), re.DOTALL)


def index_lines(text: str) -> Mapping[Path, int]:
    """The line (from 1) of every table, key and list item of `text`, by its path."""
    reader = _Reader(text)
    reader.read()
    return reader.lines


def line_of(lines: Mapping[Path, int], path: Sequence[str | int]) -> int:
    """The line of `path`, or of the nearest thing around it; 1 for the document itself."""
    for length in range(len(path), 0, -1):
        line = lines.get(tuple(path[:length]))
        if line is not None:
            return line
    return 1


class _Reader:
    """Reads the text once. `tables` counts the items of each array of tables, because a header
    refers to the newest item.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}

    def read(self) -> None:
        here: Path = ()
        self._space()
        while self.at < len(self.text):
            if self._peek("["):
                here = self._header()
            else:
                self._pair(here)
            self._space()

    def _header(self) -> Path:
        start, is_array = self.at, self._peek("[[")
        self.at += 2 if is_array else 1
        path = self._newest(self._dotted_key(), leave_last=is_array)
        if is_array:
            count = self.tables.get(path, 0)
            self.tables[path] = count + 1
            self._note(path, start)
            path = (*path, count)
        self.at += 2 if is_array else 1
        self._note(path, start)
        return path

    def _newest(self, keys: Sequence[str], *, leave_last: bool) -> Path:
        """The path of a header: inside an array of tables, of its newest item."""
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            is_last = position == len(keys) - 1
            if path in self.tables and not (is_last and leave_last):
                path = (*path, self.tables[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        start = self.at
        path = table
        for key in self._dotted_key():
            path = (*path, key)
            self._note(path, start)
        self.at += 1
        self._value(path)

    def _dotted_key(self) -> list[str]:
        """The keys before the closing bracket or the equals sign, which is not consumed."""
        keys = []
        while True:
            self._space()
            keys.append(self._key())
            self._space()
            if not self._peek("."):
                return keys
            self.at += 1

    def _key(self) -> str:
        quoted = self._take(_STRING)
        return str(tomllib.loads(f"key = {quoted}")["key"]) if quoted else self._take(_BARE_KEY)

    def _value(self, path: Path) -> None:
        self._space()
        if self._peek("["):
            self._items(path, "]")
        elif self._peek("{"):
            self._items(path, "}")
        elif not self._take(_STRING):
            self._take(_BARE_VALUE)

    def _items(self, path: Path, close: str) -> None:
        """Read the items of an array or the pairs of an inline table, including the closing
        bracket.
        """
        self.at += 1
        count = 0
        self._space()
        while self.at < len(self.text) and not self._peek(close):
            if close == "]":
                self._note((*path, count), self.at)
                self._value((*path, count))
            else:
                self._pair(path)
            count += 1
            self._space()
            if self._peek(","):
                self.at += 1
                self._space()
        self.at += 1

    def _space(self) -> None:
        self._take(_SPACE)

    def _take(self, pattern: re.Pattern[str]) -> str:
        """Consume and return what matches the pattern here, or ""."""
        found = pattern.match(self.text, self.at)
        word = found.group() if found else ""
        self.at += len(word)
        return word

    def _peek(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def _note(self, path: Path, at: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, at) + 1)
