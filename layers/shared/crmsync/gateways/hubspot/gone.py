"""HubSpot records that are deleted or merged.

Facts: docs/vendors.md#hubspot-records. What happens to the id of a merged record is [M]: reading it
returns the survivor, mostly under a new id, which lists it in ``hs_merged_object_ids``. So several
signs are used: the survivor's own list comes first, an id in the recycle bin is deleted, and only
the remaining ids are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmsync.errors import Gone, SyncError
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.errors import ROW_WISE, row_error
from crmsync.gateways.hubspot.rows import is_id
from crmsync.gateways.hubspot.versions import PLURALS
from crmsync.gateways.retry import chunks
from crmsync.model.crm_names import COMPANY, DEAL, HUBSPOT_CONTACT
from crmsync.model.effects import DeleteRecord
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome, Written

BATCH = 100
MISSING = frozenset({404})
RECORD = "/crm/v3/objects/{kind}/{id}"

MERGED = frozenset({HUBSPOT_CONTACT, COMPANY, DEAL})
"""The objects whose records HubSpot can merge; activities cannot be."""

MERGED_INTO_IT = ("hs_merged_object_ids", "hs_calculated_merged_vids")
"""The ids that were merged into a record: ``81;93``, for contacts also with times,
``81:1790000000000;93:...``.
"""


def survivors(client: HubspotClient, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
    """The record that each merged record was merged into, unless that one is deleted.

    Two calls per hundred records, and one more for each that does not exist, is not in the recycle
    bin and is not named by a survivor, as it was deleted for good. Raises `SyncError`.
    """
    kinds: dict[str, dict[str, Ref]] = {}
    for ref in refs:
        if ref.object in MERGED and is_id(ref.id):
            kinds.setdefault(ref.object, {})[ref.id] = ref
    found: dict[Ref, Ref] = {}
    for kind, by_id in kinds.items():
        for part in chunks(list(by_id), BATCH):
            ends = _survivors_of(client, kind, part)
            found.update(
                {
                    by_id[old]: Ref(Side.HUBSPOT, kind, new)
                    for old, new in ends.items()
                    if old != new
                }
            )
    return found


def _survivors_of(client: HubspotClient, kind: str, ids: list[str]) -> dict[str, str]:
    """Id -> the id of the existing record that HubSpot returns for it, which may be the same."""
    ends: dict[str, str] = {}
    for row in _read(client, kind, ids):
        ends.update({old: str(row["id"]) for old in {str(row["id"]), *_merged_ids(row)} & set(ids)})
    left = [one for one in ids if one not in ends]
    if left:
        deleted = {
            old
            for row in _read(client, kind, left, archived=True)
            for old in (str(row["id"]), *_merged_ids(row))
        }
        left = [one for one in left if one not in deleted]
    for one in left:
        reply = client.ask(
            "GET", RECORD, inside={"kind": PLURALS.get(kind, kind), "id": one}, see=MISSING
        )
        if reply.status not in MISSING:
            ends[one] = str(reply.body["id"])
    return ends


def _read(
    client: HubspotClient, kind: str, ids: list[str], *, archived: bool = False
) -> list[dict[str, Any]]:
    body = {
        "properties": list(MERGED_INTO_IT),
        "propertiesWithHistory": [],
        "inputs": [{"id": one} for one in ids],
    }
    return client.batch("read", kind, body, archived=archived).rows


def _merged_ids(row: Mapping[str, Any]) -> set[str]:
    properties = row.get("properties") or {}
    lists = (str(properties.get(name) or "") for name in MERGED_INTO_IT)
    return {
        part.partition(":")[0].strip() for text in lists for part in text.split(";") if part.strip()
    }


class HubspotDeleter:
    """Implements `Deleter`."""

    def __init__(self, client: HubspotClient) -> None:
        """Call through `client`."""
        self._client = client

    def delete(self, effects: Sequence[DeleteRecord]) -> Sequence[Outcome]:
        """Move records to the recycle bin, 100 per call (DEL-1); one that is already gone counts as
        deleted. Raises `SyncError` if nothing was deleted.
        """
        outcomes: dict[Ref, Outcome] = {}
        try:
            for kind in dict.fromkeys(effect.ref.object for effect in effects):
                refs = dict.fromkeys(effect.ref for effect in effects if effect.ref.object == kind)
                for part in chunks(list(refs), BATCH):
                    _archive(self._client, part, outcomes)
        except SyncError as error:
            # What has been deleted is reported; only the rest is tried again.
            if not outcomes:
                raise
            return [outcomes.get(effect.ref, error) for effect in effects]
        return [outcomes[effect.ref] for effect in effects]


def _archive(client: HubspotClient, part: list[Ref], outcomes: dict[Ref, Outcome]) -> None:
    """Archive records. A call refused because of one row is halved until the row is found."""
    body = {"inputs": [{"id": ref.id} for ref in part]}
    reply = client.batch("archive", part[0].object, body, see=ROW_WISE)
    if reply.status not in ROW_WISE:
        outcomes.update({ref: Written(ref, {}) for ref in part})
    elif len(part) == 1:
        error = row_error(reply.body, {}, status=reply.status)
        outcomes[part[0]] = Written(part[0], {}) if isinstance(error, Gone) else error
    else:
        half = (len(part) + 1) // 2
        for smaller in (part[:half], part[half:]):
            _archive(client, smaller, outcomes)
