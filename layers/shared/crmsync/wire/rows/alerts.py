"""Alerts as JSON, as the state table keeps them."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from crmsync.model.operations.alerts import Alert, Channel, Incident, Phase

_INCIDENT_KEYS = {field.name for field in dataclasses.fields(Incident)}


def to_json(alert: Alert) -> str:
    """The alert as compact JSON, without its version, which is an attribute of its own."""
    row = dataclasses.asdict(alert)
    del row["version"]
    return json.dumps(row, separators=(",", ":"), sort_keys=True, default=datetime.isoformat)


def from_json(text: str, version: int) -> Alert:
    """The alert in a text; keys of an incident that this release does not know are ignored."""
    row = json.loads(text)
    incident = {key: value for key, value in row["incident"].items() if key in _INCIDENT_KEYS}
    return Alert(
        Incident(**incident | {"since": datetime.fromisoformat(incident["since"])}),
        datetime.fromisoformat(row["seen_at"]),
        datetime.fromisoformat(row["wait_until"]),
        _moment(row["over_at"]),
        {Channel(channel): Phase(phase) for channel, phase in row["told"].items()},
        _moment(row["claimed_until"]),
        version,
    )


def _moment(value: Any) -> datetime | None:  # noqa: ANN401 - a value that json returns
    return None if value is None else datetime.fromisoformat(value)
