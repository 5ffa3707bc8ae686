"""Activities: what people did with a contact, a company or a deal, or are going to do.

HubSpot has an object for each kind; Salesforce keeps meetings as events and all others as tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from crmsync.model.crm_names import (
    EVENT,
    EVENT_CONTACTS,
    HUBSPOT_CALL,
    HUBSPOT_MAIL,
    HUBSPOT_MEETING,
    HUBSPOT_NOTE,
    HUBSPOT_TASK,
    TASK,
    TASK_CONTACTS,
)
from crmsync.model.fields import Choices, FieldRule
from crmsync.model.records import Ref, Side


class ActivityKind(StrEnum):
    """A kind of activity, by the plural of HubSpot's name for it."""

    CALL = "calls"
    EMAIL = "emails"
    MEETING = "meetings"
    NOTE = "notes"
    TASK = "tasks"


HUBSPOT_OBJECTS: Mapping[ActivityKind, str] = MappingProxyType(
    {
        ActivityKind.CALL: HUBSPOT_CALL,
        ActivityKind.EMAIL: HUBSPOT_MAIL,
        ActivityKind.MEETING: HUBSPOT_MEETING,
        ActivityKind.NOTE: HUBSPOT_NOTE,
        ActivityKind.TASK: HUBSPOT_TASK,
    }
)
"""Kind -> HubSpot's object."""

SALESFORCE_OBJECTS: Mapping[ActivityKind, str] = MappingProxyType(
    dict.fromkeys(ActivityKind, TASK) | {ActivityKind.MEETING: EVENT}
)
"""Kind -> the Salesforce object that holds it."""

CONTACT_LISTS: Mapping[str, str] = MappingProxyType({TASK: TASK_CONTACTS, EVENT: EVENT_CONTACTS})
"""Task or event -> its field with all its people, which exists with Shared Activities only. In a
record it is the ids in ascending order, with semicolons between them.
"""

MOST_CONTACTS = 50
"""How many contacts a task or event may have [D]."""

KIND_OF_HUBSPOT: Mapping[str, ActivityKind] = MappingProxyType(
    {name: kind for kind, name in HUBSPOT_OBJECTS.items()}
)
"""HubSpot's object -> the kind."""


class ActivitySync(StrEnum):
    """In which direction a kind of activity syncs (ACT-1)."""

    OFF = "off"
    TO_SALESFORCE = "to_salesforce"
    TO_HUBSPOT = "to_hubspot"
    TWO_WAY = "two_way"

    def goes_to(self, side: Side) -> bool:
        """Whether an activity that was made on the other side is made on `side`."""
        return self in _GOES_TO[side]


_GOES_TO: Mapping[Side, frozenset[ActivitySync]] = MappingProxyType(
    {
        Side.HUBSPOT: frozenset({ActivitySync.TO_HUBSPOT, ActivitySync.TWO_WAY}),
        Side.SALESFORCE: frozenset({ActivitySync.TO_SALESFORCE, ActivitySync.TWO_WAY}),
    }
)


class ActivityOwner(StrEnum):
    """Who owns an activity on the other side (ACT-6)."""

    MATCHED = "matched"
    RECORD_OWNER = "record_owner"
    INTEGRATION_USER = "integration_user"


@dataclass(frozen=True, slots=True)
class ActivityKindSettings:
    """One table of ``[connection.activities]``, such as ``[connection.activities.calls]``.

    Attributes:
        sync: The direction.
        owner: Who owns it on the other side.
        subject: The template for the subject of one without a title; "" for the default one.
        only_with_opportunity: Leave out what is not about a deal or opportunity that syncs.
        owners: HubSpot ids of the owners whose activities sync; empty for all.
        types: Their types in HubSpot; empty for all.
        delete_in_hubspot: Delete an activity when its task or event is deleted (ACT-8).
        delete_in_salesforce: Delete a task or event when its activity is deleted (ACT-8).
        field: The operator's mapping rows.
        since: When the kind was switched on (UTC). Not in the operator's file: the push sets it.
    """

    sync: ActivitySync = ActivitySync.OFF
    owner: ActivityOwner = ActivityOwner.MATCHED
    subject: str = ""
    only_with_opportunity: bool = False
    owners: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    delete_in_hubspot: bool = False
    delete_in_salesforce: bool = False
    field: tuple[FieldRule, ...] = ()
    since: datetime | None = None

    @property
    def asks_to_delete_in(self) -> frozenset[Side]:
        """The sides on which the settings ask for deletions, whether or not the kind goes there."""
        asked = {Side.HUBSPOT: self.delete_in_hubspot, Side.SALESFORCE: self.delete_in_salesforce}
        return frozenset(side for side, is_asked in asked.items() if is_asked)

    @property
    def deletes_in(self) -> frozenset[Side]:
        """The sides on which a record is deleted after its counterpart (ACT-8)."""
        return frozenset(side for side in self.asks_to_delete_in if self.sync.goes_to(side))


