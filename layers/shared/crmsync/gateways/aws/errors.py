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

_CREDENTIALS = (
    "Sign in to AWS, as with aws sso login, or name a profile in AWS_PROFILE; aws sts "
    "get-caller-identity says who you are."
)
_UNREACHED = (
    "Check the region (AWS_DEFAULT_REGION), the network, and whether AWS_ENDPOINT_URL is still set "
    "for a laptop stack."
)
_RIGHTS = (
    "The role needs one of the stack's policies, OperatorReadPolicy or OperatorWritePolicy "
    "(docs/deploy.md)."
)
HINTS = {
    "NoRegionError": "Set AWS_DEFAULT_REGION to the stack's region, or name it in the profile.",
    "InvalidRegionError": "Set AWS_DEFAULT_REGION to the region of the stack, such as eu-west-1.",
    "ProfileNotFound": "AWS_PROFILE names a profile that ~/.aws/config does not have.",
    "NoCredentialsError": _CREDENTIALS,
    "PartialCredentialsError": _CREDENTIALS,
    "CredentialRetrievalError": _CREDENTIALS,
    "SSOTokenLoadError": _CREDENTIALS,
    "UnauthorizedSSOTokenError": _CREDENTIALS,
    "TokenRetrievalError": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "EndpointConnectionError": _UNREACHED,
    "ConnectTimeoutError": _UNREACHED,
    "AccessDeniedException": _RIGHTS,
    "AccessDenied": _RIGHTS,
}
"""What a person can do about a failed call, by AWS's code or botocore's name for it."""


def aws_error(problem: BotoCoreError | ClientError, service: str) -> SyncError:
    """The error for a failed AWS call. AWS's message is left out, as it may quote the request."""
    if not isinstance(problem, ClientError):
        code = type(problem).__name__
        text = f"{service} could not be reached ({code})."
        return TryAgain(text, after=10, code=code, hint=HINTS.get(code, ""))
    return error_of(str(problem.response.get("Error", {}).get("Code", "Unknown")), service)


def error_of(code: str, service: str) -> SyncError:
    """The error for one of AWS's codes."""
    if code in REFUSED:
        return Refused(f"{service} refused the request ({code}).", code=code)
    return TryAgain(
        f"{service} could not do it now ({code}).",
        after=WAITS.get(code, 10.0),
        code=code,
        hint=HINTS.get(code, ""),
    )
