"""State and country cross together into an org with State and Country/Territory Picklists, by code
or name; a value that does not fit is left out.

Salesforce refuses the whole record for an unknown country, and for a state that does not belong to
its country. HubSpot takes any text, so nothing has to fit in that direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crmsync.model.kinds.places import Places
from crmsync.model.records import Value

_PREFIXES = ("", "Mailing", "Other", "Billing", "Shipping")
"""The prefixes of the address fields of leads, contacts and accounts."""


def fitted(
    fields: Mapping[str, Value], shown: Mapping[str, Value], places: Places
) -> tuple[Mapping[str, Value], frozenset[str]]:
    """The fields that must be written differently, and the names of those that do not fit.

    `fields` are about to be written to Salesforce; `shown` is what the record shows there, whose
    state or country may stay.
    """
    names: dict[str, Value] = {}
    unfit: set[str] = set()
    for state, country in _addresses(fields):
        bad = frozenset(_unfit(state, country, fields, shown, places))
        unfit |= bad
        there = places.country(_text(country, fields if country not in bad else {}, shown))
        if country in fields and country not in bad:
            names[country] = there or None
        if state in fields and state not in bad:
            names[state] = places.state(there, _text(state, fields, shown)) or None
    return names, frozenset(unfit)


def _addresses(fields: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for prefix in _PREFIXES:
        if f"{prefix}State" in fields or f"{prefix}Country" in fields:
            yield f"{prefix}State", f"{prefix}Country"


def _unfit(
    state: str,
    country: str,
    fields: Mapping[str, Value],
    shown: Mapping[str, Value],
    places: Places,
) -> Iterator[str]:
    """Which of the two cannot be written."""
    land = _text(country, fields, shown)
    there = places.country(land)
    if country in fields and land and not there:
        yield from (name for name in (state, country) if name in fields)
        return
    wanted = _text(state, fields, shown)
    if not wanted or places.state(there, wanted):
        return
    if state in fields:
        yield state
    stays = _text(state, {}, shown)
    if country in fields and stays and not places.state(there, stays):
        yield country


def _text(name: str, fields: Mapping[str, Value], shown: Mapping[str, Value]) -> str:
    value = fields[name] if name in fields else shown.get(name)
    return str(value or "").strip()
