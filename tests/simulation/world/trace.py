"""What happened, line by line: the same lines for the same history, in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmsync.model.records import Ref

if TYPE_CHECKING:
    from tests.simulation.world.system import System, Worker


class Trace:
    """The lines of a history, kept only where somebody wants them."""

    def __init__(self, system: System, *, is_on: bool) -> None:
        """Nothing has happened yet."""
        self.is_on = is_on
        self.lines: list[str] = []
        self._system = system

    def note(self, text: str) -> None:
        """Something happened."""
        if self.is_on:
            self.lines.append(f"{self._system.now:%d %H:%M:%S.%f} {text}")

    def call(self, worker: Worker | None, name: str, args: tuple[Any, ...], fault: str) -> None:
        """A worker called the outside."""
        if self.is_on:
            who = worker.name if worker else "-"
            self.note(
                f"{who} {name}({', '.join(map(told, args))}){' FAULT ' + fault if fault else ''}"
            )

    def digest(self) -> str:
        """The fingerprint of all lines."""
        return hashlib.blake2b("\n".join(self.lines).encode(), digest_size=16).hexdigest()


def told(value: Any) -> str:
    """A value in an order that depends on nothing but the value."""
    match value:
        case Ref() | str() | int() | float() | None:
            text = str(value)
        case datetime():
            text = value.isoformat()
        case bytes():
            text = value.hex()
        case Mapping():
            text = f"{{{', '.join(sorted(f'{told(k)}: {told(v)}' for k, v in value.items()))}}}"
        case AbstractSet():
            text = f"{{{', '.join(sorted(map(told, value)))}}}"
        case list() | tuple():
            text = f"[{', '.join(map(told, value))}]"
        case _ if is_dataclass(value):
            parts = (told(getattr(value, one.name)) for one in fields(value))
            text = f"{type(value).__name__}({', '.join(parts)})"
        case _:
            text = type(value).__name__
    return text
