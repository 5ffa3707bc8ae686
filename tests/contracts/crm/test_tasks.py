"""Salesforce's tasks behind the port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crmsync.errors import Gone, Refused, TryAgain
from crmsync.gateways.salesforce.objects.tasks import SalesforceTasks
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.mail import WriteTask
from crmsync.model.names import TASK_COUNT, TASK_KEY
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.memory import MemoryTasks
from tests.simulated import FixedSecret, retry_policy, served


@dataclass(slots=True)
class TaskBackend:
    """Tasks, their fields, how a person deletes one, and how the next call fails."""

    tasks: Any
    shown: Callable[[], list[dict[str, Any]]]
    delete: Callable[[str], None]
    fail: Callable[[str], None]


@contextmanager
def memory_tasks() -> Iterator[TaskBackend]:
    """Tasks in memory."""
    tasks = MemoryTasks()
    lost = TryAgain("Salesforce did not answer.")
    yield TaskBackend(
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
def simulated_tasks(fields: list[dict[str, Any]] = FIELDS) -> Iterator[TaskBackend]:
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

        yield TaskBackend(
            SalesforceTasks(session),
            shown,
            lambda task: session.call("DELETE", f"sobjects/Task/{task}"),
            lambda kind: faults.replace([{"at": "salesforce", "kind": kind}]),
        )


def plain_tasks() -> AbstractContextManager[TaskBackend]:
    """The gateway for an org that does not allow an external id on Activity."""
    return simulated_tasks([{**FIELDS[0], "externalId": False, "idLookup": False}, FIELDS[1]])


@pytest.fixture(params=[memory_tasks, simulated_tasks, plain_tasks])
def tasks(request: pytest.FixtureRequest) -> Iterator[TaskBackend]:
    """Tasks of each kind."""
    with request.param() as backend:
        yield backend


def task(key: str, *, count: int = 1, task: str = "", tried: bool = False) -> WriteTask:
    """The effect that creates a task named after its key, or writes its count."""
    fields = {TASK_COUNT: count} | ({} if task else {"Subject": key, "Status": "Completed"})
    return WriteTask(key, fields, task, tried=tried)


def row(key: str, count: int = 1) -> dict[str, Any]:
    """The fields of such a task."""
    return {"Subject": key, "Status": "Completed", TASK_COUNT: count}


def test_a_task_is_created_once_by_its_key(tasks: TaskBackend) -> None:
    """A repeated call finds the first one; 201 at a time are created."""
    effects = [task(f"key-{number:03d}") for number in range(201)]

    first = [one.ref for one in tasks.tasks.write(effects)]
    second = [
        one.ref for one in tasks.tasks.write([replace(effect, tried=True) for effect in effects])
    ]

    assert (first, len(set(first))) == (second, 201)
    assert tasks.shown() == [row(f"key-{number:03d}") for number in range(201)]


def test_a_count_is_written_to_the_task_by_its_id(tasks: TaskBackend) -> None:
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
def test_a_call_whose_response_is_lost_is_not_repeated(tasks: TaskBackend, kind: str) -> None:
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
    with plain_tasks() as backend:
        (made,) = backend.tasks.write(
            [replace(task("gone"), fields={**task("gone").fields, **day})]
        )
        backend.delete(made.ref.id)

        again = replace(task("gone", tried=True), fields={**task("gone").fields, **day})
        outcomes = backend.tasks.write([again, task("new")])

        assert [type(one).__name__ for one in outcomes] == ["Gone", "Written"]
        assert backend.shown() == [row("new")]


def test_an_org_without_our_field_is_refused_with_a_hint() -> None:
    """It is not the fault of a task, so the whole call is refused with a hint."""
    with simulated_tasks([]) as backend, pytest.raises(Refused) as refusal:
        backend.tasks.write([task("never")])

    assert (refusal.value.fieldname, refusal.value.hint.split(":")[0]) == (
        TASK_KEY,
        "Run crmsync setup",
    )


def test_a_refused_task_does_not_affect_the_others() -> None:
    """Whether Salesforce refuses the task or the whole call because of it."""
    with simulated_tasks() as backend:
        long = replace(task("long"), fields={"Subject": "x" * 256})
        broken = replace(task("broken"), fields={"Subject": "b", "ActivityDate": "no date"})
        outcomes = backend.tasks.write([task("a"), long, broken, task("z")])

        assert [type(one).__name__ for one in outcomes] == [
            "Written",
            "Refused",
            "Refused",
            "Written",
        ]
        assert backend.shown() == [row("a"), row("z")]
