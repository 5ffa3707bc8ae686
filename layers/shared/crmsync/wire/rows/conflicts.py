"""Logged conflicts as text: a JSON list with a row of seven cells for each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from crmsync.model.conflicts import LoggedConflict
from crmsync.model.decisions import POLICIES, SIDES, Decision, DecisionType
from crmsync.model.records import Kind, Ref, Side


def conflicts_to_json(conflicts: Iterable[LoggedConflict]) -> str:
    """The text; it has no times."""
    rows = [
        [
            str(one.kind),
            [one.hubspot.object, one.hubspot.id],
            [one.salesforce.object, one.salesforce.id],
            SIDES[one.decision.side],
            POLICIES[one.decision.policy],
            one.decision.because,
            one.decision.name,
        ]
        for one in conflicts
    ]
    return json.dumps(rows, separators=(",", ":"))


def conflicts_from_json(text: str, at: datetime) -> Sequence[LoggedConflict]:
    """The conflicts of a text that was logged at this time (UTC)."""
    sides = {letter: one for one, letter in SIDES.items()}
    policies = {letter: one for one, letter in POLICIES.items()}
    return [
        LoggedConflict(
            Kind(kind),
            Ref(Side.HUBSPOT, *hubspot),
            Ref(Side.SALESFORCE, *salesforce),
            Decision(
                DecisionType.CONFLICT, sides[side], name, because, policies.get(policy), at=at
            ),
            at,
        )
        for kind, hubspot, salesforce, side, policy, because, name in json.loads(text)
    ]
