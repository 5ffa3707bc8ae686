"""Who is tied to a deal and to its opportunity: the deal's contacts in HubSpot, the opportunity's
contact roles in Salesforce.

Only a contact role ties anybody to an opportunity (OPP-10). A tie that one side has and the two
never agreed on is new there and is made on the other (OPP-9, OPP-12); one that they had agreed on
was taken away where it is missing (Q-29).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crmsync.model.records import Ref
from crmsync.model.roles import Role


@dataclass(frozen=True, slots=True)
class RoleDecision:
    """Which ties to make and to take away, each in the order of the refs, and which to remember.

    `associate` and `leave` are HubSpot contacts of the deal; `add` has HubSpot contact and
    Salesforce contact of each role to make; `end` are the roles to take away. `tied` are the ids of
    the HubSpot contacts that the two sides agree on afterwards.
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

    `across` leads from a HubSpot contact to the Salesforce contact that it syncs with. Somebody who
    is on one side only, a lead among them, is left alone and not remembered: once there is a
    contact, the tie is new (Q-27). What was taken away on one side goes on the other with
    `removes`; without, it stays there and stays remembered, so that it does not come back.
    """
    standing = [role for role in roles if not role.is_deleted]
    deal = frozenset(associated)
    opportunity = frozenset(role.contact for role in standing)
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
        end=tuple(sorted(role.ref for role in standing if role.contact in gone)),
        tied=frozenset(one.id for one in (both | only_deal | only_opportunity) - forgotten),
    )
