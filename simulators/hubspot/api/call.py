"""One request as the endpoints see it, and one answer as they return it.

Law: the boundary between HTTP and state. It reads ids, query and body with HubSpot's refusals, and
has no endpoint's own logic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from simulators.hubspot.errors import invalid
from simulators.hubspot.portal import Portal
from simulators.hubspot.stamps import Actor


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body (None = no body)."""

    status: int
    body: Any = None


NO_CONTENT = Answer(204)


@dataclass(frozen=True, slots=True)
class Call:
    """A routed, authenticated and counted request.

    `enforces_rules` says that an administrator's rules on writes apply to it; `lost` are scopes
    that the portal's app does not have at present.
    """

    portal: Portal
    actor: Actor
    ids: Mapping[str, str]
    query: MultiDict[str, str] = field(default_factory=MultiDict)
    body: Any = None
    base_url: str = ""
    enforces_rules: bool = False
    lost: frozenset[str] = frozenset()

    @property
    def row(self) -> Mapping[str, Any]:
        """Return the body as an object. Raises 400 for anything else."""
        if not isinstance(self.body, Mapping):
            raise invalid("Invalid input JSON: an object was expected")
        return self.body

    @property
    def properties(self) -> Mapping[str, Any]:
        """Return the ``properties`` of a single write. Raises 400."""
        return object_of(self.row, "properties")

    def inputs(self, ceiling: int) -> Sequence[Mapping[str, Any]]:
        """Return the ``inputs`` of a batch call. Raises 400 if they are missing, malformed or more
        than `ceiling`.
        """
        rows = self.row.get("inputs")
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise invalid("Invalid input JSON: inputs must be a list of objects")
        if not rows:
            raise invalid("Some required fields were not set: [inputs]")
        if len(rows) > ceiling:
            raise invalid(
                f"The maximum number of inputs supported in a batch request is {ceiling}; got "
                f"{len(rows)}."
            )
        return rows

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter, false if it is missing."""
        return self.query.get(name, "false").lower() == "true"

    def number(self, name: str, default: int, ceiling: int) -> int:
        """Return a whole number of the query from 1 to `ceiling`. Raises 400."""
        text = self.query.get(name, str(default))
        if not text.isdigit() or not 0 < int(text) <= ceiling:
            raise invalid(f"Invalid {name}: {text}; it must be from 1 to {ceiling}.")
        return int(text)

    def cursor(self, name: str = "after") -> str | None:
        """Return a paging cursor made of digits. Raises 400."""
        text = self.query.get(name)
        if text and not text.isdigit():
            raise invalid(f"Invalid paging cursor: {text}")
        return text or None

    def names(self, name: str) -> list[str]:
        """Return a query parameter that may repeat or contain commas."""
        return [part for text in self.query.getlist(name) for part in text.split(",") if part]


Endpoint = Callable[[Call], Answer]


def object_of(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a part of a body that must be an object. Raises 400."""
    part = row.get(name)
    if not isinstance(part, Mapping):
        raise invalid(f"Some required fields were not set: [{name}]")
    return part


def text_of(row: Mapping[str, Any], name: str) -> str:
    """Return a part of a body that must be a text or a number. Raises 400."""
    part = row.get(name)
    if isinstance(part, bool) or not isinstance(part, str | int) or part == "":
        raise invalid(f"Some required fields were not set: [{name}]")
    return str(part)


def paging(after: str | None, link: str = "") -> dict[str, Any]:
    """Return the ``paging`` part of an answer, which the last page does not have."""
    return (
        {}
        if after is None
        else {"paging": {"next": {"after": after, "link": f"{link}?after={after}"}}}
    )
