"""The links to the console that have been used, each of which opens it once.

pk                     sk    attributes
console-link#<its id>  used  expires_at (an hour after the link ended)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from crmsync.gateways.dynamodb.table import ABSENT, ConditionFailed, DynamoTable
from crmsync.model.moments import epoch_seconds

KEPT = timedelta(hours=1)


class UsedLinks:
    """Used links, in a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The table of used links")

    def use(self, identifier: str, ends: datetime) -> bool:
        """Note that a link is used; answers whether it was not. Of several at the same time one is
        answered True. Raises `TryAgain`.
        """
        try:
            self._table.put(
                (f"console-link#{identifier}", "used"),
                {"expires_at": {"N": str(epoch_seconds(ends + KEPT))}},
                **ABSENT,
            )
        except ConditionFailed:
            return False
        return True
