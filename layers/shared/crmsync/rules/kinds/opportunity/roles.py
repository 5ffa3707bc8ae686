"""Which contacts are tied to a deal and to its opportunity: the deal's contacts in HubSpot, the
opportunity's contact roles in Salesforce.

Only a contact role ties a contact to an opportunity (OPP-10). A tie that one side has and the two
never agreed on is new there and is made on the other side (OPP-9, OPP-12); one that they had agreed
on was removed where it is missing (Q-29).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crmsync.model.kinds.roles import Role
from crmsync.model.records import Ref


@dataclass(frozen=True, slots=True)
class RoleDecision:
    """Which ties to make and to remove, each in the order of the refs.

    Attributes:
        associate: HubSpot contacts to associate with the deal.
        add: HubSpot contact and Salesforce contact of each role to make.
        leave: HubSpot contacts to dissociate from the deal.
        end: The roles to remove.
        tied: The ids of the HubSpot contacts that both sides agree on afterwards.
    """

    associate: tuple[Ref, ...] = ()
    add: tuple[tuple[Ref, Ref], ...] = ()
    leave: tuple[Ref, ...] = ()
    end: tuple[Ref, ...] = ()
    tied: frozenset[str] = frozenset()


def decide_roles(
    associated: Collection[Ref],
    roles: Collection[Role],
    across: Mapping[Ref, Ref],
    tied: frozenset[str],
    *,
    removes: bool,
) -> RoleDecision:
    """Decide the ties of a linked deal.

    A contact that is on one side only, such as a lead, is left alone and not remembered: once there
    is a contact, the tie is new (Q-27).

    Args:
        associated: The HubSpot contacts of the deal.
        roles: The roles of the opportunity.
        across: HubSpot contact -> the Salesforce contact that it syncs with.
        tied: The ids of the HubSpot contacts that both sides agreed on.
        removes: Whether a tie that was removed on one side is removed on the other. Otherwise it
            stays there and stays remembered, so that it does not come back.
    """
    existing = [role for role in roles if not role.is_deleted]
    deal = frozenset(associated)
    opportunity = frozenset(role.contact for role in existing)
    both = {one for one, other in across.items() if one in deal and other in opportunity}
    only_deal = {one for one, other in across.items() if one in deal and other not in opportunity}
    only_opportunity = {
        one for one, other in across.items() if one not in deal and other in opportunity
    }
    known = {one for one in across if one.id in tied}
    gone = {across[one] for one in only_opportunity & known} if removes else set()
    forgotten = known & (only_deal | only_opportunity) if removes else set()
    return RoleDecision(
        associate=tuple(sorted(only_opportunity - known)),
        add=tuple((one, across[one]) for one in sorted(only_deal - known)),
        leave=tuple(sorted(only_deal & known)) if removes else (),
        end=tuple(sorted(role.ref for role in existing if role.contact in gone)),
        tied=frozenset(one.id for one in (both | only_deal | only_opportunity) - forgotten),
    )
