"""Everything the program can do to the world, as values.

Effects are compared whole in tests, printed in dry runs and applied in batches; they never apply
themselves. Each one names the rules that caused it (``because``), and each describes itself:

- ``side``: the side that is written, None for what is written to no CRM;
- ``object``: the object that is written, "" where it is not known or no object is written;
- ``best_effort``: whether its plan goes on when a CRM refuses it;
- ``line``: what it does, in one line without any value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeAlias

from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.kinds.roles import TieWrites
from crmsync.model.links import Link, Place, Slot
from crmsync.model.records import Kind, Ref, Side, Value

Because: TypeAlias = tuple[str, ...]
"""Rule ids of the specification."""


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """Make a record once.

    Attributes:
        side: Where it is made.
        object: The object it is made of.
        key: The value of the side's unique crmsync field, so that a repeat is refused.
        fields: What is written.
        into: The slot that the new id fills.
        because: The rules behind it.
        assign: Let Salesforce's lead assignment rules choose the owner (OWN-9); no other write
            does.
        group: As in `UpdateRecord`.
    """

    side: Side
    object: str
    key: str
    fields: Mapping[str, Value]
    into: Slot
    because: Because = ()
    assign: bool = False
    group: str = ""
    best_effort: ClassVar[bool] = False

    @property
    def line(self) -> str:
        """What it does."""
        return f"create {self.side} {self.object}: {', '.join(sorted(self.fields))}"


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """Write these fields, and only these, to a record.

    Attributes:
        place: The record, or the slot of one that the plan makes.
        side: Where it is.
        fields: What is written.
        because: The rules behind it.
        best_effort: Nothing depends on the write, such as the other side's id: where it is refused,
            the plan goes on without it.
        group: The id of the parent that Salesforce locks along with the record (a contact's
            account); "" for none or an unknown one.
    """

    place: Place
    side: Side
    fields: Mapping[str, Value]
    because: Because = ()
    best_effort: bool = False
    group: str = ""

    @property
    def object(self) -> str:
        """The record's object."""
        return _object(self.place)

    @property
    def line(self) -> str:
        """What it does."""
        return f"update {_name(self.place)}: {', '.join(sorted(self.fields))}"


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """Move a record to the recycle bin (DEL-1); in Salesforce only tasks and events, and only where
    the settings ask for it (ACT-8).
    """

    ref: Ref
    because: Because = ()
    best_effort: ClassVar[bool] = False

    @property
    def side(self) -> Side:
        """Where it is deleted."""
        return self.ref.side

    @property
    def object(self) -> str:
        """The record's object."""
        return self.ref.object

    @property
    def line(self) -> str:
        """What it does."""
        return f"delete {self.ref}"


@dataclass(frozen=True, slots=True)
class Associate:
    """Associate two HubSpot records; associating them again changes nothing.

    Attributes:
        place: The contact or deal.
        other: The record that it is associated with.
        primary: Make `other` the primary company.
        because: The rules behind it.
    """

    place: Place
    other: Place
    primary: bool = False
    because: Because = ()
    side: ClassVar[Side] = Side.HUBSPOT
    best_effort: ClassVar[bool] = False

    @property
    def object(self) -> str:
        """The object of `place`."""
        return _object(self.place)

    @property
    def line(self) -> str:
        """What it does."""
        how = "as primary with" if self.primary else "with"
        return f"associate {_name(self.place)} {how} {_name(self.other)}"


@dataclass(frozen=True, slots=True)
class Dissociate:
    """Remove the association of two HubSpot records, whatever its labels.

    Only where the settings ask for it (Q-29).
    """

    place: Place
    other: Place
    because: Because = ()
    side: ClassVar[Side] = Side.HUBSPOT
    best_effort: ClassVar[bool] = False

    @property
    def object(self) -> str:
        """The object of `place`."""
        return _object(self.place)

    @property
    def line(self) -> str:
        """What it does."""
        return f"take {_name(self.place)} and {_name(self.other)} apart"


@dataclass(frozen=True, slots=True)
class EndRole:
    """Remove a contact's role in an opportunity. Only where the settings ask for it (Q-29)."""

    ref: Ref
    because: Because = ()
    side: ClassVar[Side] = Side.SALESFORCE
    best_effort: ClassVar[bool] = False

    @property
    def object(self) -> str:
        """The role's object."""
        return self.ref.object

    @property
    def line(self) -> str:
        """What it does."""
        return f"end {self.ref}"


