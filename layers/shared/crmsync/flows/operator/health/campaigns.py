"""How far the campaigns of a connection are, in numbers, and what needs attention about them: those
whose members follow lists, and all of them as contacts in HubSpot show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crmsync.model.kinds.campaigns import SHOWN, CampaignTrouble, ListProgress
from crmsync.model.settings import Connection
from crmsync.ports.campaigns import CampaignStore
from crmsync.rules.campaigns import reads_campaigns


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """The state of one campaign; without a list and a campaign, of what contacts in HubSpot show.

    Attributes:
        list: The id of its HubSpot list.
        campaign: Its own id.
        members: How many contacts of the list have become members; how many show campaigns.
        waiting: How many have not, mostly because Salesforce does not have them yet.
        leaving: How many have left the list, which the campaign does not show yet.
        refused: How many rows Salesforce has refused.
        refusal: Code and text of the last of these refusals.
        trouble: Why nothing could be done at the last sweep, or None.
        read_at: When the list was read last; None before the first sweep.
    """

    list: str
    campaign: str
    members: int = 0
    waiting: int = 0
    leaving: int = 0
    refused: int = 0
    refusal: str = ""
    trouble: CampaignTrouble | None = None
    read_at: datetime | None = None

    @property
    def label(self) -> str:
        """What it is called in a table."""
        return f"campaign {self.campaign}" if self.campaign else "campaigns in HubSpot"


def campaign_states(store: CampaignStore, connection: Connection) -> tuple[CampaignStatus, ...]:
    """The state of each campaign of the settings, then of what contacts show; a connection without
    campaigns costs no read. Raises `TryAgain`.
    """
    if not reads_campaigns(connection):
        return ()
    known = store.load(connection.name)
    followed = [
        _status(one.list, one.campaign, known.get((one.list, one.campaign), ListProgress()))
        for one in connection.campaigns
    ]
    shown = [_status("", "", known.get(SHOWN, ListProgress()))]
    return (*followed, *(shown if connection.contacts.show_campaigns else ()))


def campaign_findings(connection: str, states: tuple[CampaignStatus, ...]) -> list[str]:
    """A sentence for each campaign that stands still or has refused rows (CMP-7)."""
    sentences: list[str] = []
    for one in states:
        if one.trouble and not one.campaign:
            sentences.append(
                f"{connection}: contacts in HubSpot do not show their campaigns since "
                f"{one.trouble.since:%Y-%m-%d %H:%M} UTC: {one.trouble.text} crmsync check says "
                "what is missing; the next sweep tries again."
            )
        elif one.refused and not one.campaign:
            sentences.append(
                f"{connection}: HubSpot refuses to show the campaigns of {one.refused:,} "
                f"contact{'s' * (one.refused != 1)}, the last one because of {one.refusal} They "
                "are tried again once a day."
            )
        elif one.trouble:
            sentences.append(
                f"{connection}: campaign {one.campaign} stands still since "
                f"{one.trouble.since:%Y-%m-%d %H:%M} UTC: {one.trouble.text} crmsync check says "
                "what is missing; the next sweep tries again."
            )
        elif one.refused:
            sentences.append(
                f"{connection}: Salesforce refuses {_members(one.refused)} of campaign "
                f"{one.campaign}, the last one because of {one.refusal} They are tried again once "
                "a day."
            )
    return sentences


def _status(list_id: str, campaign: str, progress: ListProgress) -> CampaignStatus:
    return CampaignStatus(
        list_id,
        campaign,
        len(progress.members),
        len(progress.waiting),
        len(progress.leaving),
        len(progress.refused),
        progress.refusal,
        progress.trouble,
        progress.read_at,
    )


def _members(count: int) -> str:
    return f"{count:,} member{'s' * (count != 1)}"
