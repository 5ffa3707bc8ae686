"""The countries and states of an org with State and Country/Territory Picklists, which takes no
others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Places:
    """The names of countries and states.

    Attributes:
        countries: Code or name in lowercase -> the country's name.
        states: Country's name -> code or name in lowercase -> the state's name.
    """

    countries: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def country(self, text: str) -> str:
        """The name of the country that `text` means, "" for none."""
        return self.countries.get(text.strip().lower(), "")

    def state(self, country: str, text: str) -> str:
        """The name of the state that `text` means in a country (by its name), "" for none."""
        return self.states.get(country, {}).get(text.strip().lower(), "")
