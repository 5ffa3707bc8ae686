"""Set-up and check of one connection: is this the account and the org that the settings mean, and has it what crmsync needs.

Looks at everything first and makes only what is missing, so a second run changes nothing. What stands but cannot be used is told, never
altered: it may be somebody else's. One side that cannot answer does not keep the other from being set up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from crmsync.errors import Refused, SyncError
from crmsync.flows.mapped_fields import FieldSource, PropertySource
from crmsync.model.concerns import ACTIVITIES, mail_kinds_of, objects_of
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.rules.editions import NO_API, WITHOUT_API, Org, objection_to
from crmsync.rules.own_fields import HUBSPOT_PARTS, SALESFORCE_PARTS, Part, needed


class Schema(Protocol):
    """What one side has of our own."""

    def look(self, parts: Sequence[Part]) -> Mapping[Part, str]:
        """The parts that stand, each with what is wrong about it ("" = nothing). Raises `SyncError`."""

    def make(self, part: Part) -> None:
        """Make a part; one that somebody made meanwhile is done. Raises `SyncError`."""


class HubspotSide(Schema, PropertySource, Protocol):
    """HubSpot's side of set-up."""

    def portal_id(self) -> int:
        """Which account the token belongs to. Raises `SyncError`."""


class SalesforceSide(Schema, FieldSource, Protocol):
    """Salesforce's side of set-up."""

    def org(self) -> Org:
        """Which org the secret leads to. Raises `SyncError`."""


class StepState(StrEnum):
    """What came of one part of the set-up."""

    THERE = "there"
    MADE = "made"
    MISSING = "missing"
    WRONG = "wrong"
    FAILED = "failed"


GOOD = frozenset({StepState.THERE, StepState.MADE})


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One part of the set-up on one side of a connection. `text` says what is wrong, or why it could not be made."""

    connection: str
    side: Side
    what: str
    state: StepState
    text: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.state in GOOD


def set_up(connection: Connection, hubspot: HubspotSide, salesforce: SalesforceSide, *, apply: bool) -> list[SetupStep]:
    """Look at both sides and, with `apply`, make what is missing; without, say what would be made.

    Only what the concerns need that are switched on: nothing of companies where these do not sync (SET-4).
    """
    sides: tuple[tuple[Side, Callable[[], tuple[str, str]], Schema, Sequence[Part]], ...] = (
        (Side.HUBSPOT, lambda: _account(connection, hubspot), hubspot, HUBSPOT_PARTS),
        (Side.SALESFORCE, lambda: _org(salesforce), salesforce, SALESFORCE_PARTS),
    )
    return [
        SetupStep(connection.name, side, *step)
        for side, identify, schema, parts in sides
        for step in _side(side, identify, schema, needed(parts, _objects(connection, side)), apply=apply)
    ]


def _objects(connection: Connection, side: Side) -> frozenset[str]:
    activities = ACTIVITIES if mail_kinds_of(connection) else frozenset[str]()
    return frozenset(objects_of(connection, side)) | activities


_Step = tuple[str, StepState, str]


def _side(
    side: Side, identify: Callable[[], tuple[str, str]], schema: Schema, parts: Sequence[Part], *, apply: bool
) -> Iterator[_Step]:
    """The steps of a side; nothing is looked at, let alone made, in an account or org that is not meant."""
    try:
        who, objection = identify()
        if objection:
            yield who, StepState.WRONG, objection
            return
        found = schema.look(parts)
    except SyncError as error:
        yield f"connection to {side}", StepState.FAILED, _told(error)
        return
    yield who, StepState.THERE, ""
    for part in parts:
        if part in found:
            yield str(part), StepState.WRONG if found[part] else StepState.THERE, found[part]
        else:
            yield (str(part), *_make(schema, part)) if apply else (str(part), StepState.MISSING, "")


def _make(schema: Schema, part: Part) -> tuple[StepState, str]:
    try:
        schema.make(part)
    except SyncError as error:
        return StepState.FAILED, _told(error)
    return StepState.MADE, ""


def _account(connection: Connection, hubspot: HubspotSide) -> tuple[str, str]:
    wanted, found = connection.hubspot.portal_id, hubspot.portal_id()
    objection = f"the token in {connection.hubspot.secret} belongs to HubSpot account {found} (TEN-1)"
    return f"account {wanted}", "" if found == wanted else objection


def _org(salesforce: SalesforceSide) -> tuple[str, str]:
    try:
        org = salesforce.org()
    except Refused as error:
        if error.code != NO_API:
            raise
        return "org", f"{WITHOUT_API} (INS-2)"
    objection = objection_to(org)
    return f"org {org.name}, {org.edition}", f"{objection} (INS-2)" if objection else ""


def _told(error: SyncError) -> str:
    return f"{error.text} {error.hint}".strip()
