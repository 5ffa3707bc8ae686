"""What crmsync itself knows of that a person has to act on: incidents, never one for each record.

Pure: the state of a connection in, incidents out. Texts hold names from the settings, names of
fields and vendors' codes, and nothing of a record. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from crmsync.model.effects import Category
from crmsync.model.names import HUBSPOT_CAMPAIGNS
from crmsync.model.operations.alerts import Incident
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.operations.jobs import Job, JobState
from crmsync.model.operations.troubles import Outage, Rest, Troubles
from crmsync.model.records import Side
from crmsync.rules.alerts.alarms import URGENT
from crmsync.rules.timing.call_state import CallState

PATIENCE = timedelta(minutes=10)
"""How long a side may not answer before anybody is told: most outages are shorter."""

STANDSTILL = timedelta(minutes=30)
"""How long a side may not be read, or a change be put off, before anybody is told."""

JUMP = timedelta(hours=1)
"""Records that were parked within this time are counted."""

BY_OPERATOR = "paused by the operator"
"""The trouble of a job that a person has paused, who knows of it."""

NAMED = 5
"""Fields or campaigns that a message names."""

_MENDED_BY = MappingProxyType(
    {
        "NO_LIST": (
            "Give the app the scope crm.lists.read, or name a list in the settings that HubSpot "
            "has."
        ),
        "NO_CAMPAIGN": (
            "Restore the campaign, or let the integration user see it, or take it out of the "
            "settings."
        ),
        "NO_STATUS": "Give the campaign the status, or name one in the settings that it has.",
    }
)
"""What ends a cause of a campaign's standstill, by its code."""

_READ_STATUS = "crmsync status quotes the reason; mend it."

_LASTS = MappingProxyType(dict.fromkeys(_MENDED_BY, timedelta()))
"""Causes that no time mends: they are told at once, all others once they last."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The oldest change of a kind that is put off.

    Attributes:
        since: When it happened.
        code: The code of what it waits for.
    """

    since: datetime
    code: str


@dataclass(frozen=True, slots=True)
class StoppedCampaign:
    """A campaign whose members cannot follow its list.

    Attributes:
        campaign: Its id; "" for what contacts in HubSpot show of all campaigns.
        code: The code of the reason.
        since: When a sweep first met it.
    """

    campaign: str
    code: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """What is known of a connection without a call to a CRM.

    Attributes:
        name: Its name.
        troubles: Outages, missing fields and the pause.
        jobs: Its jobs.
        entries: The error inbox.
        looked: When a sweep of each side last succeeded; None before the first.
        waiting: The oldest change that has been put off for long, by kind.
        calls: Its calls to each side.
        campaigns: Its campaigns that stand still.
    """

    name: str
    troubles: Troubles = field(default_factory=Troubles)
    jobs: Sequence[Job] = ()
    entries: Sequence[InboxEntry] = ()
    looked: Mapping[Side, datetime | None] = field(default_factory=dict)
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    calls: Mapping[Side, CallState] = field(default_factory=dict)
    campaigns: Sequence[StoppedCampaign] = ()


def incidents_of(state: ConnectionState, parked_records: int, now: datetime) -> list[Incident]:
    """The incidents of a connection. A pause, an outage, missing fields and used up calls explain
    why a side is not read, changes are put off and campaigns stand still.
    """
    reasons = [*_pause(state), *_outages(state, now), *_fields(state), *_calls(state, now)]
    is_explained = bool(reasons) or bool(state.troubles.outages)
    follows = [
        replace(one, is_explained=is_explained)
        for one in (*_unseen(state, now), *_waiting(state, now), *_campaigns(state, now))
    ]
    own = [*_jobs(state), *_brakes(state), *_parked(state, parked_records, now)]
    return [*reasons, *follows, *own]


def _pause(state: ConnectionState) -> Iterator[Incident]:
    if state.troubles.pause:
        yield Incident(
            f"paused {state.name}",
            f"{state.name} is paused",
            "Changes wait until the connection is resumed.",
            state.troubles.pause.since,
            f"crmsync resume {state.name} --apply",
            "operations#stop-a-connection",
        )


def _outages(state: ConnectionState, now: datetime) -> Iterator[Incident]:
    """One incident for each side and code, whatever the kinds of records."""
    first: dict[tuple[str, str], Outage] = {}
    for outage in sorted(state.troubles.outages.values(), key=lambda one: one.since):
        first.setdefault((outage.side, outage.code), outage)
    for (side, code), outage in first.items():
        crm = Side(side).label if side else "AWS"
        if outage.hint:
            page = "operations#a-crm-refuses-us"
            title, todo = f"{crm} refuses {state.name}", outage.hint
        elif now - outage.since >= PATIENCE:
            page = "operations#a-crm-does-not-answer"
            title = f"{crm} does not answer {state.name}"
            todo = "Nothing if it passes: everything goes on by itself. Else see its status page."
        else:
            continue
        yield Incident(
            f"down {state.name} {side or 'aws'} {code}",
            title,
            f"Changes wait, and none is lost. The code is {code or 'unknown'}.",
            outage.since,
            todo,
            page,
            is_urgent=page in URGENT,
            has_alarm=True,
        )


