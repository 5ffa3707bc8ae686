"""How a lifecycle stage spreads between a company and its contacts, all of them HubSpot records.
Pure: stages in, writes out.

A company's contacts are those whose primary company it is, so companies share no contacts and each
one is decided by itself. The caller finds out whose stage is news. A frozen contact (INC-7) is not
passed in: it neither spreads nor receives a stage (Q-22).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crmsync.model.crm_names import LIFECYCLE_STAGE
from crmsync.model.effects import UpdateRecord
from crmsync.model.records import Ref, Side

ORDER: tuple[str, ...] = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
"""HubSpot's own stages by their internal values, first to last (LIFE-25)."""

_PLACES = {stage: place for place, stage in enumerate(ORDER)}


@dataclass(frozen=True, slots=True)
class Staged:
    """A contact and its stage.

    Attributes:
        ref: The contact.
        stage: Its stage, "" for none.
        is_news: Whether the stage has changed since the last sync.
    """

    ref: Ref
    stage: str
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class CompanyGroup:
    """A company with its contacts.

    Attributes:
        company: The company.
        stage: Its stage.
        is_news: Whether the stage has changed since the last sync.
        contacts: Its known contacts: those with news, and the others where they may be written.
    """

    company: Ref
    stage: str
    is_news: bool = False
    contacts: tuple[Staged, ...] = ()


def is_forward(now: str, to: str) -> bool:
    """Whether `to` comes after `now`; a blank comes before all stages (PLT-5).

    A portal's own stages have no place in the order, so nothing comes before or after them
    (LIFE-25): they neither spread nor give way.
    """
    if to not in _PLACES:
        return False
    return not now or (now in _PLACES and _PLACES[to] > _PLACES[now])


def furthest(group: CompanyGroup) -> str:
    """The furthest stage that is news in a group, or "".

    Its company, and by the setting its contacts, are to catch up with it.
    """
    news = [one.stage for one in group.contacts if one.is_news]
    news += [group.stage] if group.is_news else []
    return max((stage for stage in news if stage in _PLACES), key=_PLACES.__getitem__, default="")


def spread(groups: Iterable[CompanyGroup], *, to_contacts: bool) -> tuple[UpdateRecord, ...]:
    """What must be written so that each company, and with `to_contacts` (SET-8) each contact, has
    caught up with the news of its group.

    A contact's stage goes to its company (LIFE-7), and from there to the company's other contacts
    (LIFE-4); a company's own goes to its contacts only (LIFE-26). Both apply together (DIF-6). No
    stage goes back, and a write that changes nothing is not sent, so the circle ends (Q-32): given
    its own writes, this function writes nothing.
    """
    return tuple(effect for one in groups for effect in _caught_up(one, to_contacts=to_contacts))


def _caught_up(group: CompanyGroup, *, to_contacts: bool) -> tuple[UpdateRecord, ...]:
    stage = furthest(group)
    to_company = [group.company] if is_forward(group.stage, stage) else []
    behind = [one.ref for one in group.contacts if to_contacts and is_forward(one.stage, stage)]
    return (
        *(
            UpdateRecord(ref, Side.HUBSPOT, {LIFECYCLE_STAGE: stage}, ("LIFE-7",))
            for ref in to_company
        ),
        *(
            UpdateRecord(ref, Side.HUBSPOT, {LIFECYCLE_STAGE: stage}, ("SET-8", "LIFE-25"))
            for ref in behind
        ),
    )
