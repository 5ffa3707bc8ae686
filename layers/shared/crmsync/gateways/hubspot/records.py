"""The records of one HubSpot account, and its e-mail preferences.

Law: this module decides how rows are put into calls, how a refused batch is split, and whether a
property that no row has was deleted. Transport is `client`, the format of rows is `rows`, the
meaning of refusals is `errors`. Facts and limits: docs/vendors.md#hubspot-records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmsync.errors import Drifted, SyncError, TryAgain
from crmsync.gateways.hubspot.client import HubspotClient, Reply
from crmsync.gateways.hubspot.errors import BAD_REQUEST, PROPERTY_CODES, ROW_WISE, SIDE, row_error
from crmsync.gateways.hubspot.gone import survivors
from crmsync.gateways.hubspot.opt_out import unsubscribe
from crmsync.gateways.hubspot.rows import (
    TRACE,
    errors_by_row,
    is_id,
    origins_of,
    record,
    sent,
    update_error,
    written,
)
from crmsync.gateways.hubspot.versions import PLURALS
from crmsync.gateways.retry import chunks, rounds
from crmsync.model.crm_names import HUBSPOT_EMAIL
from crmsync.model.effects import CreateRecord, OptOut, UpdateRecord
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.names import HUBSPOT_KEY
from crmsync.model.records import Origin, Record, Ref, Side
from crmsync.ports.crm import Fields, Outcome

BATCH = 100
HISTORY_BATCH = 50

_PROPERTIES = "/crm/v3/properties/{object}"

_KNOWN_FOR = 60.0
"""Seconds for which an existing property that rows leave out is not looked up again."""


@dataclass(frozen=True, slots=True)
class _Write:
    """One row of a batch write.

    Attributes:
        at: The place of its effect in the caller's list.
        input: The row as it is sent.
        kind: The object, such as "contact".
        key: What identifies its result: the id, or for a new record our key.
        fields: The fields that are written.
    """

    at: int
    input: Mapping[str, Any]
    kind: str
    key: str
    fields: Mapping[str, Any]


class HubspotGateway:
    """Implements `Crm`, `Survivors`, `Preferences` and `PropertyOrigins` for a HubSpot account."""

    def __init__(self, client: HubspotClient, *, now: Callable[[], float] = time.monotonic) -> None:
        """Call through `client`; `now` gives seconds on a clock that does not go back."""
        self._client = client
        self._shown = _ShownProperties(client, now)

    def read(
        self, refs: Iterable[Ref], fields: Fields, *, history: bool = False
    ) -> Mapping[Ref, Record]:
        """Read records by id, 100 per call (50 with history). Raises `Drifted` for a property that
        no longer exists, else `SyncError`.
        """
        found: dict[Ref, Record] = {}
        for kind, ids in _by_kind(refs).items():
            names = list(fields.get(kind, ()))
            for part in chunks(ids, HISTORY_BATCH if history else BATCH):
                rows = self._rows(kind, part, names, history=history)
                self._shown.check(kind, names, rows)
                for row in rows:
                    one = record(kind, row, names)
                    found[one.ref] = one
        return found

    def origins(self, ref: Ref, names: Iterable[str]) -> Mapping[str, Sequence[Origin]]:
        """How each property of a record got its values, newest first, as far back as HubSpot keeps
        them; nothing for a record that is gone. Raises `SyncError`.
        """
        rows = self._rows(ref.object, [ref.id], list(names), history=True)
        return {name: found for row in rows for name, found in origins_of(row).items()}

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[Record]:
        """Find records by e-mail address. They are read by their unique property, not searched, so
        that a record created a second ago is found. Raises `SyncError`.
        """
        wanted = list(
            dict.fromkeys(normalise_email(email) for email in emails if email and email.strip())
        )
        found: dict[Ref, Record] = {}
        for kind, names in fields.items():
            for part in chunks(wanted, BATCH):
                rows = self._rows_by_email(kind, part, list(names))
                self._shown.check(kind, names, rows)
                for row in rows:
                    one = record(kind, row, list(names))
                    found[one.ref] = one
        return list(found.values())

    def made_by(self, keys: Mapping[str, Sequence[str]]) -> Mapping[str, Ref]:
        """The records that have these values in our unique property, 100 per call.

        Raises `SyncError`.
        """
        found: dict[str, Ref] = {}
        for kind, some in keys.items():
            for part in chunks(list(dict.fromkeys(some)), BATCH):
                body = {**_wanted(part, [HUBSPOT_KEY]), "idProperty": HUBSPOT_KEY}
                for row in self._client.batch("read", kind, body).rows:
                    found[str(row["properties"][HUBSPOT_KEY])] = Ref(
                        Side.HUBSPOT, kind, str(row["id"])
                    )
        return found

    def create(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """Create under our unique property, 100 per call. A key that is taken is a `Conflict`:
        another worker, or an earlier call whose response was lost, has made the record, and an
        upsert would write over what people have edited since.
        """
        writes = [_creation(at, effect) for at, effect in enumerate(effects)]
        return self._write(
            "create", writes, lambda row: (row.get("properties") or {}).get(HUBSPOT_KEY) or ""
        )

    def update(self, effects: Sequence[UpdateRecord]) -> Sequence[Outcome]:
        """Update by id, 100 per call."""
        writes = [_change(at, effect) for at, effect in enumerate(effects)]
        return self._write("update", writes, lambda row: str(row.get("id", "")))

    def survivors(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """The record that each merged record was merged into. Raises `SyncError`."""
        return survivors(self._client, refs)

    def opt_out(self, effects: Sequence[OptOut]) -> Sequence[Outcome]:
        """Unsubscribe each address from all e-mail.

        One call per address: the response of HubSpot's batch call does not say which row failed,
        and a lost opt-out is the worst thing this program could do (OPT-1).
        """
        outcomes: list[Outcome] = []
        for effect in effects:
            try:
                outcomes.append(unsubscribe(self._client, effect.email))
            except SyncError as error:
                if not outcomes:
                    raise
                return [*outcomes, *[error] * (len(effects) - len(outcomes))]
        return outcomes

    # -- reading --

    def _rows(
        self, kind: str, ids: list[str], names: list[str], *, history: bool = False
    ) -> list[dict[str, Any]]:
        body = {**_wanted(ids, names), "propertiesWithHistory": names if history else []}
        return self._client.batch("read", kind, body).rows

    def _rows_by_email(
        self, kind: str, emails: list[str], names: list[str]
    ) -> list[dict[str, Any]]:
        """The rows with these addresses. If HubSpot refuses the batch because one text is not an
        address at all, the batch is halved, so that the others are still found.
        """
        body = {**_wanted(emails, names), "idProperty": HUBSPOT_EMAIL}
        reply = self._client.batch("read", kind, body, see=frozenset({BAD_REQUEST}))
        if reply.status != BAD_REQUEST or len(emails) == 1:
            return reply.rows
        half = len(emails) // 2
        return [
            row
            for part in (emails[:half], emails[half:])
            for row in self._rows_by_email(kind, part, names)
        ]

    # -- writing --

    def _write(
        self, verb: str, writes: list[_Write], key_of: Callable[[Mapping[str, Any]], str]
    ) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        parts = [
            part
            for kind in dict.fromkeys(write.kind for write in writes)
            for part in rounds(
                (write for write in writes if write.kind == kind), lambda write: write.key, BATCH
            )
        ]
        try:
            for part in parts:
                self._write_part(verb, part, key_of, outcomes)
        except SyncError as error:
            # What has been written is reported; only the rest is tried again.
            if not outcomes:
                raise
            return [outcomes.get(write.at, error) for write in writes]
        return [outcomes[write.at] for write in writes]

    def _write_part(
        self,
        verb: str,
        part: list[_Write],
        key_of: Callable[[Mapping[str, Any]], str],
        outcomes: dict[int, Outcome],
    ) -> None:
        """Write rows. Those without a result of their own are sent again in halves, down to single
        rows.
        """
        reply = self._client.batch(
            verb, part[0].kind, {"inputs": [write.input for write in part]}, see=ROW_WISE
        )
        outcomes.update(_answered(part, reply, key_of))
        if reply.status == BAD_REQUEST:
            outcomes.update(_with_bad_property(part, reply))
        open_rows = [write for write in part if write.at not in outcomes]
        if len(part) == 1 and open_rows:
            outcomes[open_rows[0].at] = _alone(open_rows[0], reply)
        elif open_rows:
            half = len(open_rows) if len(open_rows) < len(part) else (len(open_rows) + 1) // 2
            for smaller in filter(None, (open_rows[:half], open_rows[half:])):
                self._write_part(verb, smaller, key_of, outcomes)


def _wanted(ids: list[str], names: list[str]) -> dict[str, Any]:
    return {
        "properties": names,
        "propertiesWithHistory": [],
        "inputs": [{"id": one} for one in ids],
    }


def _by_kind(refs: Iterable[Ref]) -> dict[str, list[str]]:
    """Ids by object, each once. A text that cannot be an id (somebody typed it into our Salesforce
    field) is left out, as HubSpot would refuse the whole call.
    """
    kinds: dict[str, dict[str, None]] = {}
    for ref in refs:
        if is_id(ref.id):
            kinds.setdefault(ref.object, {})[ref.id] = None
    return {kind: list(ids) for kind, ids in kinds.items()}


def _creation(at: int, effect: CreateRecord) -> _Write:
    row = {TRACE: effect.key, "properties": {**sent(effect.fields), HUBSPOT_KEY: effect.key}}
    return _Write(at, row, effect.object, effect.key, effect.fields)


def _change(at: int, effect: UpdateRecord) -> _Write:
    ref = effect.place
    if not isinstance(ref, Ref):
        msg = f"an update of {ref} before its record was created"
        raise TypeError(msg)
    row = {"id": ref.id, TRACE: ref.id, "properties": sent(effect.fields)}
    return _Write(at, row, ref.object, ref.id, effect.fields)


def _answered(
    part: list[_Write], reply: Reply, key_of: Callable[[Mapping[str, Any]], str]
) -> dict[int, Outcome]:
    rows = {
        **{key_of(row): row for row in reply.rows},
        **{str(row[TRACE]): row for row in reply.rows if row.get(TRACE)},
    }
    errors = errors_by_row(reply.errors)
    outcomes: dict[int, Outcome] = {}
    for write in part:
        if write.key in rows:
            outcomes[write.at] = written(write.kind, rows[write.key], write.fields)
        elif write.key in errors:
            outcomes[write.at] = update_error(errors[write.key], write.fields)
    return outcomes


def _with_bad_property(part: list[_Write], reply: Reply) -> dict[int, Outcome]:
    """The rows that fail because of a property that the account does not have or that is
    read-only: all rows with that property, so they need not be searched one by one.
    """
    error = row_error(reply.body, {})
    if error.code not in PROPERTY_CODES:
        return {}
    return {write.at: error for write in part if error.fieldname in write.fields}


def _alone(write: _Write, reply: Reply) -> Outcome:
    """The outcome of a row that was sent alone: any response is about it."""
    if reply.rows:
        return written(write.kind, reply.rows[0], write.fields)
    if reply.errors:
        return update_error(reply.errors[0], write.fields)
    if reply.status in ROW_WISE:
        return update_error(reply.body, write.fields, status=reply.status)
    return TryAgain("HubSpot did not say what became of the row.", code=str(reply.status))


class _ShownProperties:
    """Checks whether properties that rows leave out still exist in the account.

    HubSpot does not refuse to read an unknown property: it leaves it out [V], while a blank one is
    null [M: blank ones may be left out, too]. If a deleted property were taken for blank, its field
    would be cleared on the other side; so a property that no row has is looked up in the schema.
    """

    def __init__(self, client: HubspotClient, now: Callable[[], float]) -> None:
        """Call through `client`; `now` gives seconds on a clock that does not go back."""
        self._client = client
        self._now = now
        self._known: dict[tuple[str, str], float] = {}

    def check(self, kind: str, names: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Raise `Drifted` if all rows of `kind` leave out one of `names` and the account does not
        have it. Costs a call only if a property is left out.
        """
        shown = {name for row in rows for name in row.get("properties") or ()}
        since = self._now() - _KNOWN_FOR
        absent = [
            name
            for name in names
            if name not in shown and self._known.get((kind, name), since) <= since
        ]
        if not rows or not absent:
            return
        has = {
            str(row["name"])
            for row in self._client.ask("GET", _PROPERTIES, inside={"object": PLURALS[kind]}).rows
        }
        gone = next((name for name in absent if name not in has), "")
        if gone:
            text = f"HubSpot does not have the property {gone}."
            raise Drifted(text, side=SIDE, code="PROPERTY_DOESNT_EXIST", fieldname=gone)
        self._known.update(dict.fromkeys(((kind, name) for name in absent), self._now()))