_OFF = ActivityKindSettings()


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """A status of an org's tasks.

    Attributes:
        name: Its value.
        is_closed: Whether a task that has it is done.
        is_default: Whether a new task has it where nothing else is said.
    """

    name: str
    is_closed: bool = False
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class ActivitySettings:
    """Section ``[connection.activities]``: a table for each kind (ACT-1), and the limits on changes
    within an hour (Q-30), of which "auto" (None) is that of few pairs.

    ``statuses`` are the org's statuses of tasks, ``outcomes`` the account's outcomes of calls, each
    with its name; empty for those of a new org and account. ``several_contacts`` is whether a task
    or event may have several, as the org has Shared Activities. None of them is in the operator's
    file: the push reads them.
    """

    calls: ActivityKindSettings = _OFF
    emails: ActivityKindSettings = _OFF
    meetings: ActivityKindSettings = _OFF
    notes: ActivityKindSettings = _OFF
    tasks: ActivityKindSettings = _OFF
    max_deletes_per_hour: int = 0
    max_changes_per_hour: int | None = None
    max_blanks_per_hour: int | None = None
    statuses: tuple[TaskStatus, ...] = ()
    outcomes: Choices = ()
    several_contacts: bool = False

    def of(self, kind: ActivityKind) -> ActivityKindSettings:
        """The settings of a kind."""
        found: ActivityKindSettings = getattr(self, kind)
        return found

    @property
    def on(self) -> tuple[ActivityKind, ...]:
        """The kinds that sync."""
        return tuple(kind for kind in ActivityKind if self.of(kind).sync is not ActivitySync.OFF)

    def objects(self, side: Side) -> frozenset[str]:
        """The objects of `side` whose changes matter: those of kinds that cross from there, or
        both ways.
        """
        names = HUBSPOT_OBJECTS if side is Side.HUBSPOT else SALESFORCE_OBJECTS
        return frozenset(names[kind] for kind in self.on if self.of(kind).sync.goes_to(side.other))


class LeftAlone(StrEnum):
    """Why an activity does not sync. The value is the sentence that an operator reads."""

    RECURRING = "it belongs to a recurring series, whose occurrences the two CRMs keep differently"
    PRIVATE = "it is private"
    INVITATION = "it is an invitee's copy of an event that syncs itself"
    MARKETING = "it is a task that crmsync made of a marketing e-mail"
    OTHER_ACCOUNT = "it is the task of an activity of another HubSpot account"
    LIST_EMAIL = "it is an e-mail to a list, not to one person"
    CADENCE = "it is a step of a Sales Engagement cadence"
    UNSENT = "the e-mail was not sent"
    OTHER_OWNER = "its owner is not among those whose activities sync"
    OTHER_TYPE = "its type is not among those that sync"
    NO_OPPORTUNITY = "it is not about an opportunity"
    TOO_OLD = "it is older than the day from which activities sync"
    NOBODY = "it is about nobody and nothing that syncs"
    UNLINKED = "nobody and nothing that it is about is linked; it follows by itself once that is"
    OUTSIDE = (
        "nothing of it crosses while the contacts that it is about are outside the inclusion list, "
        "and nothing else that it is about is linked; it follows once one of them joins"
    )


class Kept(StrEnum):
    """Why a HubSpot activity stays although its task or event is gone. The value is the sentence
    that an operator reads.
    """

    UNSEEN = (
        "its task or event is not in Salesforce's recycle bin: it was purged, or the integration "
        "user does not see it any more"
    )
    WITH_RECORD = "its task or event may have gone along with a record that it was about"


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """Which activities of a kind sync; the default lets all pass.

    Attributes:
        owners: Ids of owners, on the side where the activity was made; empty for all.
        types: Types of the activity, likewise, compared without case.
        only_with_opportunity: Whether it has to be about a deal or an opportunity.
        since: The moment from which it has to be (UTC); None for any.
    """

    owners: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    only_with_opportunity: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActivityFacts:
    """What is known of an activity before it is decided whether it syncs.

    Attributes:
        owner: The owner's id on its side; "" without one.
        type: Its type there; "" without one.
        at: When it is or was (UTC).
        has_opportunity: Whether it is about a deal or an opportunity.
    """

    owner: str
    type: str
    at: datetime
    has_opportunity: bool


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what an activity is about in Salesforce.

    Attributes:
        who: The contact or lead; None without one.
        what: The opportunity or account; None without one.
        others: Further contacts, which only relation rows can name.
    """

    who: Ref | None = None
    what: Ref | None = None
    others: tuple[Ref, ...] = ()
