"""What is kept of a CRM's text about a refusal: known sentences alone, filled in with nothing but
names of fields, numbers and record ids.

A CRM may quote anything in its texts: values of the record, of other records, what a trigger's
author put together. So a text is kept only where it is one of the sentences that the vendor is
known to write with that code. Where a sentence has a value or a label, an ellipsis stands instead.
Of any other text nothing is kept; its code, its field and our own hint say what there is to say
(decision 39).

A sentence is written with these slots:

    …           whatever stands here is left out
    {name}      the API name of a field, an object, a type or a trigger; an ellipsis where it equals a value of the record
    {names}     several of them, with commas between
    {number}    a limit or a place: seven digits at most
    {id}        a record's id in Salesforce, or a HubSpot id of at most 15 digits
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import unescape
from typing import TypeAlias

Sentences: TypeAlias = Mapping[str, Sequence[str]]
"""The sentences that a vendor is known to write, by its code."""

LONGEST = 2000
"""Characters of a text that are looked at; a longer one is no known sentence."""

SHOWN = 300
"""Characters that are shown of a text as it is."""

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
    """The first of the `sentences` that the whole text is, filled in; "" where it is none of them.
    `values` are those of the record.
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
    """The beginning of a text as it is: for refusals of what holds nobody's data, which somebody at
    a terminal reads and nothing stores.
    """
    return " ".join(text.split())[:SHOWN]


def plain_of(text: str) -> str:
    """A text without HTML's escapes, other apostrophes, line breaks and double blanks: the form in
    which sentences are compared.
    """
    return " ".join(unescape(text).replace("\u2019", "'").split())


def name_of(told: object) -> str:
    """A field's name as a CRM tells it; "" for what cannot be the API name of one."""
    text = str(told or "")
    return text if _PLAIN_NAME.fullmatch(text) else ""


def code_of(told: object, otherwise: object) -> str:
    """A CRM's code; `otherwise` for what cannot be one."""
    text = str(told or "")
    return text if _CODE.fullmatch(text) else str(otherwise)


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    """The expression that a sentence's text matches."""
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
        told = next(contents)
        return ", ".join(
            OMITTED if name.strip().casefold() in personal else name.strip()
            for name in told.split(",")
        )

    return _SLOT.sub(content, sentence)
