"""The event log, Salesforce's tasks, the task states and the queue of log ranges behind their
ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from crmsync.errors import Gone, Refused, TryAgain
from crmsync.gateways.aws.log_ranges import RangeSender
from crmsync.gateways.dynamodb.task_state import TaskStateTable
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.mail import HubspotMail
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.salesforce.tasks import SalesforceTasks
from crmsync.model.mail import Campaign, LogRange, MailEvent, TaskState, WriteTask
from crmsync.model.names import TASK_COUNT, TASK_KEY
from crmsync.wire.log_range_message import load
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator
from tests.contracts.stages import FixedSecret, retry_policy, served
from tests.contracts.tables import NO_WAIT, dynamodb
from tests.memory import MemoryMailLog, MemoryRangeQueue, MemoryTasks, MemoryTaskStates

NOON = 1_793_620_800_000
KEEP = timedelta(days=35)
SPRING = Campaign("Spring offer", "Spring is here")


@dataclass(slots=True)
class LogStage:
    """A log, and how events get into it."""

    log: Any
    put: Callable[[list[MailEvent]], None]
    calls: Callable[[], int]


@contextmanager
def memory_log(page: int) -> Iterator[LogStage]:
    """The log in memory."""
    log = MemoryMailLog(page)
    log.known["113", "70012"] = SPRING
    yield LogStage(log, log.rows.extend, lambda: log.calls)


@contextmanager
def simulated_log(page: int) -> Iterator[LogStage]:
    """The gateway over the simulator."""
    clock = Clock()
    campaigns = [{"id": "70012", "appId": "113", "name": SPRING.name, "subject": SPRING.subject}]
    simulator = HubSpotSimulator(
        [{"portal_id": 555001, "campaigns": campaigns}], clock=clock, faults=Faults(clock)
    )
    portal = simulator.portals[0]
    with served(simulator.wsgi) as url:
        secret = FixedSecret({"access_token": portal.access_token, "api_url": url})
        client = HubspotClient(secret, retry_policy=retry_policy(clock))
        yield LogStage(
            HubspotMail(client, page=page),
            lambda rows: (
                simulator.person({"do": "email_events", "events": [_row(row) for row in rows]})
                and None
            ),
            lambda: int(simulator.stats()["calls"]),
        )


def _row(event: MailEvent) -> dict[str, Any]:
    """An event as HubSpot's log has it."""
    row: dict[str, Any] = {
        "id": event.id,
        "created": event.created,
        "type": event.kind,
        "recipient": event.recipient,
    }
    row |= {
        "appId": int(event.app),
        "emailCampaignId": int(event.campaign),
        "filteredEvent": event.is_filtered,
    }
    row |= {"url": event.url} if event.url else {}
    return row | ({"obsoletedBy": {"id": "x", "created": 1}} if event.is_obsolete else {})


@pytest.fixture(params=[memory_log, simulated_log])
def new_log(request: pytest.FixtureRequest) -> Iterator[Callable[..., LogStage]]:
    """Makes a log of each kind, with pages of a size."""
    with ExitStack() as owned:
        yield lambda page=1000: owned.enter_context(request.param(page))


def opened(number: int, at: int = NOON, **more: Any) -> MailEvent:
    """An open of the spring campaign."""
    return replace(
        MailEvent(f"event-{number}", at, "OPEN", "ada@example.com", "113", "70012"), **more
    )


def flat(stage: LogStage, start: int = 0, end: int = NOON, **more: Any) -> list[MailEvent]:
    """All events of a walk."""
    return [event for page in stage.log.events("OPEN", start, end, **more) for event in page]


def test_the_log_is_read_newest_first_with_both_ends(new_log: Callable[..., LogStage]) -> None:
    """By type and time; with any page size each event is returned once, with all its fields."""
    stage = new_log(2)
    rows = [
        opened(number, NOON - number, url=f"https://example.com/{number}") for number in range(5)
    ]
    stage.put([*rows, opened(9, kind="CLICK"), opened(10, NOON - 9), opened(11, NOON + 1)])

    assert flat(stage, NOON - 4) == rows


