"""The field maps: which property goes with which field, in which direction, under which policy, and
which mappings rest (MAP-1 to MAP-11, ERR-5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from crmsync.console.answers import HtmlPage
from crmsync.console.reports import Reports
from crmsync.flows.operator.fields import FieldRequest, SectionRows
from crmsync.model.fields import Update
from crmsync.model.records import Side
from crmsync.rules.merge.resting_mappings import report_of
from crmsync.rules.settings.field_rows import CROSSES, FieldRow
from crmsync.wire.pages import PageRequest

PATH = "/fields"

_DIRECTIONS: Mapping[tuple[Side, ...], tuple[str, str]] = MappingProxyType(
    {
        (Side.HUBSPOT, Side.SALESFORCE): ("\u2194", "both ways"),
        (Side.HUBSPOT,): ("\u2192", "to Salesforce"),
        (Side.SALESFORCE,): ("\u2190", "to HubSpot"),
        (): ("\u2013", "crosses in neither direction"),
    }
)
"""The sides whose values cross -> an arrow, and what it says."""

POLICIES: Mapping[str, str] = MappingProxyType(
    {
        Update.TWO_WAY: (
            "An edit on either side crosses, a deletion included. If both sides edit the field, "
            "the later edit wins."
        ),
        Update.PREFER_SALESFORCE: (
            "Salesforce's value and its deletion always cross. HubSpot's value crosses only while "
            "the field is blank in Salesforce."
        ),
        Update.ALWAYS_SALESFORCE: (
            "Salesforce's value and its deletion always cross, and nothing of HubSpot."
        ),
        Update.PREFER_HUBSPOT: "As prefer_salesforce, with the sides exchanged.",
        Update.ALWAYS_HUBSPOT: "As always_salesforce, with the sides exchanged.",
        Update.FILL_BLANK: "A value crosses into a blank on the other side.",
        Update.NEVER: "Nothing crosses.",
    }
)


@dataclass(frozen=True, slots=True)
class MappedPair:
    """A row of a field map.

    Attributes:
        hubspot: The property.
        salesforce: The field.
        arrow: The direction, as an arrow.
        direction: The direction in words.
        form: The format of the values.
        policy: Whose value counts.
        objects: The Salesforce objects that the row serves, where it is not all of them.
        origin: "default", or "settings" for a row of the settings file.
        rests: Whether the mapping rests.
    """

    hubspot: str
    salesforce: str
    arrow: str
    direction: str
    form: str
    policy: str
    objects: str
    origin: str
    rests: bool


@dataclass(frozen=True, slots=True)
class FieldMapTable:
    """The map of one section of a connection.

    Attributes:
        name: Such as "acme: contacts".
        hubspot: The HubSpot object.
        salesforce: The Salesforce objects.
        is_on: Whether they sync.
        pairs: The rows.
        lacking: The fields that a side lacks: since when (UTC), what that means, what to do.
    """

    name: str
    hubspot: str
    salesforce: str
    is_on: bool
    pairs: tuple[MappedPair, ...]
    lacking: tuple[tuple[datetime, str, str], ...]


@dataclass(frozen=True, slots=True)
class FieldMaps:
    """What the page shows.

    Attributes:
        tables: A map for each section of each connection.
        policies: What each policy means.
    """

    tables: tuple[FieldMapTable, ...]
    policies: Mapping[str, str]


def show(reports: Reports, _request: PageRequest) -> HtmlPage:
    """The page. Raises `SyncError`."""
    return HtmlPage("fields", "Field maps", field_maps(reports.fields.read(FieldRequest())))


def field_maps(sections: Sequence[SectionRows]) -> FieldMaps:
    """What the page shows of these."""
    return FieldMaps(tuple(map(_table, sections)), POLICIES)


def _table(one: SectionRows) -> FieldMapTable:
    reports = ((rest.since, report_of(rest)) for rest in one.rests)
    return FieldMapTable(
        f"{one.connection}: {one.section}",
        f"{Side.HUBSPOT.label} {one.hubspot}",
        f"{Side.SALESFORCE.label} {', '.join(one.salesforce)}",
        one.is_on,
        tuple(_pair(row, one) for row in one.rows),
        tuple((since, report.text, report.hint) for since, report in reports),
    )


def _pair(row: FieldRow, one: SectionRows) -> MappedPair:
    arrow, direction = _DIRECTIONS[CROSSES[row.rule.update]]
    return MappedPair(
        row.rule.hubspot,
        row.rule.salesforce,
        arrow,
        direction,
        str(row.rule.form),
        str(row.rule.update),
        "" if row.objects == one.salesforce else ", ".join(row.objects),
        "default" if row.is_default else "settings",
        one.resting(row),
    )
