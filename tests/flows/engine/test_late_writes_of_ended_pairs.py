"""A worker is about to write what it has announced for a pair, when one of the two records is deleted
and the other one is linked with a new record: what comes late is not taken for a person's edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import Cause
from crmsync.model.records import Ref, Side
from tests.flows.interleaving.gate import Gate, with_gate
from tests.memory.world import MemoryWorld

H, S = Side.HUBSPOT, Side.SALESFORCE
NAMES = {H: "phone", S: "Phone"}


@dataclass(frozen=True)
class Case:
    """A pair of which the record on `side` is edited, deleted and replaced by a new one.

    Attributes:
        side: The side.
        made_there: Whether crmsync made the other record of it, or it of the other record.
        edited: The phone that the record gets.
        new: The phone of the record that replaces it.
    """

    side: Side
    made_there: bool
    edited: str
    new: str

    @property
    def stands(self) -> str:
        """What both sides show at the end: the value of the new record, which is the more recent
        one, or what fills its blank.
        """
        return self.new or "1"


CASES = [
    Case(side, made_there, edited, new)
    for side in Side
    for made_there in (True, False)
    for edited in ("", "2")
    for new in ("", "1", "3")
]


def make(world: MemoryWorld, side: Side, phone: str) -> Ref:
    """A new record of the person."""
    fields = {NAMES[side]: phone} if phone else {}
    return world.new_contact(**fields) if side is H else world.new_lead(**fields)


def phones(world: MemoryWorld) -> Mapping[Side, list[str]]:
    """The phones that each side shows."""
    return {
        side: [
            str(world.crm(side).fields(ref).get(NAMES[side]) or "")
            for ref in world.crm(side).refs(name)
        ]
        for side, name in ((H, "contact"), (S, "Lead"))
    }


@pytest.mark.rule("MAP-3")
@pytest.mark.parametrize("is_polled", [True, False])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_late_write_of_an_ended_pair_is_nobodys_edit(case: Case, *, is_polled: bool) -> None:
    """The worker is overtaken just before its write, while the other record is linked with the new
    one. The write comes late, and both sides show what the new pair agreed on, whether or not a poll
    finds the write: the pair is read once more when that worker has ended.
    """
    world = MemoryWorld()
    first = make(world, case.side if case.made_there else case.side.other, "1")
    world.sync(first)
    world.drain()
    assert phones(world) == {H: ["1"], S: ["1"]}
    second = world.counterpart(first)
    old, kept = (first, second) if case.made_there else (second, first)
    world.wait(10)
    world.crm(case.side).edit(old, {NAMES[case.side]: case.edited or None})

    def replace_record() -> None:
        world.wait(0.1)
        world.crm(case.side).delete(old)
        new = make(world, case.side, case.new)
        world.deliver([world.change(old, Cause.DELETED), world.change(new)])
        assert world.counterpart(new) == kept
        world.wait(0.1)

    gate = WriteGate(f"{case.side.other.value}.update", replace_record)
    sync_contacts([world.change(old)], with_gate(world.context, gate))
    assert gate.was_open
    world.wait()
    if is_polled:
        world.sync(kept)
    world.wait(5)
    world.drain()

    assert phones(world) == {H: [case.stands], S: [case.stands]}


class WriteGate(Gate):
    """Opens before the first call of a name."""

    def __init__(self, name: str, meanwhile: object) -> None:
        super().__init__(meanwhile=meanwhile)  # type: ignore[arg-type]
        self.name = name

    def reach(self, name: str) -> None:
        """The worker is about to make this call."""
        if name == self.name and self.at is None:
            self.at = len(self.calls)
        super().reach(name)
