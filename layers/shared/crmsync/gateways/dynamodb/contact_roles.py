"""Which contact and which opportunity each contact role links, in the state table: ids only.

    pk                             sk      attributes
    role#acme#00KYw0000000001MAA   role    o (the opportunity's id), c (the contact's id)

When a role is deleted, Salesforce forgets it at once and reports nothing but the role's own id.
Without these items it would be unknown which opportunity the contact was removed from (ROLL-1,
Q-29).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmsync.gateways.dynamodb.table import DynamoTable, Item, Key
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.crm_names import CONTACT_ROLE, OPPORTUNITY, SALESFORCE_CONTACT
from crmsync.model.kinds.roles import Role
from crmsync.model.records import Ref, Side


class RoleTable:
    """Implements `RoleStore` for one connection, on a table with the keys `pk` and `sk`."""

    def __init__(
        self, client: Any, table: str, connection: str, retry_policy: RetryPolicy | None = None
    ) -> None:
        """Use the boto3 `client` ("dynamodb")."""
        self._table = DynamoTable(client, table, "The table of contact roles", retry_policy)
        self._connection = connection

    def keep(self, roles: Iterable[Role]) -> None:
        """Store roles; one that is already stored as it is costs a read and no write.

        Raises `TryAgain`.
        """
        wanted = {role.ref: role for role in roles}
        known = self.of(wanted)
        self._table.put_many(
            {
                self._key(ref): _attributes(role)
                for ref, role in wanted.items()
                if known.get(ref) != role
            }
        )

    def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """The stored roles, deleted ones included, strongly consistent. Raises `TryAgain`."""
        roles = map(_role, self._table.get_many(map(self._key, refs)).values())
        return {role.ref: role for role in roles}

    def _key(self, ref: Ref) -> Key:
        return f"role#{self._connection}#{ref.id}", "role"


def _attributes(role: Role) -> Item:
    return {"o": {"S": role.opportunity.id}, "c": {"S": role.contact.id}}


def _role(item: Item) -> Role:
    def ref(name: str, identifier: str) -> Ref:
        return Ref(Side.SALESFORCE, name, identifier)

    own = ref(CONTACT_ROLE, item["pk"]["S"].rpartition("#")[2])
    return Role(own, ref(OPPORTUNITY, item["o"]["S"]), ref(SALESFORCE_CONTACT, item["c"]["S"]))
