"""What the settings say about members of Salesforce campaigns. Values only, and apart from the
members, so that a function that only reads settings does not load those.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OnLeave(StrEnum):
    """What becomes of a campaign member whose contact leaves the list (CMP-5)."""

    KEEP = "keep"
    REMOVE = "remove"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """One row of ``[[connection.campaigns]]``: the list whose contacts are members of a campaign
    (CMP-3).

    Attributes:
        list: The id of the HubSpot list.
        campaign: The name of the Salesforce campaign, or its 18-character id.
        status: The status of those who join.
        on_leave: What leaving means.
        left_status: The status of those who have left, if leaving is a status.
    """

    list: str
    campaign: str
    status: str
    on_leave: OnLeave = OnLeave.KEEP
    left_status: str = ""
