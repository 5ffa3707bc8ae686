"""The mapped fields of the settings, checked against the schemas of both CRMs and stored with what
these say (MAP-7 to MAP-11).

A connection with default rows only costs no call, unless activities sync: an org has statuses of
its own and may share activities, and an account has outcomes. Each object is described once. When a
side does not answer, its fields count as neither good nor wrong, and the check says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from crmsync.config import Complaint, ConfigError, Reading
from crmsync.errors import Gone, Refused, SyncError
from crmsync.flows.setup.steps import SetupStep, StepState, text_of
from crmsync.model.crm_names import HUBSPOT_CALL, TASK, TASK_CONTACTS
from crmsync.model.fields import Choices, FieldRule
from crmsync.model.kinds.activities import ActivityKind, TaskStatus
from crmsync.model.records import Side
from crmsync.model.schema import HubspotProperty, SalesforceField
from crmsync.model.settings import Connection, DealSettings, Settings
from crmsync.rules.kinds.activity.maps import CALL_OUTCOME
from crmsync.rules.kinds.activity.org_values import has_outcome, has_status, unmapped
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

    def task_statuses(self) -> Sequence[TaskStatus]:
        """The statuses of tasks, in their order, in one call. Raises `SyncError`."""


MAPPED_FIELDS = "mapped fields"
"""The part of a `SetupStep` about mapped fields."""

_NOT_SEEN = "the integration user has no access to the objects yet."
_ROWS_LATER = (
    "Push the file without rows of your own, run crmsync setup --apply, then push it with them."
)

_ASSUMED = (
    "{} did not say what it has for activities (statuses, outcomes, several contacts), so what a "
    "new one has is taken: push the file again once crmsync setup --apply has given access."
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
    warnings = tuple(sorted({*reading.warnings, *resolver.warnings}))
    resolved = replace(reading, settings=settings, warnings=warnings)
    return ResolvedMappings(resolved, tuple(resolver.unreachable))


def outdated_mappings(stored: Settings, live: Settings) -> Iterator[SetupStep]:
    """A step for each mapping that the CRMs describe otherwise than the stored settings do, and for
    what the push found for activities and is no longer so.
    """
    for new in live.connections:
        yield from _outdated_values(stored.connection(new.name) or new, new)
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


def _outdated_values(old: Connection, new: Connection) -> Iterator[SetupStep]:
    if old.activities.several_contacts != new.activities.several_contacts:
        can = "can" if new.activities.several_contacts else "cannot"
        text = f"tasks and events {can} have several contacts now: push the settings again"
        yield SetupStep(new.name, Side.SALESFORCE, MAPPED_FIELDS, StepState.WRONG, text)
    before, now = old.activities, new.activities
    for side, what, differ in (
        (Side.SALESFORCE, "statuses of tasks", now.statuses and before.statuses != now.statuses),
        (Side.HUBSPOT, "outcomes of calls", before.outcomes != now.outcomes),
    ):
        if differ:
            text = f"{side.label}'s {what} are not those of the push: push the settings again"
            yield SetupStep(new.name, side, MAPPED_FIELDS, StepState.WRONG, text)


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
        seen: Connection and HubSpot object -> its properties.
        seen_fields: Connection and Salesforce object -> its fields.
    """

    reading: Reading
    hubspot: HubspotOf
    salesforce: SalesforceOf
    complaints: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)
    unreachable: list[UnreachableSide] = field(default_factory=list)
    seen: dict[tuple[str, str], Properties] = field(default_factory=dict)
    seen_fields: dict[tuple[str, str], Mapping[str, SalesforceField]] = field(default_factory=dict)

    def resolve(self, number: int, connection: Connection) -> Connection:
        """The connection at place `number` with its rows resolved."""
        connection = self._with_org_values(number, connection)
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

    def _with_org_values(self, number: int, connection: Connection) -> Connection:
        """The connection with the org's statuses of tasks and the account's outcomes of calls,
        where a kind of activity that syncs has such, and with whether the org shares activities;
        and a warning of what cannot cross.
        """
        on, changes = connection.activities.on, dict[str, Any]()
        if any(map(has_status, on)):
            changes["statuses"] = self._learn(number, connection, Side.SALESFORCE, self._statuses)
        if any(map(has_outcome, on)):
            changes["outcomes"] = self._learn(number, connection, Side.HUBSPOT, self._outcomes)
        if on:
            lists = self._learn(number, connection, Side.SALESFORCE, self._contact_lists)
            changes["several_contacts"] = bool(lists)
        activities = replace(connection.activities, **changes)
        for kind, sentence in unmapped(activities):
            self._warn(number, kind, sentence)
        return replace(connection, activities=activities)

    def _learn(
        self,
        number: int,
        connection: Connection,
        side: Side,
        read: Callable[[Connection], tuple[Any, ...]],
    ) -> tuple[Any, ...]:
        """What a side calls its values; nothing where it does not say. Before set-up it may refuse
        to: then those of a new org or account are good enough, and that is said.
        """
        try:
            return read(connection)
        except Refused as error:
            kind = connection.activities.on[0]
            self._warn(number, kind, f"{_ASSUMED.format(side.label)} {error.text}")
        except SyncError as error:
            self.unreachable.append(UnreachableSide(connection.name, side, error))
        return ()

    def _statuses(self, connection: Connection) -> tuple[TaskStatus, ...]:
        return tuple(self.salesforce(connection).task_statuses())

    def _contact_lists(self, connection: Connection) -> tuple[str, ...]:
        """The field with all people of a task, where the org has it."""
        try:
            fields = self._fields_of(connection, TASK)
        except Gone as error:
            raise Refused(_NOT_SEEN, code=error.code, hint=_ROWS_LATER) from error
        return tuple(one.name for one in fields.values() if one.name == TASK_CONTACTS)

    def _fields_of(self, connection: Connection, name: str) -> Mapping[str, SalesforceField]:
        """The fields of an object of Salesforce. Raises `SyncError`."""
        place = (connection.name, name)
        if place not in self.seen_fields:
            found = self.salesforce(connection).fields(name)
            self.seen_fields[place] = by_small_name(found)
        return self.seen_fields[place]

    def _outcomes(self, connection: Connection) -> Choices:
        outcome = self._described(connection, HUBSPOT_CALL).get(CALL_OUTCOME)
        return tuple((one.value, one.label) for one in outcome.options) if outcome else ()

    def _described(self, connection: Connection, name: str) -> Properties:
        """The properties of an object of HubSpot. Raises `SyncError`."""
        place = (connection.name, name)
        if place not in self.seen:
            self.seen[place] = self.hubspot(connection).properties(name)
        return self.seen[place]

    def _warn(self, number: int, kind: ActivityKind, sentence: str) -> None:
        finding = Finding(("connection", number, "activities", kind, "sync"), sentence, "ACT-4")
        self.warnings.append(self.reading.complaint(finding))

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
            return {name: self._described(connection, OBJECTS[name][0]) for name in sections}
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
            objects = dict.fromkeys(one for name in sections for one in OBJECTS[name][1])
            found = {one: self._fields_of(connection, one) for one in objects}
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
