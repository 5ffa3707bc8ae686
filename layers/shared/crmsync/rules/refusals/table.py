"""The table of all error codes, and how to look up in it.

A code means the same whichever CRM sent it, so it is looked up by its name alone: the record that a
report is about may be of the other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.errors import Refused
from crmsync.model.effects import Category
from crmsync.rules.refusals.findings import FINDINGS
from crmsync.rules.refusals.hubspot import HUBSPOT
from crmsync.rules.refusals.refusal import Fixer, Refusal
from crmsync.rules.refusals.salesforce_calls import CALLS
from crmsync.rules.refusals.salesforce_records import RECORDS

SALESFORCE: Mapping[str, Refusal] = MappingProxyType({**RECORDS, **CALLS})

UNKNOWN = Refusal(
    Refused,
    Category.VALIDATION,
    "crmsync does not know the code.",
    Fixer.OPERATOR,
    "Look the code up in the CRM's documentation, or make the same edit by hand in the CRM to see "
    "its whole text.",
)
"""A code that is not in the table. A refused call is not repeated: that only uses up calls."""

_TABLES = (FINDINGS, SALESFORCE, HUBSPOT)
_WORDS: Mapping[str, Category] = MappingProxyType(
    {
        "DUPLICATE": Category.DUPLICATES,
        "ACCESS": Category.PERMISSIONS,
        "AUTH": Category.PERMISSIONS,
        "LICENSE": Category.PERMISSIONS,
        "LOGIN": Category.PERMISSIONS,
        "PERMISSION": Category.PERMISSIONS,
    }
)
"""Words in the name of an unknown code by the category that fits."""


def refusal_of(code: str) -> Refusal | None:
    """The entry of a code; None if it is unknown."""
    return next((table[code] for table in _TABLES if code in table), None)


def category_of(code: str) -> Category:
    """The category of a refusal by its code (ERR-1 to ERR-7). The name of an unknown code may show
    its category; any other concerns the values of the record.
    """
    known = refusal_of(code)
    if known is not None:
        return known.category
    words = (category for word, category in _WORDS.items() if word in code.upper())
    return next(words, UNKNOWN.category)


def who_fixes(code: str, category: Category) -> Fixer:
    """Who can do something about an error in the error inbox."""
    known = refusal_of(code)
    if known is not None:
        return known.who
    return _BY_CATEGORY.get(category, UNKNOWN.who)


_BY_CATEGORY: Mapping[Category, Fixer] = MappingProxyType(
    {
        Category.WAITING: Fixer.RECORD_OWNER,
        Category.ASSOCIATIONS: Fixer.RECORD_OWNER,
        Category.DUPLICATES: Fixer.RECORD_OWNER,
        Category.UNAVAILABLE: Fixer.NOBODY,
        Category.HELD: Fixer.NOBODY,
    }
)
"""For reports without a known code; all others are for the operator."""


def hint_of(code: str) -> str:
    """What people can do about a code, a sentence; "" for an unknown code, and if it passes by
    itself.
    """
    known = refusal_of(code)
    return known.hint if known else ""


def hint_for(code: str, category: Category) -> str:
    """What people can do about an error in the error inbox, a sentence; "" if it passes by itself,
    or if it has no code. How to look up a code that is in no table.
    """
    known = refusal_of(code)
    if known is not None:
        return known.hint
    passes = who_fixes(code, category) is Fixer.NOBODY
    return UNKNOWN.hint if code and not passes else ""
