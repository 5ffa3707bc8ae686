"""Who joins and leaves a campaign, and what becomes of their rows (CMP-3 to CMP-7). Pure.

A list's members are compared with those whose joining is done; so it does not matter how often, or
how late, a list is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from crmsync.model.campaigns import (
    AddMember,
    CampaignMember,
    CampaignSettings,
    ChangeStatus,
    ListProgress,
    MemberEffect,
    OnLeave,
    RemoveMember,
)
from crmsync.model.records import Ref

READ_AGAIN = timedelta(days=1)
"""A list is read at least this often, and what Salesforce refused is tried again then, even if
HubSpot reports no change of its members.
"""


def is_to_be_read(progress: ListProgress, mark: str, now: datetime) -> bool:
    """Whether the members of the list have to be read: HubSpot shows another `mark` than last time,
    or the last time is a day ago (CMP-3).
    """
    return progress.read_at is None or mark != progress.mark or now - progress.read_at >= READ_AGAIN


def compared(
    progress: ListProgress,
    listed: Collection[int],
    campaign: CampaignSettings,
    mark: str,
    now: datetime,
) -> ListProgress:
    """The progress once the members of the list are known (CMP-3, CMP-5).

    Who joined waits for the row, and who left leaves, unless leaving means nothing. A contact that
    came back before its leaving was done counts as one that joins.
    """
    now_in = frozenset(listed)
    gone = (progress.members | progress.leaving) - now_in
    return replace(
        progress,
        mark=mark,
        read_at=now,
        members=progress.members & now_in,
        waiting=now_in - progress.members,
        leaving=frozenset() if campaign.on_leave is OnLeave.KEEP else gone,
        refused=frozenset(),
        refusal="",
    )


def join_effects(
    campaign: CampaignSettings, people: Mapping[int, Ref], rows: Iterable[CampaignMember]
) -> Mapping[int, MemberEffect | None]:
    """What makes each of these people a member, None for nothing (CMP-4, CMP-6).

    A row that exists is kept with its status, whoever made it: the person may have responded. Only
    the status of those who left becomes that of those who join.
    """
    by_person = {row.person: row for row in rows}
    return {
        contact: _joining(campaign, person, by_person.get(person))
        for contact, person in people.items()
    }


def leave_effects(
    campaign: CampaignSettings, people: Mapping[int, Ref], rows: Iterable[CampaignMember]
) -> Mapping[int, MemberEffect | None]:
    """What leaving means for each of these people, None for nothing (CMP-5, CMP-6)."""
    by_person = {row.person: row for row in rows}
    return {
        contact: _leaving(campaign, by_person.get(person)) for contact, person in people.items()
    }


def unknown_statuses(campaign: CampaignSettings, labels: Sequence[str]) -> tuple[str, ...]:
    """The statuses of the settings that the campaign does not have (CMP-7): Salesforce would put
    the campaign's default in their place without a word.
    """
    wanted = (campaign.status, campaign.left_status)
    return tuple(one for one in wanted if one and one not in labels)


def _joining(
    campaign: CampaignSettings, person: Ref, row: CampaignMember | None
) -> MemberEffect | None:
    if row is None:
        return AddMember(person, campaign.status)
    if campaign.on_leave is OnLeave.STATUS and row.status == campaign.left_status:
        return ChangeStatus(row.id, campaign.status)
    return None


def _leaving(campaign: CampaignSettings, row: CampaignMember | None) -> MemberEffect | None:
    if row is None:
        return None
    if campaign.on_leave is OnLeave.REMOVE and row.is_ours:
        return RemoveMember(row.id)
    if campaign.on_leave is OnLeave.STATUS and row.status != campaign.left_status:
        return ChangeStatus(row.id, campaign.left_status)
    return None
