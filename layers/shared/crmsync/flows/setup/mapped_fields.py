"""The mapped fields of the settings, checked against the schemas of both CRMs and stored with what
these say (MAP-7 to MAP-11).

A connection with default rows only costs no call, and each object is described once. When a side
does not answer, its fields count as neither good nor wrong, and the check says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from crmsync.config import Complaint, ConfigError, Reading
from crmsync.errors import Gone, Refused, SyncError
from crmsync.flows.setup.steps import SetupStep, StepState, text_of
from crmsync.model.fields import FieldRule
from crmsync.model.records import Side
from crmsync.model.schema import HubspotProperty, SalesforceField
from crmsync.model.settings import Connection, DealSettings, Settings
from crmsync.rules.settings.checks import Finding
from crmsync.rules.settings.mappings import Objection, is_pair
from crmsync.rules.settings.schemas import (
    Properties,
    SalesforceFields,
    by_small_name,
    check_row,
    match_objections,
)
from crmsync.rules.settings.sections import (
    DEFAULT_ROWS,
    OBJECTS,
    SECTIONS,
    MappedSection,
    called,
    row_path,
    section_of,
    with_sections,
)


class PropertySource(Protocol):
    """Describes HubSpot's properties."""

    def properties(self, name: str) -> Mapping[str, HubspotProperty]:
        """All properties of an object, by name, in one call. Raises `SyncError`."""


class FieldSource(Protocol):
    """Describes Salesforce's fields."""

    def fields(self, name: str) -> Sequence[SalesforceField]:
        """All fields of an object that the integration user can see, in one call.

        Raises `SyncError`.
        """


MAPPED_FIELDS = "mapped fields"
"""The part of a `SetupStep` about mapped fields."""

_NOT_SEEN = "the integration user has no access to the objects yet."
_ROWS_LATER = (
    "Push the file without rows of your own, run crmsync setup --apply, then push it with them."
)

HubspotOf: TypeAlias = Callable[[Connection], PropertySource]
SalesforceOf: TypeAlias = Callable[[Connection], FieldSource]


@dataclass(frozen=True, slots=True)
class UnreachableSide:
    """A side of a connection that did not describe its fields.

    Attributes:
        connection: The name of the connection.
        side: The side.
        error: Why it did not.
    """

    connection: str
    side: Side
    error: SyncError

    @property
    def step(self) -> SetupStep:
        """The step of a check that reports it."""
        text = f"could not be looked up: {text_of(self.error)}"
        return SetupStep(self.connection, self.side, MAPPED_FIELDS, StepState.FAILED, text)


@dataclass(frozen=True, slots=True)
class ResolvedMappings:
    """A settings file whose mapping rows have what both schemas say about them.

    Attributes:
        reading: The file. A connection with an unreachable side is as the file has it.
        unreachable: The sides that did not answer.
    """

    reading: Reading
    unreachable: tuple[UnreachableSide, ...] = ()


def resolve_mappings(
    reading: Reading, hubspot: HubspotOf, salesforce: SalesforceOf
) -> ResolvedMappings:
    """Check every mapping row against both live schemas and add what they say about it.

    Raises `ConfigError` with every complaint.
    """
    resolver = _MappingResolver(reading, hubspot, salesforce)
    connections = tuple(
        resolver.resolve(number, connection)
        for number, connection in enumerate(reading.settings.connections)
    )
    if resolver.complaints:
        raise ConfigError(resolver.complaints)
    settings = replace(reading.settings, connections=connections)
    warnings = tuple(sorted((*reading.warnings, *resolver.warnings)))
    resolved = replace(reading, settings=settings, warnings=warnings)
    return ResolvedMappings(resolved, tuple(resolver.unreachable))


def outdated_mappings(stored: Settings, live: Settings) -> Iterator[SetupStep]:
    """A step for each mapping that the CRMs describe otherwise than the stored settings do."""
    for new in live.connections:
        old = stored.connection(new.name)
        known = (
            {(name, rule) for name in SECTIONS for rule in section_of(old, name).field}
            if old
            else set()
        )
        for name in SECTIONS:
            rules = section_of(new, name).field
            changed = [str(rule) for rule in rules if (name, rule) not in known]
            for pair in dict.fromkeys(changed):
                text = f"{pair} changed in a CRM since the push: push the settings again"
                yield SetupStep(new.name, Side.SALESFORCE, MAPPED_FIELDS, StepState.WRONG, text)


