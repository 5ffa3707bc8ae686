"""What is decided about a pair or one of its fields, how the history in a link spells it, and how
it is read back (CH-3, CH-29).

A history is text without values, newest decision first. A line has the time in hexadecimal seconds,
the Salesforce user and the decisions: ``69567a00|005...|wstMAP-3,Phone;wstMAP-3,Title``. Rare
decisions have lines of their own. `crmsync.model.links` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from crmsync.model.fields import Update
from crmsync.model.records import Side


class DecisionType(StrEnum):
    """What can be decided about a pair or one of its fields."""

    WRITTEN = "written"
    CONFLICT = "conflict"
    REFUSED = "refused"
    HELD = "held back"
    RELEASED = "released"
    DROPPED = "dropped"
    STOPPED = "stopped"
    RESTORED = "put back"
    CREATED = "created"
    LINKED = "linked"
    MOVED = "moved"
    ENDED = "ended"
    REVIVED = "revived"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a pair or one of its fields (CH-3, CH-29).

    Attributes:
        type: What it was.
        side: The side that gets the value, or on which it happened; None for neither.
        name: The field's name on that side, HubSpot's name for neither; "" for the whole pair.
        because: The id of the rule.
        policy: The update policy of a mapped field, None for all else.
        by: The id of the Salesforce user who edited the record last, where Salesforce's value was
            taken; "" for all else.
        at: When (UTC, whole seconds); None until the link is saved.
    """

    type: DecisionType
    side: Side | None = None
    name: str = ""
    because: str = ""
    policy: Update | None = None
    by: str = ""
    at: datetime | None = None


LETTERS: Mapping[DecisionType, str] = MappingProxyType(
    {
        DecisionType.WRITTEN: "w",
        DecisionType.CONFLICT: "X",
        DecisionType.REFUSED: "R",
        DecisionType.HELD: "H",
        DecisionType.RELEASED: "F",
        DecisionType.DROPPED: "D",
        DecisionType.STOPPED: "S",
        DecisionType.RESTORED: "U",
        DecisionType.CREATED: "c",
        DecisionType.LINKED: "l",
        DecisionType.MOVED: "m",
        DecisionType.ENDED: "e",
        DecisionType.REVIVED: "r",
    }
)
"""How a history spells them. A capital letter marks a rare decision, of which the records
themselves show nothing afterwards.
"""

SIDES: Mapping[Side | None, str] = MappingProxyType(
    {Side.HUBSPOT: "h", Side.SALESFORCE: "s", None: "-"}
)
POLICIES: Mapping[Update | None, str] = MappingProxyType(
    {
        Update.TWO_WAY: "t",
        Update.PREFER_SALESFORCE: "p",
        Update.ALWAYS_SALESFORCE: "a",
        Update.PREFER_HUBSPOT: "q",
        Update.ALWAYS_HUBSPOT: "b",
        Update.FILL_BLANK: "f",
        Update.NEVER: "n",
        None: "-",
    }
)


def decisions_of(history: str) -> Iterator[Decision]:
    """The decisions of a history, newest first; without those of a type or policy that only a later
    release knows.
    """
    types = {letter: one for one, letter in LETTERS.items()}
    sides = {letter: one for one, letter in SIDES.items()}
    policies = {letter: one for one, letter in POLICIES.items()}
    for line in filter(None, history.split("\n")):
        seconds, by, entries = line.split("|")
        at = datetime.fromtimestamp(int(seconds, 16), UTC)
        for entry in entries.split(";"):
            if entry[0] in types and entry[2] in policies:
                because, _, name = entry[3:].partition(",")
                yield Decision(
                    types[entry[0]], sides[entry[1]], name, because, policies[entry[2]], by, at
                )
