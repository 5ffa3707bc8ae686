"""Settings as their table keeps them: checked once, at the push, and read back without checking.

What the file says is not all of them: the push adds what both CRMs say of mapped fields and since
when each row counts. And no Lambda pays for the checks, and a stricter release still reads what an
older one accepted: a value that is missing takes its default, one that this release no longer knows
is left out.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from crmsync.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Revision:
    """One push: the file as it was written, what it means, when it came into force (UTC) and who
    pushed it.
    """

    version: int
    text: str
    settings: Settings
    pushed_at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the history: its number, and the push that was stored there, None where its seal
    does not hold.
    """

    version: int
    revision: Revision | None = None


def to_json(settings: Settings) -> str:
    """The settings as compact JSON, without the version, which the row has itself, and the time
    zone, which is the account's.
    """
    row = dataclasses.asdict(settings)
    del row["version"]
    for connection in row["connections"]:
        for section in ("contacts", "companies", "deals"):
            for rule in connection[section]["field"]:
                del rule["zone"]
    return json.dumps(
        row, separators=(",", ":"), sort_keys=True, ensure_ascii=False, default=_moment
    )


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    msg = f"{type(value).__name__} is nothing that settings hold"
    raise TypeError(msg)


def from_json(text: str, version: int) -> Settings:
    """The settings of a row. Raises `ValueError` where a value is none that it can have."""
    settings: Settings = _read(Settings, json.loads(text) | {"version": version})
    return settings


Hint: TypeAlias = Any
"""A class or a generic alias out of an annotation."""

Json: TypeAlias = Any
"""What `json` makes."""


def _read(kind: Hint, value: Json) -> Json:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(
            **{name: _read(hints[name], value[name]) for name in hints.keys() & value.keys()}
        )
    origin: object = get_origin(kind)
    if origin is tuple:
        return tuple(_read(get_args(kind)[0], item) for item in value)
    if kind == datetime | None:
        return None if value is None else datetime.fromisoformat(value)
    if kind == int | None:
        return value
    return kind(value) if issubclass(kind, Enum) else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
