"""Text that is safe to print: what people wrote in a CRM cannot control the terminal."""

from __future__ import annotations


def flat(text: str) -> str:
    """A text on one line, without characters that move the cursor or change the text direction."""
    if text.isprintable():  # as nearly every text is; it is much faster
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text)


def lines(text: str) -> str:
    """The same for a text of several lines; tabs stay."""
    return "\n".join("\t".join(map(flat, line.split("\t"))) for line in text.split("\n"))
