"""What each Lambda does, as the wiring has it (`crmsync.wiring.concerns`, `crmsync.wiring.intake`),
with the real flows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from crmsync.errors import SyncError
from crmsync.flows.backfill.run import run_job_messages
from crmsync.flows.email.make_tasks import make_tasks
from crmsync.flows.email.scan import queue_events
from crmsync.flows.engine.batches import sign_in_and_sync
from crmsync.flows.engine.circuit_breaker import CircuitBreaker
from crmsync.flows.engine.resting_mappings import is_field_check_due, resume_mappings
from crmsync.flows.intake.outsiders import queue_outsiders
from crmsync.flows.intake.recycle_bin import sweep_recycle_bin
from crmsync.flows.intake.requeue import queue_deferred, queue_unavailable
from crmsync.flows.intake.sqs_batch import run_batch, run_ranges
from crmsync.flows.intake.sweep import sweep, sweep_list, sweep_scope
from crmsync.flows.kinds.dispatch import SYNC
from crmsync.gateways.dynamodb.troubles import CachedTroubles
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import mail_kinds_of
from crmsync.model.mail import LogRange
from crmsync.model.records import Kind, Side
from crmsync.rules.kinds.contact.inclusion import needs_membership
from tests.simulation.decided import exercised
from tests.simulation.world.deployment import Portal
from tests.simulation.world.undo import undo
from tests.simulation.world.watched import UNDO

if TYPE_CHECKING:
    from tests.simulation.world.system import System, Worker

PAUSED = 300
"""Seconds after which log ranges of a paused connection are tried again (`crmsync.wiring.email`)."""


def task(system: System, worker: Worker) -> Callable[[], None]:
    """The work of a worker, by its queue or schedule."""
    if worker.queue in set(Kind):
        return lambda: _sync_batch(system, worker, Kind(worker.queue))
    return lambda: _TASKS[worker.queue](system, worker)


def _sync_batch(system: System, worker: Worker, kind: Kind) -> None:
    """What the sync Lambda does (`crmsync.wiring.concerns`)."""
    records = [one.record() for one in worker.messages]
    answer = run_batch(records, lambda name, changes: _sync(system, name, kind, changes))
    failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    system.queues[worker.queue].settle(worker.messages, failed)


def _sync(system: System, name: str, kind: Kind, changes: list[Change]) -> None:
    portal = system.portal_of(name)
    if portal is None or kind not in portal.connection.kinds:
        return
    cached = CachedTroubles(portal.ports["troubles"])
    system.serve(name)
    try:
        summary = sign_in_and_sync(
            CircuitBreaker(name, kind, cached, system.outbox, system.clock),
            changes,
            lambda: system.context(portal, cached),
            lambda context: SYNC[kind](changes, context),
        )
    finally:
        dropped = {one.ref for one in changes if one.cause is Cause.DROPPED}
        system.ledger.carry_out_drops(name, dropped)
    for decision in summary.decisions:
        system.logs.append(str(decision))
        system.seen.update(exercised(decision.get("effects", ())))
        system.trace.note(f"decided {decision}")
    for outcome, count in summary.counts.items():
        if count:
            system.seen[f"outcome {kind} {outcome}"] += count


def _read_logs(system: System, _worker: Worker) -> None:
    """What the schedule that reads the e-mail log does (`crmsync.wiring.email`)."""
    for portal in _scheduled(system):
        for kind in mail_kinds_of(portal.connection):
            _put_off(
                system,
                lambda portal=portal, kind=kind: queue_events(
                    portal.connection,
                    kind,
                    portal.ports["mail_log"],
                    portal.ports["cursors"],
                    system.ranges,
                    system.now,
                ),
            )


def _make_tasks(system: System, worker: Worker) -> None:
    """What the Lambda of the e-mail tasks does."""

    def make(name: str, ranges: list[LogRange]) -> list[LogRange]:
        portal = system.portal_of(name)
        if portal is None:
            return []
        if portal.ports["troubles"].load(name).pause:
            system.ranges.queue([(one, PAUSED) for one in ranges])
            return []
        summary = make_tasks(ranges, system.task_context(portal))
        for outcome, count in summary.counts.items():
            system.seen[f"outcome email {outcome}"] += count
        return summary.given_up

    answer = run_ranges([one.record() for one in worker.messages], make)
    failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    system.queues[worker.queue].settle(worker.messages, failed)


def _run_job(system: System, worker: Worker) -> None:
    """What the Lambda of imports and resyncs does (`crmsync.wiring.backfill`)."""
    ran = run_job_messages([one.record() for one in worker.messages], system.backfill_context())
    failed = {one["itemIdentifier"] for one in ran.response["batchItemFailures"]}
    system.queues[worker.queue].settle(worker.messages, failed)
    system.seen.update(f"job {job.state}" for job in ran.jobs)


def _undo(system: System, worker: Worker) -> None:
    """What ``crmsync undo --apply`` does."""
    portal, seconds = system.to_undo
    system.undone[worker.name] = system.now - timedelta(seconds=seconds)
    undo(system, portal, system.undone[worker.name])


def _poll(system: System, _worker: Worker) -> None:
    """What the poll of Salesforce does (`crmsync.wiring.intake`)."""
    for portal in _scheduled(system):
        if is_field_check_due(system.now):
            _put_off(system, lambda portal=portal: _resume(portal, Side.SALESFORCE))
        _put_off(system, lambda portal=portal: _find_changes(system, portal, Side.SALESFORCE))


def _sweep(system: System, _worker: Worker) -> None:
    """What the sweep of HubSpot does."""
    for portal in _scheduled(system):
        ports, connection = portal.ports, portal.connection
        for run in (
            lambda portal=portal: _resume(portal, Side.HUBSPOT),
            lambda portal=portal: _find_changes(system, portal, Side.HUBSPOT),
            lambda portal=portal: _read_list(system, portal),
            lambda ports=ports, one=connection: sweep_recycle_bin(
                one, ports["recycle_bin"], ports["cursors"], system.outbox, system.now
            ),
            lambda ports=ports, one=connection: queue_deferred(
                one, ports["inbox"], system.outbox, system.now
            ),
            lambda ports=ports, one=connection: queue_unavailable(
                one, ports["inbox"], system.outbox, ports["cursors"], system.now
            ),
            lambda portal=portal: _read_outsiders(system, portal),
        ):
            _put_off(system, run)


def _scheduled(system: System) -> list[Portal]:
    return [one for one in system.portals if not system.troubles.load(one.name).pause]


def _put_off(system: System, run: Callable[[], int]) -> None:
    try:
        run()
    except SyncError as error:
        system.seen["sweep put off"] += 1
        system.logs.append(f"sweep put off {error.code} {error.text}")


def _resume(portal: Portal, side: Side) -> int:
    ports = portal.ports
    return resume_mappings(
        portal.connection,
        side,
        ports["troubles"],
        ports["schemas"],
        ports["inbox"],
        ports["cursors"],
    )


def _find_changes(system: System, portal: Portal, side: Side) -> int:
    sweeper = portal.ports["hubspot" if side is Side.HUBSPOT else "salesforce"]
    return sweep(
        sweep_scope(portal.connection, side),
        sweeper,
        portal.ports["cursors"],
        system.outbox,
        system.now,
    )


def _read_list(system: System, portal: Portal) -> int:
    if not needs_membership(portal.connection.contacts):
        return 0
    ports = portal.ports
    return sweep_list(
        portal.connection, ports["lists"], ports["cursors"], system.outbox, system.now
    )


def _read_outsiders(system: System, portal: Portal) -> int:
    if not needs_membership(portal.connection.contacts):
        return 0
    ports = portal.ports
    return queue_outsiders(
        portal.connection,
        ports["lists"],
        ports["inbox"],
        ports["cursors"],
        system.outbox,
        system.now,
    )


_TASKS: Mapping[str, Callable[[System, Worker], None]] = {
    "poll": _poll,
    "sweep": _sweep,
    "mail": _read_logs,
    "email": _make_tasks,
    "job": _run_job,
    UNDO: _undo,
}
"""The work of those that do not sync records, by queue or schedule."""
