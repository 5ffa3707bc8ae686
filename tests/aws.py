"""moto's AWS in the test's own process, and a client for each of its services.

Law: no test creates such a client itself. botocore reads megabytes of descriptions for the first
client of a session, and `mock_aws` resets the session each time; these clients are created once and
see only the present account.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from moto import mock_aws

__all__ = ["client", "mock_aws"]

REGION = "eu-west-1"


@cache
def client(service: str) -> Any:
    """Return the client of a service; it works only within `mock_aws`."""
    # Without a name boto3 builds one twice per call, a tenth of the call's time.
    return _session().client(service, config=Config(user_agent="tests"))


@cache
def _session() -> boto3.Session:
    return boto3.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
    )
