"""Clients for AWS, with timeouts that leave a Lambda time to respond."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from crmsync.gateways.aws.errors import aws_error

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=32,
    # Otherwise boto3 builds its own twice per call, a tenth of the call's time.
    user_agent="crmsync",
    # Checking parameters takes half of the time of a batch of statements. AWS checks them as well,
    # and the clients of the tests leave the check on.
    parameter_validation=False,
)


_BRIEFLY = _CONFIG.merge(
    Config(
        connect_timeout=2,
        read_timeout=4,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
)
"""For what a person waits for and can do without: it is given up after some seconds."""


def client(service: str, *, waits_briefly: bool = False) -> Any:
    """A boto3 client for the service, with region, credentials and ``AWS_ENDPOINT_URL`` from the
    environment.

    botocore makes it, as it does for boto3, whose import takes a tenth of a cold start: it brings
    the transfer manager of S3. Raises `TryAgain` without a region or a usable profile.
    """
    try:
        return _session().create_client(service, config=_BRIEFLY if waits_briefly else _CONFIG)
    except BotoCoreError as problem:
        raise aws_error(problem, "AWS") from None


class LateClient:
    """A client that is made when it is first called: that takes longer than most calls, and many
    invocations need no more than the tables.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        """`make` gives the client, the same one each time."""
        self._make = make

    def __getattr__(self, name: str) -> Any:
        """A method of the client. Raises as `client` does."""
        return getattr(self._make(), name)


@cache
def _session() -> Session:
    """The session that all clients share."""
    return Session()


def caller_of(sts: Any) -> str:
    """The ARN of the caller, from a client `sts`. Raises `TryAgain`."""
    try:
        return str(sts.get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as problem:
        raise aws_error(problem, "AWS's token service") from None
