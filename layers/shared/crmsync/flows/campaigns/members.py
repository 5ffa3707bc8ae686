"""Keeps Salesforce campaigns in step with HubSpot's lists (CMP-3 to CMP-7).

Law: one sweep at a time is enough, and two do no harm, as Salesforce keeps nobody twice in a
campaign. What is done is stored after every thousand people, so a sweep that is cut short is
continued by the next one, and a crash repeats what can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crmsync.errors import Conflict, Gone, OutOfTime, SyncError, TryAgain
from crmsync.model.crm_names import HUBSPOT_CONTACT, LEAD, SALESFORCE_CONTACT
from crmsync.model.id_sets import IdSet
from crmsync.model.kinds.campaign_settings import CampaignSettings
from crmsync.model.kinds.campaigns import CampaignKey, ListProgress, RemoveMember
from crmsync.model.links import LinkState
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.campaigns import CampaignMembers, CampaignStore, ListMembers
from crmsync.ports.stores import Links
from crmsync.rules.campaigns import (
    compared,
    is_to_be_read,
    join_effects,
    leave_effects,
    problem_of,
    with_trouble,
)

BATCH = 1_000
"""People whose rows are read, planned and written together."""

_PEOPLE = frozenset({LEAD, SALESFORCE_CONTACT})


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignContext:
    """What a sweep of a connection's campaigns works with.

    Attributes:
        connection: The connection.
        lists: HubSpot's lists.
        members: Salesforce's campaign members.
        links: The link table.
        store: How far each list has got.
        now: The clock (UTC).
    """

    connection: Connection
    lists: ListMembers
    members: CampaignMembers
    links: Links
    store: CampaignStore
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class CampaignSweep:
    """What a sweep did for one campaign.

    Attributes:
        campaign: The campaign's settings.
        progress: How far it is now.
        written: How many rows were made, changed or deleted.
        removed: The contacts whose rows were deleted.
    """

    campaign: CampaignSettings
    progress: ListProgress
    written: int = 0
    removed: frozenset[int] = frozenset()


def sweep_campaigns(context: CampaignContext) -> list[CampaignSweep]:
    """Bring the campaigns of a connection in step with their lists, one after the other.

    One call if no list has changed and nobody waits. A campaign that cannot be brought in step has
    the reason stored, and hides no other one. Raises `SyncError` when our own tables do not answer.
    """
    campaigns = context.connection.campaigns
    if not campaigns:
        return []
    known = context.store.load(context.connection.name)
    sweeps = [_Sweep(context, one, known.get(_key(one), ListProgress())) for one in campaigns]
    try:
        marks = context.lists.marks(one.list for one in campaigns)
    except OutOfTime:
        raise
    except SyncError as error:
        return [sweep.stopped_by(error) for sweep in sweeps]
    return [sweep.run(marks.get(sweep.list)) for sweep in sweeps]


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why nothing can be done for a campaign: a code and a text."""

    code: str = ""
    text: str = ""


_FINE = _Reason()


def text_of_stop(error: SyncError) -> str:
    """Why a sweep has stopped, and what a person can do about it if it does not pass."""
    hint = "" if isinstance(error, Conflict | TryAgain) else error.hint
    return f"{error.code}: {error.text} {hint}".strip()


