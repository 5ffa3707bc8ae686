"""Who joins and leaves a campaign, what becomes of their rows (CMP-3 to CMP-7), and how a contact
shows its campaigns (CMP-1). Pure.

A list's members are compared with those whose joining is done; so it does not matter how often, or
how late, a list is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crmsync.model.id_sets import IdSet
from crmsync.model.kinds.campaign_settings import CampaignSettings, OnLeave
from crmsync.model.kinds.campaigns import (
    SHOWN,
    AddMember,
    CampaignKey,
    CampaignMember,
    CampaignStanding,
    CampaignTrouble,
    ChangeStatus,
    FoundCampaign,
    ListProgress,
    MemberEffect,
    MemberPosition,
    RemoveMember,
)
from crmsync.model.records import Ref
from crmsync.model.settings import Connection

READ_AGAIN = timedelta(days=1)
"""A list is read at least this often, and what Salesforce refused is tried again then, even if
HubSpot reports no change of its members.
"""

LONGEST_TEXT = 65_536
"""Characters of a HubSpot property (docs/vendors.md#hubspot-properties)."""

LOOK_BACK = timedelta(minutes=10)
"""How long after its own time a campaign member may be seen for the first time."""

_BETWEEN = ";"
_BEGINNING = MemberPosition(datetime(2000, 1, 1, tzinfo=UTC))


def reads_campaigns(connection: Connection) -> bool:
    """Whether the settings have anything to do with campaigns."""
    return bool(connection.campaigns) or connection.contacts.show_campaigns


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
    now_in = listed if isinstance(listed, IdSet) else IdSet(listed)
    gone = (progress.members | progress.leaving) - now_in
    return replace(
        progress,
        mark=mark,
        read_at=now,
        members=progress.members & now_in,
        waiting=now_in - progress.members,
        leaving=IdSet() if campaign.on_leave is OnLeave.KEEP else gone,
        refused=IdSet(),
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


def problem_of(
    campaign: CampaignSettings, found: Sequence[FoundCampaign]
) -> tuple[str, str] | None:
    """Why no rows can be written for a campaign of the settings, as a code and a text; None if they
    can (CMP-7).
    """
    name = campaign.campaign
    if not found:
        text = f"Salesforce has no campaign {name}, or the integration user may not see it."
        return "NO_CAMPAIGN", text
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        text = f'Several campaigns are called "{name}": give the id of one in the settings ({ids}).'
        return "SEVERAL_CAMPAIGNS", text
    labels = found[0].statuses
    unknown = unknown_statuses(campaign, labels)
    if unknown:
        text = f'The campaign has no status "{unknown[0]}"; it has {", ".join(labels)}.'
        return "NO_STATUS", text
    return None


def unknown_statuses(campaign: CampaignSettings, labels: Sequence[str]) -> tuple[str, ...]:
    """The statuses of the settings that the campaign does not have (CMP-7): Salesforce would put
    the campaign's default in their place without a word.
    """
    wanted = (campaign.status, campaign.left_status)
    return tuple(one for one in wanted if one and one not in labels)


def with_trouble(progress: ListProgress, code: str, text: str, now: datetime) -> ListProgress:
    """The progress with what stops it; a cause that lasts keeps its beginning. "" for no `code`
    ends any trouble.
    """
    if not code:
        return replace(progress, trouble=None)
    before = progress.trouble
    since = before.since if before and before.code == code else now
    return replace(progress, trouble=CampaignTrouble(code, text, since))


def shown_text(campaigns: Iterable[str], longest: int = LONGEST_TEXT) -> str:
    """The ids of campaigns as a contact shows them, sorted, with semicolons between; "" for none
    (CMP-1). What is too long for the property ends with how many are left out.
    """
    ids = sorted(set(campaigns))
    text = _BETWEEN.join(ids)
    kept = len(ids)
    while len(text) > longest:
        kept -= 1
        text = _BETWEEN.join([*ids[:kept], f"and {len(ids) - kept} more"])
    return text


def begun_again(progress: ListProgress, left: Collection[int], now: datetime) -> ListProgress:
    """The progress before contacts are brought to show their campaigns (CMP-1): those who `left` a
    campaign just now have to be looked at, and once a day all members of all campaigns, as well as
    all contacts that show one: nothing tells of members that a person has deleted.
    """
    waiting = progress.waiting | frozenset(left)
    if progress.read_at is not None and now - progress.read_at < READ_AGAIN:
        return replace(progress, waiting=waiting)
    return replace(
        progress,
        mark="",
        read_at=now,
        waiting=waiting | progress.members,
        refused=IdSet(),
        refusal="",
    )


def position_of(progress: ListProgress) -> MemberPosition:
    """The place up to which the members of campaigns were read; the beginning if there is none."""
    if not progress.mark:
        return _BEGINNING
    at, _, member = progress.mark.partition(" ")
    return MemberPosition(datetime.fromisoformat(at), member)


def mark_of(position: MemberPosition) -> str:
    """The mark from which `position_of` makes this place."""
    return f"{position.at.isoformat()} {position.id}"


def looked_back(progress: ListProgress, now: datetime) -> ListProgress:
    """The progress when there is nothing left to read: the next time begins a little earlier, as
    Salesforce may show a member only some time after the moment that it dates it to.
    """
    back = min(position_of(progress), MemberPosition(now - LOOK_BACK))
    return replace(progress, mark=mark_of(back)) if progress.mark else progress


def standings(
    connection: Connection,
    known: Mapping[CampaignKey, ListProgress],
    contact: int,
    *,
    is_linked: bool,
) -> Iterator[CampaignStanding]:
    """How a contact stands with each campaign of the settings, and with what it shows, as the last
    sweep left it (CH-28).
    """
    for one in connection.campaigns:
        progress = known.get((one.list, one.campaign), ListProgress())
        text, rule = _standing(progress, contact, is_linked=is_linked)
        yield CampaignStanding(one.campaign, one.list, *_with_stop(text, rule, progress))
    if connection.contacts.show_campaigns:
        progress = known.get(SHOWN, ListProgress())
        text = _shown_standing(progress, contact)
        yield CampaignStanding("", "", *_with_stop(text, "CMP-1", progress))


def _standing(progress: ListProgress, contact: int, *, is_linked: bool) -> tuple[str, str]:
    """The first that holds; its rule."""
    read = f"{progress.read_at:%Y-%m-%d %H:%M} UTC" if progress.read_at else ""
    rows = (
        (
            contact in progress.refused,
            f"Salesforce refuses the member; {_refusal(progress)}",
            "CMP-4",
        ),
        (contact in progress.members, "is in the list, and its joining is done", "CMP-4"),
        (
            contact in progress.waiting and not is_linked,
            "is in the list, and waits for a lead or contact to be linked with",
            "CMP-4",
        ),
        (contact in progress.waiting, "is in the list, and joins with the next sweep", "CMP-4"),
        (
            contact in progress.leaving,
            "has left the list, and leaves the campaign with the next sweep",
            "CMP-5",
        ),
        (not read, "the list was not read yet", "CMP-3"),
        (True, f"was not in the list when it was read, {read}", "CMP-3"),
    )
    return next((text, rule) for holds, text, rule in rows if holds)


def _shown_standing(progress: ListProgress, contact: int) -> str:
    if contact in progress.refused:
        return f"HubSpot refuses its campaigns; {_refusal(progress)}"
    if contact in progress.waiting:
        return "is looked at with the next sweep"
    return "shows its campaigns" if contact in progress.members else "shows no campaign"


def _refusal(progress: ListProgress) -> str:
    return f"the last refusal was {progress.refusal} Tried again daily."


def _with_stop(text: str, rule: str, progress: ListProgress) -> tuple[str, tuple[str, ...]]:
    if progress.trouble is None:
        return text, (rule,)
    return f"{text}; nothing is done at present: {progress.trouble.text}", (rule, "CMP-7")


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
