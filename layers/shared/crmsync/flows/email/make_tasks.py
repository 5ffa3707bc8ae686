"""Windows of the e-mail event log -> Salesforce tasks, exactly one per event or per tally, whatever
is delivered twice or breaks off.

The order is: read the window, look up what is done, find the recipients' links, and then claim,
write, settle, two hundred tasks at a time. A claim is ours alone until Salesforce has surely
finished with our call; what was not settled by then is written again, and Salesforce finds it by
its key. So a lost answer, a kill or a second delivery makes no second task, whether the org
enforces the key or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crmsync.errors import Down, Gone, Refused, SyncError
from crmsync.flows.email.recipients import Recipients
from crmsync.model.crm_names import SALESFORCE_OWNER, TASK
from crmsync.model.effects import Report, WriteTask
from crmsync.model.links import Fingerprinter
from crmsync.model.mail import LogRange, MailEvent, TaskState, milliseconds
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Connection
from crmsync.plans.email_tasks import Fate, TaskFacts, plan_task
from crmsync.ports.crm import Crm, Outcome, Written
from crmsync.ports.listing import Lists
from crmsync.ports.mail import MailLog, RangeQueue, Tasks, TaskStates
from crmsync.ports.stores import Inbox, Links
from crmsync.rules.email_tasks import (
    OWNER_CODES,
    PASSING,
    address,
    mark,
    remembered_for,
    task_key,
    wants,
)
from crmsync.rules.pair.refusals import category_of

AT_ONCE = 200
"""Tasks of one call (docs/vendors.md#salesforce-rows)."""

LEASE = timedelta(seconds=720)
"""How long a claim holds: Salesforce ends a request after ten minutes at most, and ours begins
within seconds of the claim.
"""

WAITS = (60, 300, 900)
"""Seconds until the next look, by how often it was put off; then always the last."""

LEAST_LOOKS = 3
"""Looks for a link before it is given up, however long the window lay in the queue."""

TRIES = 40
"""After so many looks, some ten hours, a window that still fails is left to the dead letters."""


@dataclass(frozen=True, slots=True)
class TaskContext:
    """One connection's outside, so far as tasks need it. `until` is when a run must have begun its
    last window.
    """

    connection: Connection
    log: MailLog
    hubspot: Crm
    links: Links
    lists: Lists
    tasks: Tasks
    task_states: TaskStates
    queue: RangeQueue
    inbox: Inbox
    fingerprinter: Fingerprinter
    now: Callable[[], datetime]
    until: datetime


@dataclass(slots=True)
class TaskSummary:
    """What became of the events, for the metrics; what was refused, for the log; and the windows
    that must be dead letters in the end.
    """

    counts: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, SyncError] = field(default_factory=dict)
    given_up: list[LogRange] = field(default_factory=list)


@dataclass(slots=True)
class _TaskDraft:
    """A window in work: how soon it must be looked at again, if at all, and whether that is because
    something failed.
    """

    window: LogRange
    again: int | None = None
    failed: bool = False
    is_try: bool = True
    """Whether this look counts: not while a whole side is down."""

    def look_again(self, after: float) -> None:
        """Come back after so many seconds, or later where something else wants that."""
        self.again = max(self.again or 0, round(after))


@dataclass(slots=True)
class _Pending:
    """A task that waits for its call to be full."""

    facts: TaskFacts
    jobs: list[_TaskDraft]


def make_tasks(windows: Sequence[LogRange], context: TaskContext) -> TaskSummary:
    """Work through windows of one connection, one page of the log at a time. Raises `SyncError`
    when not even putting off worked.
    """
    desk = _TaskBatch(
        context, Recipients(context.connection, context.hubspot, context.links, context.lists)
    )
    jobs = [_TaskDraft(window) for window in _once(windows)]
    for job in jobs:
        try:
            desk.work_on(job)
        except SyncError as error:
            desk.fail(job, error)
            desk.down = error if isinstance(error, Down) else None
    desk.write(at_least=1)
    desk.conclude(jobs)
    return desk.summary


def _once(windows: Sequence[LogRange]) -> list[LogRange]:
    """Each stretch once, however often it was delivered."""
    kept: dict[tuple[str, int, int], LogRange] = {}
    for window in windows:
        place = (window.kind, window.start, window.end)
        kept[place] = max(kept.get(place, window), window, key=lambda one: one.tries)
    return list(kept.values())


def _wait(window: LogRange, error: SyncError | None = None) -> float:
    grown = WAITS[min(window.tries, len(WAITS) - 1)]
    return max(grown, getattr(error, "after", WAITS[-1] if error else 0))


