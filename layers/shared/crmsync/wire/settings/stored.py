"""Settings as JSON, as their table keeps them: checked once, at the push, and read back without
checks.

They have more than the file: the push adds the types of mapped fields in both CRMs and since when
each mapping is in force. Reading without checks saves time in every Lambda, and a stricter release
can still read what an older one accepted: a missing value gets its default, an unknown one is
ignored.
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
    """One push.

    Attributes:
        version: Its number, from 1.
        text: The settings file as it was written.
        settings: The settings that it means.
        pushed_at: When it came into force (UTC).
        by: Who pushed it (an ARN), or "".
    """

    version: int
    text: str
    settings: Settings
    pushed_at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the history.

    Attributes:
        version: The number of the push.
        revision: The push, or None if its signature is not valid.
    """

    version: int
    revision: Revision | None = None


def to_json(settings: Settings) -> str:
    """The settings as compact JSON, without the version, which is an attribute of its own, and
    without the time zone, which is the account's.
    """
    row = dataclasses.asdict(settings)
    del row["version"]
    for connection in row["connections"]:
        for section in (*connection.values(), *connection["activities"].values()):
            for rule in section.get("field", ()) if isinstance(section, dict) else ():
                del rule["zone"]
    return json.dumps(
        row, separators=(",", ":"), sort_keys=True, ensure_ascii=False, default=_moment
    )


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    msg = f"{type(value).__name__} is not a type of settings"
    raise TypeError(msg)


def from_json(text: str, version: int) -> Settings:
    """The settings in a text. Raises `ValueError` for an invalid value."""
    settings: Settings = _read(Settings, json.loads(text) | {"version": version})
    return settings


Hint: TypeAlias = Any
"""A class or a generic alias from an annotation."""

Json: TypeAlias = Any
"""A value that `json` returns."""


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
