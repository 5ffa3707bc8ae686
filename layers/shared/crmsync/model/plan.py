"""The plan of one record: which effects, which conflicts were resolved, and what was left alone."""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.model.conflicts import FieldConflict
from crmsync.model.effects import Because, Effect
from crmsync.model.links import Link


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was decided without an effect: a sentence, and its rules."""

    text: str
    because: Because = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen for one record.

    Attributes:
        effects: In the order in which they must be applied.
        conflicts: Those that were resolved.
        notes: What was decided without an effect.
        new_link: The link of a record that the plan makes. Once the record has its id, the pair is
            planned again and the link is stored.
        undecided: The plan depends on when HubSpot's values were set: plan again with their
            history.
        differing: The fields in which the two sides keep different values, by all names that they
            may have in a report: what was reported because a side refused one of them stays.
    """

    effects: tuple[Effect, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()
    notes: tuple[Note, ...] = ()
    new_link: Link | None = None
    undecided: bool = False
    differing: frozenset[str] = frozenset()


def no_effects(text: str, *because: str) -> Plan:
    """The plan that leaves everything as it is, and says why."""
    return Plan(notes=(Note(text, because),))
