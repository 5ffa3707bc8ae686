"""An entry of the error inbox: the newest report about a record, and how long it has not synced.
Values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crmsync.model.effects import Report


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A record in the error inbox. Times are UTC.

    Attributes:
        report: The newest report about it.
        first_at: When it was first reported since it last synced.
        last_at: When it was last reported.
        attempts: How often it was reported since it last synced.
    """

    report: Report
    first_at: datetime
    last_at: datetime
    attempts: int
