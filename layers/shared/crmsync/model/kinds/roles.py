"""Contact roles, which tie Salesforce contacts to opportunities, and what roll-ups are added up
from. Values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from crmsync.model.records import Ref


@dataclass(frozen=True, slots=True)
class Role:
    """A contact role of an opportunity.

    Attributes:
        ref: The role.
        opportunity: Its opportunity.
        contact: Its contact.
        is_deleted: Whether it is in the recycle bin.
        key: The key under which we made it, "" if we did not.
    """

    ref: Ref
    opportunity: Ref
    contact: Ref
    is_deleted: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class RelatedOpportunity:
    """A contact's opportunity, as roll-ups see it. Several roles in one opportunity make one tie.

    Attributes:
        opportunity: The opportunity's id.
        created_at: When the opportunity was made (UTC).
        close_date: Its close date.
        amount: Its amount; None for none.
        stage: The stage that people read.
        is_closed: Whether the stage is closed.
        is_won: Whether the stage is won.
    """

    opportunity: str
    created_at: datetime
    close_date: date
    amount: Decimal | None
    stage: str
    is_closed: bool
    is_won: bool


@dataclass(frozen=True, slots=True)
class TieWrites:
    """Which HubSpot contacts a plan ties to a deal and its opportunity, or unties.

    Attributes:
        deal: The deal.
        opportunity: The opportunity.
        associated: Associated with the deal, because of their roles.
        parted: Dissociated from the deal, because their roles are gone.
        given_roles: Given a role, because they are associated with the deal.
        ended_roles: Their roles are ended, because they are no longer associated.
    """

    deal: Ref
    opportunity: Ref
    associated: frozenset[Ref] = frozenset()
    parted: frozenset[Ref] = frozenset()
    given_roles: frozenset[Ref] = frozenset()
    ended_roles: frozenset[Ref] = frozenset()
