"""How this package talks to AWS: one way to make a client, with time-outs that leave a Lambda room
to answer.
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from crmsync.gateways.aws.errors import aws_error

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=32,
    user_agent="crmsync",  # else boto3 puts its own together twice for every call, a tenth of what a call costs
)


def client(service: str) -> Any:
    """A boto3 client of the service; region, credentials and ``AWS_ENDPOINT_URL`` come from the
    environment as boto3 reads it.
    """
    return boto3.client(service, config=_CONFIG)


def caller_of(sts: Any) -> str:
    """The ARN by which AWS knows whoever calls, from its client `sts`. Raises `TryAgain`."""
    try:
        return str(sts.get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as problem:
        raise aws_error(problem, "AWS's token service") from None
