"""How each kind is looked at without anything being done: one row per concern that has a flow, the very function that its sync uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from crmsync.flows import account, contact
from crmsync.flows.planning import Looked
from crmsync.flows.world import World
from crmsync.model.changes import Change
from crmsync.model.records import Kind

Look: TypeAlias = Callable[[Sequence[Change], World], Looked[Any]]
"""Gathers and plans; writes nothing."""

LOOKS: Mapping[Kind, Look] = MappingProxyType({Kind.CONTACT: contact.look, Kind.ACCOUNT: account.look})