def test_bots_are_left_out_on_request(new_log: Callable[..., LogStage]) -> None:
    """Replaced events are marked."""
    stage = new_log()
    machine, replaced = opened(1, is_filtered=True), opened(2, NOON - 1, is_obsolete=True)
    stage.put([machine, replaced])

    assert (flat(stage), flat(stage, without_bots=True)) == ([machine, replaced], [replaced])


def test_an_empty_log_costs_a_call(new_log: Callable[..., LogStage]) -> None:
    """Without events there is no page."""
    stage = new_log()
    before = stage.calls()

    assert (flat(stage), stage.calls() - before) == ([], 1)


def test_campaigns_are_known_by_app_and_id(new_log: Callable[..., LogStage]) -> None:
    """Unknown campaigns are left out; a known one is not read twice."""
    stage = new_log()
    wanted = {("113", "70012"), ("113", "1"), ("", "")}
    found = stage.log.campaigns(wanted)
    before = stage.calls()

    assert (found, stage.log.campaigns(wanted), stage.calls()) == (
        {("113", "70012"): SPRING},
    ) * 2 + (before,)


@dataclass(slots=True)
class TaskStage:
    """Tasks, their fields, how a person deletes one, and how the next call fails."""

    tasks: Any
    shown: Callable[[], list[dict[str, Any]]]
    delete: Callable[[str], None]
    fail: Callable[[str], None]


@contextmanager
def memory_tasks() -> Iterator[TaskStage]:
    """Tasks in memory."""
    tasks = MemoryTasks()
    lost = TryAgain("Salesforce did not answer.")
    yield TaskStage(
        tasks,
        lambda: list(tasks.rows.values()),
        lambda task: tasks.rows.pop(task) and None,
        lambda kind: tasks.faults.append((lost, kind == "timeout_after_write")),
    )


FIELDS = [
    {
        "name": TASK_KEY,
        "label": "Event",
        "type": "string",
        "length": 255,
        "externalId": True,
        "idLookup": True,
    },
    {"name": TASK_COUNT, "label": "Events", "type": "double", "precision": 9},
]


@contextmanager
def simulated_tasks(fields: list[dict[str, Any]] = FIELDS) -> Iterator[TaskStage]:
    """The gateway over the simulator."""
    clock = Clock()
    faults = Faults(clock)
    simulator = SalesforceSimulator({"custom_fields": {"Task": fields}}, clock=clock, faults=faults)
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        gateway = SalesforceGateway(
            url, secret, now=lambda: clock.now_ms() / 1000, retry_policy=retry_policy(clock)
        )
        session = gateway.session

        def shown() -> list[dict[str, Any]]:
            soql = f"SELECT+Subject,Status,{TASK_COUNT}+FROM+Task+ORDER+BY+Subject"
            rows = session.call("GET", f"query/?q={soql}")["records"]
            return [
                {name: value for name, value in row.items() if name != "attributes"} for row in rows
            ]

        yield TaskStage(
            SalesforceTasks(session),
            shown,
            lambda task: session.call("DELETE", f"sobjects/Task/{task}"),
            lambda kind: faults.replace([{"at": "salesforce", "kind": kind}]),
        )


def plain_tasks() -> AbstractContextManager[TaskStage]:
    """The gateway for an org that does not allow an external id on Activity."""
    return simulated_tasks([{**FIELDS[0], "externalId": False, "idLookup": False}, FIELDS[1]])


@pytest.fixture(params=[memory_tasks, simulated_tasks, plain_tasks])
def tasks(request: pytest.FixtureRequest) -> Iterator[TaskStage]:
    """Tasks of each kind."""
    with request.param() as stage:
        yield stage


