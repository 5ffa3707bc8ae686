"""What AWS charges for a measured use, by its list prices.

Law: pure. Prices of US East (N. Virginia), beyond all free allowances, before discounts, as the
pages under `Price.source` showed them on `READ_ON`. Each rate was compared on `COMPARED_ON` with
what `Price.compared` says. What an idle deployment costs (alarms, keys,
secrets, storage, empty polls of queues) is no part of the price of a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

READ_ON = "2026-06-18"
COMPARED_ON = "2026-11-29"
FULL_CORE_MB = 1_769
"""Memory with which a Lambda has one whole processor [D "Configure Lambda function memory"]."""

CALL_SECONDS = 0.2
"""Assumed time of one call to either CRM, for the product and for the peer alike."""

AWS_CALL_SECONDS = 0.01
"""Assumed time of one call to DynamoDB, SQS or EventBridge."""


@dataclass(frozen=True, slots=True)
class Price:
    """A list price.

    Attributes:
        usd: US dollars.
        per: For so many units.
        source: The address of AWS's page.
        compared: The address of a second page with the same rate. AWS's own pages fill their rates
            in with a script, so stored copies of them have none.
    """

    usd: float
    per: float
    source: str
    compared: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used.

    Attributes:
        lambda_requests: Invocations of Lambdas.
        lambda_gb_seconds: Their duration times their memory (arm64).
        events: Events that were put on a bus, partner events included, by 64 KB each; ours are
            smaller.
        queue_requests: Requests to SQS, by 64 KB each as well.
        write_units: Write request units of DynamoDB.
        read_units: Read request units of DynamoDB.
        log_gb: Gigabytes of logs.
    """

    lambda_requests: float = 0
    lambda_gb_seconds: float = 0
    events: float = 0
    queue_requests: float = 0
    write_units: float = 0
    read_units: float = 0
    log_gb: float = 0


MILLION = 1_000_000
_LAMBDA = (
    "https://aws.amazon.com/lambda/pricing/",
    "https://cloudchipr.com/blog/aws-lambda-pricing",
)
_DYNAMODB = (
    "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
)
_EVENTS = (
    "https://aws.amazon.com/eventbridge/pricing/",
    "https://blog.awsfundamentals.com/aws-eventbridge-pricing-guide",
)
_QUEUES = ("https://aws.amazon.com/sqs/pricing/", "https://cloudburn.io/blog/amazon-sqs-pricing")
_LOGS = (
    "https://aws.amazon.com/cloudwatch/pricing/",
    "https://hykell.com/kb/platform-specific-guides/aws-cloudwatch-logs-pricing",
)

PRICES: Mapping[str, Price] = MappingProxyType(
    {
        "lambda_requests": Price(0.20, MILLION, *_LAMBDA),
        "lambda_gb_seconds": Price(0.0000133334, 1, *_LAMBDA),
        "events": Price(1.00, MILLION, *_EVENTS),
        "queue_requests": Price(0.40, MILLION, *_QUEUES),
        "write_units": Price(0.625, MILLION, *_DYNAMODB),
        "read_units": Price(0.125, MILLION, *_DYNAMODB),
        "log_gb": Price(0.50, 1, *_LOGS),
    }
)
"""Partner events cost as much as custom ones. Beyond 7.5 billion GB-seconds or 10 TB of a Lambda's
logs a month the rates fall; no estimate here gets there.
"""


def gb_seconds(memory_mb: int, processor: float, waiting: float) -> float:
    """Return what Lambda charges for `processor` seconds on one whole core and `waiting` seconds of
    waiting: with less memory than `FULL_CORE_MB` computing takes longer.
    """
    share = min(1.0, memory_mb / FULL_CORE_MB)
    return (processor / share + waiting) * memory_mb / 1024


def costs(usage: Usage) -> dict[str, float]:
    """Return the US dollars for each field of `usage`."""
    return {
        field.name: getattr(usage, field.name) * PRICES[field.name].usd / PRICES[field.name].per
        for field in fields(usage)
    }
