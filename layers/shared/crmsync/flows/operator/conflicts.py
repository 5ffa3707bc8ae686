"""The log of conflicts for the operator: newest first, by kind, field and rule, in parts.

Law: only the log is read, no link and no CRM. It has no values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from crmsync.flows.arguments import chosen_connections
from crmsync.model.conflicts import LoggedConflict
from crmsync.model.records import Ref
from crmsync.model.settings import Connection, Settings
from crmsync.rules.preview.history import HistoryLine, line_of_conflict

PER_PART = 50
"""Conflicts in one part."""

MOST_ITEMS = 40
"""Items of the log that are read for one part; each has what one batch decided."""

ReadLog = Callable[[str, str], Iterator[tuple[str, Sequence[LoggedConflict]]]]
"""Takes a connection and the key of the first item; the items with their keys, newest first."""


@dataclass(frozen=True, slots=True)
class ConflictChoice:
    """Which conflicts are meant; "" stands for any.

    Attributes:
        kind: The kind of the pair.
        field: The name of the field on either side, in any case.
        rule: The id of the rule, in any case.
    """

    kind: str = ""
    field: str = ""
    rule: str = ""

    def has(self, one: LoggedConflict, line: HistoryLine) -> bool:
        """Whether this conflict is meant."""
        names = {line.hubspot.lower(), line.salesforce.lower()}
        return (
            self.kind in {"", str(one.kind)}
            and (not self.field or self.field.lower() in names)
            and self.rule.lower() in {"", line.because.lower()}
        )


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """A conflict.

    Attributes:
        ref: The HubSpot record of the pair.
        line: What was decided.
    """

    ref: Ref
    line: HistoryLine


@dataclass(frozen=True, slots=True)
class ConflictPart:
    """A part of the log.

    Attributes:
        connection: The connection.
        lines: The conflicts, newest first.
        after: Where the next part begins; "" at the end of the log.
    """

    connection: Connection
    lines: tuple[ConflictLine, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class ConflictReader:
    """Reads the log of conflicts.

    Attributes:
        settings: Reads the settings in force.
        newest: Reads the log.
    """

    settings: Callable[[], Settings]
    newest: ReadLog

    def part(self, name: str, choice: ConflictChoice, begin: str = "") -> ConflictPart:
        """The chosen conflicts of the connection `name` ("": the first one), from `begin` on.

        A part may have few lines, or none, and still not be the last. Raises `Refused` for an
        unknown connection, and `TryAgain`.
        """
        connection = chosen_connections(self.settings(), name)[0]
        until, _, skipped = begin.partition("~")
        found: list[ConflictLine] = []
        for number, (key, conflicts) in enumerate(self.newest(connection.name, until)):
            if number == MOST_ITEMS:
                return ConflictPart(connection, tuple(found), key)
            start = int(skipped) if key == until and skipped.isdecimal() else 0
            for place, one in enumerate(conflicts[start:], start):
                line = line_of_conflict(one, connection)
                if not choice.has(one, line):
                    continue
                if len(found) == PER_PART:
                    return ConflictPart(connection, tuple(found), f"{key}~{place}")
                found.append(ConflictLine(one.hubspot, line))
        return ConflictPart(connection, tuple(found))
