"""E-mail addresses that move between contacts: two people who swap addresses must both end up with
the right one.

HubSpot allows an address for one contact only. So a contact must give up an address before another
gets it, and a contact that keeps its address blocks others from getting it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.model.crm_names import ADDITIONAL_EMAILS, HUBSPOT_EMAIL
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.records import Record, Ref


def addresses_of(record: Record) -> list[str]:
    """All addresses of a HubSpot contact, normalised, its primary one first; its further addresses
    must have been read.
    """
    texts = (
        record.fields.get(HUBSPOT_EMAIL),
        *str(record.fields.get(ADDITIONAL_EMAILS) or "").split(";"),
    )
    return [address for text in texts if (address := normalise_email(str(text or "")))]


@dataclass(frozen=True, slots=True)
class AddressMove:
    """A change of a contact's address.

    Attributes:
        old: The address that it has.
        new: The address that it is to get, "" = none.
    """

    old: str
    new: str


def blocked_moves(
    moves: Mapping[Ref, AddressMove], holders: Mapping[str, Ref]
) -> Mapping[Ref, Ref]:
    """The contacts that cannot get their new address, each with the contact that blocks it.

    `holders` says which contact has an address now. A contact keeps its address if it has no move
    or its own move is blocked. Of several contacts that are to get one address, the first by id
    gets it.
    """
    blocked: dict[Ref, Ref] = {}
    while True:
        going = {ref: move for ref, move in sorted(moves.items()) if ref not in blocked}
        firsts = {normalise_email(move.new): ref for ref, move in reversed(going.items())}
        newly_blocked: dict[Ref, Ref] = {}
        for ref, move in going.items():
            if not move.new:
                continue
            address = normalise_email(move.new)
            holder = holders.get(address, ref)
            is_free = holder == ref or holder in going
            blocker = firsts[address] if is_free else holder
            if blocker != ref:
                newly_blocked[ref] = blocker
        if not newly_blocked:
            return {ref: _keeper(moves[ref], holders, going) or by for ref, by in blocked.items()}
        blocked |= newly_blocked


def _keeper(
    move: AddressMove, holders: Mapping[str, Ref], going: Mapping[Ref, AddressMove]
) -> Ref | None:
    """The contact that has the new address and keeps it, if any."""
    holder = holders.get(normalise_email(move.new))
    return holder if holder not in going else None


def vacating(moves: Mapping[Ref, AddressMove]) -> frozenset[Ref]:
    """The contacts that must give up their address before any move is made, as another contact gets
    it.
    """
    wanted = {normalise_email(move.new): ref for ref, move in moves.items() if move.new}
    return frozenset(
        ref for ref, move in moves.items() if wanted.get(normalise_email(move.old), ref) != ref
    )
