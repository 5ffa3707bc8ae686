"""Addresses that change hands: two people who swap theirs must both end up with the right one.

HubSpot gives an address to one contact only, so whoever holds an address that another one is about
to get has to give it up first; and who keeps it stands in the other's way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.model.crm_names import ADDITIONAL_EMAILS, HUBSPOT_EMAIL
from crmsync.model.emails import normalise_email
from crmsync.model.records import Record, Ref


def addresses_of(record: Record) -> list[str]:
    """Every address under which a HubSpot contact is known, in small letters, its own first;
    `ADDITIONAL_EMAILS` must have been read.
    """
    texts = (
        record.fields.get(HUBSPOT_EMAIL),
        *str(record.fields.get(ADDITIONAL_EMAILS) or "").split(";"),
    )
    return [address for text in texts if (address := normalise_email(str(text or "")))]


@dataclass(frozen=True, slots=True)
class Move:
    """A contact's address now, and the one that it shall have."""

    now: str
    then: str


def who_is_denied(moves: Mapping[Ref, Move], holders: Mapping[str, Ref]) -> Mapping[Ref, Ref]:
    """The contacts that cannot get the address that they shall have, and who stands in their way.

    `holders` tells who has an address now. Someone keeps it who has no move, or is denied one's
    own; of several who want an address the first by id gets it.
    """
    denied: dict[Ref, Ref] = {}
    while True:
        going = {ref: move for ref, move in sorted(moves.items()) if ref not in denied}
        firsts = {normalise_email(move.then): ref for ref, move in reversed(going.items())}
        more: dict[Ref, Ref] = {}
        for ref, move in going.items():
            holder = holders.get(normalise_email(move.then), ref)
            rival = firsts[normalise_email(move.then)] if move.then else ref
            if (in_the_way := rival if holder == ref or holder in going else holder) != ref:
                more[ref] = in_the_way
        if not more:
            return {
                ref: _keeper(moves[ref], holders, going) or rival for ref, rival in denied.items()
            }
        denied |= more


def _keeper(move: Move, holders: Mapping[str, Ref], going: Mapping[Ref, Move]) -> Ref | None:
    holder = holders.get(normalise_email(move.then))
    return holder if holder not in going else None


def who_vacates(moves: Mapping[Ref, Move]) -> frozenset[Ref]:
    """The contacts that must give up their address before any move is made: those whose address
    another one gets.
    """
    wanted = {normalise_email(move.then): ref for ref, move in moves.items() if move.then}
    return frozenset(
        ref for ref, move in moves.items() if wanted.get(normalise_email(move.now), ref) != ref
    )
