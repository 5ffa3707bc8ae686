"""What happens to records, in HubSpot's terms, before subscriptions are considered.

`writes`, `merging` and `associations` report these events; `webhooks` delivers those to which the
app has subscribed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.hubspot.schema.catalog import ObjectType
from simulators.hubspot.stamps import Actor


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """One action on one record.

    `fields` are the event's own fields, as delivered (docs/vendors.md#hubspot-webhooks).
    """

    action: str
    kind: ObjectType
    at_ms: int
    actor: Actor
    object_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    property_name: str | None = None
    other_kind: ObjectType | None = None


Report = Callable[[RecordEvent], None]
