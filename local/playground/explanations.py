"""What the product says about a record: its plan, its rules, its history.

Law: asks the operator's command and reads its documents. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Command = Callable[[Sequence[str]], Mapping[str, Any]]
"""Runs the operator's command with these arguments: ``status``, ``document`` (JSON), ``text``."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of one record on one connection.

    Attributes:
        plan: The document of ``crmsync explain``.
        decisions: Those of ``crmsync history``, newest first.
        error: Why there is none; "" if there is one.
    """

    plan: Mapping[str, Any] = field(default_factory=dict)
    decisions: Sequence[Mapping[str, Any]] = ()
    error: str = ""

    @property
    def pair(self) -> tuple[tuple[str, str, str], ...]:
        """The linked records: side, object and id of each; empty for a record without a link."""
        link = self.plan.get("link") or {}
        found = (str(link.get(side) or "").split(":") for side in ("hubspot", "salesforce"))
        return tuple((one[0], one[1], one[2]) for one in found if len(one) == _PARTS)

    @property
    def fields(self) -> list[Mapping[str, Any]]:
        """The mapped fields with a value or a decision."""
        return [
            line
            for line in self.plan.get("fields", ())
            if line["holder"] or line["hubspot_value"] or line["salesforce_value"]
        ]


_PARTS = 3


def explain(
    command: Command, side: str, object_: str, record_id: str, connection: str
) -> list[Explanation]:
    """Return what a connection knows of a record; "" stands for each of them."""
    only = ("--connection", connection) if connection else ()
    told = command(("explain", side, object_, record_id, *only))
    document = told["document"]
    plans = document if isinstance(document, list) else [document]
    if told["status"] or "error" in plans[0]:
        return [Explanation(error=str(plans[0].get("error") or told["text"]))]
    past = command(("history", side, object_, record_id, *only))["document"]
    decisions = {one["connection"]: one["decisions"] for one in past if isinstance(past, list)}
    return [Explanation(plan, decisions.get(plan["connection"], ())) for plan in plans]
