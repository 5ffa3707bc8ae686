"""What both CRMs say about the fields that an operator maps, asked once when settings are checked
and kept with them (MAP-7 to MAP-11).

A connection without rows of its own costs no call, and no object is asked about twice. A side that
does not answer is told as such: what could not be looked at is neither good nor wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from crmsync.config import Complaint, ConfigError, Reading
from crmsync.errors import Gone, Refused, SyncError
from crmsync.model.crm_names import (
    ACCOUNT,
    COMPANY,
    DEAL,
    HUBSPOT_CONTACT,
    LEAD,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
)
from crmsync.model.fields import FieldRule
from crmsync.model.records import Side
from crmsync.model.schema import HubspotProperty, SalesforceField
from crmsync.model.settings import (
    CompanySettings,
    Connection,
    ContactSettings,
    DealSettings,
    Settings,
)
from crmsync.rules.settings.checks import DEFAULT_ROWS, SECTIONS, Finding
from crmsync.rules.settings.mappings import Objection, is_pair
from crmsync.rules.settings.match_fields import object_to_match
from crmsync.rules.settings.schemas import Fields, Learnt, Properties, by_small_name, learn


class PropertySource(Protocol):
    """Who knows HubSpot's properties."""

    def properties(self, name: str) -> Mapping[str, HubspotProperty]:
        """All properties of an object, by name, in one call. Raises `SyncError`."""


class FieldSource(Protocol):
    """Who knows Salesforce's fields."""

    def fields(self, name: str) -> Sequence[SalesforceField]:
        """All fields of an object that the integration user may see, in one call. Raises
        `SyncError`.
        """


OBJECTS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "contacts": (HUBSPOT_CONTACT, (LEAD, SALESFORCE_CONTACT)),
        "companies": (COMPANY, (ACCOUNT,)),
        "deals": (DEAL, (OPPORTUNITY,)),
    }
)
"""A section of the settings -> HubSpot's object and Salesforce's that its rows are about."""


_NOT_SEEN = "the integration user has no access to the objects yet."
_ROWS_LATER = (
    "Push the file without rows of your own, run crmsync setup --apply, then push it with them."
)

MappedSettings: TypeAlias = ContactSettings | CompanySettings | DealSettings
"""A section that has mapping rows."""


@dataclass(frozen=True, slots=True)
class UnreachableSide:
    """A side of a connection that could not be asked about its fields, and why."""

    connection: str
    side: Side
    error: SyncError


@dataclass(frozen=True, slots=True)
class ResolvedMappings:
    """A file with what both sides say of it; whom nobody could ask is in `unanswered`."""

    reading: Reading
    unanswered: tuple[UnreachableSide, ...] = ()


Ask: TypeAlias = Callable[[Connection], PropertySource]
AskSalesforce: TypeAlias = Callable[[Connection], FieldSource]


def resolve_mappings(reading: Reading, hubspot: Ask, salesforce: AskSalesforce) -> ResolvedMappings:
    """Judge every mapping row by both live schemas. Raises `ConfigError` with every complaint.

    A connection of which a side does not answer is left as it was read.
    """
    lesson = _MappingResolver(reading, hubspot, salesforce)
    connections = tuple(lesson.connection(*one) for one in enumerate(reading.settings.connections))
    if lesson.complaints:
        raise ConfigError(lesson.complaints)
    settings = Settings(connections, reading.settings.version)
    warnings = tuple(sorted((*reading.warnings, *lesson.warnings)))
    return ResolvedMappings(
        replace(reading, settings=settings, warnings=warnings), tuple(lesson.unanswered)
    )


@dataclass(slots=True)
class _MappingResolver:
    """Whom to ask, and what has come up so far."""

    reading: Reading
    hubspot: Ask
    salesforce: AskSalesforce
    complaints: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)
    unanswered: list[UnreachableSide] = field(default_factory=list)

    def connection(self, number: int, connection: Connection) -> Connection:
        """The connection with all that is known of its rows."""
        sections = [name for name in SECTIONS if _needs_schema(connection, name)]
        properties = self._properties(connection, sections)
        fields = self._fields(connection, sections)
        if properties is None or fields is None:
            return connection
        learnt: dict[str, Any] = {
            name: self._section(number, connection, name, properties[name], fields[name])
            for name in sections
        }
        return replace(connection, **learnt)

    def _section(
        self, number: int, connection: Connection, name: str, properties: Properties, fields: Fields
    ) -> MappedSettings:
        rules: list[FieldRule] = []
        for place, row in enumerate(_rows(connection, name)):
            learnt = (
                Learnt((row,))
                if _is_default(row, name)
                else learn(row, place, properties, fields, called=name)
            )
            rules += learnt.rules
            self.warnings += (self._complaint(number, name, one) for one in learnt.cautions)
            if learnt.objection is not None:
                self.complaints.append(self._complaint(number, name, learnt.objection))
        section: MappedSettings = getattr(connection, name)
        if isinstance(section, DealSettings):
            self._match(number, section, properties, fields[OBJECTS[name][1][0]])
        return replace(section, field=tuple(rules))

    def _match(
        self,
        number: int,
        deals: DealSettings,
        properties: Properties,
        fields: Mapping[str, SalesforceField],
    ) -> None:
        for key, sentence in object_to_match(deals, properties, fields):
            finding = Finding(("connection", number, "deals", key), sentence, "CH-14")
            self.complaints.append(self.reading.complaint(finding))

    def _complaint(self, number: int, section: str, objection: Objection) -> Complaint:
        path = ("connection", number, section, "field", objection.row, objection.key)
        return self.reading.complaint(Finding(path, objection.sentence, objection.rule))

    def _properties(
        self, connection: Connection, sections: Sequence[str]
    ) -> Mapping[str, Properties] | None:
        try:
            side = self.hubspot(connection) if sections else None
            return {name: side.properties(OBJECTS[name][0]) for name in sections if side}
        except SyncError as error:
            self.unanswered.append(UnreachableSide(connection.name, Side.HUBSPOT, error))
            return None

    def _fields(
        self, connection: Connection, sections: Sequence[str]
    ) -> Mapping[str, Fields] | None:
        try:
            side = self.salesforce(connection) if sections else None
            return {
                name: {one: by_small_name(side.fields(one)) for one in OBJECTS[name][1]}
                for name in sections
                if side
            }
        except Gone as error:
            # Without a right to the object describe denies that it is there; set-up gives that
            # right, and needs settings in force.
            refused = Refused(_NOT_SEEN, code=error.code, hint=_ROWS_LATER)
            self.unanswered.append(UnreachableSide(connection.name, Side.SALESFORCE, refused))
            return None
        except SyncError as error:
            self.unanswered.append(UnreachableSide(connection.name, Side.SALESFORCE, error))
            return None


def _needs_schema(connection: Connection, section: str) -> bool:
    """Whether a section names fields of which only the CRMs know all: rows of the operator's own,
    or what deals are matched by (CH-14).
    """
    matched = section == "deals" and bool(connection.deals.match_hubspot)
    return matched or any(not _is_default(row, section) for row in _rows(connection, section))


def _rows(connection: Connection, section: str) -> tuple[FieldRule, ...]:
    rows: tuple[FieldRule, ...] = getattr(connection, section).field
    return rows


def _is_default(row: FieldRule, section: str) -> bool:
    """Whether a row only changes the policy of a default pair, of which everything is known."""
    return any(is_pair(row, known) for known in DEFAULT_ROWS[section])