def _fields(state: ConnectionState) -> Iterator[Incident]:
    for side in Side:
        rests = [one for one in state.troubles.rests if one.side is side and not one.is_over]
        if rests:
            yield Incident(
                f"field {state.name} {side}",
                f"{side.label} lacks {_plural(len(rests), 'field')} of {state.name}",
                f"{_named(rests)}. Everything else syncs; what has no such mapping waits.",
                min(one.since for one in rests),
                "Give the field back, or the right to see and write it, or remove its mapping.",
                "operations#a-side-lacks-a-field",
                has_alarm=True,
            )


def _calls(state: ConnectionState, now: datetime) -> Iterator[Incident]:
    for side, calls in state.calls.items():
        if calls.used_up_at is None and calls.hold is None:
            continue
        yield Incident(
            f"calls {state.name} {side}",
            f"{side.label} calls of {state.name} are used up",
            "Changes wait and go on by themselves.",
            calls.used_up_at or now,
            "Find out who uses the calls: crmsync status",
            "operations#calls-are-used-up",
            has_alarm=True,
        )


def _unseen(state: ConnectionState, now: datetime) -> Iterator[Incident]:
    for side, at in state.looked.items():
        is_slow = side in state.calls and state.calls[side].sweep_every
        if at is not None and not is_slow and now - at >= STANDSTILL:
            yield Incident(
                f"unseen {state.name} {side}",
                f"{side.label} of {state.name} is not read",
                "No sweep has succeeded for half an hour.",
                at,
                "Read the log of the function that sweeps it.",
                "operations#nothing-is-seen-any-more",
                is_urgent=True,
                has_alarm=True,
            )


def _waiting(state: ConnectionState, now: datetime) -> Iterator[Incident]:
    """One incident for each code."""
    first: dict[str, Waiting] = {}
    for one in sorted(state.waiting.values(), key=lambda one: one.since):
        first.setdefault(one.code, one)
    for code, one in first.items():
        if now - one.since >= STANDSTILL:
            yield Incident(
                f"waits {state.name} {code}",
                f"Changes of {state.name} are put off",
                f"The oldest waits for more than half an hour. The code is {code}.",
                one.since,
                "See what the code means, and mend it: crmsync status",
                "operations#changes-are-put-off",
                has_alarm=True,
            )


def _campaigns(state: ConnectionState, now: datetime) -> Iterator[Incident]:
    """One incident for each cause, however many campaigns it stops (CMP-7)."""
    by_code: dict[str, list[StoppedCampaign]] = {}
    for one in state.campaigns:
        if one.campaign:
            by_code.setdefault(one.code, []).append(one)
        elif now - one.since >= STANDSTILL:
            yield Incident(
                f"campaigns shown {state.name}",
                f"Contacts of {state.name} do not show their campaigns",
                f"The property {HUBSPOT_CAMPAIGNS} is not written. The code is {one.code}.",
                one.since,
                f"{_READ_STATUS} The next sweep goes on by itself.",
                "operations#a-campaign-stands-still",
            )
    for code, some in by_code.items():
        since = min(one.since for one in some)
        if now - since >= _LASTS.get(code, STANDSTILL):
            yield Incident(
                f"campaign {state.name} {code}",
                f"{_plural(len(some), 'campaign')} of {state.name} "
                f"stand{'s' * (len(some) == 1)} still",
                f"{_listed([one.campaign for one in some])}: nobody becomes a member, and nobody "
                f"leaves. The code is {code}.",
                since,
                f"{_MENDED_BY.get(code, _READ_STATUS)} The next sweep goes on by itself.",
                "operations#a-campaign-stands-still",
            )


def _jobs(state: ConnectionState) -> Iterator[Incident]:
    for job in state.jobs:
        if job.state is JobState.PAUSED and job.trouble != BY_OPERATOR:
            yield Incident(
                f"job {state.name} {job.id}",
                f"A job of {state.name} has stopped",
                f"The {job.type} {job.id} waits for you; what it did stays done.",
                job.moved_at,
                f"crmsync jobs list says why. Then crmsync jobs resume {job.id} --apply",
                "operations#jobs",
            )


def _brakes(state: ConnectionState) -> Iterator[Incident]:
    held = [one for one in state.entries if one.report.category is Category.BRAKE]
    if held:
        yield Incident(
            f"brake {state.name}",
            f"A brake holds back changes of {state.name}",
            f"{_plural(len(held), 'record')} so far. Everything else syncs.",
            min(one.first_at for one in held),
            "crmsync brakes list says which; release or drop them.",
            "operations#a-brake-holds-changes-back",
            is_urgent=True,
            has_alarm=True,
        )


def _parked(state: ConnectionState, most: int, now: datetime) -> Iterator[Incident]:
    """Many records were parked of late; those that only wait, or are held back, do not count."""
    left_out = {Category.BRAKE, Category.WAITING, Category.HELD}
    recent = [
        one
        for one in state.entries
        if one.report.category not in left_out and now - one.first_at <= JUMP
    ]
    if most and len(recent) >= most:
        yield Incident(
            f"parked {state.name}",
            f"Many records of {state.name} do not sync",
            f"{_plural(len(recent), 'record')} within an hour.",
            min(one.first_at for one in recent),
            "crmsync errors list says why.",
            "operations#records-are-parked",
            has_alarm=True,
        )


def _named(rests: Sequence[Rest]) -> str:
    return _listed([f"{one.object}.{one.field}" for one in rests])


def _listed(some: Sequence[str]) -> str:
    names = sorted(some)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"
