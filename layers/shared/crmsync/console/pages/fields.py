"""The field maps: which property goes with which field, in which direction, under which policy, and
which mappings rest (MAP-1 to MAP-11, ERR-5). Both CRMs are asked only if somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode

from crmsync.console.answers import Elsewhere, HtmlPage
from crmsync.console.reports import Reports
from crmsync.errors import Refused
from crmsync.flows.operator.fields import FieldRequest, SectionRows, notes_of, unread_of
from crmsync.model.fields import Update
from crmsync.model.records import Side
from crmsync.rules.merge.resting_mappings import report_of
from crmsync.rules.settings.field_rows import CROSSES, FieldRow
from crmsync.rules.settings.sections import SECTIONS
from crmsync.wire.pages import PageRequest

PATH = "/fields"
FIELDS = ("connection", "object", "hubspot", "salesforce")
"""The fields of the form."""

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
        is_refused: Whether what both CRMs say keeps the two from being mapped.
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
    is_refused: bool = False


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
        notes: What both CRMs say about the fields, a sentence each.
        unread: Which side did not say what its fields are, a sentence each.
        to: The address at which both CRMs are asked; "" where they were.
    """

    name: str
    hubspot: str
    salesforce: str
    is_on: bool
    pairs: tuple[MappedPair, ...]
    lacking: tuple[tuple[datetime, str, str], ...]
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    to: str = ""


@dataclass(frozen=True, slots=True)
class FieldMaps:
    """What the page shows.

    Attributes:
        tables: A map for each section of each connection.
        policies: What each policy means.
        connections: The names of the connections.
        objects: What can be asked about.
        chosen: What is asked about, by the fields of the form.
        is_asked: Whether both CRMs were asked.
    """

    tables: tuple[FieldMapTable, ...]
    policies: Mapping[str, str]
    connections: tuple[str, ...]
    objects: tuple[str, ...]
    chosen: Mapping[str, str]
    is_asked: bool


def show(reports: Reports, request: PageRequest) -> HtmlPage:
    """The page: all maps, or what both CRMs say of the fields that the form names. Raises
    `SyncError`, and `Refused` for a field of one side alone.
    """
    chosen = {name: request.query.get(name, "").strip() for name in FIELDS}
    asked = _asked(chosen)
    sections, connections = reports.fields.read(asked), reports.records.connections()
    return HtmlPage("fields", "Field maps", field_maps(sections, connections, chosen, asked))


def choose(_reports: Reports, request: PageRequest) -> Elsewhere:
    """The address of what the form asks for."""
    given = {name: request.field(name).strip() for name in FIELDS}
    return Elsewhere(f"{PATH}?{urlencode({name: one for name, one in given.items() if one})}")


def field_maps(
    sections: Sequence[SectionRows],
    connections: tuple[str, ...],
    chosen: Mapping[str, str],
    asked: FieldRequest,
) -> FieldMaps:
    """What the page shows of these, which is what was `asked` for."""
    return FieldMaps(
        tuple(_table(one, asked) for one in sections),
        POLICIES,
        connections,
        SECTIONS,
        chosen,
        asked.asks,
    )


def _asked(chosen: Mapping[str, str]) -> FieldRequest:
    if not chosen["object"]:
        return FieldRequest(asks=False)
    pair = (chosen["hubspot"], chosen["salesforce"])
    if bool(pair[0]) != bool(pair[1]):
        raise Refused("Name a field of both sides, or of neither.", code="PAIR")
    return FieldRequest(chosen["object"], chosen["connection"], pair if all(pair) else None)


def _table(one: SectionRows, asked: FieldRequest) -> FieldMapTable:
    which = {"connection": one.connection, "object": one.section}
    reports = ((rest.since, report_of(rest)) for rest in one.rests)
    return FieldMapTable(
        f"{one.connection}: {one.section}",
        f"{Side.HUBSPOT.label} {one.hubspot}",
        f"{Side.SALESFORCE.label} {', '.join(one.salesforce)}",
        one.is_on,
        tuple(_pair(row, one) for row in one.rows),
        tuple((since, report.text, report.hint) for since, report in reports),
        tuple(note for row in one.rows for note in notes_of(row, is_pair=asked.pair is not None)),
        tuple(unread_of(one)),
        "" if asked.asks else f"{PATH}?{urlencode(which)}",
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
        bool(row.trouble),
    )
