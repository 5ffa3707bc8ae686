"""The operator's settings file: TOML in, `Settings` out, or every complaint at once, each with its
line and its rule.

The tables and their values are in `crmsync.wire.settings.file`, contradictions between values in
`crmsync.rules.settings.checks`. Nothing is fetched: the caller that has read both CRMs' schemas
complains with `Reading.complaint`.

A complaint about the file itself has no rule of the specification and carries one of these: CFG-1,
the file is TOML and has the tables of the settings; CFG-2, unknown keys are refused; CFG-3, a
connection has a name, a portal id, a login address and the names of two secrets.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from crmsync.model.crm_names import HUBSPOT_OWNER
from crmsync.model.fields import FieldRule
from crmsync.model.settings import Connection, Settings
from crmsync.rules.settings.checks import Finding, contradictions, warnings
from crmsync.rules.settings.sections import RECORD_SECTIONS
from crmsync.wire.settings.error_texts import rule_of, sentence_of
from crmsync.wire.settings.fields import FieldTable
from crmsync.wire.settings.file import Document
from crmsync.wire.settings.line_numbers import Path, index_lines, line_of

_ROW = 5
"""Parts of a mapping row's path: ``connection``, its number, the section, ``field``, its number."""

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """Why the file is refused, or as a warning, what deserves a second thought.

    Attributes:
        line: The line of the file, from 1.
        sentence: What is wrong.
        rule: The id of the rule behind it.
    """

    line: int
    sentence: str
    rule: str

    def __str__(self) -> str:
        """``line 7: sentence (RULE-ID)``."""
        return f"line {self.line}: {self.sentence} ({self.rule})"


class ConfigError(Exception):
    """The file is refused.

    Attributes:
        complaints: All reasons, by line.
    """

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        """Sort the complaints by line."""
        self.complaints = tuple(sorted(complaints))
        super().__init__("\n".join(map(str, self.complaints)))


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was accepted.

    Attributes:
        settings: What it says.
        warnings: What deserves a second thought before it is pushed.
        lines: The lines of the values, by their paths in `settings`.
    """

    settings: Settings
    warnings: tuple[Complaint, ...] = ()
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False, compare=False)

    def complaint(self, finding: Finding) -> Complaint:
        """A finding about a value of `settings`, with its line."""
        return _complaint(finding, self.lines)


def decode(raw: bytes) -> str:
    """The text of a file, which must be UTF-8, as TOML demands. Raises `ConfigError`."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            [Complaint(line, "this is not UTF-8, which TOML has to be", "CFG-1")]
        ) from error


def load_settings(text: str) -> Settings:
    """The settings of a file. Raises `ConfigError` with every complaint."""
    return read_settings(text).settings


def read_settings(text: str) -> Reading:
    """The settings of a file and its warnings (TEN-3, CH-5). Raises `ConfigError` with every
    complaint.

    A wrong value is removed and the rest is checked without it, so that one mistake hides no other.
    """
    raw = _parse(text)
    lines = index_lines(text)
    wrong: dict[Path, Finding] = {}
    document = _validated(raw, wrong)
    settings = document.freeze()
    for finding in contradictions(settings):
        if not any(finding.path[: len(path)] == path for path in wrong):
            wrong.setdefault(finding.path, finding)
    if wrong:
        raise ConfigError(_complaint(finding, lines) for finding in wrong.values())
    found = tuple(sorted(_complaint(finding, lines) for finding in warnings(settings)))
    kept = replace(settings, connections=tuple(map(_without_owner_rows, settings.connections)))
    return Reading(kept, found, _lines_of_kept(settings, lines))


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        sentence = str(error)
        place = _TOML_PLACE.search(sentence)
        line = int(place.group(1)) if place and place.group(1) else max(1, len(text.splitlines()))
        text = _TOML_PLACE.sub("", sentence)
        raise ConfigError(
            [Complaint(line, f"this is not TOML: {text[:1].lower()}{text[1:]}", "CFG-1")]
        ) from error


def _complaint(finding: Finding, lines: Mapping[Path, int]) -> Complaint:
    return Complaint(line_of(lines, finding.path), finding.sentence, finding.rule)


def _without_owner_rows(connection: Connection) -> Connection:
    """Without the rows that repeat the fixed owner mapping, which change nothing (MAP-5)."""
    sections = {name: getattr(connection, name) for name in RECORD_SECTIONS}
    return replace(
        connection,
        **{
            name: replace(section, field=_kept(section.field)) for name, section in sections.items()
        },
    )


def _kept(rows: tuple[FieldRule, ...]) -> tuple[FieldRule, ...]:
    return tuple(row for row in rows if row.hubspot != HUBSPOT_OWNER)


def _lines_of_kept(settings: Settings, lines: Mapping[Path, int]) -> Mapping[Path, int]:
    """The lines by the paths that the values have without the owner rows."""
    moved: dict[Path, Path | None] = {}
    for index, connection in enumerate(settings.connections):
        for name in RECORD_SECTIONS:
            here: Path = ("connection", index, name, "field")
            kept = 0
            for number, row in enumerate(getattr(connection, name).field):
                moved[*here, number] = None if row.hubspot == HUBSPOT_OWNER else (*here, kept)
                kept += row.hubspot != HUBSPOT_OWNER
    rows = (
        (moved.get(path[:_ROW], path[:_ROW]), path[_ROW:], line) for path, line in lines.items()
    )
    return {(*row, *cell): line for row, cell, line in rows if row is not None}


# What pydantic found, repaired and put into words.


def _validated(raw: dict[str, Any], wrong: dict[Path, Finding]) -> Document:
    """The document without its mistakes, which are added to `wrong`."""
    raw = copy.deepcopy(raw)
    while True:
        try:
            return Document.model_validate(raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                if not any(detail["loc"][: len(path)] == path for path in wrong):
                    wrong[detail["loc"]] = Finding(
                        detail["loc"], sentence_of(detail), rule_of(detail)
                    )
                _repair(raw, detail)


_Standin: TypeAlias = str | int | dict[str, Any] | list[Any]


def _repair(raw: dict[str, Any], detail: ErrorDetails) -> None:
    """Remove the wrong value, or replace it with a harmless and unique one if one is required."""
    path = detail["loc"]
    plain = {"kinds", "pipelines"} | ({"owners", "types"} if "activities" in path else set())
    for plain_list in plain.intersection(path):
        path = path[: path.index(plain_list) + 1]
    holder: Any = raw
    for key in path[:-1]:
        holder = holder[key]
    if detail["type"] in {"missing", "too_short"} or isinstance(path[-1], int):
        holder[path[-1]] = _stand_in(path)
    else:
        holder.pop(path[-1], None)


def _stand_in(path: Path) -> _Standin:
    """What takes the place of a required key. Raises `KeyError` for one that it should know: with a
    value of the wrong type the repair would never end.
    """
    if isinstance(path[-1], int):
        return {}
    number = "".join(str(part) for part in path if isinstance(part, int))
    stand_ins: Mapping[str, _Standin] = {
        "connection": [{}],
        "hubspot": {},
        "salesforce": {},
        "name": f"missing-{number}",
        "portal_id": int(f"9{number.zfill(15)}"),
        "login_url": f"https://missing-{number}.invalid",
        "secret": "missing",
        "kind": "UNBOUNCE",
        "list": f"9{number}",
        "campaign": f"701{number.zfill(15)}",
        "status": "missing",
    }
    is_cell = "field" in path and path[-1] in FieldTable.model_fields
    return f"missing_{number}" if is_cell else stand_ins[path[-1]]
