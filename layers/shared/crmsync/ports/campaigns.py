"""What the sync of campaign members asks of both CRMs and of our own table.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crmsync.errors import SyncError
from crmsync.model.kinds.campaigns import (
    CampaignKey,
    CampaignMember,
    ChangedMember,
    FoundCampaign,
    ListProgress,
    MemberEffect,
    MemberPosition,
)
from crmsync.model.records import Ref


class ListMembers(Protocol):
    """All members of HubSpot's lists."""

    def marks(self, list_ids: Iterable[str]) -> Mapping[str, str]:
        """The mark of each list that exists; it changes whenever somebody joins or leaves."""

    def listed(self, list_id: str) -> Iterator[Sequence[int]]:
        """The contacts in a list, page by page, by the numbers of their ids.

        Raises `Refused` when the list does not exist.
        """


class CampaignMembers(Protocol):
    """The members of Salesforce's campaigns."""

    def named(self, text: str) -> Sequence[FoundCampaign]:
        """The campaigns with this name, or the one with this id."""

    def members(self, campaign: str, people: Iterable[Ref]) -> Sequence[CampaignMember]:
        """The rows of these leads and contacts in the campaign."""

    def changed_after(self, position: MemberPosition) -> Sequence[ChangedMember]:
        """The members of all campaigns after this place, in order; a page of them, none at the end.
        Members that were deleted are left out.
        """

    def campaigns_of(self, people: Iterable[Ref]) -> Mapping[Ref, Sequence[str]]:
        """The ids of the campaigns of these leads and contacts, sorted; somebody who is in none is
        left out.
        """

    def write(self, campaign: str, effects: Sequence[MemberEffect]) -> Sequence[SyncError | None]:
        """Carry effects out, in order; None for one that was done. Somebody who is a member already
        is not made one again, and that counts as done.

        `Gone` stands for a person or a row that no longer exists. Raises `SyncError` when a call
        fails as a whole; what was written before it stays.
        """


class CampaignStore(Protocol):
    """How far each list has got."""

    def load(self, connection: str) -> Mapping[CampaignKey, ListProgress]:
        """The progress of all lists of a connection."""

    def save(
        self, connection: str, key: CampaignKey, progress: ListProgress, now: datetime
    ) -> ListProgress:
        """Store it and answer it with its next version.

        Raises `Conflict` unless `progress.version` is the stored one.
        """