def task(key: str, *, count: int = 1, task: str = "", tried: bool = False) -> WriteTask:
    """The effect that creates a task named after its key, or writes its count."""
    fields = {TASK_COUNT: count} | ({} if task else {"Subject": key, "Status": "Completed"})
    return WriteTask(key, fields, task, tried=tried)


def row(key: str, count: int = 1) -> dict[str, Any]:
    """The fields of such a task."""
    return {"Subject": key, "Status": "Completed", TASK_COUNT: count}


def test_a_task_is_created_once_by_its_key(tasks: TaskStage) -> None:
    """A repeated call finds the first one; 201 at a time are created."""
    effects = [task(f"key-{number:03d}") for number in range(201)]

    first = [one.ref for one in tasks.tasks.write(effects)]
    second = [
        one.ref for one in tasks.tasks.write([replace(effect, tried=True) for effect in effects])
    ]

    assert (first, len(set(first))) == (second, 201)
    assert tasks.shown() == [row(f"key-{number:03d}") for number in range(201)]


def test_a_count_is_written_to_the_task_by_its_id(tasks: TaskStage) -> None:
    """New tasks may be in the same call; one that a person deleted is reported and not created
    again.
    """
    kept, deleted = (one.ref.id for one in tasks.tasks.write([task("kept"), task("lost")]))
    tasks.delete(deleted)

    outcomes = tasks.tasks.write(
        [task("kept", count=2, task=kept), task("new"), task("lost", count=2, task=deleted)]
    )

    assert [type(one).__name__ for one in outcomes] == ["Written", "Written", "Gone"]
    assert isinstance(outcomes[2], Gone)
    assert tasks.shown() == [row("kept", 2), row("new")]


@pytest.mark.parametrize("kind", ["timeout_after_write", "timeout_before_write"])
def test_a_call_whose_response_is_lost_is_not_repeated(tasks: TaskStage, kind: str) -> None:
    """It may have been applied; written again later, the task exists once."""
    tasks.fail(kind)
    with pytest.raises(TryAgain):
        tasks.tasks.write([task("once")])
    before = len(tasks.shown())
    tasks.tasks.write([task("once", tried=True)])

    assert (before, tasks.shown()) == (1 if kind == "timeout_after_write" else 0, [row("once")])


def test_a_task_that_was_deleted_after_a_lost_response_is_not_created_again() -> None:
    """With inserts, the recycle bin is searched, too, for tasks with our key."""
    day = {"ActivityDate": "2026-11-02"}
    with plain_tasks() as stage:
        (made,) = stage.tasks.write([replace(task("gone"), fields={**task("gone").fields, **day})])
        stage.delete(made.ref.id)

        again = replace(task("gone", tried=True), fields={**task("gone").fields, **day})
        outcomes = stage.tasks.write([again, task("new")])

        assert [type(one).__name__ for one in outcomes] == ["Gone", "Written"]
        assert stage.shown() == [row("new")]


def test_an_org_without_our_field_is_refused_with_a_hint() -> None:
    """It is not the fault of a task, so the whole call is refused with a hint."""
    with simulated_tasks([]) as stage, pytest.raises(Refused) as refusal:
        stage.tasks.write([task("never")])

    assert (refusal.value.fieldname, refusal.value.hint.split(":")[0]) == (
        TASK_KEY,
        "Run crmsync setup",
    )


def test_a_refused_task_does_not_affect_the_others() -> None:
    """Whether Salesforce refuses the task or the whole call because of it."""
    with simulated_tasks() as stage:
        long = replace(task("long"), fields={"Subject": "x" * 256})
        broken = replace(task("broken"), fields={"Subject": "b", "ActivityDate": "no date"})
        outcomes = stage.tasks.write([task("a"), long, broken, task("z")])

        assert [type(one).__name__ for one in outcomes] == [
            "Written",
            "Refused",
            "Refused",
            "Written",
        ]
        assert stage.shown() == [row("a"), row("z")]


