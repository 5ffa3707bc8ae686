"""What is remembered of contact roles, in the state table: nothing but ids.

    pk                             sk      attributes
    role#acme#00KYw0000000001MAA   role    o (the opportunity's id), c (the contact's id)

Salesforce forgets a role that is deleted by itself at once, and whoever tells of its deletion names
its own id alone. Without these rows nobody could say from which opportunity a contact was taken
(ROLL-1, Q-29).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmsync.gateways.dynamodb.table import DynamoTable, Key
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.records import Ref, Side
from crmsync.model.roles import Role

_SORT = "role"


class RoleTable:
    """Implements `RoleStore` for one connection, on a table with the keys `pk` and `sk`."""

    def __init__(
        self, client: Any, table: str, connection: str, patience: RetryPolicy | None = None
    ) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._items = DynamoTable(client, table, "The table of contact roles", patience)
        self._connection = connection

    def keep(self, roles: Iterable[Role]) -> None:
        """Remember roles; one that is remembered as it is costs a read and no write. Raises
        `TryAgain`.
        """
        wanted = {role.ref: role for role in roles}
        known = self.of(wanted)
        self._items.put(
            {
                self._key(ref): _attributes(role)
                for ref, role in wanted.items()
                if known.get(ref) != role
            }
        )

    def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """The roles as they were when they stood, strongly consistent. Raises `TryAgain`."""
        roles = map(_role, self._items.many(map(self._key, refs)).values())
        return {role.ref: role for role in roles}

    def _key(self, ref: Ref) -> Key:
        return f"role#{self._connection}#{ref.id}", _SORT


def _attributes(role: Role) -> dict[str, Any]:
    return {"o": {"S": role.opportunity.id}, "c": {"S": role.contact.id}}


def _role(item: Mapping[str, Any]) -> Role:
    def ref(name: str, identifier: str) -> Ref:
        return Ref(Side.SALESFORCE, name, identifier)

    own = ref("OpportunityContactRole", item["pk"]["S"].rpartition("#")[2])
    return Role(own, ref("Opportunity", item["o"]["S"]), ref("Contact", item["c"]["S"]))
