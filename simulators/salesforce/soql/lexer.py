"""The tokens of a query, and the refusal that shows a place in its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from simulators.salesforce.refusals import RefusalError

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:\\.|[^'\\])*')
    |(?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))
    |(?P<date>\d{4}-\d{2}-\d{2}(?![\dT]))
    |(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w-]))
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<mark><>|!=|<=|>=|[=<>(),:])""",
    re.VERBOSE | re.ASCII | re.DOTALL | re.IGNORECASE,
)
_ESCAPES: Final = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "_": "_",
    "%": "%",
}
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text as written, and its position."""

    kind: str
    text: str
    at: int

    @property
    def upper(self) -> str:
        """The text for comparison with a keyword."""
        return self.text.upper() if self.kind == "name" else self.text


def malformed(text: str, at: int, message: str, code: str = "MALFORMED_QUERY") -> RefusalError:
    """Return a refusal that shows the place, in the org's words [S]."""
    before = text[max(0, at - _SHOWN) : at]
    row = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    line = (before + text[at : at + _SHOWN]).replace("\n", " ")
    return RefusalError(
        code, f"\n{line}\n{' ' * len(before)}^\nERROR at Row:{row}:Column:{column}\n{message}"
    )


def tokens(text: str) -> list[Token]:
    """Return the tokens of a query, with an `end` after the last. Raises `RefusalError`
    (MALFORMED_QUERY).
    """
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise malformed(text, place, f"unexpected token: '{text[place]}'")
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(Token(kind, match.group(), place))
        place = match.end()
    return [*found, Token("end", "<EOF>", len(text))]


def unescape(text: str, token: Token) -> str:
    """Return the text inside a quoted string. Raises `RefusalError` for an unknown escape [D]."""
    body, result, place = token.text[1:-1], [], 0
    while place < len(body):
        letter = body[place]
        if letter != "\\":
            result.append(letter)
            place += 1
            continue
        code = body[place + 1]
        if code in "uU" and re.fullmatch(r"[0-9A-Fa-f]{4}", body[place + 2 : place + 6]):
            result.append(chr(int(body[place + 2 : place + 6], 16)))
            place += 6
        elif code.lower() in _ESCAPES:
            result.append(_ESCAPES[code.lower()])
            place += 2
        else:
            raise malformed(
                text, token.at, f"Illegal character sequence '\\{code}' in string literal '{body}'"
            )
    return "".join(result)
