"""Members of Salesforce campaigns: rows as Salesforce shows them, what is to be done with them, and
what is kept of a list. Values only.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from crmsync.model.id_sets import IdSet
from crmsync.model.records import Ref

_CAMPAIGN_ID = re.compile(r"701[A-Za-z0-9]{15}")


@dataclass(frozen=True, slots=True)
class FoundCampaign:
    """A campaign of Salesforce.

    Attributes:
        id: Its id.
        statuses: Those that its members may have, in their order.
    """

    id: str
    statuses: tuple[str, ...]


def is_campaign_id(text: str) -> bool:
    """Whether a text is the id of a campaign, and not a name: 18 characters, the first "701"."""
    return _CAMPAIGN_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class CampaignMember:
    """A row of CampaignMember in Salesforce.

    Attributes:
        id: Its id.
        person: Its lead or contact, as it was asked for; after a conversion it has both.
        status: Its status.
        is_ours: Whether crmsync made it.
    """

    id: str
    person: Ref
    status: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class AddMember:
    """Make a lead or contact a member, with a status."""

    person: Ref
    status: str


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Give the member with this id another status."""

    member: str
    status: str


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """Delete the member with this id."""

    member: str


MemberEffect: TypeAlias = AddMember | ChangeStatus | RemoveMember


@dataclass(frozen=True, slots=True)
class CampaignStanding:
    """How a contact stands with a campaign of the settings, or with what it shows of all campaigns.

    Attributes:
        campaign: The campaign's id; "" for all.
        list: The id of its list; "" for none.
        text: How it stands, and if it is no member, why.
        because: The rules behind it.
    """

    campaign: str
    list: str
    text: str
    because: tuple[str, ...]

    @property
    def line(self) -> str:
        """All of it as a sentence's beginning and its end."""
        if not self.campaign:
            return f"in HubSpot: {self.text}"
        return f"campaign {self.campaign}, list {self.list}: {self.text}"


@dataclass(frozen=True, slots=True, order=True)
class MemberPosition:
    """A place among all campaign members in the order in which they were last changed.

    Attributes:
        at: When a member was last changed (UTC); of those of the same second the ids decide.
        id: Its id; "" for before all members of that second.
    """

    at: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class ChangedMember:
    """A campaign member that was made or changed.

    Attributes:
        position: Its place.
        people: Its lead or contact; both after a conversion.
    """

    position: MemberPosition
    people: tuple[Ref, ...]


CampaignKey: TypeAlias = tuple[str, str]
"""The id of a HubSpot list, and that of the campaign that its members belong to."""

SHOWN: CampaignKey = ("contacts", "shown")
"""Instead of a list and a campaign: how far contacts in HubSpot show their campaigns (CMP-1). In
its `ListProgress` `mark` is the place among the campaign members, `read_at` when the last walk
through all of them began, `members` are the contacts that show a campaign, and `waiting` those that
have to be looked at.
"""


@dataclass(frozen=True, slots=True)
class CampaignTrouble:
    """Why the members of a campaign cannot follow its list (CMP-7).

    Attributes:
        code: What tells causes apart: one of ours, or that of the CRM's refusal.
        text: The reason, a sentence or two.
        since: When a sweep first met it (UTC).
    """

    code: str
    text: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ListProgress:
    """How far the members of a list are members of its campaign. HubSpot contacts are named by the
    numbers of their ids.

    Attributes:
        mark: What HubSpot said about the list when it was read last: any change of its members
            changes it.
        read_at: When its members were read last (UTC); None before the first time.
        members: Contacts in the list whose joining is done.
        waiting: Contacts in the list that are not members yet.
        leaving: Contacts that left the list, which the campaign does not show yet.
        refused: Those of `waiting` and `leaving` whose row Salesforce refused.
        refusal: Code and text of the last of these refusals; "" for none.
        trouble: Why nothing could be done at the last sweep, or None.
        version: Counts saves; 0 for what was never stored.
    """

    mark: str = ""
    read_at: datetime | None = None
    members: AbstractSet[int] = IdSet()
    waiting: AbstractSet[int] = IdSet()
    leaving: AbstractSet[int] = IdSet()
    refused: AbstractSet[int] = IdSet()
    refusal: str = ""
    trouble: CampaignTrouble | None = None
    version: int = 0
