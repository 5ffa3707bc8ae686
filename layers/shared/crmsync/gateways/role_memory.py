"""What is remembered of contact roles, in the state table: nothing but ids.

    pk                             sk      attributes
    role#acme#00KYw0000000001MAA   role    o (the opportunity's id), c (the contact's id)

Salesforce forgets a role that is deleted by itself at once, and whoever tells of its deletion names its own id alone. Without these rows
nobody could say from which opportunity a contact was taken (ROLL-1, Q-29).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import TryAgain
from crmsync.gateways.aws_errors import aws_error
from crmsync.gateways.throttle import Patience, chunks
from crmsync.model.records import Ref, Side
from crmsync.model.roles import Role

READ_BATCH = 100
WRITE_BATCH = 25

_WHAT = "The table of contact roles"
_SORT = "role"


class RoleTable:
    """Implements `RoleMemory` for one connection, on a table with the keys `pk` and `sk`."""

    def __init__(self, client: Any, table: str, connection: str, patience: Patience | None = None) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._client = client
        self._table = table
        self._connection = connection
        self._patience = patience or Patience()

    def keep(self, roles: Iterable[Role]) -> None:
        """Remember roles; one that is remembered as it is costs a read and no write. Raises `TryAgain`."""
        wanted = {role.ref: role for role in roles}
        known = self.of(wanted)
        news = [role for ref, role in wanted.items() if known.get(ref) != role]
        for part in chunks(news, WRITE_BATCH):
            left: Mapping[str, Any] = {self._table: [{"PutRequest": {"Item": self._item(role)}} for role in part]}
            self._until_done(left, self._write)

    def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """The roles as they were when they stood, strongly consistent. Raises `TryAgain`."""
        found: dict[Ref, Role] = {}

        def read(asked: Mapping[str, Any]) -> Mapping[str, Any]:
            answer = self._client.batch_get_item(RequestItems=asked)
            found.update((role.ref, role) for role in map(_role, answer["Responses"].get(self._table, ())))
            return answer.get("UnprocessedKeys") or {}

        for part in chunks(list(dict.fromkeys(refs)), READ_BATCH):
            keys = [self._key(ref) for ref in part]
            self._until_done({self._table: {"Keys": keys, "ConsistentRead": True}}, read)
        return found

    def _write(self, left: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._client.batch_write_item(RequestItems=left).get("UnprocessedItems") or {}

    def _until_done(self, left: Mapping[str, Any], call: Any) -> None:
        attempt = 1
        while left:
            try:
                left = call(left)
            except (BotoCoreError, ClientError) as problem:
                raise aws_error(problem, _WHAT) from None
            if left and not self._patience.wait(attempt):
                raise TryAgain(f"{_WHAT} is busy.", after=5, code="UnprocessedItems")
            attempt += 1

    def _key(self, ref: Ref) -> dict[str, Any]:
        return {"pk": {"S": f"role#{self._connection}#{ref.id}"}, "sk": {"S": _SORT}}

    def _item(self, role: Role) -> dict[str, Any]:
        return {**self._key(role.ref), "o": {"S": role.opportunity.id}, "c": {"S": role.contact.id}}


def _role(item: Mapping[str, Any]) -> Role:
    def ref(name: str, identifier: str) -> Ref:
        return Ref(Side.SALESFORCE, name, identifier)

    own = ref("OpportunityContactRole", item["pk"]["S"].rpartition("#")[2])
    return Role(own, ref("Opportunity", item["o"]["S"]), ref("Contact", item["c"]["S"]))
