"""Lists whose contacts become members of campaigns, the campaigns, and how far lists have got, in
memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crmsync.errors import Conflict, Gone, SyncError
from crmsync.model.crm_names import LEAD, SALESFORCE_CONTACT
from crmsync.model.kinds.campaigns import (
    AddMember,
    CampaignKey,
    CampaignMember,
    ChangedMember,
    ChangeStatus,
    FoundCampaign,
    ListProgress,
    MemberEffect,
    MemberPosition,
)
from crmsync.model.records import Ref, Side
from tests.memory.account import MemoryLists
from tests.memory.crm import MemoryCrm

_GONE = Gone("entity is deleted", code="ENTITY_IS_DELETED")


class MemoryListMembers:
    """Implements `ListMembers` for the lists of `lists`."""

    def __init__(self, lists: MemoryLists, *, page: int = 250) -> None:
        """Read `page` members at a time."""
        self._lists = lists
        self._page = page

    def marks(self, list_ids: Iterable[str]) -> Mapping[str, str]:
        """See the port."""
        return {
            one: f"{len(self._lists.current(one))} {self._lists.changes[one]}"
            for one in list_ids
            if one in self._lists.changes
        }

    def listed(self, list_id: str) -> Iterator[Sequence[int]]:
        """See the port."""
        ids = sorted(int(ref.id) for ref in self._lists.current(list_id))
        for start in range(0, max(1, len(ids)), self._page):
            yield ids[start : start + self._page]


@dataclass(frozen=True, slots=True)
class _Row:
    campaign: str
    person: Ref
    status: str
    is_ours: bool
    at: datetime


class MemoryCampaignMembers:
    """Implements `CampaignMembers` for the leads and contacts of `crm`, and a person who makes
    campaigns and members.
    """

    def __init__(self, crm: MemoryCrm, *, now: Callable[[], datetime], page: int = 2_000) -> None:
        """There are no campaigns; `now` is the clock."""
        self._crm = crm
        self._now = now
        self._page = page
        self._names: dict[str, str] = {}
        self._statuses: dict[str, list[str]] = {}
        self._rows: dict[str, _Row] = {}
        self._next = 0

    def named(self, text: str) -> Sequence[FoundCampaign]:
        """See the port."""
        return [
            FoundCampaign(one, tuple(labels))
            for one, labels in self._statuses.items()
            if text in {one, self._names[one]}
        ]

    def members(self, campaign: str, people: Iterable[Ref]) -> Sequence[CampaignMember]:
        """See the port."""
        wanted = set(people)
        return [
            CampaignMember(member, person, row.status, row.is_ours)
            for member, row in self._rows.items()
            if row.campaign == campaign and self._is_there(row)
            for person in self._persons(row)
            if person in wanted
        ]

    def changed_after(self, position: MemberPosition) -> Sequence[ChangedMember]:
        """See the port."""
        rows = sorted(
            (
                self._changed(member, row)
                for member, row in self._rows.items()
                if self._is_there(row)
            ),
            key=lambda one: one.position,
        )
        return [one for one in rows if one.position > position][: self._page]

    def campaigns_of(self, people: Iterable[Ref]) -> Mapping[Ref, Sequence[str]]:
        """See the port."""
        found: dict[Ref, set[str]] = {ref: set() for ref in people}
        for row in self._rows.values():
            for person in self._persons(row) if self._is_there(row) else ():
                if person in found:
                    found[person].add(row.campaign)
        return {ref: sorted(some) for ref, some in found.items() if some}

    def write(self, campaign: str, effects: Sequence[MemberEffect]) -> Sequence[SyncError | None]:
        """See the port."""
        return [self._write(campaign, one) for one in effects]

    def make(self, name: str = "Fair") -> str:
        """Make a campaign as a person; its id."""
        self._next += 1
        made = f"701{self._next:012}AAA"
        self._names[made] = name
        self._statuses[made] = ["Sent", "Responded"]
        return made

    def add_status(self, campaign: str, label: str) -> None:
        """Give a campaign one more status."""
        self._statuses[campaign].append(label)

    def delete(self, campaign: str) -> None:
        """Delete a campaign with its members."""
        del self._statuses[campaign]
        self._rows = {one: row for one, row in self._rows.items() if row.campaign != campaign}

    def add_member(self, campaign: str, person: Ref, status: str) -> None:
        """Make somebody a member as a person."""
        self._insert(_Row(campaign, person, status, is_ours=False, at=self._now()))

    def remove_member(self, campaign: str, person: Ref) -> None:
        """Take somebody out of a campaign as a person."""
        (row,) = self.members(campaign, [person])
        del self._rows[row.id]

    def _write(self, campaign: str, effect: MemberEffect) -> SyncError | None:
        if isinstance(effect, AddMember):
            if not self._crm.is_live(effect.person):
                return _GONE
            if not self.members(campaign, [effect.person]):
                added = _Row(campaign, effect.person, effect.status, is_ours=True, at=self._now())
                self._insert(added)
            return None
        row = self._rows.get(effect.member)
        if row is None or not self._is_there(row):
            return _GONE
        if isinstance(effect, ChangeStatus):
            changed = replace(row, status=effect.status, at=self._now())
            self._rows[effect.member] = self._with_own_status(changed)
        else:
            del self._rows[effect.member]
        return None

    def _insert(self, row: _Row) -> None:
        self._next += 1
        self._rows[f"00v{self._next:012}AAA"] = self._with_own_status(row)

    def _with_own_status(self, row: _Row) -> _Row:
        """A status that the campaign does not have gives way to its default, the first one."""
        labels = self._statuses[row.campaign]
        return row if row.status in labels else replace(row, status=labels[0])

    def _changed(self, member: str, row: _Row) -> ChangedMember:
        """A conversion changes the member as well."""
        persons, at = self._persons(row), row.at
        if len(persons) > 1:
            at = max(at, self._crm.read([row.person], {})[row.person].modified_at)
        return ChangedMember(MemberPosition(at.replace(microsecond=0), member), tuple(persons))

    def _persons(self, row: _Row) -> list[Ref]:
        """The member's lead and, once that is converted, its contact."""
        persons = [row.person]
        contact = self._crm.fields(row.person).get("ConvertedContactId")
        if row.person.object == LEAD and contact:
            persons.append(Ref(Side.SALESFORCE, SALESFORCE_CONTACT, str(contact)))
        return persons

    def _is_there(self, row: _Row) -> bool:
        return self._crm.is_live(self._persons(row)[-1])


class MemoryCampaigns:
    """Implements `CampaignStore`."""

    def __init__(self) -> None:
        """Nothing was swept yet."""
        self._progress: dict[tuple[str, CampaignKey], ListProgress] = {}

    def load(self, connection: str) -> Mapping[CampaignKey, ListProgress]:
        """See the port."""
        return {key: one for (name, key), one in self._progress.items() if name == connection}

    def save(
        self, connection: str, key: CampaignKey, progress: ListProgress, _now: datetime
    ) -> ListProgress:
        """See the port."""
        stored = self._progress.get((connection, key), ListProgress())
        if stored.version != progress.version:
            raise Conflict("Another sweep has stored this campaign first.")
        saved = replace(progress, version=progress.version + 1)
        self._progress[connection, key] = saved
        return saved
