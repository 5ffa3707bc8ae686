"""Whether an undo is possible where the settings want one: for `crmsync check`."""

from __future__ import annotations

from collections.abc import Iterator

from crmsync.flows.operator.undo import UndoAdmin
from crmsync.flows.setup.connection import SetupStep, StepState
from crmsync.model.records import Side
from crmsync.model.settings import Settings

OVERWRITTEN = "overwritten values"
NOT_KEPT = "are not kept: deploy the stack with KeepOverwritten=yes, or set hours = 0 under [connection.undo]"


def not_kept(settings: Settings, office: UndoAdmin) -> Iterator[SetupStep]:
    """The connections whose settings want overwritten values kept, where the stack keeps none.
    Raises `TryAgain`.
    """
    wanted = [one.name for one in settings.connections if one.undo.hours]
    if wanted and not office.is_kept():
        for name in wanted:
            yield SetupStep(name, Side.SALESFORCE, OVERWRITTEN, StepState.WRONG, NOT_KEPT)
