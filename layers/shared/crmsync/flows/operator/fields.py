"""The field maps for the operator: every row, the default ones included, with what both CRMs say
about its fields. Only reads.

Law: a CRM that does not answer is named, and hides no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crmsync.config import read_settings
from crmsync.errors import Refused, SyncError
from crmsync.flows.arguments import chosen_connections, singular_forms
from crmsync.flows.operator.calls import begin_for_a_person
from crmsync.flows.setup.mapped_fields import HubspotOf, SalesforceOf
from crmsync.model.fields import FieldRule
from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Side
from crmsync.model.schema import SalesforceField
from crmsync.model.settings import Connection, Settings
from crmsync.ports.calls import CallGate
from crmsync.ports.troubles import TroubleStore
from crmsync.rules.settings.field_rows import FieldRow, candidate_row, field_rows
from crmsync.rules.settings.rights import rules_of
from crmsync.rules.settings.schemas import Properties, SalesforceFields, by_small_name
from crmsync.rules.settings.sections import (
    ACTIVITY_SECTIONS,
    OBJECTS,
    called,
    is_on,
    section_of,
)


@dataclass(frozen=True, slots=True)
class FieldRequest:
    """Which rows are asked for.

    Attributes:
        object: The name of an object of either side, or of a section, in any case; "" for all.
        connection: The name of a connection; "" for all.
        pair: A property and a field that might be mapped, instead of the rows; None for the rows.
        asks: Whether both CRMs are asked what their fields are; otherwise no call is made, and of a
            row is known only what the settings say.
    """

    object: str = ""
    connection: str = ""
    pair: tuple[str, str] | None = None
    asks: bool = True


@dataclass(frozen=True, slots=True)
class SectionRows:
    """The rows of one section of a connection.

    Attributes:
        connection: The name of the connection.
        section: The section of the settings, as "contacts" or "activities.calls".
        hubspot: The HubSpot object.
        salesforce: The Salesforce objects.
        is_on: Whether they sync.
        rows: The rows.
        unreachable: The sides that did not say what their fields are -> why.
        rests: The fields that a side lacked when the functions last met them.
    """

    connection: str
    section: str
    hubspot: str
    salesforce: tuple[str, ...]
    is_on: bool
    rows: tuple[FieldRow, ...]
    unreachable: Mapping[Side, SyncError]
    rests: tuple[Rest, ...] = ()

    def resting(self, row: FieldRow) -> bool:
        """Whether the mapping of a row rests."""
        objects = {Side.HUBSPOT: (self.hubspot,), Side.SALESFORCE: row.objects}
        return any(
            one.field.lower() == row.rule.on(one.side).lower() and one.object in objects[one.side]
            for one in self.rests
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapReader:
    """Reads the field maps.

    Attributes:
        settings: Reads the settings in force.
        hubspot: Makes the HubSpot side of a connection, which describes its properties.
        salesforce: Makes the Salesforce side of a connection, which describes its fields.
        troubles: Stores which fields a side lacks.
        calls: Whether a connection has calls left for a page; None where that is not asked.
    """

    settings: Callable[[], Settings]
    hubspot: HubspotOf
    salesforce: SalesforceOf
    troubles: TroubleStore
    calls: Callable[[Connection], CallGate] | None = None

    def read(self, request: FieldRequest, text: str | None = None) -> list[SectionRows]:
        """The rows under the settings in force, or under those of a file.

        Each object is described once. Kinds of activities that do not sync are left out where no
        object is asked for. Raises `Refused` for an unknown object or connection, and for a pair
        without an object; `ConfigError` for a file with mistakes; `TryAgain`.
        """
        sections = _sections(request)
        settings = self.settings() if text is None else read_settings(text).settings
        found: list[SectionRows] = []
        for connection in chosen_connections(settings, request.connection):
            seen: dict[str, Mapping[str, SalesforceField]] = {}
            found += [
                self._section(connection, name, request, seen)
                for name in sections
                if request.object or name not in ACTIVITY_SECTIONS or is_on(connection, name)
            ]
        return found

    def _section(
        self,
        connection: Connection,
        name: str,
        request: FieldRequest,
        seen: dict[str, Mapping[str, SalesforceField]],
    ) -> SectionRows:
        """The rows of a section. `seen` are the Salesforce objects that were described already."""
        hubspot, salesforce = OBJECTS[name]
        unreachable: dict[Side, SyncError] = {}
        properties: Properties | None = None
        fields: SalesforceFields | None = None
        try:
            if request.asks:
                self._begin(connection)
                properties = self.hubspot(connection).properties(hubspot)
        except SyncError as error:
            unreachable[Side.HUBSPOT] = error
        try:
            if request.asks:
                self._begin(connection)
                unseen = [one for one in salesforce if one not in seen]
                org = self.salesforce(connection)
                seen |= {one: by_small_name(org.fields(one)) for one in unseen}
                fields = {one: seen[one] for one in salesforce}
        except SyncError as error:
            unreachable[Side.SALESFORCE] = error
        rules = rules_of(connection, name)
        if request.pair is None:
            rows = field_rows(name, rules, properties, fields)
        else:
            candidate = FieldRule(*request.pair)
            above = section_of(connection, name).field
            rows = [candidate_row(name, candidate, above, properties, fields)]
        rests = tuple(
            one
            for one in self.troubles.load(connection.name).rests
            if one.object in (hubspot, *salesforce) and not one.is_over
            if name not in ACTIVITY_SECTIONS or _concerns(one, rules)
        )
        return SectionRows(
            connection.name,
            name,
            hubspot,
            salesforce,
            is_on(connection, name),
            tuple(rows),
            unreachable,
            rests,
        )

    def _begin(self, connection: Connection) -> None:
        """Raises `Down` while the calls that are left are kept for the sync."""
        if self.calls is not None:
            begin_for_a_person(self.calls(connection))


def _concerns(rest: Rest, rules: Mapping[str, Sequence[FieldRule]]) -> bool:
    """Whether a field that an object lacks is one of a kind of activity: tasks have several."""
    names = {rule.on(rest.side).lower() for rows in rules.values() for rule in rows}
    return rest.is_needed or rest.field.lower() in names


def notes_of(row: FieldRow, *, is_pair: bool) -> Iterator[str]:
    """What both CRMs say about the fields of a row, a sentence each: why they cannot be mapped, and
    which choices do not cross. With `is_pair` it is also said that they can.
    """
    if row.trouble:
        yield f"{row.rule} cannot be mapped: {row.trouble} ({row.because})"
    elif is_pair:
        yield f"{row.rule} can be mapped."
    for side, labels in (row.alone or {}).items():
        if labels:
            yield (
                f"{row.rule}: only {side.label} has {', '.join(labels)}; such a value does not "
                "cross (MAP-7)"
            )


def unread_of(one: SectionRows) -> Iterator[str]:
    """Which side did not say what its fields are, and why, a sentence each."""
    for side, error in one.unreachable.items():
        yield (
            f"{one.connection}: {side.label} did not say what the fields of {one.section} are: "
            f"{error.text} {error.hint}"
        ).rstrip()


def _sections(request: FieldRequest) -> list[str]:
    """The sections that are asked for. Raises `Refused`."""
    if request.pair is not None and not request.object:
        raise Refused("Name the object of the pair with --object.", code="OBJECT")
    found = [name for name in OBJECTS if not request.object or _is_meant(name, request.object)]
    if not found:
        names = ", ".join(dict.fromkeys(one for name in OBJECTS for one in _names(name)))
        raise Refused(
            f"There is no object {request.object}.",
            code="OBJECT",
            hint=f"There are these: {names}.",
        )
    return found


def _is_meant(section: str, word: str) -> bool:
    return bool({one.lower() for one in _names(section)} & {word.lower(), *singular_forms(word)})


def _names(section: str) -> Iterator[str]:
    hubspot, salesforce = OBJECTS[section]
    yield from dict.fromkeys((section, called(section), hubspot, *salesforce))
