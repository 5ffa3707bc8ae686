"""Text as a terminal may be given it: what a CRM's people or rules wrote shows, and does
nothing.
"""

from __future__ import annotations


def flat(text: str) -> str:
    """A text on one line, without what would move the cursor or turn the direction of writing."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def lines(text: str) -> str:
    """A text of several lines likewise; tabs stay."""
    return "\n".join("\t".join(map(flat, line.split("\t"))) for line in text.split("\n"))