@dataclass(slots=True)
class _MappingResolver:
    """Resolves one connection after the other, and collects what is wrong.

    Attributes:
        reading: The file.
        hubspot: Makes the HubSpot side of a connection.
        salesforce: Makes the Salesforce side of a connection.
        complaints: Rows that the schemas forbid.
        warnings: Rows that work but deserve a second thought.
        unreachable: The sides that did not answer.
    """

    reading: Reading
    hubspot: HubspotOf
    salesforce: SalesforceOf
    complaints: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)
    unreachable: list[UnreachableSide] = field(default_factory=list)

    def resolve(self, number: int, connection: Connection) -> Connection:
        """The connection at place `number` with its rows resolved."""
        sections = [name for name in SECTIONS if _needs_schema(connection, name)]
        properties = self._properties(connection, sections)
        fields = self._fields(connection, sections)
        if properties is None or fields is None:
            return connection
        resolved = {
            name: self._section(number, connection, name, properties[name], fields[name])
            for name in sections
        }
        return with_sections(connection, resolved)

    def _section(
        self,
        number: int,
        connection: Connection,
        name: str,
        properties: Properties,
        fields: SalesforceFields,
    ) -> MappedSection:
        rules: list[FieldRule] = []
        for place, row in enumerate(section_of(connection, name).field):
            if _is_default(row, name):
                rules.append(row)
                continue
            learnt = check_row(row, place, properties, fields, called=called(name))
            rules += learnt.rules
            self.warnings += [self._complaint(number, name, one) for one in learnt.warnings]
            if learnt.objection is not None:
                self.complaints.append(self._complaint(number, name, learnt.objection))
        section = section_of(connection, name)
        if isinstance(section, DealSettings):
            opportunity = fields[OBJECTS[name][1][0]]
            for key, sentence in match_objections(section, properties, opportunity):
                finding = Finding(("connection", number, "deals", key), sentence, "CH-14")
                self.complaints.append(self.reading.complaint(finding))
        return replace(section, field=tuple(rules))

    def _complaint(self, number: int, section: str, objection: Objection) -> Complaint:
        path = row_path(number, section, objection.row, objection.key)
        return self.reading.complaint(Finding(path, objection.sentence, objection.rule))

    def _properties(
        self, connection: Connection, sections: Sequence[str]
    ) -> Mapping[str, Properties] | None:
        """By section; None when HubSpot does not answer."""
        if not sections:
            return {}
        try:
            side = self.hubspot(connection)
            return {name: side.properties(OBJECTS[name][0]) for name in sections}
        except SyncError as error:
            self.unreachable.append(UnreachableSide(connection.name, Side.HUBSPOT, error))
            return None

    def _fields(
        self, connection: Connection, sections: Sequence[str]
    ) -> Mapping[str, SalesforceFields] | None:
        """By section; None when Salesforce does not answer."""
        if not sections:
            return {}
        try:
            side = self.salesforce(connection)
            objects = dict.fromkeys(one for name in sections for one in OBJECTS[name][1])
            found = {one: by_small_name(side.fields(one)) for one in objects}
            return {name: {one: found[one] for one in OBJECTS[name][1]} for name in sections}
        except SyncError as error:
            if isinstance(error, Gone):
                # Without rights to an object, Salesforce's describe call denies that it exists.
                # Set-up grants them, and needs settings in force.
                error = Refused(_NOT_SEEN, code=error.code, hint=_ROWS_LATER)
            self.unreachable.append(UnreachableSide(connection.name, Side.SALESFORCE, error))
            return None


def _needs_schema(connection: Connection, section: str) -> bool:
    """Whether a section names fields that only the CRMs can describe.

    These are the fields of the operator's own rows, and those that deals are matched by (CH-14).
    """
    is_matched = section == "deals" and bool(connection.deals.match_hubspot)
    rows = section_of(connection, section).field
    return is_matched or any(not _is_default(row, section) for row in rows)


def _is_default(row: FieldRule, section: str) -> bool:
    """Whether a row only changes the policy of a default pair, whose fields are known."""
    return any(is_pair(row, known) for known in DEFAULT_ROWS[section])
