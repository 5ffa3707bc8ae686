"""What the pages are made of: the operator's flows that the console uses."""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.flows.operator.errors import ErrorAdmin
from crmsync.flows.operator.status import HealthCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The flows behind the pages.

    Attributes:
        health: Reads the state of the deployment.
        errors: Lists and retries what does not sync.
    """

    health: HealthCheck
    errors: ErrorAdmin
