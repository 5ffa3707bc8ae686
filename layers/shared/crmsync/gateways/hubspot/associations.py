"""Associations of HubSpot records: read, created and removed.

Facts: docs/vendors.md#hubspot-associations [V spec, M limits]. All three calls are safe to repeat.
A row of a batch has no id of its own, so a result is matched by the two record ids, and rows
without a result are sent again in halves, down to single rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from crmsync.errors import Gone, Refused, SyncError
from crmsync.gateways.hubspot.association_types import TYPES, AssociationTypes
from crmsync.gateways.hubspot.client import HubspotClient, Reply
from crmsync.gateways.hubspot.errors import ROW_WISE, row_error
from crmsync.gateways.hubspot.rows import is_id
from crmsync.gateways.hubspot.versions import ASSOCIATIONS_BATCH, PLURALS
from crmsync.gateways.retry import chunks
from crmsync.model.crm_names import COMPANY
from crmsync.model.effects import Associate, Dissociate
from crmsync.model.links import Place
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome, Written
from crmsync.rules.refusals.table import hint_of

READ_BATCH = 1_000
WRITE_BATCH = 2_000

LIMIT_REACHED = "ASSOCIATION_LIMIT"
"""Our code for a record that has as many associations as it may have; HubSpot has none."""

_NOT_THERE = re.compile(r"^([A-Z_]+)=(\d+) is not valid")
"""HubSpot's message if a record to associate does not exist: ``CONTACT=1234 is not valid``, in a
VALIDATION_ERROR without a context [S]. An OBJECT_NOT_FOUND with the two ids in its context is
understood, too.
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """One pair of records to associate or dissociate.

    Attributes:
        at: The place of its effect in the caller's list.
        ref: The record that the effect names first.
        objects: The two objects in the order in which they are sent.
        ids: The two record ids in the same order.
        primary: Whether the association is the primary one.
    """

    at: int
    ref: Ref
    objects: tuple[str, str]
    ids: tuple[str, str]
    primary: bool = False


