"""What a contact's opportunities add up to: six HubSpot properties of our own, and the lifecycle
stage that follows from them.

HubSpot's own five are calculated from its deals and read-only (OPP-25, OPP-26), and follow other
rules (DIF-2, DIF-3), so these are kept besides. Everything is added up again from all present ties,
never incremented, so that whatever was removed is gone from it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from types import MappingProxyType

from crmsync.model.fields import FieldType
from crmsync.model.kinds.roles import RelatedOpportunity
from crmsync.model.records import Side, Value
from crmsync.model.settings import RevenueBasis
from crmsync.rules.fields.values import canonical, convert, is_blank

COUNT = "crmsync_num_associated_deals"
FIRST_CREATED = "crmsync_first_deal_created_date"
LAST_CLOSED = "crmsync_recent_deal_close_date"
LAST_AMOUNT = "crmsync_recent_deal_amount"
REVENUE = "crmsync_total_revenue"
STAGE = "crmsync_opportunity_stage"

_FORMS: Mapping[str, FieldType] = MappingProxyType(
    {
        COUNT: FieldType.NUMBER,
        FIRST_CREATED: FieldType.DATE,
        LAST_CLOSED: FieldType.DATE,
        LAST_AMOUNT: FieldType.NUMBER,
        REVENUE: FieldType.NUMBER,
        STAGE: FieldType.TEXT,
    }
)

ROLL_UPS: tuple[str, ...] = tuple(_FORMS)
"""The HubSpot contact properties that are written: the five of the rules (Q-1, ROLL-8), and the
stage (LIFE-8).
"""

STAGE_OPPORTUNITY = "opportunity"
STAGE_CUSTOMER = "customer"
"""Lifecycle stages by HubSpot's internal values."""


def rolled_up(
    ties: Collection[RelatedOpportunity], basis: RevenueBasis, zone: tzinfo = UTC
) -> Mapping[str, str | None]:
    """What a contact's roll-ups should show, in HubSpot's spelling, blank as None; two zeros and
    blanks without any tie.

    These are the number of opportunities (ROLL-2), the day on which the first was created (ROLL-3,
    Q-4), the last close date of a won one (ROLL-4, Q-5), the amount of the won one that was created
    (not closed) last (ROLL-5, ROLL-7, Q-6), the total of all or of the won ones (ROLL-6, Q-3), and
    the stage of the one created last (LIFE-8, Q-2). Days are those of `zone`, the HubSpot
    account's. An opportunity without an amount counts as zero in the total; where its own amount is
    shown, that is blank.
    """
    won = [tie for tie in ties if tie.is_won]
    newest = max(ties, key=_created, default=None)
    won_last = max(won, key=_created, default=None)
    closed_last = max(won, key=lambda tie: (tie.close_date, *_created(tie)), default=None)
    counted = won if basis is RevenueBasis.WON else ties
    return {
        COUNT: str(len(ties)),
        FIRST_CREATED: _day(min((tie.created_at for tie in ties), default=None), zone),
        LAST_CLOSED: closed_last.close_date.isoformat() if closed_last else None,
        LAST_AMOUNT: _number(won_last.amount) if won_last else None,
        REVENUE: _number(sum((tie.amount for tie in counted if tie.amount is not None), Decimal())),
        STAGE: (newest.stage or None) if newest else None,
    }


def outdated(shown: Mapping[str, Value], wanted: Mapping[str, str | None]) -> dict[str, str | None]:
    """What of `wanted` a contact does not show yet: numbers are compared as numbers, dates as days.

    A contact that never had an opportunity shows nothing and stays so: zeros only replace
    something.
    """
    if wanted.get(COUNT) == "0" and all(is_blank(shown.get(name)) for name in wanted):
        return {}
    return {
        name: value
        for name, value in wanted.items()
        if _seen(name, shown.get(name)) != _seen(name, value)
    }


def stage_reached(ties: Collection[RelatedOpportunity]) -> str:
    """The lifecycle stage that follows from a contact's opportunities, whenever the roles were
    given (LIFE-24), or "".

    A won one makes a customer (LIFE-1), an open one an opportunity (LIFE-20). A lost one, or one in
    which the contact has no role, changes nothing (LIFE-6).
    """
    if any(tie.is_won for tie in ties):
        return STAGE_CUSTOMER
    return "" if all(tie.is_closed for tie in ties) else STAGE_OPPORTUNITY


def _created(tie: RelatedOpportunity) -> tuple[datetime, str]:
    """The order of creation; of two that were created at once, the greater id is the later
    (Q-5).
    """
    return tie.created_at, tie.opportunity


def _seen(name: str, value: Value) -> Value:
    return canonical(_FORMS.get(name, FieldType.TEXT), value)


def _number(amount: Decimal | None) -> str | None:
    return None if amount is None else str(convert(FieldType.NUMBER, Side.HUBSPOT, str(amount)))


def _day(moment: datetime | None, zone: tzinfo) -> str | None:
    return None if moment is None else moment.astimezone(zone).date().isoformat()
