"""What `crmsync check` tells of mapped fields: that a CRM could not be asked about them, and that
it says something else since the push.
"""

from __future__ import annotations

from collections.abc import Iterator

from crmsync.flows.setup.connection import SetupStep, StepState
from crmsync.flows.setup.mapped_fields import UnreachableSide
from crmsync.model.records import Side
from crmsync.model.settings import Settings
from crmsync.rules.settings.checks import SECTIONS

MAPPED_FIELDS = "mapped fields"


def not_looked_up(one: UnreachableSide) -> SetupStep:
    """A side that could not be asked."""
    text = f"could not be looked up: {one.error.text} {one.error.hint}".rstrip()
    return SetupStep(one.connection, one.side, MAPPED_FIELDS, StepState.FAILED, text)


def stale(kept: Settings, live: Settings) -> Iterator[SetupStep]:
    """Mappings of which the CRMs now say something else than is kept with the settings."""
    for new in live.connections:
        old = kept.connection(new.name)
        known = {rule for name in SECTIONS for rule in getattr(old, name).field} if old else set()
        for name in SECTIONS:
            for pair in dict.fromkeys(
                str(rule) for rule in getattr(new, name).field if rule not in known
            ):
                text = f"{pair} changed in a CRM since the push: push the settings again"
                yield SetupStep(new.name, Side.SALESFORCE, MAPPED_FIELDS, StepState.WRONG, text)