class HubspotAssociations:
    """Implements `Associations` for one HubSpot account."""

    def __init__(self, client: HubspotClient) -> None:
        """Call through `client`."""
        self._client = client

    def of(self, refs: Iterable[Ref], other: str) -> Mapping[Ref, tuple[Ref, ...]]:
        """The records of object `other` that each record is associated with, in the order of their
        ids; 1,000 records per call.

        HubSpot returns the associations of a record in pages: until no record has more, one more
        call reads the next page of all that have. Raises `SyncError`.
        """
        found: dict[Ref, set[str]] = {}
        for ref, to in self._read_all(refs, other):
            found.setdefault(ref, set()).add(str(to["toObjectId"]))
        return {
            ref: tuple(Ref(Side.HUBSPOT, other, one) for one in sorted(ids, key=int))
            for ref, ids in found.items()
        }

    def primary_companies(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """The primary company of each deal or contact, 1,000 per call. Raises `SyncError`."""
        found: dict[Ref, str] = {}
        for ref, to in self._read_all(refs, COMPANY):
            if _is_primary(TYPES[ref.object, COMPANY], to):
                found.setdefault(ref, str(to["toObjectId"]))
        return {ref: Ref(Side.HUBSPOT, COMPANY, one) for ref, one in found.items()}

    def associate(self, effects: Sequence[Associate]) -> Sequence[Outcome]:
        """Associate records, 2,000 pairs per call; an association that exists counts as done.

        No call has two companies for the same contact or deal, as HubSpot does not document in
        which order it processes a batch.
        """
        rows = [
            _row(at, effect.place, effect.other, primary=effect.primary)
            for at, effect in enumerate(effects)
        ]
        return self._write(rows, "create", _creation_input, _once_per_call)

    def dissociate(self, effects: Sequence[Dissociate]) -> Sequence[Outcome]:
        """Remove all associations of pairs of records, whatever their labels, 2,000 pairs per call.
        A pair that is not associated, or of which a record is deleted, counts as done.
        """
        rows = [_row(at, effect.place, effect.other) for at, effect in enumerate(effects)]
        outcomes = self._write(rows, "archive", _removal_input, lambda row: row.ids)
        return [
            Written(row.ref, {}) if isinstance(one, Gone) else one
            for row, one in zip(rows, outcomes, strict=True)
        ]

    def _read_all(self, refs: Iterable[Ref], other: str) -> Iterator[tuple[Ref, Mapping[str, Any]]]:
        """Each record with each of its associations, as HubSpot returns it."""
        for kind, ids in _by_kind(refs).items():
            for part in chunks(ids, READ_BATCH):
                for one, others in self._read(kind, part, other):
                    yield from ((Ref(Side.HUBSPOT, kind, one), to) for to in others)

    def _read(
        self, kind: str, ids: list[str], other: str
    ) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
        left: list[dict[str, str]] = [{"id": one} for one in ids]
        while left:
            reply = self._ask("read", (kind, other), left, frozenset())
            for error in (row_error(row, {}) for row in reply.errors):
                # Records that do not exist or have no associations are reported as errors, too; any
                # other error would leave a gap.
                if not isinstance(error, Gone):
                    raise error
            left = []
            for row in reply.rows:
                one = str(row["from"]["id"])
                yield one, list(row.get("to") or ())
                following = (row.get("paging") or {}).get("next") or {}
                if following.get("after"):
                    left.append({"id": one, "after": str(following["after"])})

    def _write(
        self,
        rows: list[_Row],
        verb: str,
        sent: Callable[[_Row], Mapping[str, Any]],
        once: Callable[[_Row], Hashable],
    ) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {
            row.at: _without_ids(row) for row in rows if not all(map(is_id, row.ids))
        }
        asked = [row for row in rows if row.at not in outcomes]
        try:
            for objects in dict.fromkeys(row.objects for row in asked):
                for layer in _layers((row for row in asked if row.objects == objects), once):
                    for part in chunks(layer, WRITE_BATCH):
                        self._write_part(part, verb, sent, outcomes)
        except SyncError as error:
            # What has been written is reported; only the rest is tried again.
            if not outcomes:
                raise
            return [outcomes.get(row.at, error) for row in rows]
        return [outcomes[row.at] for row in rows]

    def _write_part(
        self,
        part: list[_Row],
        verb: str,
        sent: Callable[[_Row], Mapping[str, Any]],
        outcomes: dict[int, Outcome],
    ) -> None:
        reply = self._ask(verb, part[0].objects, [dict(sent(row)) for row in part], ROW_WISE)
        outcomes.update(
            _single_outcome(part[0], reply) if len(part) == 1 else _answered(part, reply, verb)
        )
        left = [row for row in part if row.at not in outcomes]
        half = len(left) if len(left) < len(part) else (len(left) + 1) // 2
        for smaller in filter(None, (left[:half], left[half:])):
            self._write_part(smaller, verb, sent, outcomes)

    def _ask(
        self, verb: str, objects: tuple[str, str], inputs: list[dict[str, Any]], see: frozenset[int]
    ) -> Reply:
        one, other = (PLURALS.get(name, name) for name in objects)
        inside = {"from": one, "to": other, "verb": verb}
        return self._client.ask(
            "POST", ASSOCIATIONS_BATCH, inside=inside, body={"inputs": inputs}, see=see
        )


def _is_primary(kinds: AssociationTypes, to: Mapping[str, Any]) -> bool:
    """Whether one of an association's types is HubSpot's primary one; an account's own types may
    have the same number.
    """
    types = ((one.get("category"), one.get("typeId")) for one in to.get("associationTypes") or ())
    return ("HUBSPOT_DEFINED", kinds.primary) in types


def _by_kind(refs: Iterable[Ref]) -> dict[str, list[str]]:
    """Ids by object, each once. A text that cannot be an id is left out, as HubSpot would refuse
    the whole call.
    """
    kinds: dict[str, dict[str, None]] = {}
    for ref in refs:
        if is_id(ref.id):
            kinds.setdefault(ref.object, {})[ref.id] = None
    return {kind: list(ids) for kind, ids in kinds.items()}


def _row(at: int, place: Place, other: Place, *, primary: bool = False) -> _Row:
    if not (isinstance(place, Ref) and isinstance(other, Ref)):
        msg = f"an association of {place} and {other} before both were created"
        raise TypeError(msg)
    one, two = (place, other) if (place.object, other.object) in TYPES else (other, place)
    objects = (one.object, two.object)
    if objects not in TYPES or (primary and TYPES[objects].primary is None):
        msg = f"no {'primary ' if primary else ''}association of {place.object} and {other.object}"
        raise TypeError(msg)
    return _Row(at, place, objects, (one.id, two.id), primary)


def _ends(row: _Row) -> dict[str, Any]:
    return {"from": {"id": row.ids[0]}, "to": {"id": row.ids[1]}}


def _creation_input(row: _Row) -> dict[str, Any]:
    kinds = TYPES[row.objects]
    # A primary association is also a plain one. HubSpot probably adds that itself [M].
    numbers = [kinds.plain]
    if row.primary and kinds.primary is not None:
        numbers.append(kinds.primary)
    types = [
        {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}
        for number in numbers
    ]
    return {**_ends(row), "types": types}


def _removal_input(row: _Row) -> dict[str, Any]:
    return {"from": {"id": row.ids[0]}, "to": [{"id": row.ids[1]}]}


def _once_per_call(row: _Row) -> Hashable:
    """What may occur once per call: a record that can have a primary company, else the pair."""
    return row.ids if TYPES[row.objects].primary is None else row.ids[0]


_T = TypeVar("_T")


def _layers(rows: Iterable[_T], once: Callable[[_T], Hashable]) -> list[list[_T]]:
    """The rows in as few lists as possible, so that each list has each key at most once; rows with
    the same key stay in order.
    """
    seen: Counter[Hashable] = Counter()
    layers: list[list[_T]] = []
    for row in rows:
        key = once(row)
        if seen[key] == len(layers):
            layers.append([])
        layers[seen[key]].append(row)
        seen[key] += 1
    return layers


def _errors_by_pair(
    errors: Iterable[Mapping[str, Any]],
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The error entries of a 207, by the pairs of ids that they name."""
    named: dict[tuple[str, str], Mapping[str, Any]] = {}
    for error in errors:
        context = error.get("context") or {}
        ends = (
            [str(one) for one in context.get(name) or ()] for name in ("fromObjectId", "toObjectId")
        )
        named.update(dict.fromkeys(zip(*ends, strict=False), error))
    return named


def _errors_by_end(errors: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The error entries of a 207 that name only one record, by its object and id."""
    found = ((_NOT_THERE.match(str(error.get("message") or "")), error) for error in errors)
    return {(match[1].lower(), match[2]): error for match, error in found if match}


def _answered(part: list[_Row], reply: Reply, verb: str) -> dict[int, Outcome]:
    """The outcomes of the rows that the reply mentions. A successful archive call returns no
    rows; then all are done.
    """
    if reply.status in ROW_WISE:
        return {}
    errors, ends = _errors_by_pair(reply.errors), _errors_by_end(reply.errors)
    done = {(str(row.get("fromObjectId")), str(row.get("toObjectId"))) for row in reply.rows}
    outcomes: dict[int, Outcome] = {}
    for row in part:
        gone = next(
            (ends[end] for end in zip(row.objects, row.ids, strict=True) if end in ends), None
        )
        if row.ids in errors or gone is not None:
            outcomes[row.at] = _refusal(errors.get(row.ids) or gone or {})
        elif row.ids in done or (verb == "archive" and not reply.errors):
            outcomes[row.at] = Written(row.ref, {})
    return outcomes


def _single_outcome(row: _Row, reply: Reply) -> dict[int, Outcome]:
    """The outcome of a row that was sent alone: any response is about it."""
    if reply.status in ROW_WISE:
        return {row.at: _refusal(reply.body, status=reply.status)}
    return {row.at: _refusal(reply.errors[0]) if reply.errors else Written(row.ref, {})}


def _refusal(body: Mapping[str, Any], *, status: int = 400) -> SyncError:
    """The error of one row. A limit is recognised by its words, as HubSpot documents no code for it
    [M].
    """
    error = row_error(body, {}, status=status)
    if isinstance(error, Gone) or _NOT_THERE.match(str(body.get("message") or "")):
        return Gone("One of the records to associate no longer exists in HubSpot.", code=error.code)
    words = f"{body.get('subCategory') or ''} {body.get('message') or ''}".lower()
    if isinstance(error, Refused) and "limit" in words:
        return Refused(
            "Association limit reached.", code=LIMIT_REACHED, hint=hint_of(LIMIT_REACHED)
        )
    return error


def _without_ids(row: _Row) -> Outcome:
    return Gone(
        f"HubSpot has no {row.objects[0]} {row.ids[0]} or no {row.objects[1]} {row.ids[1]}.",
        code="NOT_FOUND",
    )
