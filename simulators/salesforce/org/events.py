"""Change data capture: from committed transactions to the events that the Event Relay puts on the
partner event bus.

Events are created at commit and wait here until they are taken. Only Lead, Contact, Account,
Opportunity and OpportunityContactRole are selected: the five that an org may select without the
add-on [S/M].
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce.objects.fields import Field, Row
from simulators.salesforce.objects.schema import Schema
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org.transaction import Change, Transaction
from simulators.salesforce.times import event_text, moment

AWS_ACCOUNT: Final = "111122223333"
AWS_REGION: Final = "eu-west-1"


@dataclass(slots=True)
class _Draft:
    """One event in the making; records of one transaction that changed in the same way share it."""

    sobject: str
    kind: str
    changed: list[str]
    nulled: list[str]
    body: dict[str, Any]
    record_ids: list[str] = field(default_factory=list)

    @property
    def sameness(self) -> str:
        return json.dumps(
            [self.sobject, self.kind, self.changed, self.nulled, self.body],
            sort_keys=True,
            default=str,
        )


class EventQueue:
    """The event bus of the org and its relay: commits go in, EventBridge events come out."""

    def __init__(self, clock: Clock, faults: Faults, seed: int) -> None:
        """Begin empty; `seed` makes the random ids of the envelope reproducible."""
        self._clock = clock
        self._faults = faults
        self._chance = random.Random(seed)
        self._waiting: list[dict[str, Any]] = []
        self._number = 0
        self.source = ""

    def take(self) -> list[dict[str, Any]]:
        """Return all waiting events, oldest first, and remove them."""
        taken, self._waiting = self._waiting, []
        return taken

    def commit(self, transaction: Transaction, schema: Schema) -> None:
        """Create the events of a committed transaction."""
        drafts: dict[str, _Draft] = {}
        for change in transaction.changes():
            sobject = schema.get(change.sobject)
            if sobject is None or not sobject.events:
                continue
            draft = _draft(sobject, change)
            if draft is not None:
                drafts.setdefault(draft.sameness, draft).record_ids.append(change.record_id)
        key = self._transaction_key()
        for sequence, draft in enumerate(drafts.values(), start=1):
            if self._faults.take("salesforce", "drop_change_event", object=draft.sobject) is None:
                self._waiting.append(self._envelope(draft, transaction, key, sequence))

    def _envelope(
        self, draft: _Draft, transaction: Transaction, key: str, sequence: int
    ) -> dict[str, Any]:
        self._number += 1
        header = {
            "entityName": draft.sobject,
            "recordIds": draft.record_ids,
            "changeType": draft.kind,
            "changeOrigin": transaction.actor.origin,
            "transactionKey": key,
            "sequenceNumber": sequence,
            "commitTimestamp": transaction.now_ms,
            "commitNumber": transaction.now_ms * 1_000_000 + self._number,
            "commitUser": transaction.actor.user_id,
            "nulledFields": draft.nulled,
            "diffFields": [],
            "changedFields": draft.changed,
        }
        # The siblings of `payload` are from memory of the documents [M].
        detail = {
            "payload": {"ChangeEventHeader": header, **draft.body},
            "schemaId": f"schema-{draft.sobject}",
            "id": self._uuid(),
        }
        return {
            "version": "0",
            "id": self._uuid(),
            "detail-type": f"{draft.sobject}ChangeEvent",
            "source": self.source,
            "account": AWS_ACCOUNT,
            "time": moment(self._clock.now_ms()).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": AWS_REGION,
            "resources": [],
            "detail": detail,
        }

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def _transaction_key(self) -> str:
        number = f"{self._chance.getrandbits(112):028x}"
        return f"0000{number[:4]}-{number[4:8]}-{number[8:12]}-{number[12:16]}-{number[16:28]}"


def _draft(sobject: SObject, change: Change) -> _Draft | None:
    """Return the event of one record, or None if nothing happened that events report.

    A save that changes only the time of the last change does create an event with that time alone
    [M].
    """
    before, after = change.before, change.after
    if after is None:
        lived = before is not None and not before.get("IsDeleted")
        return _Draft(sobject.name, "DELETE", [], [], {}) if lived else None
    shown = [item for item in sobject.fields if item.in_events and item.type != "address"]
    was_deleted = before is not None and bool(before.get("IsDeleted"))
    if after.get("IsDeleted"):
        gone = before is None or was_deleted
        return None if gone else _Draft(sobject.name, "DELETE", [], [], {})
    if before is None or was_deleted:
        filled = [item for item in shown if after.get(item.name) is not None]
        return _Draft(
            sobject.name, "CREATE" if before is None else "UNDELETE", [], [], _body(filled, after)
        )
    changed = [item for item in shown if before.get(item.name) != after.get(item.name)]
    if not changed:
        return None
    nulled = [item for item in changed if after.get(item.name) is None]
    filled = [item for item in changed if after.get(item.name) is not None]
    return _Draft(sobject.name, "UPDATE", _names(changed), _names(nulled), _body(filled, after))


def _names(fields: Iterable[Field]) -> list[str]:
    return [_dotted(item) for item in fields]


def _dotted(item: Field) -> str:
    """Name parts of compound fields with a dot [S]: ``Name.LastName``."""
    return item.name if item.compound is None else f"{item.compound}.{item.part}"


def _body(fields: Iterable[Field], row: Row) -> dict[str, Any]:
    """Return the values, with parts of compound fields nested [S]."""
    body: dict[str, Any] = {}
    for item in fields:
        value = event_text(row[item.name]) if item.type == "datetime" else row[item.name]
        if item.compound is None:
            body[item.name] = value
            continue
        whole = body.get(item.compound)
        # A person account has both a plain Name and its parts: events report the parts [M].
        parts: dict[str, Any] = whole if isinstance(whole, dict) else {}
        body[item.compound] = parts | {item.part or item.name: value}
    return body
