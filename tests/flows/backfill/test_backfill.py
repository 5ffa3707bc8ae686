"""Backfills turn by turn, in memory: every record is queued once, whatever happens in between."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crmsync.errors import Distrusted, Refused, TryAgain
from crmsync.flows.backfill.run import LEFT_OUT, BackfillContext, run_job_messages, run_turn
from crmsync.model.changes import Cause, Change
from crmsync.model.operations.calls import DailyCalls, KnownCalls
from crmsync.model.operations.jobs import Job, JobMessage, JobState, JobStep, job_message_of
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection
from crmsync.rules.backfill.pacing import Depth
from crmsync.wire.job_messages import dump_job
from tests.builders import NOON, a_connection, a_job
from tests.memory import (
    MemoryBacklog,
    MemoryCallGate,
    MemoryCrm,
    MemoryJobMessages,
    MemoryJobs,
    MemoryLister,
    MemoryOutbox,
)

CONTACTS = JobStep(Side.HUBSPOT, "contact")


class BackfillWorld:
    """A HubSpot account and an org with records, and the stores that backfills use."""

    def __init__(self, contacts: int = 0, leads: int = 0, page: int = 10) -> None:
        """Make that many of each."""
        self.time = NOON
        self.hubspot, self.salesforce = (MemoryCrm(side, now=lambda: self.time) for side in Side)
        for number in range(contacts):
            self.hubspot.add("contact", {"email": f"c{number}@example.com"})
        for number in range(leads):
            self.salesforce.add(
                "Lead",
                {"LastName": "Lang", "Company": "Example", "Email": f"l{number}@example.com"},
            )
        self.listers = {
            Side.HUBSPOT: MemoryLister(self.hubspot, page),
            Side.SALESFORCE: MemoryLister(self.salesforce, page),
        }
        self.jobs, self.job_messages, self.outbox, self.backlog = (
            MemoryJobs(),
            MemoryJobMessages(),
            MemoryOutbox(),
            MemoryBacklog(),
        )
        self.connection: Connection | None = a_connection()
        tokens = itertools.count(1)
        self.context = BackfillContext(
            connection=lambda _name: self.connection,
            lister=lambda _connection, side: self.listers[side],
            calls=lambda connection: MemoryCallGate(
                self.salesforce, self._now, connection.salesforce.daily_call_allotment
            ),
            jobs=self.jobs,
            job_messages=self.job_messages,
            outbox=self.outbox,
            backlog=self.backlog,
            new_turn_token=lambda: f"t{next(tokens)}",
            now=self._now,
            compare=lambda job, _connection: job,
        )

    def start(self, *steps: JobStep, **more: object) -> Job:
        """Start a job whose first message is queued."""
        job = self.jobs.save(a_job(*steps, **more).with_turn_token("t0"))
        self.job_messages.send(job_message_of(job))
        return job

    def run(self, job: Job) -> Job:
        """Deliver messages until none is left; the job as it is then."""
        while self.job_messages.sent:
            run_turn(self.job_messages.take(), self.context)
        return self.now(job)

    def now(self, job: Job) -> Job:
        """The job as it is stored."""
        stored = self.jobs.load(job.connection, job.id)
        assert stored is not None
        return stored

    @property
    def named(self) -> list[Ref]:
        """The records that were published."""
        return [change.ref for change in self.outbox.published]

    def _now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def far(job: Job) -> tuple[JobState, int, int]:
    """A job's state, and the numbers of its records queued and done."""
    return job.state, job.queued, job.done


@pytest.mark.rule("MAP-6")
def test_every_record_is_queued_once_and_parents_before_children() -> None:
    """All steps are queued as resyncs from the first page to the last, in order, and then the job
    is done.
    """
    walk = BackfillWorld(contacts=25, leads=12)

    job = walk.run(walk.start(JobStep(Side.SALESFORCE, "Lead"), CONTACTS))

    assert far(job) == (JobState.DONE, 37, 37)
    assert walk.named == [*walk.salesforce.refs("Lead"), *walk.hubspot.refs("contact")]
    assert {(one.connection, one.kind, one.cause) for one in walk.outbox.published} == {
        ("acme", Kind.CONTACT, Cause.RESYNC)
    }


def test_a_page_that_could_not_be_queued_is_listed_again() -> None:
    """The cursor moves only after its page is published, so that an outage of the bus neither loses
    nor repeats a record.
    """
    walk = BackfillWorld(contacts=25)
    job = walk.start(CONTACTS)
    walk.outbox.is_down = True
    run_turn(walk.job_messages.take(), walk.context)
    assert (far(walk.now(job)), walk.now(job).after, walk.named) == (
        (JobState.RUNNING, 0, 0),
        "",
        [],
    )
    walk.outbox.is_down = False

    assert far(walk.run(job)) == (JobState.DONE, 25, 25)
    assert walk.named == walk.hubspot.refs("contact")


