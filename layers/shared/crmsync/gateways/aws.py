"""How this package talks to AWS: one way to make a client, with time-outs that leave a Lambda room to answer."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=32,
)


def client(service: str) -> Any:
    """A boto3 client of the service; region, credentials and ``AWS_ENDPOINT_URL`` come from the environment as boto3 reads it."""
    return boto3.client(service, config=_CONFIG)
