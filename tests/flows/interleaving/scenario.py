"""A scenario of two workers: a pair in memory, the attributes that people edit on both sides, and
the changes not yet delivered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmsync.flows.kinds.account import sync_accounts
from crmsync.flows.kinds.contact import sync_contacts
from crmsync.flows.kinds.opportunity import sync_opportunities
from crmsync.model.changes import Change, redelivered
from crmsync.model.links import LinkState
from crmsync.model.records import Kind, Ref, Side
from tests.flows.interleaving.gate import VISIBILITY_MINUTES, Gate, with_gate
from tests.memory.world import MemoryWorld

FLOWS = {
    Kind.CONTACT: sync_contacts,
    Kind.ACCOUNT: sync_accounts,
    Kind.OPPORTUNITY: sync_opportunities,
}

READS = frozenset({"read", "find"})
"""The calls that read a record's fields."""


Edit = Callable[["Scenario", Any], Sequence[Change]]
Show = Callable[["Scenario"], object]


@dataclass(frozen=True)
class Attribute:
    """Something that both sides show and people may change on either.

    Attributes:
        name: Its name in reports.
        values: What both sides begin with, what people set first, and what they set then.
        edit_on: How a person sets it on a side; returns the changes.
        shown_on: How a side shows it.
        records: The name of the record that a worker reads before it writes the attribute on a side.
        reads: The calls by which a worker reads it.
    """

    name: str
    values: tuple[Any, Any, Any]
    edit_on: Mapping[Side, Edit]
    shown_on: Mapping[Side, Show]
    records: Mapping[Side, str]
    reads: frozenset[str] = READS


@dataclass
class Scenario:
    """A synced pair, what people have changed since, and the changes not yet delivered."""

    world: MemoryWorld
    refs: Mapping[str, Ref | Callable[[Scenario], Ref | None]]
    attributes: tuple[Attribute, ...]
    more_problems: Callable[[Scenario], list[str]] = lambda _scenario: []
    """What else must hold in the end, as sentences about what does not."""
    pending: list[Change] = field(default_factory=list)
    last_edits: dict[str, Any] = field(default_factory=dict)
    """Attribute -> the value that a person gave it last."""
    history: dict[str, list[Any]] = field(default_factory=dict)
    overwritten: list[Any] = field(default_factory=list)
    """Edits that a worker was allowed to overwrite; other records may have seen them before."""
    expected: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Take the present state as the expected one."""
        for attribute in self.attributes:
            self.last_edits.setdefault(attribute.name, attribute.values[0])
            self.history[attribute.name] = [self.last_edits[attribute.name]]
        self.expected = self.expected or self.records()

    def ref(self, name: str) -> Ref | None:
        """The record with this name, or None if it does not exist yet."""
        found = self.refs[name]
        return found if isinstance(found, Ref) else found(self)

    def attribute(self, name: str) -> Attribute:
        """The attribute with this name."""
        return next(one for one in self.attributes if one.name == name)

    def edit(self, attribute: Attribute, side: Side, value: Any) -> bool:
        """A person changes an attribute, and a change is pending; False if it has that value
        already or its record does not exist.
        """
        if attribute.shown_on[side](self) == value or self.ref(attribute.records[side]) is None:
            return False
        self.pending += attribute.edit_on[side](self, value)
        self.last_edits[attribute.name] = value
        self.history[attribute.name].append(value)
        return True

    def changes_of_all(self, side: Side | None = None) -> list[Change]:
        """A change of every record on a side, or on both."""
        refs = [ref for name in self.refs if (ref := self.ref(name)) and side in {None, ref.side}]
        return [self.world.change(ref) for ref in dict.fromkeys(refs)]

    def take_pending(self, side: Side | None = None) -> list[Change]:
        """Take a side's pending changes, or a change of each of its records if none is pending."""
        mine = [one for one in self.pending if side in {None, one.ref.side}]
        self.pending = [one for one in self.pending if one not in mine]
        return mine or self.changes_of_all(side)

    def run_worker(self, changes: Sequence[Change], gate: Gate | None = None) -> None:
        """Run a worker over these changes. Raises `KilledError` if its gate kills it."""
        gate = gate or Gate()
        for kind, sync in FLOWS.items():
            if mine := [change for change in changes if change.kind is kind]:
                sync(mine, with_gate(self.world.context, gate))
        gate.reach("end")

    def deliver_rest(self, died_with: Sequence[Change] = ()) -> bool:
        """Deliver a dead worker's message again, the pending changes and the queue, then sync every
        record once more; returns whether both sides showed the last edits before that.
        """
        if died_with:
            self.world.wait(VISIBILITY_MINUTES)
            self.run_worker([redelivered(change) for change in died_with])
        self.world.wait()
        left, self.pending = self.pending, []
        self.run_worker(left)
        self.world.drain()
        was_in_sync = not self.more_problems(self) and all(
            pair == (self.last_edits[name],) * 2 for name, pair in self.shown().items()
        )
        self.world.wait()
        self.run_worker(self.changes_of_all())
        self.world.drain()
        return was_in_sync

    def records(self) -> Counter[str]:
        """The number of records by side and object, and of active links."""
        world = self.world
        names = {
            Side.HUBSPOT: ("contact", "company", "deal"),
            Side.SALESFORCE: ("Lead", "Contact", "Account", "Opportunity"),
        }
        found = Counter(
            {
                f"{side} {name}": len(world.crm(side).refs(name))
                for side in Side
                for name in names[side]
            }
        )
        found["links"] = sum(link.state is LinkState.ACTIVE for link in world.links.all)
        return found

    def shown(self) -> dict[str, tuple[object, object]]:
        """The values of each attribute in HubSpot and in Salesforce."""
        return {
            one.name: (one.shown_on[Side.HUBSPOT](self), one.shown_on[Side.SALESFORCE](self))
            for one in self.attributes
        }


HUBSPOT, SALESFORCE = "hubspot", "salesforce"
RECORDS = {Side.HUBSPOT: HUBSPOT, Side.SALESFORCE: SALESFORCE}


def plain(
    name: str,
    here: str,
    there: str,
    records: Mapping[Side, str] = RECORDS,
) -> Attribute:
    """A field with a name on each side; values are compared as texts."""
    names = {Side.HUBSPOT: here, Side.SALESFORCE: there}

    def edit_on(side: Side) -> Callable[[Scenario, Any], Sequence[Change]]:
        def edit(scenario: Scenario, value: Any) -> Sequence[Change]:
            ref = existing(scenario, records[side])
            scenario.world.crm(side).edit(ref, {names[side]: value})
            return [scenario.world.change(ref)]

        return edit

    def shown_on(side: Side) -> Callable[[Scenario], object]:
        def shown(scenario: Scenario) -> object:
            ref = scenario.ref(records[side])
            return (
                None
                if ref is None
                else text_of(scenario.world.crm(side).fields(ref).get(names[side]))
            )

        return shown

    return Attribute(
        name,
        ("1", "2", "3"),
        {side: edit_on(side) for side in Side},
        {side: shown_on(side) for side in Side},
        records,
    )


PHONE = plain("phone", "phone", "Phone")
TITLE = plain("title", "jobtitle", "Title")


def text_of(value: object) -> object:
    """A value as text, so that numbers and texts compare equal."""
    return None if value is None else str(value).removesuffix(".0").lower()


def existing(scenario: Scenario, name: str) -> Ref:
    """The record with this name, which must exist."""
    ref = scenario.ref(name)
    assert ref is not None
    return ref
