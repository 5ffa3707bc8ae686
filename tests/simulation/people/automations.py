"""Workflows and flows that set a field again whenever crmsync has changed it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from crmsync.model.records import Ref, Side
from tests.simulation.people.fields import PERSON_FIELDS, value_of
from tests.simulation.world.system import System
from tests.simulation.world.watched import WatchedCrm

REACTS_AFTER = timedelta(seconds=20)
"""How soon a workflow or a flow answers a write."""


def automate(system: System) -> None:
    """Switch on the workflows and flows of the setting: each sets its field to its own value
    whenever crmsync has changed it.
    """
    for side, name, text in system.setting.automations:
        field, value = PERSON_FIELDS[side][name], value_of(name, text)
        crms = (
            [system.salesforce]
            if side is Side.SALESFORCE
            else [portal.hubspot for portal in system.portals]
        )
        for crm in crms:
            crm.answers.append(partial(_react, system, crm, field, value))


def _react(
    system: System, crm: WatchedCrm, field: str, value: str | None, ref: Ref, changed: Iterable[str]
) -> None:
    """A workflow or flow has seen a write."""
    if ref.object not in {"contact", "Lead", "Contact"} or field not in changed:
        return

    def set_again() -> None:
        if crm.is_live(ref) and crm.fields(ref).get(field) != value:
            crm.edit(ref, {field: value})
            system.tell(ref)
            system.seen["automation"] += 1

    system.at(system.now + REACTS_AFTER, set_again)