@pytest.mark.rule("ACC-13")
def test_single_records_are_queued_without_a_check() -> None:
    """A person has named them, and the sync finds out whether they exist."""
    walk = BackfillWorld()

    job = walk.run(walk.start(replace(CONTACTS, ids=("81", "82"))))

    assert far(job) == (JobState.DONE, 2, 2)
    refs = [Ref(Side.HUBSPOT, "contact", "81"), Ref(Side.HUBSPOT, "contact", "82")]
    at = walk.outbox.published[0].at
    assert walk.outbox.published == [
        Change("acme", Kind.CONTACT, ref, Cause.FORCED, at, job=job.id) for ref in refs
    ]


@pytest.mark.rule("IMP-4")
def test_an_import_skips_records_without_an_address() -> None:
    """Without an address no HubSpot contact can be matched or created."""
    walk = BackfillWorld(leads=3)
    walk.salesforce.add("Lead", {"LastName": "Mute", "Company": "Example"})

    job = walk.run(walk.start(JobStep(Side.SALESFORCE, "Lead", with_email=True)))

    assert far(job) == (JobState.DONE, 3, 3)


@pytest.mark.rule("ACC-4")
def test_an_object_listed_to_its_end_counts_as_imported() -> None:
    """It does not count before the job is done, for single records, or for HubSpot's objects."""
    walk = BackfillWorld(leads=25, contacts=2)
    walk.run(
        walk.start(replace(CONTACTS, side=Side.SALESFORCE, object="Lead", ids=("00Q1",)), id="one")
    )
    assert walk.jobs.imported("acme", "Lead") is None

    job = walk.start(JobStep(Side.SALESFORCE, "Lead"), CONTACTS)
    run_turn(walk.job_messages.take(), walk.context)
    assert walk.jobs.imported("acme", "Lead") is None
    walk.run(job)

    assert walk.jobs.imported("acme", "Lead") is not None
    assert walk.jobs.imported("acme", "contact") is None


# Never faster than the sync.


def test_nothing_is_queued_while_the_sync_is_busy() -> None:
    """A full queue is waited for without a call to a CRM, and with a pause once the sync has taken
    everything.
    """
    walk = BackfillWorld(contacts=25)
    job = walk.start(CONTACTS)
    walk.backlog.now = Depth(ready=30)

    run_turn(walk.job_messages.take(), walk.context)
    assert (walk.named, walk.job_messages.sent[0][1]) == ([], 0)
    walk.backlog.now = Depth(hidden=30)
    run_turn(walk.job_messages.take(), walk.context)
    assert (walk.named, walk.job_messages.sent[0][1]) == ([], 5)
    assert walk.listers[Side.SALESFORCE].asked == 0
    walk.backlog.now = Depth()

    assert far(walk.run(job)) == (JobState.DONE, 25, 25)


def test_a_turn_queues_no_more_than_there_is_room_for() -> None:
    """The first turn queues one batch of the sync, whatever number of pages that takes."""
    walk = BackfillWorld(contacts=1_300, page=100)
    job = walk.start(CONTACTS)

    run_turn(walk.job_messages.take(), walk.context)

    assert far(walk.now(job)) == (JobState.RUNNING, 1_000, 0)
    walk.backlog.now = Depth(ready=4)
    run_turn(walk.job_messages.take(), walk.context)
    assert far(walk.now(job)) == (JobState.RUNNING, 1_300, 600)


def test_a_job_is_done_when_its_records_are_synced() -> None:
    """It waits a quarter of an hour at most, because what still waits then was put off and
    continues by itself.
    """
    walk = BackfillWorld(contacts=5)
    job = walk.start(CONTACTS)
    run_turn(walk.job_messages.take(), walk.context)
    walk.backlog.now = Depth(hidden=1)

    run_turn(walk.job_messages.take(), walk.context)
    assert far(walk.now(job)) == (JobState.RUNNING, 5, 0)
    walk.time += timedelta(minutes=16)
    run_turn(walk.job_messages.take(), walk.context)

    assert far(walk.now(job)) == (JobState.DONE, 5, 0)
    assert walk.job_messages.sent == []


