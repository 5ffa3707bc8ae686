"""What the memory of contact roles does behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmsync.model.records import Ref, Side
from crmsync.model.roles import Role
from tests.contracts.tables import role_memory_on_dynamodb
from tests.memory import MemoryRoles


@pytest.fixture(params=["memory", "dynamodb"])
def memory(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each memory in turn."""
    if request.param == "memory":
        yield MemoryRoles()
    else:
        with role_memory_on_dynamodb() as table:
            yield table


def a_role(number: int) -> Role:
    """A contact's role in an opportunity."""
    names = ("OpportunityContactRole", "00K"), ("Opportunity", "006"), ("Contact", "003")
    return Role(
        *(Ref(Side.SALESFORCE, name, f"{prefix}{number:012d}AAA") for name, prefix in names)
    )


def test_roles_are_remembered_as_they_stood(memory: Any) -> None:
    """However many; one that nobody has seen is left out, and keeping them again changes
    nothing.
    """
    roles = {role.ref: role for role in map(a_role, range(130))}

    for _ in range(2):
        memory.keep(roles.values())

    assert memory.of([*roles, a_role(999).ref]) == roles
    assert memory.of([]) == {}
    memory.keep([])


def test_a_role_that_passed_to_another_contact_is_remembered_anew(memory: Any) -> None:
    """As after a merge."""
    memory.keep([a_role(1)])
    moved = replace(a_role(1), contact=a_role(2).contact)

    memory.keep([moved])

    assert memory.of([moved.ref]) == {moved.ref: moved}