class _Sweep:
    """The sweep of one campaign."""

    def __init__(
        self, context: CampaignContext, campaign: CampaignSettings, progress: ListProgress
    ) -> None:
        self._context = context
        self._campaign = campaign
        self._progress = progress
        self._written = 0
        self._removed: set[int] = set()
        self._id = ""

    @property
    def list(self) -> str:
        """The id of the campaign's list."""
        return self._campaign.list

    def run(self, mark: str | None) -> CampaignSweep:
        """Read the list if it has changed, then carry out what waits. With the list the campaign is
        looked at, too, so that one that was deleted is told although nobody joins or leaves.
        """
        reason = _FINE
        try:
            if mark is None:
                reason = _Reason(
                    "NO_LIST", f"HubSpot has no list {self.list}, or the app may not see it."
                )
            else:
                was_stopped = self._progress.trouble is not None
                if self._is_read(mark) or was_stopped:
                    reason = self._unusable()
                if reason is _FINE:
                    reason = self._carry_out()
        except OutOfTime:
            pass
        except SyncError as error:
            return self.stopped_by(error)
        return self._ended(reason)

    def stopped_by(self, error: SyncError) -> CampaignSweep:
        """End with a CRM's answer as the reason."""
        return self._ended(_Reason(error.code, text_of_stop(error)))

    def _ended(self, reason: _Reason) -> CampaignSweep:
        """Store the reason why nothing could be done; a cause that lasts keeps its beginning."""
        now = self._context.now()
        progress = with_trouble(self._progress, reason.code, reason.text, now)
        if progress != self._progress:
            self._save(progress)
        return CampaignSweep(
            self._campaign, self._progress, self._written, frozenset(self._removed)
        )

    def _is_read(self, mark: str) -> bool:
        """Compare the members of the list with those whose joining is done, if that is due."""
        now = self._context.now()
        if not is_to_be_read(self._progress, mark, now):
            return False
        pages = self._context.lists.listed(self._campaign.list)
        listed = IdSet(one for page in pages for one in page)
        self._save(compared(self._progress, listed, self._campaign, mark, now))
        return True

    def _carry_out(self) -> _Reason:
        """Let those who left leave and those who joined join; returns why neither is possible."""
        for leaves in (True, False):
            contacts = self._progress.leaving if leaves else self._progress.waiting
            for some in IdSet(contacts - self._progress.refused).parts(BATCH):
                reason = self._batch(some, leaves=leaves)
                if reason is not _FINE:
                    return reason
        return _FINE

    def _batch(self, contacts: Sequence[int], *, leaves: bool) -> _Reason:
        """Carry out what is to be done for some contacts and store it; returns why nothing of it is
        possible.
        """
        people = linked_people(self._context, contacts)
        # Who joined waits for a counterpart; of who left without one no row can be known.
        done = set(contacts) - set(people) if leaves else set[int]()
        outcomes: dict[int, SyncError | None] = {}
        if people:
            if (reason := self._unusable()) is not _FINE:
                return reason
            outcomes = self._outcomes(people, leaves=leaves)
        as_good_as_done = (Gone,) if leaves else ()
        refusal = self._progress.refusal
        refused = set[int]()
        for contact, outcome in outcomes.items():
            if outcome is None or isinstance(outcome, as_good_as_done):
                done.add(contact)
            elif not isinstance(outcome, TryAgain | Gone):
                refused.add(contact)
                refusal = f"{outcome.code}: {outcome.text}"
        if done or refused:
            progress = self._settled(done, leaves=leaves)
            refused_now = progress.refused | refused
            self._save(replace(progress, refused=refused_now, refusal=refusal))
        return _FINE

    def _outcomes(self, people: Mapping[int, Ref], *, leaves: bool) -> dict[int, SyncError | None]:
        """What became of each of these people; None for what is as it should be."""
        members, campaign = self._context.members, self._id
        plan = leave_effects if leaves else join_effects
        effects = plan(self._campaign, people, members.members(campaign, people.values()))
        asked = [(contact, one) for contact, one in effects.items() if one is not None]
        written = members.write(campaign, [one for _, one in asked]) if asked else ()
        self._written += sum(one is None for one in written)
        self._removed |= {
            contact
            for (contact, effect), one in zip(asked, written, strict=True)
            if one is None and isinstance(effect, RemoveMember)
        }
        done: dict[int, SyncError | None] = dict.fromkeys(effects)
        return done | {contact: one for (contact, _), one in zip(asked, written, strict=True)}

    def _settled(self, done: Collection[int], *, leaves: bool) -> ListProgress:
        """The progress once these contacts have left or joined."""
        now = self._progress
        if leaves:
            return replace(now, leaving=now.leaving - set(done))
        return replace(now, members=now.members | set(done), waiting=now.waiting - set(done))

    def _unusable(self) -> _Reason:
        """Why rows of the campaign cannot be written; asked once in a sweep (CMP-7)."""
        if self._id:
            return _FINE
        found = self._context.members.named(self._campaign.campaign)
        if problem := problem_of(self._campaign, found):
            return _Reason(*problem)
        self._id = found[0].id
        return _FINE

    def _save(self, progress: ListProgress) -> None:
        context = self._context
        self._progress = context.store.save(
            context.connection.name, _key(self._campaign), progress, context.now()
        )


def linked_people(context: CampaignContext, contacts: Iterable[int]) -> dict[int, Ref]:
    """The leads and contacts that these HubSpot contacts are linked with."""
    refs = {Ref(Side.HUBSPOT, HUBSPOT_CONTACT, str(one)): one for one in contacts}
    links = context.links.find(context.connection.name, refs)
    return {
        refs[ref]: link.salesforce
        for ref, link in links.items()
        if link.state is LinkState.ACTIVE
        and isinstance(link.salesforce, Ref)
        and link.salesforce.object in _PEOPLE
    }


def _key(campaign: CampaignSettings) -> CampaignKey:
    return campaign.list, campaign.campaign
