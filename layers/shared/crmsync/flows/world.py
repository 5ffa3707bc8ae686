"""What a flow works with: one connection and the ports to its two CRMs and to our own stores. Put together by the wiring."""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.model.links import Sealer
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.ports import Crm, Inbox, Links, Outbox, Preferences


@dataclass(frozen=True, slots=True)
class World:
    """One connection's outside. ``our_user`` is the Salesforce id of the integration user, by which our own writes are known."""

    connection: Connection
    hubspot: Crm
    salesforce: Crm
    preferences: Preferences
    links: Links
    outbox: Outbox
    inbox: Inbox
    sealer: Sealer
    our_user: str

    def crm(self, side: Side) -> Crm:
        """The CRM of a side."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce
