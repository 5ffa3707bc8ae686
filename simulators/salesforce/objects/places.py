"""State and Country/Territory Picklists: which places the org knows, and how it checks addresses
against them.

Each text field has a field for the code, and an address with an unlisted country or state is
refused as a whole ([D]; the texts of the refusals [S], from issue threads; the fields that they
name [M]). A few of Salesforce's standard places; Germany has no states.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulators.salesforce.objects.fields import Choice, Field, Row
from simulators.salesforce.refusals import RefusalError

COUNTRIES: Final[Mapping[str, str]] = {
    "AU": "Australia",
    "AT": "Austria",
    "CA": "Canada",
    "FR": "France",
    "DE": "Germany",
    "IE": "Ireland",
    "IT": "Italy",
    "JP": "Japan",
    "GB": "United Kingdom",
    "US": "United States",
}
STATES: Final[Mapping[str, Mapping[str, str]]] = {
    "AU": {"VIC": "Victoria", "WA": "Western Australia"},
    "CA": {"BC": "British Columbia", "ON": "Ontario"},
    "IE": {"CO": "Cork", "D": "Dublin"},
    "US": {"CA": "California", "NY": "New York", "TX": "Texas", "WA": "Washington"},
}
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "Lead": ("",),
    "Contact": ("Mailing",),
    "Account": ("Billing",),
}


def code_fields(sobject: str) -> Iterator[Field]:
    """Return the code fields of an object's addresses, which exist where the picklists are
    enabled.
    """
    countries = tuple(Choice(code, label) for code, label in COUNTRIES.items())
    states = tuple(
        Choice(code, label, valid_for=_bits(country))
        for country, own in STATES.items()
        for code, label in own.items()
    )
    for prefix in _PLACES.get(sobject, ()):
        yield Field(
            f"{prefix}CountryCode",
            "picklist",
            "Country Code",
            10,
            restricted=True,
            choices=countries,
        )
        yield Field(
            f"{prefix}StateCode",
            "picklist",
            "State/Province Code",
            10,
            restricted=True,
            choices=states,
        )


def _bits(country: str) -> str:
    at = list(COUNTRIES).index(country)
    bits = bytearray((len(COUNTRIES) + 7) // 8)
    bits[at // 8] |= 0x80 >> at % 8
    return b64encode(bytes(bits)).decode()


def complete_codes(sobject: str, before: Row | None, row: Row, given: Mapping[str, Any]) -> None:
    """Fill in the code of a text and the text of a code. Raises `RefusalError` for an invalid
    address.
    """
    for prefix in _PLACES.get(sobject, ()):
        names = [f"{prefix}{part}" for part in ("Country", "State", "CountryCode", "StateCode")]
        if before is None or any(before.get(name) != row.get(name) for name in names):
            _hold(prefix, row, given)


def _hold(prefix: str, row: Row, given: Mapping[str, Any]) -> None:
    country = _code(f"{prefix}Country", row, given, COUNTRIES)
    if row.get(f"{prefix}Country") and country is None:
        raise _refused("country", f"{prefix}Country")
    row[f"{prefix}CountryCode"], row[f"{prefix}Country"] = country, COUNTRIES.get(country or "")
    states = STATES.get(country or "", {})
    state = _code(f"{prefix}State", row, given, states)
    if row.get(f"{prefix}State") and state is None:
        if country is None:
            message = (
                "A country/territory must be specified before specifying a state value for "
                "field: State/Province"
            )
            raise RefusalError(
                "FIELD_INTEGRITY_EXCEPTION", f"{message}: [{prefix}State]", [f"{prefix}State"]
            )
        if f"{prefix}State" not in given:
            message = (
                "The existing country/territory doesn't recognize the state value for field: "
                "State/Province Code"
            )
            raise RefusalError(
                "FIELD_INTEGRITY_EXCEPTION",
                f"{message}: [{prefix}StateCode]",
                [f"{prefix}StateCode"],
            )
        raise _refused("state", f"{prefix}State")
    row[f"{prefix}StateCode"], row[f"{prefix}State"] = state, states.get(state or "")


def _code(name: str, row: Row, given: Mapping[str, Any], known: Mapping[str, str]) -> str | None:
    """Return the code for a text, unless a code was given. Names are compared without case [M]; a
    code is not accepted as a text [M].
    """
    if given.get(f"{name}Code") is not None:
        row[name] = known.get(str(given[f"{name}Code"]), row.get(name) or given[f"{name}Code"])
    text = str(row.get(name) or "").lower()
    return next((code for code, label in known.items() if label.lower() == text), None)


def _refused(what: str, name: str) -> RefusalError:
    plural = {"country": "countries", "state": "states"}[what]
    problem = f"There's a problem with this {what}, even though it may appear correct."
    advice = f"Please choose a {what} from the list of valid {plural}.: [{name}]"
    return RefusalError("FIELD_INTEGRITY_EXCEPTION", f"{problem} {advice}", [name])
