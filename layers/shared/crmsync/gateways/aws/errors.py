"""What AWS's refusals mean to the caller. Only the table and its reading live here.

Nearly everything AWS refuses passes by itself (throttling, outages, a lost connection); what does
not is a fault of the deployment (a missing permission or resource), and waiting until somebody
mends it loses nothing either, as the queue keeps the work.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Refused, SyncError, TryAgain

REFUSED = frozenset({"ValidationException", "InvalidParameterValue", "SerializationException"})
"""Our own mistakes: trying again gives the same answer."""

WAITS = {
    "ProvisionedThroughputExceededException": 2.0,
    "ThrottlingException": 2.0,
    "RequestLimitExceeded": 2.0,
    "TransactionInProgressException": 1.0,
    "TransactionConflictException": 1.0,
    "AccessDeniedException": 300.0,
    "ResourceNotFoundException": 300.0,
}
"""Seconds to wait by AWS's code; others wait 10."""


def aws_error(problem: BotoCoreError | ClientError, service: str) -> SyncError:
    """The error for a failed AWS call. AWS's message is left out: it may quote what was sent."""
    if not isinstance(problem, ClientError):
        return TryAgain(
            f"{service} could not be reached ({type(problem).__name__}).",
            after=10,
            code=type(problem).__name__,
        )
    code = str(problem.response.get("Error", {}).get("Code", "Unknown"))
    if code in REFUSED:
        return Refused(f"{service} refused the request ({code}).", code=code)
    return TryAgain(
        f"{service} could not do it now ({code}).", after=WAITS.get(code, 10.0), code=code
    )
