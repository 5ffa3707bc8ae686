"""What can go wrong with a call to the outside, as a table: how a call of that fault ends.

An error is what the gateways make of the vendors' answers (`crmsync.gateways`); a row that fails
leaves the other rows of its batch alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmsync.errors import Conflict, Down, Refused, SyncError, TryAgain

SIDE_OF = {
    **dict.fromkeys(
        (
            "hubspot",
            "associations",
            "companies",
            "deals",
            "preferences",
            "lists",
            "deleter",
            "mail_log",
            "recycle_bin",
        ),
        "hubspot",
    ),
    **dict.fromkeys(
        ("salesforce", "opportunities", "accounts", "tasks", "activity_bin"), "salesforce"
    ),
}
"""Port -> the side that it calls; our own stores are on none."""

DOWN_CODES = frozenset({"ConnectTimeout", "MISSING_SCOPES", "REQUEST_LIMIT_EXCEEDED"})
"""What a call ends with because of the side, never because of a record: it does not answer, a right
was taken away, or the calls of a day are used up.
"""

Real = Callable[[], Any]


def down(side: str) -> SyncError:
    """The error of a side that does not answer, or of a store of ours."""
    if side in {"hubspot", "salesforce"}:
        return Down("No answer.", side=side, sure=True, after=30, code="ConnectTimeout")
    return TryAgain("The store is busy.", after=5, code="BUSY")


def forbidden(side: str) -> SyncError:
    """The error of a call to which a right was taken away."""
    return Down("A scope is missing.", side=side, sure=True, code="MISSING_SCOPES", hint="Add it.")


def _before(side: str, _real: Real, _rows: int) -> Any:
    raise down(side)


def _after(side: str, real: Real, _rows: int) -> Any:
    real()
    raise down(side)


def _error(side: str, _real: Real, _rows: int) -> Any:
    if side in {"hubspot", "salesforce"}:
        raise Down("Server error.", side=side, sure=False, after=30, code="500")
    raise down(side)


def _limit(side: str, _real: Real, _rows: int) -> Any:
    if side in {"hubspot", "salesforce"}:
        raise Down("Too many calls.", side=side, sure=True, after=10, code="429")
    raise down(side)


def _rows_fail(error: Callable[[], SyncError]) -> Callable[[str, Real, int], Any]:
    """No row is written."""

    def fail(_side: str, _real: Real, rows: int) -> Any:
        return [error() for _ in range(rows)]

    return fail


def _last_row_fails(error: Callable[[], SyncError]) -> Callable[[str, Real, int], Any]:
    """All rows are written, but the answer about the last one is lost."""

    def fail(_side: str, real: Real, _rows: int) -> Any:
        done = list(real())
        return [*done[:-1], error()] if done else done

    return fail


HOW: Mapping[str, Callable[[str, Real, int], Any]] = {
    "timeout before": _before,
    "timeout after": _after,
    "server error": _error,
    "rate limit": _limit,
    "locked rows": _rows_fail(lambda: TryAgain("Locked.", after=15, code="UNABLE_TO_LOCK_ROW")),
    "row unknown": _last_row_fails(lambda: TryAgain("No word of the row.", after=5, code="207")),
    "refused rows": _rows_fail(
        lambda: Refused("A rule refused it.", code="FIELD_CUSTOM_VALIDATION_EXCEPTION")
    ),
    "conflict": _rows_fail(lambda: Conflict("Somebody else saved this link first.")),
    "throttled": _rows_fail(lambda: TryAgain("Busy.", after=2, code="THROTTLED")),
}

READS = ("timeout before", "server error", "rate limit")
WRITES = (*READS, "timeout after", "locked rows", "row unknown", "refused rows")
STORES = ("timeout before", "timeout after")

CALLS: Mapping[str, Sequence[str]] = {
    "hubspot.read": READS,
    "hubspot.find": READS,
    "hubspot.survivors": READS,
    "hubspot.made_by": READS,
    "hubspot.changed_since": READS,
    "salesforce.read": READS,
    "salesforce.find": READS,
    "salesforce.survivors": READS,
    "salesforce.made_by": READS,
    "salesforce.changed_since": READS,
    "hubspot.create": WRITES,
    "hubspot.update": WRITES,
    "salesforce.create": WRITES,
    "salesforce.update": WRITES,
    "associations.of": READS,
    "associations.associate": ("timeout before", "timeout after", "server error"),
    "preferences.opt_out": ("timeout before", "timeout after", "rate limit"),
    "opportunities.roles_of": READS,
    "opportunities.end_roles": ("timeout before", "timeout after", "locked rows"),
    "mail_log.events": READS,
    "tasks.write": ("timeout before", "timeout after", "server error", "locked rows"),
    "task_states.claim": STORES,
    "task_states.settle": STORES,
    "links.find": STORES,
    "links.save": ("timeout before", "timeout after", "conflict", "throttled"),
    "inbox.park": STORES,
    "inbox.clear": STORES,
    "outbox.again": STORES,
    "outbox.publish": STORES,
    "troubles.load": STORES,
}
"""Call -> what may go wrong with it."""
