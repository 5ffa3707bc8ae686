"""Set-up and check of one connection: is this the account and the org that the settings mean, and
has it what crmsync needs.

That is the right edition, rights enough for what is switched on, and our own properties and fields.
Looks at everything first and makes only what is missing, so a second run changes nothing. What
stands but cannot be used is told, never altered: it may be somebody else's. One side that cannot
answer does not keep the other from being set up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from crmsync.errors import Gone, SyncError
from crmsync.flows.setup.mapped_fields import FieldSource, PropertySource
from crmsync.model.concerns import ACTIVITIES, mail_kinds_of, watched_of
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.rules.settings.editions import NO_API, WITHOUT_API, Org, objection_to
from crmsync.rules.settings.licences import (
    API_INTEGRATION,
    Licences,
    has_api_integration,
    needs_api_integration,
)
from crmsync.rules.settings.own_fields import HUBSPOT_PARTS, needed, salesforce_parts
from crmsync.rules.settings.relay_parts import relay_parts
from crmsync.rules.settings.rights import lacking, mapped_rules
from crmsync.rules.settings.scopes import App, missing_scopes, strange_app
from crmsync.rules.settings.set_up_parts import Part


class Schema(Protocol):
    """What one side has of our own."""

    def look(self, parts: Sequence[Part]) -> Mapping[Part, str]:
        """The parts that stand, each with what is wrong about it ("" = nothing). Raises
        `SyncError`.
        """

    def make(self, part: Part) -> str:
        """Make a part, and say in what it is less than was wished for ("" = in nothing); one that
        somebody made meanwhile is done.

        Raises `SyncError`.
        """


class HubspotSide(Schema, PropertySource, Protocol):
    """HubSpot's side of set-up."""

    def portal_id(self) -> int:
        """Which account the token belongs to. Raises `SyncError`."""

    def app(self) -> App:
        """Which app the token belongs to, and what it may do. Raises `SyncError`."""


class SalesforceSide(Schema, FieldSource, Protocol):
    """Salesforce's side of set-up."""

    def org(self) -> Org:
        """Which org the secret leads to, and an administrator's with it. Raises `SyncError`."""

    def licences(self) -> Licences:
        """Which licences the integration user has. Raises `SyncError`."""

    def give_licence(self, label: str) -> None:
        """Give the integration user a permission set licence. Raises `SyncError`."""


class StepState(StrEnum):
    """What came of one part of the set-up."""

    THERE = "there"
    MADE = "made"
    MISSING = "missing"
    WRONG = "wrong"
    FAILED = "failed"


_NO_LICENCE = (
    "Without it Salesforce refuses the integration user every right to an object (PERM-1): "
    "the user's page in Setup, Permission Set License Assignments, or crmsync setup --as-admin gives it."
)

