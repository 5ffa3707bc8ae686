"""Contact roles: what ties a Salesforce contact to an opportunity, and what roll-ups are added up from. Nouns only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from crmsync.model.records import Ref


@dataclass(frozen=True, slots=True)
class Role:
    """A contact role of an opportunity; `is_deleted` while it is in the recycle bin. `key` is the key by which we made it, if we did."""

    ref: Ref
    opportunity: Ref
    contact: Ref
    is_deleted: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Tie:
    """A contact's opportunity, as its roll-ups see it. A contact with several roles in one opportunity has one tie to it.

    `amount` is None where the opportunity has none; `stage` is what people read.
    """

    opportunity: str
    created_at: datetime
    close_date: date
    amount: Decimal | None
    stage: str
    is_closed: bool
    is_won: bool
