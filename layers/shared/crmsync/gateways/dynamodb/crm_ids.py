"""Which HubSpot account and which Salesforce org a connection belongs to, in the state table.

    pk            sk           attributes
    crm-id#acme   salesforce   id (the org's, or the account's), since (ISO 8601, UTC)

A link names records by their ids, and in another account or org the same id is another record. So
the first sign-in stores whose it is, and later ones to another account or org are refused
(fault 30).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from crmsync.errors import Down
from crmsync.gateways.dynamodb.table import ABSENT, ConditionFailed, DynamoTable, Key
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.records import Side
from crmsync.rules.refusals.findings import OTHER_PLACE_HINT

WAIT = 300
"""Seconds until the next try: a person must act first."""

_NAMES = {Side.HUBSPOT: "HubSpot account", Side.SALESFORCE: "Salesforce org"}
_CODES = {Side.HUBSPOT: "OTHER_ACCOUNT", Side.SALESFORCE: "OTHER_ORG"}


class CrmIdTable:
    """The ids that connections belong to, on a table with the keys `pk` and `sk`."""

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        now: Callable[[], datetime],
        keeps: bool = True,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        """Use the boto3 `client` ("dynamodb"). Without `keeps` ids are compared and never stored,
        for callers who may only read.
        """
        self._table = DynamoTable(client, table, "The table of accounts and orgs", retry_policy)
        self._now = now
        self._keeps = keeps

    def check(self, connection: str, side: Side, found: str) -> None:
        """Compare the id that a sign-in has led to with the stored one, which is stored first if
        there is none.

        Raises `Down` if another id is stored, and `TryAgain`.
        """
        known = self._stored(connection, side, found)
        if known != found:
            raise other_id(side, found, known)

    def _stored(self, connection: str, side: Side, found: str) -> str:
        key: Key = (f"crm-id#{connection}", str(side))
        item = self._table.get(key)
        if item is None and self._keeps:
            attributes = {"id": {"S": found}, "since": {"S": self._now().isoformat()}}
            try:
                self._table.put(key, attributes, **ABSENT)
            except ConditionFailed:
                item = self._table.get(key)
        return found if item is None else str(item["id"]["S"])


def other_id(side: Side, found: str, wanted: str) -> Down:
    """The error for a sign-in that leads to another account or org than it should."""
    name = _NAMES[side]
    text = f"The secret leads to the {name} {found}, but this connection belongs to {wanted}."
    return Down(text, side=str(side), after=WAIT, code=_CODES[side], hint=OTHER_PLACE_HINT)
