"""Everything the program can do to the world, as values, and the plan that lists them.

Effects are compared whole in tests, printed in dry runs and applied in batches; they never apply
themselves. Each one names the rules that caused it (``because``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from crmsync.model.links import Link, Place, Slot
from crmsync.model.records import Kind, Ref, Side, Value
from crmsync.model.roles import TieWrites

Because: TypeAlias = tuple[str, ...]
"""Rule ids of the specification."""


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """Make a record of `object` on `side`, once: `key` is the value of the side's unique crmsync
    field, so that a repeat finds the first.

    `assign` lets Salesforce's lead assignment rules choose the owner (OWN-9); no other write does.
    `group` is as in `UpdateRecord`.
    """

    side: Side
    object: str
    key: str
    fields: Mapping[str, Value]
    into: Slot
    because: Because = ()
    assign: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """Write these fields, and only these, to a record.

    A `best_effort` is a write that nothing depends on, such as the other side's id: where it is
    refused, the plan goes on without it. `group` is the id of the parent that Salesforce locks
    along with the record (a contact's account); "" = none, or nobody knows.
    """

    place: Place
    side: Side
    fields: Mapping[str, Value]
    because: Because = ()
    best_effort: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """Move a HubSpot record to the recycle bin (DEL-1). Salesforce records are never deleted."""

    ref: Ref
    because: Because = ()

    @property
    def side(self) -> Side:
        """The side on which it is deleted."""
        return self.ref.side


@dataclass(frozen=True, slots=True)
class Associate:
    """Associate two HubSpot records; `primary`: as the one company that counts for a contact or a
    deal. What is associated stays so.
    """

    place: Place
    other: Place
    primary: bool = False
    because: Because = ()

    @property
    def side(self) -> Side:
        """Associations are HubSpot's; in Salesforce a parent is a field of the record."""
        return Side.HUBSPOT


@dataclass(frozen=True, slots=True)
class Dissociate:
    """Take the association of two HubSpot records away, whatever its labels (Q-29: only where the
    settings ask for it).
    """

    place: Place
    other: Place
    because: Because = ()

    @property
    def side(self) -> Side:
        """As for `Associate`."""
        return Side.HUBSPOT


@dataclass(frozen=True, slots=True)
class EndRole:
    """Take a contact's role in an opportunity away (Q-29: only where the settings ask for it). The
    one thing deleted in Salesforce.
    """

    ref: Ref
    because: Because = ()

    @property
    def side(self) -> Side:
        """Roles are Salesforce's."""
        return Side.SALESFORCE


@dataclass(frozen=True, slots=True)
class RollUp:
    """Add up the opportunities of these HubSpot contacts anew, from their contact roles (ROLL-1).

    The lifecycle stage of those in `moves` goes forward with it where the settings let it (LIFE-1):
    theirs is the news. `ties` are those that were just made or taken away: what they follow must
    still be so.
    """

    contacts: frozenset[Ref]
    moves: frozenset[Ref] = frozenset()
    because: Because = ()
    ties: TieWrites | None = None


@dataclass(frozen=True, slots=True)
class WriteTask:
    """Make the Salesforce task called `key`, once; or, where `task` names it, write these fields to
    it.

    `tried` says that a call may have made it already of which nobody knows what became. Tasks have
    a flow of their own, so this is no effect of a pair's plan.
    """

    key: str
    fields: Mapping[str, Value]
    task: str = ""
    because: Because = ()
    tried: bool = False


@dataclass(frozen=True, slots=True)
class OptOut:
    """Unsubscribe the address from all HubSpot e-mail; there is no effect that does the opposite
    (OPT-6).
    """

    email: str
    because: Because = ()


@dataclass(frozen=True, slots=True)
class SaveLink:
    """Store the link, provided that nobody has stored a newer version meanwhile."""

    link: Link
    because: Because = ()


@dataclass(frozen=True, slots=True)
class DropLink:
    """Forget the link and its hashes altogether."""

    link: Link
    because: Because = ()


@dataclass(frozen=True, slots=True)
class RequestSync:
    """Have the concern of `kind` look at a record: a parent that `waiting` needs before it can be
    written, or (None) what we just wrote.
    """

    ref: Ref
    kind: Kind
    waiting: Ref | None
    because: Because = ()


class Category(StrEnum):
    """The drawers of the error inbox."""

    WAITING = "waiting"
    ASSOCIATIONS = "associations"
    VALIDATION = "validation"
    DUPLICATES = "duplicates"
    PERMISSIONS = "permissions"
    MAPPING = "mapping"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    BRAKE = "brake"
    HELD = "held"
    PRIVACY = "privacy"


_LASTING = frozenset(
    {Category.WAITING, Category.MAPPING, Category.BRAKE, Category.HELD, Category.PRIVACY}
)
NO_RECORD = "field"
"""What stands in the place of an object's name in a report about a field."""


@dataclass(frozen=True, slots=True)
class Report:
    """Tell people about a record: why it does not sync (an error, or `Category.WAITING`), in which
    field, and what to do about it.

    ``waits_for`` names the records that stand in its way: once one of them lets go, this one is
    looked at again.
    """

    ref: Ref
    category: Category
    text: str
    fieldname: str = ""
    hint: str = ""
    because: Because = ()
    waits_for: tuple[Ref, ...] = ()

    @property
    def lasts(self) -> bool:
        """Whether it stands until something ends it, however long nobody reports it again.

        That is so for what waits, is held back or rests, which would be forgotten with its report;
        and all its words are our own.
        """
        return self.category in _LASTING or bool(self.waits_for) or self.ref.object == NO_RECORD


Effect: TypeAlias = (
    CreateRecord
    | UpdateRecord
    | DeleteRecord
    | Associate
    | Dissociate
    | EndRole
    | RollUp
    | OptOut
    | SaveLink
    | DropLink
    | RequestSync
    | Report
)


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """Both sides changed the same field to different values: who won, by which policy. For the
    audit trail; the loser is named by side.
    """

    hubspot: str
    salesforce: str
    hubspot_value: Value
    salesforce_value: Value
    policy: str
    winner: Side | None


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was decided without an effect, in a sentence, with its rules."""

    text: str
    because: Because = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen for one record: effects in the order in which they must be applied,
    conflicts settled, and what was left alone.

    ``new_link`` is the link of a record that the plan makes; the pair is looked at, and the link
    stored, once the record has its id. ``undecided`` says that it turns on when HubSpot's values
    were set: plan again with their history. ``is_partial`` that the two sides go on with different
    values in a field, so what was told of that still stands.
    """

    effects: tuple[Effect, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()
    notes: tuple[Note, ...] = ()
    new_link: Link | None = None
    undecided: bool = False
    is_partial: bool = False


def nothing(text: str, *because: str) -> Plan:
    """The plan that leaves everything as it is, and says why."""
    return Plan(notes=(Note(text, because),))


def effect_line(effect: Effect) -> str:
    """One line that tells what an effect does and why, without any value: for logs, previews and
    the audit trail.
    """
    because = f" ({', '.join(effect.because)})" if effect.because else ""
    return f"{_line(effect)}{because}"


def _line(effect: Effect) -> str:
    match effect:
        case CreateRecord():
            line = f"create {effect.side} {effect.object}: {', '.join(sorted(effect.fields))}"
        case UpdateRecord():
            line = f"update {_place(effect.place)}: {', '.join(sorted(effect.fields))}"
        case DeleteRecord():
            line = f"delete {effect.ref}"
        case OptOut():
            line = "unsubscribe in hubspot"
        case EndRole():
            line = f"end {effect.ref}"
        case RollUp():
            line = f"add up the opportunities of {len(effect.contacts)} contacts"
        case RequestSync():
            line = f"look at {effect.ref}{f', for which {effect.waiting} waits' if effect.waiting else ''}"
        case Report():
            line = f"report {effect.category}: {effect.text}"
        case _:
            line = _line_of_two(effect)
    return line


def _line_of_two(effect: Associate | Dissociate | SaveLink | DropLink) -> str:
    match effect:
        case Associate():
            how = "as primary with" if effect.primary else "with"
            line = f"associate {_place(effect.place)} {how} {_place(effect.other)}"
        case Dissociate():
            line = f"take {_place(effect.place)} and {_place(effect.other)} apart"
        case SaveLink():
            line = f"save link {_place(effect.link.hubspot)} - {_place(effect.link.salesforce)}"
        case DropLink():
            line = f"forget link {_place(effect.link.hubspot)} - {_place(effect.link.salesforce)}"
    return line


def _place(place: Place) -> str:
    return str(place) if isinstance(place, Ref) else f"the new {place.name} record"
