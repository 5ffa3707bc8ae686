"""Activities: what people did with a contact, a company or a deal, or are going to do.

HubSpot has an object for each kind; Salesforce keeps meetings as events and all others as tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crmsync.model.records import Ref


class ActivityKind(StrEnum):
    """A kind of activity, by the plural of HubSpot's name for it."""

    CALL = "calls"
    EMAIL = "emails"
    MEETING = "meetings"
    NOTE = "notes"
    TASK = "tasks"


class LeftAlone(StrEnum):
    """Why an activity does not sync. The value is the sentence that an operator reads."""

    RECURRING = "it belongs to a recurring series, whose occurrences the two CRMs keep differently"
    PRIVATE = "it is private"
    INVITATION = "it is an invitee's copy of an event that syncs itself"
    MARKETING = "it is a task that crmsync made of a marketing e-mail"
    LIST_EMAIL = "it is an e-mail to a list, not to one person"
    CADENCE = "it is a step of a Sales Engagement cadence"
    UNSENT = "the e-mail was not sent"
    OTHER_OWNER = "its owner is not among those whose activities sync"
    OTHER_TYPE = "its type is not among those that sync"
    NO_OPPORTUNITY = "it is not about an opportunity"
    TOO_OLD = "it is older than the day from which activities sync"
    NOBODY = "none of the people, companies and deals that it is about are linked"


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
