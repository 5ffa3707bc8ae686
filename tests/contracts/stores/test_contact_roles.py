"""The store of contact roles behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.model.kinds.roles import Role
from crmsync.model.records import Ref, Side
from tests.contracts.stores.tables import roles_on_dynamodb
from tests.memory import MemoryRoleStore


@pytest.fixture(params=["memory", "dynamodb"])
def memory(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryRoleStore()
    else:
        with roles_on_dynamodb() as table:
            yield table


def a_role(number: int) -> Role:
    """A contact's role in an opportunity."""
    names = ("OpportunityContactRole", "00K"), ("Opportunity", "006"), ("Contact", "003")
    return Role(
        *(Ref(Side.SALESFORCE, name, f"{prefix}{number:012d}AAA") for name, prefix in names)
    )


def test_roles_are_read_back_as_they_were_stored(memory: Any) -> None:
    """Unknown roles are left out, and storing roles again changes nothing."""
    roles = {role.ref: role for role in map(a_role, range(130))}

    for _ in range(2):
        memory.keep(roles.values())

    assert memory.of([*roles, a_role(999).ref]) == roles
    assert memory.of([]) == {}
    memory.keep([])


def test_a_role_with_another_contact_replaces_the_stored_one(memory: Any) -> None:
    """That happens in a merge."""
    memory.keep([a_role(1)])
    moved = replace(a_role(1), contact=a_role(2).contact)

    memory.keep([moved])

    assert memory.of([moved.ref]) == {moved.ref: moved}
