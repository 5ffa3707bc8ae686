"""What the deployed system does, in lines for people: a change arrived, something was written, held
back, parked, or waits.

Law: read from the functions' own logs, which name records and rules and never values. Nothing is
worked out here a second time.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Protocol

SHOWN_OF_A_BATCH = 5
"""So many records of one invocation get lines of their own; the others are counted."""
ARRIVALS: Mapping[str, str] = {
    "hubspot_webhook": "by webhook from HubSpot",
    "hubspot_sweep": "found by the sweep of HubSpot",
    "salesforce_changes": "from Salesforce",
}
"""What is said of the changes that a function has queued."""
_RECORD = re.compile(r"(?:hubspot|salesforce):\w+:\w+")
_STORED = "save link "
_REPORTED = "report "
_HELD = "report brake"
_MILLISECONDS = len("2026-01-31 12:30:15.707")
_USUAL = frozenset({"decided", "written"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened.

    Attributes:
        at: When (UTC), ``YYYY-MM-DD HH:MM:SS.mmm``.
        word: arrived, planned, decided, written, held, parked, waits or warned.
        record: The record that it began with, such as ``hubspot:contact:81000001``; or "".
        text: What happened, with the ids of the rules in brackets.
    """

    at: str
    word: str
    record: str
    text: str

    @property
    def time(self) -> str:
        """The time of day, ``HH:MM:SS``."""
        return self.at[11:19]

    @property
    def records(self) -> frozenset[str]:
        """All records that the line names."""
        return frozenset({self.record, *_RECORD.findall(self.text)} - {""})


class LoggingStack(Protocol):
    """What is read of a stack."""

    @property
    def functions(self) -> Sequence[str]:
        """The names of its functions."""

    def output_since(self, function: str, start: int) -> tuple[str, int]:
        """The lines of a function from a byte on, and where the next ones begin."""


class LiveLog:
    """Reads what is new in the logs of a stack."""

    def __init__(self, stack: LoggingStack) -> None:
        """Begin with the first line of each log."""
        self._stack = stack
        self._read = dict.fromkeys(stack.functions, 0)

    def fresh(self) -> list[Line]:
        """Return what has happened since the last call, oldest first."""
        found: list[Line] = []
        for function, start in self._read.items():
            text, self._read[function] = self._stack.output_since(function, start)
            found += lines_of(function, _entries(text))
        return sorted(found, key=lambda line: line.at)


def lines_of(function: str, entries: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Return the lines about log entries of a function."""
    found: list[Line] = []
    for _, batch in groupby(entries, key=lambda entry: entry.get("function_request_id")):
        decisions: list[list[Line]] = []
        for entry in batch:
            if "decision" in entry:
                decisions.append(_decided(_time(entry), entry["decision"]))
            else:
                found += _other(function, entry)
        found += _short(decisions)
    return found


def _entries(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry


def _short(decisions: Iterable[list[Line]]) -> Iterator[Line]:
    """The lines of one invocation: the first records one by one, those with trouble and those
    without, and the number of the others.
    """
    shown: Counter[bool] = Counter()
    words: Counter[str] = Counter()
    at = ""
    for lines in decisions:
        is_trouble = any(line.word not in _USUAL for line in lines)
        shown[is_trouble] += 1
        if shown[is_trouble] <= SHOWN_OF_A_BATCH:
            yield from lines
        elif lines:
            at = lines[0].at
            words.update({line.word for line in lines})
    for word, count in sorted(words.items()):
        yield Line(at, word, "", f"{_counted(count, 'more record')}")


def _decided(at: str, decision: Mapping[str, Any]) -> list[Line]:
    """The lines about a record, or about all that wait for a side."""
    outcome, reason = str(decision["outcome"]), _reason(decision)
    if "record" not in decision:
        return [Line(at, "waits", "", f"{_counted(decision['records'], 'record')}: {reason}")]
    record, effects = str(decision["record"]), list(map(str, decision["effects"]))
    reports = [effect for effect in effects if effect.startswith(_REPORTED)]
    writes = [
        effect for effect in effects if effect not in reports and not effect.startswith(_STORED)
    ]
    done = outcome == "Done"
    lines = (
        [Line(at, "written" if done else "planned", record, "; ".join(writes))] if writes else []
    )
    lines += [Line(at, "decided", record, str(one)) for one in decision["conflicts"]]
    for report in reports:
        word = "held" if report.startswith(_HELD) else "parked"
        lines.append(Line(at, word, record, report.removeprefix(_REPORTED)))
    if not done:
        lines.append(Line(at, "parked" if outcome == "Refused" else "waits", record, reason))
    return lines


def _reason(decision: Mapping[str, Any]) -> str:
    parts = [decision.get("code") or decision["outcome"], decision.get("reason", "")]
    if until := decision.get("until"):
        parts.append(f"Tried again at {str(until)[11:19]}.")
    return " ".join(str(part) for part in parts if part)


def _other(function: str, entry: Mapping[str, Any]) -> Iterator[Line]:
    """The lines about an entry that is no decision: changes that arrived, and warnings."""
    changes = entry.get("ChangesReceived")
    if function in ARRIVALS and isinstance(changes, list) and changes and changes[0]:
        at = datetime.fromtimestamp(entry["_aws"]["Timestamp"] / 1000, UTC)
        text = f"{_counted(int(sum(changes)), 'change')} {ARRIVALS[function]}"
        yield Line(f"{at:%F %T.%f}"[:_MILLISECONDS], "arrived", "", text)
    elif entry.get("level") in {"WARNING", "ERROR", "CRITICAL"}:
        reason = entry.get("reason") or entry.get("code") or ""
        text = f"{function}: {entry.get('message')}" + (f": {reason}" if reason else "")
        yield Line(_time(entry), "warned", "", text)


def _time(entry: Mapping[str, Any]) -> str:
    return str(entry.get("timestamp", ""))[:_MILLISECONDS].replace(",", ".")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
