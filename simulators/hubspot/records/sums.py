"""What HubSpot adds up over associations: a contact's and a company's figures from their deals, and
the number of a deal's contacts.

Law: values only; `associations` knows who is associated, and the figures are stored through
`writes`. The five properties, read-only and with revenue of won deals only: rules OPP-25 and OPP-26
[S]. The deal's number of contacts, and that a new figure counts as a change of the record, are [M].
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from simulators.hubspot.associations import Associations
from simulators.hubspot.records.table import Record
from simulators.hubspot.records.writes import CALCULATED, Writes
from simulators.hubspot.schema.catalog import COMPANY, CONTACT, DEAL
from simulators.hubspot.stamps import Actor, iso

_OWNERS_OF_DEALS = (CONTACT.type_id, COMPANY.type_id)
_COUNTED = frozenset({"amount", "closedate", "dealstage", "pipeline", "createdate"})
"""Properties of a deal from which figures are computed."""
Place = tuple[str, str]
"""Type id and record id."""


class Sums:
    """Keeps the figures of one portal up to date."""

    def __init__(self, writes: Mapping[str, Writes], associations: Associations) -> None:
        """Follow the deals' own changes from now on; the caller reports changed associations."""
        self._writes, self._associations = writes, associations
        writes[DEAL.type_id].followers.append(self._deal_changed)

    def dependants(self, type_id: str, record_id: str) -> list[Place]:
        """Return the records whose figures depend on this record's associations; to be called
        before these are removed.
        """
        others = _OWNERS_OF_DEALS if type_id == DEAL.type_id else (DEAL.type_id,)
        return [
            (other, to_id)
            for other in others
            for to_id in self._associations.of((type_id, other), record_id)
        ]

    def count(self, *places: Place) -> None:
        """Recompute the figures of these records; records that are gone or unchanged are not
        touched.
        """
        for type_id, record_id in dict.fromkeys(places):
            record = self._writes[type_id].table.by_id(record_id)
            if record is None or record.archived_ms is not None:
                continue
            figures = (
                self._of_deal(record)
                if type_id == DEAL.type_id
                else self._of_owner(type_id, record)
            )
            self._writes[type_id].apply(record, figures, CALCULATED)

    def _deal_changed(self, deal: Record, changed: Mapping[str, str], _actor: Actor) -> None:
        if _COUNTED & set(changed):
            self.count(*self.dependants(DEAL.type_id, deal.id))

    def _of_deal(self, deal: Record) -> dict[str, str]:
        contacts = self._associations.of((DEAL.type_id, CONTACT.type_id), deal.id)
        return {"num_associated_contacts": _number(len(contacts), deal, "num_associated_contacts")}

    def _of_owner(self, type_id: str, owner: Record) -> dict[str, str]:
        table = self._writes[DEAL.type_id].table
        ids = self._associations.of((type_id, DEAL.type_id), owner.id)
        deals = [
            deal
            for deal_id in ids
            if (deal := table.by_id(deal_id)) is not None and deal.archived_ms is None
        ]
        won = [deal for deal in deals if deal.value("hs_is_closed_won") == "true"]
        last = max(won, key=lambda deal: (deal.value("closedate"), int(deal.id)), default=None)
        revenue = sum((Decimal(deal.value("amount") or "0") for deal in won), Decimal())
        return {
            "num_associated_deals": _number(len(deals), owner, "num_associated_deals"),
            "first_deal_created_date": iso(min(deal.created_ms for deal in deals)) if deals else "",
            "recent_deal_amount": last.value("amount") if last else "",
            "recent_deal_close_date": last.value("closedate") if last else "",
            "total_revenue": str(revenue) if won else "",
        }


def _number(count: int, record: Record, name: str) -> str:
    """Empty until there was one, then a zero [M]."""
    return str(count) if count or record.value(name) else ""