@pytest.mark.rule("RTY-2")
def test_a_backfill_leaves_calls_for_live_changes() -> None:
    """When seven tenths of the org's calls are used it waits, says why, and continues when calls
    are available.
    """
    walk = BackfillWorld(contacts=5)
    walk.salesforce.known_calls = KnownCalls(DailyCalls(70_000, 100_000), walk.time)
    job = walk.start(CONTACTS)

    run_turn(walk.job_messages.take(), walk.context)

    assert far(walk.now(job)) == (JobState.RUNNING, 0, 0)
    assert walk.now(job).trouble == (
        "Waits for calls. Of the 100,000 calls a day that Salesforce allows, 70,000 are used. The "
        "rest is kept for live changes."
    )
    assert walk.job_messages.sent[0][1] == 900
    walk.salesforce.known_calls = KnownCalls(DailyCalls(69_999, 100_000), walk.time)
    assert far(walk.run(job)) == (JobState.DONE, 5, 5)


# Whatever happens in between.


class KilledError(Exception):
    """The Lambda's process is gone."""


def killed(walk: BackfillWorld, job_message: JobMessage, at_save: int) -> None:
    """Make a turn in which the process dies at the save of that number, counted from now."""
    walk.jobs.fails = {walk.jobs.saves + at_save: KilledError()}
    with pytest.raises(KilledError):
        run_turn(job_message, walk.context)


@pytest.mark.parametrize("at_save", range(1, 6))
def test_a_backfill_killed_at_any_page_has_the_same_result(at_save: int) -> None:
    """The message returns and continues after the last stored page, and the message sent ahead is
    ignored.
    """
    walk = BackfillWorld(contacts=35)
    job = walk.start(CONTACTS)
    job_message = walk.job_messages.take()
    killed(walk, job_message, at_save)
    ahead = list(walk.job_messages.sent)
    walk.job_messages.sent = [(job_message, 0)]

    done = walk.run(job)

    assert far(done) == (JobState.DONE, 35, 35)
    assert list(dict.fromkeys(walk.named)) == walk.hubspot.refs("contact")
    assert len(walk.named) - 35 in {0, 5, 10}
    assert [run_turn(late, walk.context) for late, _ in ahead] == [None] * len(ahead)


def test_a_turn_whose_next_message_cannot_be_sent_is_run_again() -> None:
    """The turn's message returns and still counts, because the next turn's token is stored only
    after its message was sent.
    """
    walk = BackfillWorld(contacts=5)
    job = walk.start(CONTACTS)
    job_message = walk.job_messages.take()
    walk.job_messages.is_down = True
    with pytest.raises(TryAgain):
        run_turn(job_message, walk.context)
    walk.job_messages.is_down = False
    walk.job_messages.send(job_message)

    assert far(walk.run(job)) == (JobState.DONE, 5, 5)
    assert walk.named == walk.hubspot.refs("contact")


def test_a_message_that_arrives_before_its_turn_is_stored_is_delivered_again() -> None:
    """The queue may be faster than the store."""
    walk = BackfillWorld(contacts=5)
    job = walk.start(CONTACTS)
    early = job_message_of(job.with_turn_token("t9"))

    with pytest.raises(TryAgain):
        run_turn(early, walk.context)


def test_a_message_delivered_twice_makes_no_second_chain() -> None:
    """Of two deliveries the one that stores its page first continues, and the other ends with what
    it has sent.
    """
    walk = BackfillWorld(contacts=25)
    job = walk.start(CONTACTS)
    job_message = walk.job_messages.sent[0][0]
    meanwhile: list[Callable[[], object]] = [lambda: run_turn(job_message, walk.context)]
    page = walk.listers[Side.HUBSPOT].page

    def slow(*given: object, **more: object) -> object:
        found = page(*given, **more)  # type: ignore[arg-type]
        if meanwhile:
            meanwhile.pop()()
        return found

    walk.listers[Side.HUBSPOT].page = slow  # type: ignore[method-assign,assignment]

    assert run_turn(walk.job_messages.take(), walk.context) is None
    assert len(walk.job_messages.sent) == 1
    assert far(walk.run(job)) == (JobState.DONE, 25, 25)


@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.CANCELLED])
def test_a_job_that_the_operator_stopped_goes_no_further(state: JobState) -> None:
    """Its message finds it stopped and is not sent on."""
    walk = BackfillWorld(contacts=5)
    job = walk.start(CONTACTS)
    walk.jobs.save(replace(job, state=state))

    assert far(walk.run(job)) == (state, 0, 0)
    assert walk.named == []


def test_a_job_waits_for_a_side_that_does_not_answer() -> None:
    """The job says why, and continues from its last page."""
    walk = BackfillWorld(contacts=25)
    walk.listers[Side.HUBSPOT].down = {2: TryAgain("HubSpot is busy.", after=40)}
    job = walk.start(CONTACTS)

    run_turn(walk.job_messages.take(), walk.context)

    assert (far(walk.now(job)), walk.now(job).trouble) == (
        (JobState.RUNNING, 10, 0),
        "HubSpot is busy.",
    )
    assert walk.job_messages.sent[0][1] == 40
    done = walk.run(job)
    assert (far(done), done.trouble, walk.named) == (
        (JobState.DONE, 25, 25),
        "",
        walk.hubspot.refs("contact"),
    )


