"""HTML and plain text: how the body of an activity crosses (decision 67).

HubSpot keeps bodies as HTML, Salesforce as text. Only words and lines count, so that a side that
spells its markup or its spaces differently has not changed anything.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from typing import Final

_LINES: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "table"),
        *("tbody", "tfoot", "thead", "tr", "ul"),
    }
)
"""Elements that begin and end a line of their own."""

_SPACED: Final = frozenset({"td", "th"})
"""Elements that stand beside each other with a space between them."""

_UNSEEN: Final = frozenset({"head", "script", "style", "template", "title"})
"""Elements whose content nobody reads."""

_BULLET: Final = "- "

MOST_MARKUP: Final = 5
"""Characters of HTML for one of text at most: an ampersand is ``&amp;``."""


def tidied(text: str) -> str:
    """The words and lines of a text: single spaces, at most one blank line in a row, none at the
    ends.
    """
    lines: list[str] = []
    for line in text.splitlines():
        words = " ".join(line.split())
        if words or (lines and lines[-1]):
            lines.append(words)
    return "\n".join(lines).strip()


def text_of(html: str) -> str:
    """What a reader sees of HTML, as tidied text; items of lists begin with a dash. A text without
    markup stands for itself.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return tidied("".join(reader.parts))


def html_of(text: str) -> str:
    """A text as HTML, so that `text_of` gives its words and lines back."""
    return "<br>".join(escape(line, quote=False) for line in tidied(text).split("\n"))


class _Reader(HTMLParser):
    """Collects the text of HTML, with line breaks where a browser has them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "br":
            self.parts.append("\n")
        else:
            self._separate(tag)
            if tag == "li":
                self.parts.append(_BULLET)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        else:
            self._separate(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            words = " ".join(data.split())
            before = " " if data[:1].isspace() else ""
            after = " " if data[-1:].isspace() else ""
            self.parts.append(f"{before}{words}{after}")

    def _separate(self, tag: str) -> None:
        if tag in _SPACED:
            self.parts.append(" ")
        elif tag in _LINES and self._is_in_a_line():
            self.parts.append("\n")

    def _is_in_a_line(self) -> bool:
        for part in reversed(self.parts):
            if part.endswith("\n"):
                return False
            if part.strip():
                return True
        return False
