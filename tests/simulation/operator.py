"""What the operator does: pauses, pushes of settings, resyncs, decisions about what limits hold back,
and rights to fields.
"""

from __future__ import annotations

from dataclasses import replace

from crmsync.errors import SyncError
from crmsync.flows.operator.decisions import DecisionLog
from crmsync.flows.operator.over_limit import OverLimitAdmin
from crmsync.model.fields import FieldRule, Update
from crmsync.model.operations.jobs import Job, JobStep, JobType, job_message_of
from crmsync.model.operations.troubles import Pause
from crmsync.model.records import Side
from crmsync.model.settings import Settings
from crmsync.rules.settings.dates import dated
from tests.simulation.deployment import FIELDS, Portal
from tests.simulation.steps import Operator
from tests.simulation.system import System

STEPS = (
    JobStep(side=Side.SALESFORCE, object="Account"),
    JobStep(side=Side.HUBSPOT, object="contact"),
    JobStep(side=Side.SALESFORCE, object="Lead"),
    JobStep(side=Side.SALESFORCE, object="Contact"),
)


def operate(system: System, step: Operator) -> bool:
    """Do what a step says."""
    portal = system.portals[step.portal % len(system.portals)]
    match step.does:
        case "pause":
            system.troubles.pause(portal.name, Pause(system.now))
            system.waits.paused.add(portal.name)
        case "resume":
            resume(system, portal)
        case "push":
            _push(system, portal, step)
        case "resync":
            _resync(system, portal)
        case "release":
            return release(system)
        case "hide":
            system.salesforce.missing_fields |= _places(step.what)
        case "show":
            system.salesforce.missing_fields -= _places(step.what)
    return True


def resume(system: System, portal: Portal) -> None:
    """Resume a connection, if it is paused."""
    system.troubles.resume(portal.name)
    if portal.name in system.waits.paused:
        system.waits.paused.remove(portal.name)
        system.waits.block()


def _places(name: str) -> set[tuple[str, str]]:
    """Where Salesforce has the field of a person's property."""
    return {("Lead", FIELDS[name]), ("Contact", FIELDS[name])}


def release(system: System) -> bool:
    """Release what limits hold back in all connections; whether anything was queued."""
    system.turns += 1
    admin = OverLimitAdmin(
        settings=lambda: Settings(tuple(portal.connection for portal in system.portals)),
        inbox=system.inbox,
        outbox=system.outbox,
        decisions=DecisionLog(
            jobs=system.jobs, new_id=lambda: f"decision{system.turns}", now=system.clock
        ),
    )
    held = admin.held()
    try:
        admin.decide(held, JobType.RELEASE)
    except SyncError:
        return False
    system.seen["released"] += len(held)
    return bool(held)


def _push(system: System, portal: Portal, step: Operator) -> None:
    """Another policy for a property, with the dates that a push gives."""
    old = portal.connection
    rows = tuple(row for row in old.contacts.field if row.hubspot != step.what)
    row = FieldRule(step.what, FIELDS[step.what], update=Update(step.value))
    new = replace(old, contacts=replace(old.contacts, field=(*rows, row)))
    (portal.connection,) = dated(Settings((old,)), Settings((new,)), system.now).connections
    system.pushed[portal.name, step.what] = system.now


def _resync(system: System, portal: Portal) -> None:
    context = system.backfill_context()
    system.turns += 1
    job = Job(
        portal.name, f"job{system.turns}", JobType.RESYNC, STEPS, system.now, system.now
    ).with_turn_token(context.new_turn_token())
    context.job_messages.send(job_message_of(system.jobs.save(job)))