@dataclass(frozen=True, slots=True)
class RollUp:
    """Add up the opportunities of HubSpot contacts again, from their contact roles (ROLL-1).

    Attributes:
        contacts: Whose opportunities are added up.
        moves: Those of them whose lifecycle stage goes forward with it where the settings allow
            that (LIFE-1).
        because: The rules behind it.
        ties: The ties that were just made or removed, on whose outcome the roll-up depends: what
            they follow must still hold when it is written.
    """

    contacts: frozenset[Ref]
    moves: frozenset[Ref] = frozenset()
    because: Because = ()
    ties: TieWrites | None = None
    side: ClassVar[Side] = Side.HUBSPOT
    object: ClassVar[str] = HUBSPOT_CONTACT
    best_effort: ClassVar[bool] = False

    @property
    def line(self) -> str:
        """What it does."""
        return f"add up the opportunities of {len(self.contacts)} contacts"


@dataclass(frozen=True, slots=True)
class OptOut:
    """Unsubscribe an address from all HubSpot e-mail. No effect does the opposite (OPT-6)."""

    email: str
    because: Because = ()
    side: ClassVar[Side] = Side.HUBSPOT
    object: ClassVar[str] = HUBSPOT_CONTACT
    best_effort: ClassVar[bool] = False

    @property
    def line(self) -> str:
        """What it does; the address is personal data."""
        return "unsubscribe in hubspot"


@dataclass(frozen=True, slots=True)
class SaveLink:
    """Store the link, unless a newer version has been stored meanwhile."""

    link: Link
    because: Because = ()
    side: ClassVar[None] = None
    object: ClassVar[str] = ""
    best_effort: ClassVar[bool] = False

    @property
    def line(self) -> str:
        """What it does."""
        return f"save link {_name(self.link.hubspot)} - {_name(self.link.salesforce)}"


@dataclass(frozen=True, slots=True)
class DropLink:
    """Forget the link and its fingerprints altogether."""

    link: Link
    because: Because = ()
    side: ClassVar[None] = None
    object: ClassVar[str] = ""
    best_effort: ClassVar[bool] = False

    @property
    def line(self) -> str:
        """What it does."""
        return f"forget link {_name(self.link.hubspot)} - {_name(self.link.salesforce)}"


@dataclass(frozen=True, slots=True)
class RequestSync:
    """Ask the concern of `kind` to sync a record.

    Attributes:
        ref: The record.
        kind: Its concern.
        waiting: The record that needs `ref`, its parent, before it can be written; None where `ref`
            depends on what was just written.
        because: The rules behind it.
    """

    ref: Ref
    kind: Kind
    waiting: Ref | None
    because: Because = ()
    side: ClassVar[None] = None
    object: ClassVar[str] = ""
    best_effort: ClassVar[bool] = False

    @property
    def line(self) -> str:
        """What it does."""
        why = f", for which {self.waiting} waits" if self.waiting else ""
        return f"look at {self.ref}{why}"


class Category(StrEnum):
    """The categories of reports in the error inbox."""

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
"""Stands in place of an object's name in a report about a field."""


@dataclass(frozen=True, slots=True)
class Report:
    """Report that a record does not sync.

    Attributes:
        ref: The record.
        category: Its category in the error inbox.
        text: Why it does not sync.
        fieldname: The field at fault, "" for none.
        hint: What to do about it.
        because: The rules behind it.
        waits_for: The records that stand in its way; once one of them no longer does, `ref` is
            synced again.
        code: The CRM's own code for its refusal, or crmsync's for what it found itself; "" for
            none.
    """

    ref: Ref
    category: Category
    text: str
    fieldname: str = ""
    hint: str = ""
    because: Because = ()
    waits_for: tuple[Ref, ...] = ()
    code: str = ""
    side: ClassVar[None] = None
    object: ClassVar[str] = ""
    best_effort: ClassVar[bool] = False

    @property
    def lasts(self) -> bool:
        """Whether it stays until something ends it, even if it is not repeated.

        So it is with records that wait, are held back or have a resting mapping: they would be
        forgotten with their report. Such a report contains only text of our own.
        """
        return self.category in _LASTING or bool(self.waits_for) or self.ref.object == NO_RECORD

    @property
    def line(self) -> str:
        """What it does."""
        return f"report {self.category}: {self.text}"


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


def effect_line(effect: Effect) -> str:
    """What an effect does and why, in one line without any value: for logs, previews and the audit
    trail.
    """
    because = f" ({', '.join(effect.because)})" if effect.because else ""
    return f"{effect.line}{because}"


def _object(place: Place) -> str:
    return place.object if isinstance(place, Ref) else ""


def _name(place: Place) -> str:
    return str(place) if isinstance(place, Ref) else f"the new {place.name} record"