def test_a_job_that_waited_at_its_end_says_so_no_more() -> None:
    """Its queue was unreadable once while its records were being synced."""
    walk = BackfillWorld(contacts=5)
    job = walk.start(CONTACTS)
    run_turn(walk.job_messages.take(), walk.context)

    run_turn(walk.job_messages.take(), replace(walk.context, backlog=_UnreadableBacklog()))
    waited = walk.now(job).trouble
    done = walk.run(job)

    assert (waited, done.trouble, far(done)) == ("The queue is busy.", "", (JobState.DONE, 5, 5))


class _UnreadableBacklog(MemoryBacklog):
    """Queues that do not answer."""

    def depth(self, kind: Kind) -> Depth:  # noqa: ARG002 - as the port has it
        """See the port."""
        raise TryAgain("The queue is busy.")


def test_a_job_waits_for_settings_that_can_be_trusted() -> None:
    """The job says why and continues without being resumed."""
    walk = BackfillWorld(contacts=5)
    job = walk.start(CONTACTS)
    context = replace(walk.context, connection=_refuse)

    run_turn(walk.job_messages.take(), context)

    assert (far(walk.now(job)), walk.now(job).trouble) == (
        (JobState.RUNNING, 0, 0),
        "The seal is false. Push again.",
    )
    assert walk.job_messages.sent[0][1] == 300
    assert far(walk.run(job)) == (JobState.DONE, 5, 5)


def _refuse(_name: str) -> Connection:
    raise Distrusted("The seal is false.", code="SETTINGS_SEAL", hint="Push again.")


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda walk: setattr(walk, "connection", None), "acme is no longer in the settings."),
        (
            lambda walk: setattr(walk, "connection", a_connection(sync=False)),
            "The contacts of acme are switched off (SET-1).",
        ),
        (
            lambda walk: walk.listers[Side.HUBSPOT].down.update(
                {1: Refused("The scope is missing.", hint="Grant it.")}
            ),
            "The scope is missing. Grant it.",
        ),
    ],
)
def test_trouble_that_a_person_must_fix_pauses_the_job(
    prepare: Callable[[BackfillWorld], None], says: str
) -> None:
    """The job has the reason and its position, so that it can be resumed."""
    walk = BackfillWorld(contacts=5)
    prepare(walk)

    job = walk.run(walk.start(CONTACTS))

    assert (far(job), job.trouble) == ((JobState.PAUSED, 0, 0), says)


@pytest.mark.rule("LIM-1")
def test_a_backfill_has_no_upper_limit() -> None:
    """A resync of more than 200,000 companies queues all of them and reports nothing left out
    (Q-31).
    """
    walk = BackfillWorld()
    step = replace(CONTACTS, ids=tuple(map(str, range(200_001))))

    job = walk.start(step)
    while walk.job_messages.sent:
        walk.time += timedelta(minutes=1)
        run_turn(walk.job_messages.take(), walk.context)

    assert (far(walk.now(job)), walk.now(job).trouble) == ((JobState.DONE, 200_001, 200_001), "")
    assert [len(walk.named), walk.named[-1].id] == [200_001, "200000"]


@pytest.mark.rule("LIM-2")
def test_a_job_that_stops_at_its_limit_reports_records_left_out() -> None:
    """The report has the words that users know."""
    walk = BackfillWorld(contacts=25)

    job = walk.run(walk.start(CONTACTS, limit=12))

    assert (far(job), len(walk.named)) == ((JobState.PAUSED, 12, 0), 12)
    assert job.trouble == f"{LEFT_OUT} The limit of 12 records was reached (LIM-2)."


def test_a_limit_that_is_met_exactly_leaves_nothing_out() -> None:
    """A job that ends exactly at its limit reports nothing."""
    walk = BackfillWorld(contacts=25)

    job = walk.run(walk.start(CONTACTS, limit=25))

    assert (far(job), job.trouble) == ((JobState.DONE, 25, 25), "")


def test_a_batch_of_messages_is_answered_one_by_one() -> None:
    """Unreadable messages and failed turns are delivered again, and the others are done."""
    walk = BackfillWorld(contacts=5)
    job = walk.start(CONTACTS)
    texts = [
        dump_job(walk.job_messages.take()),
        "what?",
        dump_job(JobMessage("acme", "gone", 1, "t1")),
        dump_job(job_message_of(job.with_turn_token("t9"))),
    ]
    records = [{"messageId": str(number), "body": text} for number, text in enumerate(texts)]

    ran = run_job_messages(records, walk.context)

    assert ran.response == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert ran.jobs == (walk.now(job),)
