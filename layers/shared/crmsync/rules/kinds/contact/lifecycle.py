"""How a lifecycle stage spreads between a company and its contacts, all of them HubSpot records:
pure, stages in, writes out.

A company's contacts are those whose primary company it is, so companies share no contacts and each
one is decided alone. Whose stage is news is found out by the caller. A contact that is frozen
(INC-7) is not handed in: it neither gives nor gets a stage (Q-22).
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
    """A contact and its stage ("" for none); `is_news`: the stage was changed since we last
    looked.
    """

    ref: Ref
    stage: str
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class CompanyGroup:
    """A company, its stage, and those of its contacts that are known: the ones with news, and the
    others where they may be written.
    """

    company: Ref
    stage: str
    is_news: bool = False
    contacts: tuple[Staged, ...] = ()


def is_forward(now: str, to: str) -> bool:
    """Whether `to` comes after `now`; a blank comes before all (PLT-5).

    A portal's own stages have no place in the order: nothing comes before or after them (LIFE-25),
    so they neither spread nor give way.
    """
    if to not in _PLACES:
        return False
    return not now or (now in _PLACES and _PLACES[to] > _PLACES[now])


def furthest(household: CompanyGroup) -> str:
    """The furthest stage that is news in a household, or "": what its company, and by the setting
    its contacts, are to catch up with.
    """
    news = [one.stage for one in household.contacts if one.is_news]
    news += [household.stage] if household.is_news else []
    return max((stage for stage in news if stage in _PLACES), key=_PLACES.__getitem__, default="")


def spread(households: Iterable[CompanyGroup], *, to_contacts: bool) -> tuple[UpdateRecord, ...]:
    """What must be written so that each company, and with `to_contacts` (SET-8) each contact, has
    caught up with the news of its household.

    A contact's stage goes to its company (LIFE-7), and from there to the company's other contacts
    (LIFE-4); a company's own goes to its contacts alone (LIFE-26). Both hold together (DIF-6).
    Nobody is set back, and a write that changes nothing is not sent, so the circle ends (Q-32):
    asked again about what it wrote, it writes nothing.
    """
    return tuple(
        effect for one in households for effect in _caught_up(one, to_contacts=to_contacts)
    )


def _caught_up(household: CompanyGroup, *, to_contacts: bool) -> tuple[UpdateRecord, ...]:
    stage = furthest(household)
    to_company = [household.company] if is_forward(household.stage, stage) else []
    behind = [one.ref for one in household.contacts if to_contacts and is_forward(one.stage, stage)]
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
