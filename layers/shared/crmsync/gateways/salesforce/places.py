"""An org's countries and states, from the description of its two picklists ([D]: State and
Country/Territory Picklists).

A state's `validFor` names the countries that it belongs to: base64 of one bit per country, in the
order of the countries' picklist, the highest bit of a byte first ([D]: describeSObjects, dependent
picklists).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from crmsync.model.kinds.places import Places


def places_of(countries: Mapping[str, Any], states: Mapping[str, Any]) -> Places:
    """The countries and states from the descriptions of ``MailingCountryCode`` and
    ``MailingStateCode``.
    """
    listed: Sequence[Mapping[str, Any]] = countries.get("picklistValues") or ()
    by_country: dict[str, dict[str, str]] = {}
    for state in states.get("picklistValues") or ():
        bits = b64decode(str(state.get("validFor") or ""))
        for at, country in enumerate(listed):
            if (
                at // 8 < len(bits)
                and bits[at // 8] & (0x80 >> at % 8)
                and state.get("active", True)
            ):
                by_country.setdefault(_label(country), {}).update(_names(state))
    names = {
        word: name
        for country in listed
        if country.get("active", True)
        for word, name in _names(country).items()
    }
    return Places(names, by_country)


def _label(value: Mapping[str, Any]) -> str:
    return str(value.get("label") or value["value"])


def _names(value: Mapping[str, Any]) -> dict[str, str]:
    label = _label(value)
    return {str(value["value"]).lower(): label, label.lower(): label}
