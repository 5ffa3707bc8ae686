"""How each kind is looked at without anything being done: one row per concern that has a flow, the
very function that its sync uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from crmsync.errors import Refused, SyncError
from crmsync.flows.engine.context import World
from crmsync.flows.engine.planning import Looked
from crmsync.flows.kinds import account, contact, opportunity
from crmsync.model import names
from crmsync.model.changes import Change
from crmsync.model.records import Kind

Look: TypeAlias = Callable[[Sequence[Change], World], Looked[Any]]
"""Gathers and plans; writes nothing."""

LOOKS: Mapping[Kind, Look] = MappingProxyType(
    {Kind.CONTACT: contact.look, Kind.ACCOUNT: account.look, Kind.OPPORTUNITY: opportunity.look}
)

_OURS = (names.SALESFORCE_KEY, names.HUBSPOT_KEY)


def look_at(changes: Sequence[Change], world: World) -> Looked[Any]:
    """Look at records of one kind, for somebody at a terminal.

    Raises `SyncError`, and where our own field is what a side misses a `Refused` that says how to
    get it.
    """
    try:
        return LOOKS[changes[0].kind](changes, world)
    except SyncError as error:
        if any(name in f"{error.fieldname} {error.text}" for name in _OURS):
            hint = "Run crmsync setup --apply first; crmsync check says what is missing."
            raise Refused(error.text, code=error.code, hint=hint) from error
        raise
