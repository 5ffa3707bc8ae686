"""What the operator does: pauses, pushes of settings, resyncs, decisions about what limits hold back,
and rights to fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from crmsync.errors import SyncError
from crmsync.flows.operator.decisions import DecisionLog
from crmsync.flows.operator.over_limit import OverLimitAdmin, OverLimitRecord
from crmsync.model.fields import FieldRule, Update
from crmsync.model.operations.jobs import Job, JobStep, JobType, job_message_of
from crmsync.model.operations.troubles import Pause
from crmsync.model.records import Side
from crmsync.model.settings import Settings
from crmsync.rules.settings.dates import dated
from tests.simulation.histories.steps import Operator
from tests.simulation.world.deployment import FIELDS, Portal
from tests.simulation.world.system import System
from tests.simulation.world.watched import UNDO, Drop

STEPS = (
    JobStep(side=Side.SALESFORCE, object="Account"),
    JobStep(side=Side.HUBSPOT, object="contact"),
    JobStep(side=Side.SALESFORCE, object="Lead"),
    JobStep(side=Side.SALESFORCE, object="Contact"),
)


def operate(system: System, step: Operator) -> bool:
    """Do what a step says; whether there was anything to do."""
    portal = system.portals[step.portal % len(system.portals)]
    return OPERATIONS[step.does](system, portal, step)


def _pause(system: System, portal: Portal, _step: Operator) -> bool:
    system.troubles.pause(portal.name, Pause(system.now))
    system.waits.paused.add(portal.name)
    return True


def resume(system: System, portal: Portal) -> None:
    """Resume a connection, if it is paused."""
    system.troubles.resume(portal.name)
    if portal.name in system.waits.paused:
        system.waits.paused.remove(portal.name)
        system.waits.block()


def _resume(system: System, portal: Portal, _step: Operator) -> bool:
    resume(system, portal)
    return True


def _hide(system: System, _portal: Portal, step: Operator) -> bool:
    system.salesforce.missing_fields |= _places(step.what)
    return True


def _show(system: System, _portal: Portal, step: Operator) -> bool:
    system.salesforce.missing_fields -= _places(step.what)
    return True


def _places(name: str) -> set[tuple[str, str]]:
    """Where Salesforce has the field of a person's property."""
    return {("Lead", FIELDS[name]), ("Contact", FIELDS[name])}


def release(system: System) -> bool:
    """Release what limits hold back in all connections; whether anything was queued."""
    held = _decide(system, JobType.RELEASE)
    system.seen["released"] += len(held)
    return bool(held)


def drop(system: System) -> bool:
    """Drop what limits hold back in all connections; whether anything was queued."""
    held = _decide(system, JobType.DROP)
    for one in held:
        number = system.ledger.number
        system.ledger.drops.append(Drop(one.connection, one.report.ref, number, number))
    system.seen["dropped"] += len(held)
    return bool(held)


def _decide(system: System, decision: JobType) -> list[OverLimitRecord]:
    """Decide about all that limits hold back; returns what was queued."""
    system.turns += 1
    admin = OverLimitAdmin(
        settings=lambda: Settings(tuple(portal.connection for portal in system.portals)),
        inbox=system.inbox,
        outbox=system.outbox,
        decisions=DecisionLog(
            jobs=system.jobs, new_id=lambda: f"decision{system.turns}", now=system.clock
        ),
    )
    held, sent = admin.held(), _sent(system)
    try:
        admin.decide(held, decision)
    except SyncError:
        # The call may have been carried out, and only its answer lost.
        return held if _sent(system) > sent else []
    return held


def _sent(system: System) -> int:
    return sum(len(queue.sent) for queue in system.queues.values())


def _push(system: System, portal: Portal, step: Operator) -> bool:
    """Another policy for a property, with the dates that a push gives."""
    old = portal.connection
    rows = tuple(row for row in old.contacts.field if row.hubspot != step.what)
    row = FieldRule(step.what, FIELDS[step.what], update=Update(step.value))
    new = replace(old, contacts=replace(old.contacts, field=(*rows, row)))
    (portal.connection,) = dated(Settings((old,)), Settings((new,)), system.now).connections
    system.pushed[portal.name, step.what] = system.now
    return True


def _resync(system: System, portal: Portal, _step: Operator) -> bool:
    context = system.backfill_context()
    system.turns += 1
    job = Job(
        portal.name, f"job{system.turns}", JobType.RESYNC, STEPS, system.now, system.now
    ).with_turn_token(context.new_turn_token())
    context.job_messages.send(job_message_of(system.jobs.save(job)))
    return True


def _undo(system: System, portal: Portal, step: Operator) -> bool:
    """Undo what was overwritten in the last seconds, as many as `value` says."""
    if not system.setting.undo:
        return False
    system.to_undo = portal, float(step.value or 0)
    return system.work(UNDO, slot=8)


OPERATIONS: Mapping[str, Callable[[System, Portal, Operator], bool]] = {
    "pause": _pause,
    "resume": _resume,
    "push": _push,
    "resync": _resync,
    "release": lambda system, _portal, _step: release(system),
    "drop": lambda system, _portal, _step: drop(system),
    "undo": _undo,
    "hide": _hide,
    "show": _show,
}
"""What a step may say that the operator does; each answers whether there was anything to do."""
