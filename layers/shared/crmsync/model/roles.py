"""Contact roles: what ties a Salesforce contact to an opportunity, and what roll-ups are added up
from. Nouns only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from crmsync.model.records import Ref


@dataclass(frozen=True, slots=True)
class Role:
    """A contact role of an opportunity; `is_deleted` while it is in the recycle bin. `key` is the
    key by which we made it, if we did.
    """

    ref: Ref
    opportunity: Ref
    contact: Ref
    is_deleted: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Tie:
    """A contact's opportunity, as its roll-ups see it. A contact with several roles in one
    opportunity has one tie to it.

    `amount` is None where the opportunity has none; `stage` is what people read.
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
    """Whom a plan ties and unties: the HubSpot contacts of the deal, because of their roles, and of
    the opportunity, because of the deal.

    `associated` and `parted` follow the opportunity's roles, `given_roles` and `ended_roles` the
    deal's associations; all are HubSpot contacts.
    """

    deal: Ref
    opportunity: Ref
    associated: frozenset[Ref] = frozenset()
    parted: frozenset[Ref] = frozenset()
    given_roles: frozenset[Ref] = frozenset()
    ended_roles: frozenset[Ref] = frozenset()