@contextmanager
def table_of_task_states() -> Iterator[TaskStateTable]:
    """The gateway on moto."""
    with dynamodb("pk", "sk") as client:
        yield TaskStateTable(
            client,
            "Table",
            now=lambda: datetime.fromtimestamp(NOON / 1000, UTC),
            retry_policy=NO_WAIT,
        )


@pytest.fixture(params=["memory", "dynamodb"])
def task_states(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield MemoryTaskStates()
    else:
        with table_of_task_states() as table:
            yield table


def test_a_claim_is_exclusive_until_it_expires(task_states: Any) -> None:
    """A second claim fails until the first one has expired."""
    new = TaskState("key")
    first = task_states.claim("acme", [new], NOON, NOON + 10, KEEP)
    second = task_states.claim("acme", [new], NOON, NOON + 10, KEEP)
    (seen,) = task_states.look("acme", ["key"]).values()
    early = task_states.claim("acme", [seen], NOON + 9, NOON + 20, KEEP)
    late = task_states.claim("acme", [seen], NOON + 10, NOON + 20, KEEP)

    assert (first, second, early) == ({"key": TaskState("key", until=NOON + 10, version=1)}, {}, {})
    assert (seen, late) == (first["key"], {"key": TaskState("key", until=NOON + 20, version=2)})


def test_stored_states_are_read_back(task_states: Any) -> None:
    """All fields are read back, in this connection only; a claimed task does not affect others of
    the call.
    """
    done = TaskState("a", frozenset({b"12345678", b"abcdefgh"}), 2, "00T000000000001AAA", 0, 1)
    task_states.settle("acme", [done], KEEP)

    assert task_states.look("acme", ["a", "b"]) == {"a": replace(done, version=2)}
    assert task_states.look("other", ["a"]) == {}
    assert set(
        task_states.claim("acme", [TaskState("a"), TaskState("b")], NOON, NOON + 1, KEEP)
    ) == {"b"}


def test_many_states_take_several_calls(task_states: Any) -> None:
    """More than one read or one write can have."""
    many = [TaskState(f"key-{number}") for number in range(250)]
    ours = task_states.claim("acme", many, NOON, NOON + 1, KEEP)
    task_states.settle("acme", [replace(one, counted=1) for one in ours.values()], KEEP)

    assert len(ours) == 250
    assert {one.counted for one in task_states.look("acme", ours).values()} == {1}


def test_a_state_expires_and_names_no_person() -> None:
    """The item has an expiry in whole seconds."""
    with dynamodb("pk", "sk") as client:
        table = TaskStateTable(
            client, "Table", now=lambda: datetime.fromtimestamp(NOON / 1000, UTC)
        )
        table.settle(
            "acme", [TaskState("555001-1-e", frozenset({b"12345678"}), 1, "00T1", 0, 1)], KEEP
        )
        (item,) = client.scan(TableName="Table")["Items"]

    assert item == {
        "pk": {"S": "task#acme#555001-1-e"},
        "sk": {"S": "tally"},
        "v": {"N": "2"},
        "n": {"N": "1"},
        "u": {"N": "0"},
        "s": {"B": b"12345678"},
        "t": {"S": "00T1"},
        "expires_at": {"N": str(NOON // 1000 + 35 * 24 * 3600)},
    }


def test_log_ranges_are_queued_with_their_delays() -> None:
    """Each has its delay, up to the most that SQS allows; in memory, too."""
    windows = [
        LogRange("acme", "OPEN", NOON + number, NOON + number + 9, NOON, number)
        for number in range(12)
    ]
    delays = [(window, 100 * number) for number, window in enumerate(windows)]
    memory = MemoryRangeQueue()
    memory.queue(delays)
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        url = sqs.create_queue(QueueName="Queue")["QueueUrl"]
        RangeSender(sqs, url).queue([(window, 0) for window in windows])
        found = [
            sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            for _ in range(3)
        ]

    assert sorted(load(one["Body"]).tries for part in found for one in part) == list(range(12))
    assert memory.waiting == [(window, min(after, 900)) for window, after in delays]
