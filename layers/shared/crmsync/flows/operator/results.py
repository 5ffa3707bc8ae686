"""What the operator's words come to: settings pushed and shown, connections checked, errors listed
and tried again. Values only.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.config import Complaint
from crmsync.flows.setup.connection import SetupStep
from crmsync.model.effects import Report
from crmsync.wire.settings.stored import Revision


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push that was made, or would be: the version in force after it, what it changes, what
    should be thought over.
    """

    version: int
    applied: bool
    changes: tuple[str, ...] = ()
    warnings: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """The push in force, its seal looked at, and where what runs `departs` from what the text says,
    line by line.
    """

    revision: Revision
    departs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What stands on both sides of every connection, and what should be thought over about the
    file.
    """

    steps: tuple[SetupStep, ...]
    warnings: tuple[Complaint, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to do."""
        return all(step.is_good for step in self.steps)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """A report that stands in the error inbox of a connection."""

    connection: str
    report: Report


@dataclass(frozen=True, slots=True)
class Retried:
    """Records that are looked at again, or would be; those `left` belong to no concern that is
    switched on.
    """

    rows: tuple[ErrorRow, ...]
    left: tuple[ErrorRow, ...]
