"""What we keep of a CRM's error texts: only known sentences, in which only names of fields, numbers
and record ids are filled in.

A CRM may quote anything in its texts: values of the record or of other records, or what the author
of a trigger wrote. So a text is kept only if it is one of the sentences that the vendor is known to
use with that code, and an ellipsis replaces values and labels. Nothing is kept of any other text;
then code, field and our own hint describe the error (decision 39).

A sentence is written with these slots:

    …           anything, which is left out
    {name}      the API name of a field, an object, a type or a trigger; an ellipsis if it equals a
                value of the record
    {names}     several names, separated by commas
    {number}    a limit or a position, of at most seven digits
    {id}        a Salesforce record id, or a HubSpot id of at most 15 digits
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import unescape
from typing import TypeAlias

Sentences: TypeAlias = Mapping[str, Sequence[str]]
"""The sentences that a vendor is known to use, by its code."""

LONGEST = 2000
"""Characters of the longest text that is compared; a longer one is not a known sentence."""

SHOWN = 300
"""Characters of a text that `whole` returns."""

OMITTED = "…"
_NAME = r"[A-Za-z][A-Za-z0-9_.]{0,99}"
_SLOTS: Mapping[str, str] = {
    OMITTED: ".*?",
    "{name}": f"({_NAME})",
    "{names}": f"({_NAME}(?:, ?{_NAME})*)",
    "{number}": "([0-9]{1,7})",
    "{id}": "([0-9]{1,15}|[A-Za-z0-9]{15}|[A-Za-z0-9]{18})",
}
_SLOT = re.compile("|".join(map(re.escape, _SLOTS)))
_PLAIN_NAME = re.compile(_NAME)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,79}|[1-9][0-9]{2}")


def kept(text: str, sentences: Iterable[str], values: Iterable[object] = ()) -> str:
    """The first of the `sentences` that matches the whole text, filled in; "" if none does.
    `values` are the record's own, which are left out.
    """
    if len(text) > LONGEST:
        return ""
    plain = plain_of(text)
    personal = {str(value).strip().casefold() for value in values if value is not None}
    for sentence in sentences:
        if found := _pattern(sentence).fullmatch(plain):
            return _filled(sentence, found, personal)
    return ""


def whole(text: str) -> str:
    """The beginning of a text, unchanged: only for refusals of calls without personal data, which
    are shown at a terminal and not stored.
    """
    return " ".join(text.split())[:SHOWN]


def plain_of(text: str) -> str:
    """The text as it is compared: without HTML escapes, typographic apostrophes, line breaks and
    repeated spaces.
    """
    return " ".join(unescape(text).replace("\u2019", "'").split())


def name_of(value: object) -> str:
    """A field's name from a CRM's response; "" if it cannot be an API name."""
    text = str(value or "")
    return text if _PLAIN_NAME.fullmatch(text) else ""


def code_of(value: object, otherwise: object) -> str:
    """A code from a CRM's response; `otherwise` if it cannot be one."""
    text = str(value or "")
    return text if _CODE.fullmatch(text) else str(otherwise)


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    """The expression for a sentence."""
    literals = map(re.escape, _SLOT.split(sentence))
    slots = [_SLOTS[slot] for slot in _SLOT.findall(sentence)]
    return re.compile(
        "".join(part for pair in zip(literals, [*slots, ""], strict=True) for part in pair)
    )


def _filled(sentence: str, found: re.Match[str], personal: set[str]) -> str:
    """The sentence with its slots filled in."""
    contents = iter(found.groups())

    def content(slot: re.Match[str]) -> str:
        if slot.group() == OMITTED:
            return OMITTED
        names = next(contents)
        return ", ".join(
            OMITTED if name.strip().casefold() in personal else name.strip()
            for name in names.split(",")
        )

    return _SLOT.sub(content, sentence)