@dataclass(slots=True)
class _TaskBatch:
    """What one run has in hand."""

    context: TaskContext
    recipients: Recipients
    summary: TaskSummary = field(default_factory=TaskSummary)
    down: Down | None = None
    """Why a side was found to be down in this run: it is not asked again for the other windows."""
    _pending: dict[str, _Pending] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)

    def work_on(self, job: _TaskDraft) -> None:
        """Read a window page by page. Raises `SyncError`; what was found until then is written all
        the same.
        """
        window, settings = job.window, self.context.connection.email_tasks
        if self.down is not None:
            raise self.down
        if window.kind not in settings.kinds:
            self.summary.counts["SwitchedOff"] += 1
            return
        if self.context.now() >= self.context.until:
            job.look_again(0)
            return
        for page in self.context.log.events(
            window.kind, window.start, window.end, without_bots=settings.ignore_bots
        ):
            self._take(page, job)
            self.write(at_least=AT_ONCE)
            if self.context.now() >= self.context.until:
                # The rest of a crowded window is the next run's; this run's part of it is known to
                # be done by then.
                job.look_again(0)
                return

    def _take(self, page: Sequence[MailEvent], job: _TaskDraft) -> None:
        """Sort the events of a page: done already, in somebody else's hands, waiting, let go, or
        pending.
        """
        connection, now = self.context.connection, milliseconds(self.context.now())
        groups: dict[str, dict[bytes, MailEvent]] = {}
        for event in page:
            if wants(event, connection.email_tasks):
                key = task_key(
                    event,
                    connection.email_tasks,
                    connection.hubspot.portal_id,
                    self.context.fingerprinter,
                )
                groups.setdefault(key, {})[mark(event)] = event
        task_states = self.context.task_states.look(connection.name, groups)
        open_: list[tuple[TaskState, tuple[MailEvent, ...]]] = []
        for key, events in groups.items():
            tally = task_states.get(key, TaskState(key))
            news = tuple(event for name, event in events.items() if name not in tally.seen)
            if news and tally.until > now:
                job.look_again((tally.until - now) / 1000 + 1)
            elif news:
                open_.append((tally, news))
        self._plan(open_, job)

    def _plan(
        self, open_: Sequence[tuple[TaskState, tuple[MailEvent, ...]]], job: _TaskDraft
    ) -> None:
        context, settings = self.context, self.context.connection.email_tasks
        people = self.recipients.find(address(event) for _, events in open_ for event in events)
        campaigns = context.log.campaigns(
            {(event.app, event.campaign) for _, events in open_ for event in events}
        )
        patient = self._is_patient(job.window)
        let_go: list[TaskState] = []
        for tally, events in open_:
            first = events[0]
            person = people[address(first)]
            facts = TaskFacts(tally, events, person.link, frozen=person.frozen, patient=patient)
            if (first.app, first.campaign) in campaigns:
                facts = replace(facts, campaign=campaigns[first.app, first.campaign])
            fate = plan_task(facts, settings).fate
            if fate in {Fate.MADE, Fate.COUNTED}:
                self._add(facts, job)
                continue
            self.summary.counts[fate] += len(events)
            if fate is Fate.WAITING:
                job.look_again(_wait(job.window))
            else:
                let_go.append(replace(tally, seen=tally.seen | {mark(event) for event in events}))
        now = milliseconds(context.now())
        gone = context.task_states.claim(
            context.connection.name, let_go, now, 0, remembered_for(settings)
        )
        if len(gone) < len(let_go):
            # Somebody else has been at these tasks meanwhile, and may have found a link: then our
            # events are counted there.
            job.look_again(_wait(job.window))

    def _is_patient(self, window: LogRange) -> bool:
        """Whether recipients without a link may still get one: contacts that were made a moment ago
        need some minutes.
        """
        most = self.context.connection.email_tasks.wait_minutes * 60_000
        waited = milliseconds(self.context.now()) - window.at
        return bool(most) and (window.tries < LEAST_LOOKS or waited < most)

    def _add(self, facts: TaskFacts, job: _TaskDraft) -> None:
        held = self._pending.get(facts.tally.key)
        if held is None:
            self._pending[facts.tally.key] = _Pending(facts, [job])
            return
        events = {mark(event): event for event in (*held.facts.events, *facts.events)}
        held.facts = replace(held.facts, events=tuple(events.values()))
        held.jobs.append(job)

    def write(self, *, at_least: int) -> None:
        """Write pending tasks, call by call, as long as there are so many."""
        while len(self._pending) >= at_least:
            keys = list(self._pending)[:AT_ONCE]
            part = [self._pending.pop(key) for key in keys]
            try:
                self._write(part)
            except SyncError as error:
                for one in part:
                    self._failed(one, error)

    def _write(self, part: list[_Pending]) -> None:
        context, now = self.context, self.context.now()
        name, settings = context.connection.name, context.connection.email_tasks
        keep = remembered_for(settings)
        task_states = [one.facts.tally for one in part]
        claimed = context.task_states.claim(
            name, task_states, milliseconds(now), milliseconds(now + LEASE), keep
        )
        for job in (job for one in part if one.facts.tally.key not in claimed for job in one.jobs):
            job.look_again(LEASE.total_seconds() + 1)
        ours = [one for one in part if one.facts.tally.key in claimed]
        plans = [plan_task(one.facts, settings) for one in ours]
        effects = [plan.task for plan in plans if plan.task is not None]
        outcomes = self._written(effects)
        done: list[TaskState] = []
        for one, plan, effect, outcome in zip(ours, plans, effects, outcomes, strict=True):
            if isinstance(outcome, Written) or (isinstance(outcome, Gone) and effect.task):
                # A task that a person has deleted is not made again; its count ends.
                done.append(_settled(claimed[effect.key], one.facts.events, outcome, effect))
                self.summary.counts[plan.fate] += len(one.facts.events)
                self._made.add(one.facts.events[0].kind)
            elif isinstance(outcome, SyncError):
                self._failed(one, outcome)
        context.task_states.settle(name, done, keep)

    def _written(self, effects: list[WriteTask]) -> list[Outcome]:
        """The outcomes of a call; a task that is refused for its owner's sake goes to the
        integration user.
        """
        if not effects:
            return []
        outcomes = list(self.context.tasks.write(effects))
        orphans = [at for at, one in enumerate(outcomes) if _is_owners_fault(one, effects[at])]
        if orphans:
            ownerless = [_ownerless(effects[at]) for at in orphans]
            for at, outcome in zip(orphans, self.context.tasks.write(ownerless), strict=True):
                outcomes[at] = outcome
        return outcomes

    def _failed(self, one: _Pending, error: SyncError) -> None:
        """A task that was not written, or of which nobody knows; it is looked at again when its
        claim has run out.
        """
        for job in one.jobs:
            self.fail(job, error, len(one.facts.events), least=LEASE.total_seconds() + 1)

    def fail(self, job: _TaskDraft, error: SyncError, events: int = 0, *, least: float = 0) -> None:
        """Look at a window again in spite of an error; a refusal is told to people as well."""
        refused = isinstance(error, Refused | Gone) and error.code not in PASSING
        self.summary.counts["Refused" if refused else "PutOff"] += events
        if refused:
            self.summary.refusals[job.window.kind] = error
        if isinstance(error, Down):
            job.is_try = False
            job.look_again(max(least, min(error.after, WAITS[1])))
            return
        job.failed = True
        job.look_again(max(least, _wait(job.window, error)))

    def conclude(self, jobs: Sequence[_TaskDraft]) -> None:
        """Queue again what must be looked at again, and tell people about refusals: once per kind,
        not per event.
        """
        context = self.context
        self.summary.given_up = [
            job.window for job in jobs if job.failed and job.window.tries >= TRIES
        ]
        again = [
            (
                replace(
                    job.window, tries=job.window.tries + (1 if job.again and job.is_try else 0)
                ),
                min(job.again, 900),
            )
            for job in jobs
            if job.again is not None and job.window not in self.summary.given_up
        ]
        if again:
            context.queue.queue(again)
        context.inbox.park(
            context.connection.name,
            [
                Report(
                    _place(kind),
                    category_of(error.code),
                    error.text,
                    error.fieldname,
                    error.hint,
                    ("TASK-2",),
                )
                for kind, error in self.summary.refusals.items()
            ],
        )
        context.inbox.clear(
            context.connection.name,
            [_place(kind) for kind in self._made - set(self.summary.refusals)],
        )


def _settled(
    claimed: TaskState, events: Sequence[MailEvent], outcome: Outcome, effect: WriteTask
) -> TaskState:
    task = outcome.ref.id if isinstance(outcome, Written) else effect.task
    seen = claimed.seen | {mark(event) for event in events}
    return replace(claimed, seen=seen, counted=claimed.counted + len(events), task=task, until=0)


def _ownerless(effect: WriteTask) -> WriteTask:
    return replace(
        effect,
        fields={name: value for name, value in effect.fields.items() if name != SALESFORCE_OWNER},
    )


def _is_owners_fault(outcome: Outcome, effect: WriteTask) -> bool:
    if not isinstance(outcome, Refused) or SALESFORCE_OWNER not in effect.fields:
        return False
    return outcome.fieldname == SALESFORCE_OWNER or (
        outcome.code in OWNER_CODES and not outcome.fieldname
    )


def _place(kind: str) -> Ref:
    """Under which name tasks for a kind of event stand in the error inbox."""
    return Ref(Side.SALESFORCE, TASK, kind)
