"""How far the members of lists are members of their campaigns, in the state table. It has ids of
HubSpot contacts and nothing else about people.

pk             sk               attributes
campaign#acme  42 701…          mark, read_at, refusal, trouble, trouble_code, since, parts,
                                version, expires_at
campaign#acme  contacts shown   the same, of what contacts show of all campaigns
campaign#acme  42 701…#7#000    data (a part of the packed ids of version 7), expires_at

The ids of a version are written first, and count once the row that names the version is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crmsync.errors import Conflict
from crmsync.gateways.dynamodb.table import ConditionFailed, DynamoTable, Item, same_version
from crmsync.model.kinds.campaigns import CampaignKey, CampaignTrouble, ListProgress
from crmsync.model.moments import epoch_seconds
from crmsync.wire.rows.campaigns import packed, unpacked

PART = 300_000
"""Bytes in one item, of the 400 KB that it may have."""

KEPT = timedelta(days=90)
"""How long the row of a campaign is kept that the settings no longer name."""

_SETS = 4


class CampaignProgressTable:
    """Implements `CampaignStore` on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The table of campaigns")

    def load(self, connection: str) -> Mapping[CampaignKey, ListProgress]:
        """The progress of each list and campaign of a connection, strongly consistent. Raises
        `TryAgain`.
        """
        heads: dict[str, Item] = {}
        parts: dict[str, bytes] = {}
        for item in self._table.query(_partition(connection)):
            key = item["sk"]["S"]
            if "data" in item:
                parts[key] = bytes(item["data"]["B"])
            else:
                heads[key] = item
        return {_names(key): _progress(key, item, parts) for key, item in heads.items()}

    def save(
        self, connection: str, key: CampaignKey, progress: ListProgress, now: datetime
    ) -> ListProgress:
        """Store the progress and answer it with its next version. Raises `Conflict` unless
        `progress.version` is the stored one, else `TryAgain`.
        """
        head = " ".join(key)
        version = progress.version + 1
        sets = (progress.members, progress.waiting, progress.leaving, progress.refused)
        data = packed(sets)
        pieces = [data[start : start + PART] for start in range(0, len(data), PART)]
        expires = {"expires_at": {"N": str(epoch_seconds(now + KEPT))}}
        place = _partition(connection)
        self._table.put_many(
            {
                (place, _part(head, version, number)): {"data": {"B": piece}, **expires}
                for number, piece in enumerate(pieces)
            }
        )
        row = {
            "mark": {"S": progress.mark},
            "read_at": {"S": progress.read_at.isoformat() if progress.read_at else ""},
            "refusal": {"S": progress.refusal},
            **_trouble_item(progress.trouble),
            "parts": {"N": str(len(pieces))},
            "version": {"N": str(version)},
            **expires,
        }
        try:
            before = self._table.put(
                (place, head), row, ReturnValues="ALL_OLD", **same_version(progress.version)
            )
        except ConditionFailed:
            raise Conflict("Another sweep has stored this campaign first.") from None
        if before:
            self._table.delete_many(
                (place, _part(head, progress.version, number))
                for number in range(int(before["parts"]["N"]))
            )
        return replace(progress, version=version)


def _progress(head: str, item: Item, parts: Mapping[str, bytes]) -> ListProgress:
    version = int(item["version"]["N"])
    names = [_part(head, version, number) for number in range(int(item["parts"]["N"]))]
    data = b"".join(parts[name] for name in names)
    members, waiting, leaving, refused = unpacked(data, _SETS)
    read_at = item["read_at"]["S"]
    return ListProgress(
        item["mark"]["S"],
        datetime.fromisoformat(read_at) if read_at else None,
        members,
        waiting,
        leaving,
        refused,
        item["refusal"]["S"],
        _trouble(item),
        version,
    )


def _trouble_item(trouble: CampaignTrouble | None) -> Item:
    if trouble is None:
        return {}
    return {
        "trouble_code": {"S": trouble.code},
        "trouble": {"S": trouble.text},
        "since": {"S": trouble.since.isoformat()},
    }


def _trouble(item: Item) -> CampaignTrouble | None:
    if "since" not in item:
        return None
    return CampaignTrouble(
        item["trouble_code"]["S"],
        item["trouble"]["S"],
        datetime.fromisoformat(item["since"]["S"]),
    )


def _names(head: str) -> CampaignKey:
    list_id, _, campaign = head.partition(" ")
    return list_id, campaign


def _part(head: str, version: int, number: int) -> str:
    return f"{head}#{version}#{number:03}"


def _partition(connection: str) -> str:
    return f"campaign#{connection}"