GOOD = frozenset({StepState.THERE, StepState.MADE})


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One part of the set-up on one side of a connection. `text` says what is wrong, or why it
    could not be made.
    """

    connection: str
    side: Side
    what: str
    state: StepState
    text: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.state in GOOD


def set_up(
    connection: Connection, hubspot: HubspotSide, salesforce: SalesforceSide, *, apply: bool
) -> list[SetupStep]:
    """Look at both sides and, with `apply`, make what is missing; without, say what would be made.

    Only what the concerns need that are switched on: nothing of companies where these do not sync
    (SET-4).
    """
    hears_of = _objects(connection, Side.SALESFORCE)
    relay = relay_parts(connection.salesforce.event_relay, hears_of)
    sides: tuple[tuple[_SideCheck, Schema, Sequence[Part]], ...] = (
        (
            _hubspot_door(connection, hubspot),
            hubspot,
            needed(HUBSPOT_PARTS, _objects(connection, Side.HUBSPOT)),
        ),
        (
            _salesforce_door(connection, salesforce, apply=apply),
            salesforce,
            (*needed(salesforce_parts(connection.hubspot.portal_id), hears_of), *relay),
        ),
    )
    return [
        SetupStep(connection.name, door.side, *step)
        for door, schema, parts in sides
        for step in _side(door, schema, parts, apply=apply)
    ]


def _objects(connection: Connection, side: Side) -> frozenset[str]:
    activities = ACTIVITIES if mail_kinds_of(connection) else frozenset[str]()
    return frozenset(watched_of(connection, side)) | activities


_Step = tuple[str, StepState, str]


@dataclass(frozen=True, slots=True)
class _SideCheck:
    """How a side is entered: is it the one that is meant, what may we do there, and, once our parts
    stand, with what fields.

    `fields` takes what is to be said of an object that cannot be seen.
    """

    side: Side
    identify: Callable[[], tuple[str, str]]
    rights: Callable[[], Iterator[_Step]]
    fields: Callable[[StepState], Iterator[_Step]]


def _side(
    door: _SideCheck, schema: Schema, parts: Sequence[Part], *, apply: bool
) -> Iterator[_Step]:
    """The steps of a side; nothing is looked at, let alone made, in an account or org that is not
    meant.
    """
    try:
        who, objection = door.identify()
    except SyncError as error:
        yield f"connection to {door.side}", StepState.FAILED, _told(error)
        return
    yield who, StepState.WRONG if objection else StepState.THERE, objection
    if objection:
        return
    yield from door.rights()
    try:
        found = schema.look(parts)
    except SyncError as error:
        yield "properties and fields of our own", StepState.FAILED, _told(error)
        return
    for part in parts:
        if part in found:
            yield str(part), StepState.WRONG if found[part] else StepState.THERE, found[part]
        else:
            yield (str(part), *_make(schema, part)) if apply else (str(part), StepState.MISSING, "")
    yield from door.fields(StepState.FAILED if apply else StepState.MISSING)


def _make(schema: Schema, part: Part) -> tuple[StepState, str]:
    try:
        return StepState.MADE, schema.make(part)
    except SyncError as error:
        return StepState.FAILED, _told(error)


def _hubspot_door(connection: Connection, hubspot: HubspotSide) -> _SideCheck:
    def rights() -> Iterator[_Step]:
        try:
            app = hubspot.app()
        except SyncError as error:
            yield "app", StepState.FAILED, _told(error)
            return
        yield _judged(f"app {app.id}", strange_app(app))
        yield _judged("scopes", missing_scopes(connection, app))

    return _SideCheck(
        Side.HUBSPOT, lambda: _account(connection, hubspot), rights, lambda _unseen: iter(())
    )


def _salesforce_door(
    connection: Connection, salesforce: SalesforceSide, *, apply: bool
) -> _SideCheck:
    def fields(unseen: StepState) -> Iterator[_Step]:
        for name, rules in mapped_rules(connection).items():
            what = f"mapped fields of {name}"
            try:
                yield _judged(what, lacking(rules, salesforce.fields(name)))
            except Gone:
                # Without a right to the object describe denies that it is there; set-up gives that
                # right.
                yield what, unseen, "no access"
            except SyncError as error:
                yield what, StepState.FAILED, _told(error)

    return _SideCheck(
        Side.SALESFORCE, lambda: _org(salesforce), lambda: _licence(salesforce, apply=apply), fields
    )


def _licence(salesforce: SalesforceSide, *, apply: bool) -> Iterator[_Step]:
    """The licence that a user of the integration licence needs before a permission set; other users
    need none.
    """
    what = f"permission set licence {API_INTEGRATION}"
    try:
        licences = salesforce.licences()
        if not needs_api_integration(licences):
            return
        if has_api_integration(licences):
            yield what, StepState.THERE, ""
        elif apply:
            salesforce.give_licence(API_INTEGRATION)
            yield what, StepState.MADE, ""
        else:
            yield what, StepState.MISSING, _NO_LICENCE
    except SyncError as error:
        yield what, StepState.FAILED, f"{_told(error)} {_NO_LICENCE}"


def _judged(what: str, objection: str) -> _Step:
    return what, StepState.WRONG if objection else StepState.THERE, objection


def _account(connection: Connection, hubspot: HubspotSide) -> tuple[str, str]:
    wanted, found = connection.hubspot.portal_id, hubspot.portal_id()
    objection = (
        f"the token in {connection.hubspot.secret} belongs to HubSpot account {found} (TEN-1)"
    )
    return f"account {wanted}", "" if found == wanted else objection


def _org(salesforce: SalesforceSide) -> tuple[str, str]:
    try:
        org = salesforce.org()
    except SyncError as error:
        if error.code != NO_API:
            raise
        return "org", f"{WITHOUT_API} (INS-2)"
    objection = objection_to(org)
    return f"org {org.name}, {org.edition}", f"{objection} (INS-2)" if objection else ""


def _told(error: SyncError) -> str:
    return f"{error.text} {error.hint}".strip()
