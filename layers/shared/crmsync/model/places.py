"""The countries and states that an org with State and Country/Territory Picklists knows; it takes
no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Places:
    """Names by what people write for them: ``countries`` leads from a code or name in small letters
    to the country's name.

    ``states`` leads from a country's name to its states, likewise by code or name.
    """

    countries: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def country(self, text: str) -> str:
        """The name of the country that somebody wrote, or ""."""
        return self.countries.get(text.strip().lower(), "")

    def state(self, country: str, text: str) -> str:
        """The name of the state of a country (by its name) that somebody wrote, or ""."""
        return self.states.get(country, {}).get(text.strip().lower(), "")
