"""What AWS's refusals mean: one table, and how to look up in it.

Nearly all refusals are temporary (throttling, outages, a lost connection). The others are faults of
the deployment (a missing permission or resource), and there waiting until somebody repairs it loses
nothing, as the queue keeps the work.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Refused, SyncError, TryAgain

REFUSED = frozenset(
    {"ValidationException", "ValidationError", "InvalidParameterValue", "SerializationException"}
)
"""Codes for faults of our own: trying again does not help."""

WAITS = {
    "ProvisionedThroughputExceededException": 2.0,
    "ThrottlingException": 2.0,
    "RequestLimitExceeded": 2.0,
    "TransactionInProgressException": 1.0,
    "TransactionConflictException": 1.0,
    "AccessDeniedException": 300.0,
    "ResourceNotFoundException": 300.0,
    "ProvisionedThroughputExceeded": 2.0,
    "ThrottlingError": 2.0,
    "TransactionConflict": 1.0,
    "AccessDenied": 300.0,
    "ResourceNotFound": 300.0,
}
"""Seconds to wait by AWS's code; others wait 10. Statements of a batch have names of their own
(docs/vendors.md#aws).
"""


def aws_error(problem: BotoCoreError | ClientError, service: str) -> SyncError:
    """The error for a failed AWS call. AWS's message is left out, as it may quote the request."""
    if not isinstance(problem, ClientError):
        return TryAgain(
            f"{service} could not be reached ({type(problem).__name__}).",
            after=10,
            code=type(problem).__name__,
        )
    return error_of(str(problem.response.get("Error", {}).get("Code", "Unknown")), service)


def error_of(code: str, service: str) -> SyncError:
    """The error for one of AWS's codes."""
    if code in REFUSED:
        return Refused(f"{service} refused the request ({code}).", code=code)
    return TryAgain(
        f"{service} could not do it now ({code}).", after=WAITS.get(code, 10.0), code=code
    )
