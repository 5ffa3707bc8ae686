"""The owners (users) of one portal.

They are only read, except that a person can deactivate one. Shape: crm-owners-v3 [V]; `id` and
`userId` differ on purpose [V].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.hubspot.errors import not_found
from simulators.hubspot.stamps import iso


@dataclass(slots=True)
class Owner:
    """One owner; `id` is what ``hubspot_owner_id`` holds."""

    id: str
    user_id: int
    email: str
    first_name: str
    last_name: str
    type: str
    created_ms: int
    updated_ms: int
    is_archived: bool = False

    def shown(self) -> dict[str, Any]:
        """Return the owner as the API shows it; a deactivated one has no `userId`."""
        active = {} if self.is_archived else {"userId": self.user_id}
        return active | {
            "id": self.id,
            "email": self.email,
            "type": self.type,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userIdIncludingInactive": self.user_id,
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "archived": self.is_archived,
            "teams": [],
        }


class Owners:
    """All owners of a portal."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> None:
        """Make owners from world-file rows, which may give ids, ``type`` and ``archived`` besides
        address and name.
        """
        made = [
            Owner(
                id=str(row.get("id", 71_001 + place)),
                user_id=int(row.get("userId", 4_321 + place)),
                email=str(row["email"]),
                first_name=str(row.get("firstName", "")),
                last_name=str(row.get("lastName", "")),
                type=str(row.get("type", "PERSON")),
                created_ms=now_ms,
                updated_ms=now_ms,
                is_archived=bool(row.get("archived", False)),
            )
            for place, row in enumerate(rows)
        ]
        self._by_id = {owner.id: owner for owner in made}

    def exists(self, owner_id: str) -> bool:
        """Return whether an owner has this id, including deactivated ones [M]."""
        return owner_id in self._by_id

    def one(self, owner_id: str, id_property: str = "id", *, archived: bool = False) -> Owner:
        """Return an owner by `id` or `userId`. Raises 404, also for a deactivated owner unless it
        is requested.
        """
        for owner in self._by_id.values():
            key = owner.id if id_property == "id" else str(owner.user_id)
            if key == owner_id and owner.is_archived == archived:
                return owner
        raise not_found(f"Owner {owner_id} does not exist")

    def page(
        self, email: str | None, after: str | None, limit: int, *, archived: bool
    ) -> tuple[list[Owner], str | None]:
        """Return owners in the order of ids after a cursor, and the next cursor if there are more;
        `email` ignores case.
        """
        rows = [
            owner
            for owner in sorted(self._by_id.values(), key=lambda owner: int(owner.id))
            if owner.is_archived == archived
            and (email is None or owner.email.lower() == email.lower())
            and (after is None or int(owner.id) > int(after))
        ]
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def deactivate(self, email: str, now_ms: int) -> Owner:
        """Deactivate the owner with this e-mail address. Raises 404."""
        rows, _ = self.page(email, None, 1, archived=False)
        if not rows:
            raise not_found(f"Owner {email} does not exist")
        rows[0].is_archived, rows[0].updated_ms = True, now_ms
        return rows[0]
