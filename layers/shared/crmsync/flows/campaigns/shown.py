"""Shows in HubSpot which Salesforce campaigns a contact's lead or contact is a member of (CMP-1).

Law: HubSpot's value is read before it is written, so whatever is repeated writes nothing. Members
of campaigns are read in the order in which they were last changed, and the place is stored after
every page; so a sweep that is cut short is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crmsync.errors import Gone, OutOfTime, SyncError, TryAgain
from crmsync.flows.campaigns.members import BATCH, text_of_stop
from crmsync.flows.inclusion import not_frozen
from crmsync.model.crm_names import HUBSPOT_CONTACT, LIFECYCLE_STAGE
from crmsync.model.effects import UpdateRecord
from crmsync.model.id_sets import IdSet
from crmsync.model.kinds.campaigns import SHOWN, ListProgress
from crmsync.model.links import Link, LinkState
from crmsync.model.names import HUBSPOT_CAMPAIGNS
from crmsync.model.records import Record, Ref, Side
from crmsync.model.settings import Connection
from crmsync.ports.campaigns import CampaignMembers, CampaignStore
from crmsync.ports.crm import Crm
from crmsync.ports.listing import Lists
from crmsync.ports.stores import Links
from crmsync.rules.campaigns import (
    begun_again,
    looked_back,
    mark_of,
    position_of,
    shown_text,
    with_trouble,
)

_FIELDS = {HUBSPOT_CONTACT: (HUBSPOT_CAMPAIGNS, LIFECYCLE_STAGE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownContext:
    """What a sweep works with.

    Attributes:
        connection: The connection.
        hubspot: HubSpot's records.
        lists: HubSpot's lists, for the inclusion list.
        members: Salesforce's campaign members.
        links: The link table.
        store: How far it has got.
        now: The clock (UTC).
    """

    connection: Connection
    hubspot: Crm
    lists: Lists
    members: CampaignMembers
    links: Links
    store: CampaignStore
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class ShownSweep:
    """What a sweep did.

    Attributes:
        progress: How far it is now.
        written: How many contacts were written.
    """

    progress: ListProgress
    written: int = 0


def show_campaigns(context: ShownContext, left: Collection[int] = ()) -> ShownSweep:
    """Bring contacts in HubSpot to show their campaigns: those of the members that have changed,
    those who `left` a campaign just now, and once a day all (CMP-1).

    One Salesforce call if nothing has changed. What stops it is stored with the progress. Raises
    `SyncError` when our own tables do not answer.
    """
    known = context.store.load(context.connection.name).get(SHOWN, ListProgress())
    return _Sweep(context, known).run(left)


class _Sweep:
    """One sweep of a connection."""

    def __init__(self, context: ShownContext, progress: ListProgress) -> None:
        self._context = context
        self._progress = progress
        self._written = 0

    def run(self, left: Collection[int]) -> ShownSweep:
        """Read what has changed, then look at whoever waits."""
        now, code, text = self._context.now(), "", ""
        self._save(begun_again(self._progress, left, now))
        try:
            while self._is_page_read():
                pass
            self._save(looked_back(self._progress, now))
            self._look_at_waiting()
        except OutOfTime:
            pass
        except SyncError as error:
            code, text = error.code, text_of_stop(error)
        self._save(with_trouble(self._progress, code, text, now))
        return ShownSweep(self._progress, self._written)

    def _is_page_read(self) -> bool:
        """Read the next page of members, and have their contacts show their campaigns."""
        page = self._context.members.changed_after(position_of(self._progress))
        people = list(dict.fromkeys(ref for member in page for ref in member.people))
        for start in range(0, len(people), BATCH):
            self._show(_contacts(self._found(people[start : start + BATCH]).values()))
        if page:
            self._save(replace(self._progress, mark=mark_of(page[-1].position)))
        return bool(page)

    def _look_at_waiting(self) -> None:
        waiting = IdSet(self._progress.waiting - self._progress.refused)
        for some in waiting.parts(BATCH):
            linked = _contacts(self._found([_contact(one) for one in some]).values())
            self._show({one: linked.get(one) for one in some})

    def _found(self, refs: Sequence[Ref]) -> Mapping[Ref, Link]:
        return self._context.links.find(self._context.connection.name, refs)

    def _show(self, people: Mapping[int, Ref | None]) -> None:
        """Have contacts show the campaigns of their leads and contacts; None for one without."""
        if not people:
            return
        context = self._context
        campaigns = context.members.campaigns_of([one for one in people.values() if one])
        wanted = {
            contact: shown_text(campaigns.get(person, ()) if person else ())
            for contact, person in people.items()
        }
        shown = context.hubspot.read([_contact(one) for one in people], _FIELDS)
        records = not_frozen(list(shown.values()), context.connection.contacts, context.lists)
        right = {int(one.ref.id): wanted[int(one.ref.id)] for one in records}
        wrong = [one.ref for one in records if _shows(one) != right[int(one.ref.id)]]
        writes = [
            UpdateRecord(
                ref, Side.HUBSPOT, {HUBSPOT_CAMPAIGNS: right[int(ref.id)] or None}, ("CMP-1",)
            )
            for ref in wrong
        ]
        outcomes = context.hubspot.update(writes) if writes else ()
        failed = {
            int(ref.id): one
            for ref, one in zip(wrong, outcomes, strict=True)
            if isinstance(one, SyncError)
        }
        self._written += len(wrong) - len(failed)
        gone = {one for one in people if _contact(one) not in shown}
        self._note(people, right, failed, gone)

    def _note(
        self,
        people: Collection[int],
        right: Mapping[int, str],
        failed: Mapping[int, SyncError],
        gone: Collection[int],
    ) -> None:
        """Store what has become of contacts that were looked at."""
        now = self._progress
        later = {one for one, error in failed.items() if isinstance(error, TryAgain)}
        refused = {
            one: error for one, error in failed.items() if not isinstance(error, TryAgain | Gone)
        }
        done = set(right) - set(failed)
        members = (now.members | {one for one in done if right[one]}) - {
            *(one for one in done if not right[one]),
            *gone,
        }
        refusal = next((f"{one.code}: {one.text}" for one in refused.values()), now.refusal)
        self._save(
            replace(
                now,
                members=members,
                waiting=(now.waiting - set(people)) | later | set(refused),
                refused=(now.refused - done) | set(refused),
                refusal=refusal,
            )
        )

    def _save(self, progress: ListProgress) -> None:
        context = self._context
        if progress != self._progress:
            name = context.connection.name
            self._progress = context.store.save(name, SHOWN, progress, context.now())


def _contacts(links: Collection[Link]) -> dict[int, Ref | None]:
    """HubSpot contact -> the lead or contact that it is linked with, by the number of its id."""
    return {
        int(link.hubspot.id): link.salesforce
        for link in links
        if link.state is LinkState.ACTIVE
        and isinstance(link.hubspot, Ref)
        and isinstance(link.salesforce, Ref)
    }


def _contact(number: int) -> Ref:
    return Ref(Side.HUBSPOT, HUBSPOT_CONTACT, str(number))


def _shows(contact: Record) -> str:
    return str(contact.fields.get(HUBSPOT_CAMPAIGNS) or "")
