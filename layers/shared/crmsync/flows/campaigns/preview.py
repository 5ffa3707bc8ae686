"""Previews the next sweep of a connection's campaigns: who would join and leave (CH-28).

Law: nothing is written, stored or marked as read. The decisions are those of the sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from crmsync.errors import SyncError
from crmsync.flows.campaigns.members import BATCH, CampaignContext, linked_people, text_of_stop
from crmsync.model.id_sets import IdSet
from crmsync.model.kinds.campaign_settings import CampaignSettings
from crmsync.model.kinds.campaigns import FoundCampaign, ListProgress
from crmsync.rules.campaigns import compared, join_effects, leave_effects, problem_of


@dataclass(frozen=True, slots=True)
class PreviewedCampaign:
    """What the next sweep would do for a campaign.

    Attributes:
        connection: The name of the connection.
        campaign: The campaign's id.
        list: The id of its list.
        listed: How many contacts are in the list.
        joining: For how many of them a member would be made, or change its status.
        there: How many are members as they should be.
        waiting: How many have no lead or contact yet.
        leaving: How many members would be removed, or change their status.
        trouble: Why nothing would be done; "" for nothing.
    """

    connection: str
    campaign: str
    list: str
    listed: int = 0
    joining: int = 0
    there: int = 0
    waiting: int = 0
    leaving: int = 0
    trouble: str = ""


def preview_campaigns(context: CampaignContext) -> list[PreviewedCampaign]:
    """What the next sweep would do for each campaign of the settings; a connection without any
    costs no call. Raises `SyncError` when HubSpot or our own tables do not answer.
    """
    campaigns = context.connection.campaigns
    if not campaigns:
        return []
    known = context.store.load(context.connection.name)
    marks = context.lists.marks(one.list for one in campaigns)
    return [
        _preview(
            context,
            one,
            known.get((one.list, one.campaign), ListProgress()),
            marks.get(one.list),
        )
        for one in campaigns
    ]


def _preview(
    context: CampaignContext, campaign: CampaignSettings, progress: ListProgress, mark: str | None
) -> PreviewedCampaign:
    name = context.connection.name
    try:
        found = context.members.named(campaign.campaign) if mark is not None else ()
        if trouble := _trouble(campaign, mark, found):
            return PreviewedCampaign(name, campaign.campaign, campaign.list, trouble=trouble)
        pages = context.lists.listed(campaign.list)
        listed = IdSet(one for page in pages for one in page)
        then = compared(progress, listed, campaign, mark or "", context.now())
        changes = partial(_changes, context, campaign, found[0].id)
        joining, linked = changes(then.waiting, leaves=False)
        leaving, _ = changes(then.leaving, leaves=True)
    except SyncError as error:
        return PreviewedCampaign(
            name, campaign.campaign, campaign.list, trouble=text_of_stop(error)
        )
    waiting = len(then.waiting) - linked
    return PreviewedCampaign(
        name,
        campaign.campaign,
        campaign.list,
        len(listed),
        joining,
        len(listed) - joining - waiting,
        waiting,
        leaving,
    )


def _trouble(campaign: CampaignSettings, mark: str | None, found: Sequence[FoundCampaign]) -> str:
    if mark is None:
        return f"HubSpot has no list {campaign.list}, or the app may not see it."
    problem = problem_of(campaign, found)
    return problem[1] if problem else ""


def _changes(
    context: CampaignContext,
    campaign: CampaignSettings,
    campaign_id: str,
    contacts: AbstractSet[int],
    *,
    leaves: bool,
) -> tuple[int, int]:
    """How many members would change, and how many of the contacts have a counterpart."""
    plan = leave_effects if leaves else join_effects
    changes = linked = 0
    for some in IdSet(contacts).parts(BATCH):
        people = linked_people(context, some)
        if people:
            rows = context.members.members(campaign_id, people.values())
            changes += sum(one is not None for one in plan(campaign, people, rows).values())
        linked += len(people)
    return changes, linked
