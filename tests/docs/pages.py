"""The pages that people read, taken apart: links, code, tables, headings. Nothing here knows what a
page should say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```\s*$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
_HEADING = re.compile(r"^#+\s+(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One Markdown page; `path` is relative to the repository."""

    path: Path
    text: str

    @cached_property
    def prose(self) -> str:
        """The page without its code blocks."""
        return _FENCE.sub("", self.text)

    @property
    def links(self) -> list[str]:
        """The targets of all links."""
        return _LINK.findall(self.prose)

    @property
    def spans(self) -> list[str]:
        """The texts between backticks in running text."""
        return _SPAN.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link to this page may name after the #: a heading in the form of GitHub and most
        renderers, or the id of an anchor.
        """
        plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(self.prose))
        return {title.replace(" ", "-") for title in plain} | set(_ANCHOR.findall(self.prose))

    def blocks(self, *languages: str) -> list[str]:
        """Return the code blocks in one of these languages; all of them if none is named."""
        return [
            code
            for language, code in _FENCE.findall(self.text)
            if not languages or language in languages
        ]

    def section(self, title: str) -> str:
        """Return the text under a heading, up to the next one. Raises `KeyError` if there is no
        such heading.
        """
        found = re.search(
            rf"^#+\s+{re.escape(title)}\s*$\n(.*?)(?=^#+\s|\Z)",
            self.prose,
            re.DOTALL | re.MULTILINE,
        )
        if found is None:
            raise KeyError(title)
        return found.group(1)

    def chapter(self, title: str) -> str:
        """Return the text under a heading, including its subheadings. Raises `KeyError` if there is
        no such heading.
        """
        found = re.search(rf"^(#+)\s+{re.escape(title)}\s*$\n", self.prose, re.MULTILINE)
        if found is None:
            raise KeyError(title)
        rest = self.prose[found.end() :]
        following = re.search(rf"^#{{1,{len(found[1])}}}\s", rest, re.MULTILINE)
        return rest[: following.start()] if following else rest

    def rows(self, title: str) -> list[list[str]]:
        """Return the body rows of all tables under a heading and its subheadings, as cells."""
        return list(_rows(self.chapter(title)))

    def commands(self) -> list[str]:
        """Return the lines of console blocks that a person types, with continued lines joined."""
        return [
            line.removeprefix("$ ")
            for code in self.blocks("console")
            for line in map(str.strip, code.replace("\\\n", " ").splitlines())
            if line.startswith("$ ")
        ]


def _rows(text: str) -> Iterator[list[str]]:
    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        for line in table.splitlines()[2:]:
            yield [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def names(cell: str) -> list[str]:
    """Return the texts between backticks in a cell."""
    return _SPAN.findall(cell)


def page(name: str) -> Page:
    """Return one page, by its path."""
    return Page(Path(name), (ROOT / name).read_text(encoding="utf-8"))


def pages() -> list[Page]:
    """Return every page."""
    written = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "simulators/README.md"]
    return [page(str(path.relative_to(ROOT))) for path in sorted(written)]
