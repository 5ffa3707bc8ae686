"""Addresses that change hands: two people who swap theirs must both end up with the right one.

HubSpot gives an address to one contact only, so whoever holds an address that another one is about to get has to give it up first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.model.records import Ref


@dataclass(frozen=True, slots=True)
class Move:
    """A contact's address now, and the one that it shall have."""

    now: str
    then: str


def who_vacates(moves: Mapping[Ref, Move]) -> frozenset[Ref]:
    """The contacts that must give up their address before any move is made: those whose address another one gets."""
    wanted = {_same(move.then): ref for ref, move in moves.items() if move.then}
    return frozenset(ref for ref, move in moves.items() if wanted.get(_same(move.now), ref) != ref)


def _same(address: str) -> str:
    return address.strip().lower()
