"""Our own side of a deployment, made when first needed: the environment, AWS's clients, settings,
secrets and tables.

The only reader of the environment and of the real clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection, Settings
from crmsync.telemetry import logger, metrics

if TYPE_CHECKING:
    from crmsync.errors import Distrusted
    from crmsync.gateways.aws.bus import EventOutbox
    from crmsync.gateways.aws.client import LateClient
    from crmsync.gateways.aws.key_ring import KeyRing
    from crmsync.gateways.aws.log_ranges import RangeSender
    from crmsync.gateways.aws.queues import JobMessageQueue
    from crmsync.gateways.aws.secrets import SecretStore
    from crmsync.gateways.deadline import Remaining
    from crmsync.gateways.dynamodb.alerts import AlertTable
    from crmsync.gateways.dynamodb.call_usage import CallUsageTable
    from crmsync.gateways.dynamodb.comparisons import ComparisonTable
    from crmsync.gateways.dynamodb.crm_ids import CrmIdTable
    from crmsync.gateways.dynamodb.cursors import CursorTable
    from crmsync.gateways.dynamodb.inbox.inbox import InboxTable
    from crmsync.gateways.dynamodb.jobs import JobsTable
    from crmsync.gateways.dynamodb.overwritten import OverwrittenKeeper, OverwrittenReader
    from crmsync.gateways.dynamodb.settings import FreshSettings, SettingsTable
    from crmsync.gateways.dynamodb.task_state import TaskStateTable
    from crmsync.gateways.dynamodb.troubles import TroubleTable
    from crmsync.gateways.retry import RetryPolicy
    from crmsync.gateways.unlimited_calls import Unlimited
    from crmsync.rules.timing.call_state import CallState

Event: TypeAlias = Mapping[str, Any]
Answer = TypeVar("Answer")


class LambdaTime(Protocol):
    """The part of Lambda's context that knows the time."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is cut off."""


KEPT_CONNECTIONS = 256
"""Connections whose clients a process keeps. A schedule visits all connections, one after the
other: if fewer were kept than there are, each visit would sign in to both CRMs again.
"""

DEFAULT_STACK = "crmsync"
"""The stack's name unless ``CRMSYNC_STACK`` says otherwise; samconfig.toml deploys under it."""


def settings() -> Settings:
    """The settings in force, at most a minute old. Raises `TryAgain`, and `Distrusted`, which is
    also logged and counted.
    """
    from crmsync.errors import Distrusted

    try:
        return _fresh_settings().settings()
    except Distrusted as error:
        _report_refused_settings(error)
        raise


def settings_for_queued_work() -> Settings:
    """The settings in force, for queued work: it was queued by settings, so without any something
    is wrong. Raises as `settings` does, and `Distrusted` if there are none.
    """
    from crmsync.errors import Distrusted

    found = settings()
    if not found.version:
        hint = "Push some: crmsync settings push FILE --apply."
        error = Distrusted("No settings are in force.", code="NO_SETTINGS", hint=hint)
        _report_refused_settings(error)
        raise error
    return found


def _report_refused_settings(error: Distrusted) -> None:
    """Log why the settings are not used, and count it for the alarm."""
    logger.error("settings refused", code=error.code, reason=error.text, hint=error.hint)
    metrics.add_metric("SettingsRefused", unit="Count", value=1)


@cache
def _fresh_settings() -> FreshSettings:
    from crmsync.gateways.dynamodb.settings import FreshSettings

    return FreshSettings(settings_table(), now=time.monotonic)


@cache
def settings_table() -> SettingsTable:
    """Where the settings and their history are kept."""
    from crmsync.gateways.dynamodb.settings import SettingsTable

    return SettingsTable(
        aws_client("dynamodb"), table_name("settings"), settings_keys(), earlier=table_name("state")
    )


@cache
def settings_keys() -> KeyRing:
    """The keys that settings are signed with: named by the Lambda's variable, for the operator by
    the template's naming.
    """
    from crmsync.gateways.aws.key_ring import KeyRing

    name = os.environ.get("SETTINGS_KEY_SECRET") or f"{stack_name()}-settings-key"
    return KeyRing(secrets(), name, now=time.monotonic)


@cache
def cursors() -> CursorTable:
    """The cursors of the sweeps."""
    from crmsync.gateways.dynamodb.cursors import CursorTable

    return CursorTable(aws_client("dynamodb"), table_name("state"))


@cache
def call_usage() -> CallUsageTable:
    """How many calls each connection makes."""
    from crmsync.gateways.dynamodb.call_usage import CallUsageTable

    return CallUsageTable(aws_client("dynamodb"), table_name("state"))


def own_calls(clock: Callable[[], datetime]) -> Callable[[Connection, Side], CallState]:
    """Reads a connection's calls to a side, as the functions count them, at the time of a clock:
    a Lambda's, or for the operator's command that of the tables.
    """
    from crmsync.rules.timing.call_leases import limits_of
    from crmsync.rules.timing.call_state import call_state

    def read(connection: Connection, side: Side) -> CallState:
        usage = call_usage().load(connection.name, side)
        return call_state(usage, limits_of(connection, side), clock())

    return read


@cache
def crm_ids() -> CrmIdTable:
    """Which account and org each connection belongs to. Functions store what their first sign-in
    finds, the operator's command only compares.
    """
    from crmsync.gateways.dynamodb.crm_ids import CrmIdTable

    return CrmIdTable(aws_client("dynamodb"), table_name("state"), now=now, keeps=is_lambda())


@cache
def inbox() -> InboxTable:
    """The error inbox."""
    from crmsync.gateways.dynamodb.inbox.inbox import InboxTable

    return InboxTable(aws_client("dynamodb"), table_name("state"), now=now, ticks=time.monotonic)


@cache
def outbox() -> EventOutbox:
    """The bus and the queues of the concerns."""
    from crmsync.gateways.aws.bus import EventOutbox

    return EventOutbox(
        aws_client("events"), lambda: aws_client("sqs"), change_bus(), concern_queues()
    )


def change_bus() -> str:
    """The bus's name: from the Lambda's variable, for the operator by the template's naming."""
    return os.environ.get("CHANGE_BUS") or f"{stack_name()}-changes"


def concern_queues() -> dict[Kind, str]:
    """The URLs of the concerns' queues that this Lambda was given."""
    return {
        kind: os.environ[f"{kind.upper()}_QUEUE_URL"]
        for kind in Kind
        if f"{kind.upper()}_QUEUE_URL" in os.environ
    }


@cache
def jobs() -> JobsTable:
    """The jobs of backfills."""
    from crmsync.gateways.dynamodb.jobs import JobsTable

    return JobsTable(aws_client("dynamodb"), table_name("state"))


@cache
def comparisons() -> ComparisonTable:
    """The last results of comparisons."""
    from crmsync.gateways.dynamodb.comparisons import ComparisonTable

    return ComparisonTable(aws_client("dynamodb"), table_name("state"))


@cache
def troubles() -> TroubleTable:
    """Outages, missing fields and pauses of connections."""
    from crmsync.gateways.dynamodb.troubles import TroubleTable

    return TroubleTable(aws_client("dynamodb"), table_name("state"))


@cache
def alert_store() -> AlertTable:
    """What is known of alarms and causes, and what people were told."""
    from crmsync.gateways.dynamodb.alerts import AlertTable

    return AlertTable(aws_client("dynamodb"), table_name("state"))


@cache
def job_messages() -> JobMessageQueue:
    """The queue of backfills: from the Lambda's variable, for the operator by the template's
    naming.
    """
    from crmsync.gateways.aws.queues import JobMessageQueue, url_of

    sqs = late_client("sqs")
    return JobMessageQueue(
        sqs, lambda: os.environ.get("BACKFILL_QUEUE_URL") or url_of(sqs, f"{stack_name()}-backfill")
    )


@cache
def overwritten_keeper() -> OverwrittenKeeper | None:
    """Where overwritten values are kept; None in a stack without a table for them."""
    from crmsync.gateways.aws.encryption import SealingKeys
    from crmsync.gateways.dynamodb.overwritten import OverwrittenKeeper

    table, key = os.environ.get("OVERWRITTEN_TABLE", ""), os.environ.get("OVERWRITTEN_KEY", "")
    if not (table and key):
        return None
    return OverwrittenKeeper(
        aws_client("dynamodb"), table, SealingKeys(aws_client("kms"), key, now=time.monotonic)
    )


@cache
def overwritten_reader() -> OverwrittenReader:
    """The overwritten values, for the operator; no Lambda may read them."""
    from crmsync.gateways.aws.encryption import OpeningKeys
    from crmsync.gateways.dynamodb.overwritten import OverwrittenReader

    return OverwrittenReader(
        aws_client("dynamodb"), table_name("overwritten"), OpeningKeys(aws_client("kms"))
    )


@cache
def task_states() -> TaskStateTable:
    """The states of e-mail tasks."""
    from crmsync.gateways.dynamodb.task_state import TaskStateTable

    return TaskStateTable(aws_client("dynamodb"), table_name("state"), now=now)


@cache
def task_queue() -> RangeSender:
    """The queue of log ranges."""
    from crmsync.gateways.aws.log_ranges import RangeSender

    return RangeSender(aws_client("sqs"), os.environ["EMAIL_TASK_QUEUE_URL"])


@cache
def secrets() -> SecretStore:
    """Secrets Manager, read through a cache."""
    from crmsync.gateways.aws.secrets import SecretStore

    return SecretStore(aws_client("secretsmanager"), now=time.monotonic)


def fingerprinter() -> Fingerprinter:
    """Fingerprints values with this deployment's keys, as they were at most five minutes ago."""
    (number, key), *earlier = link_keys().fresh().items()
    return Fingerprinter(key, number, [Fingerprinter(one, other) for other, one in earlier])


@cache
def link_keys() -> KeyRing:
    """The keys of the links' fingerprints."""
    from crmsync.gateways.aws.key_ring import KeyRing

    return KeyRing(secrets(), link_key_secret(), now=time.monotonic)


def link_key_secret() -> str:
    """The secret of the links' keys: from the Lambda's variable, for the operator by the template's
    naming.
    """
    return os.environ.get("LINK_KEY_SECRET") or f"{stack_name()}-link-key"


def login_hosts() -> tuple[str, ...]:
    """The hosts that settings may name for signing in to Salesforce: Salesforce's own, and those
    that the stack's owner has added.
    """
    from crmsync.gateways.salesforce.hosts import SALESFORCE_HOSTS

    added = os.environ.get("SALESFORCE_LOGIN_HOSTS", "").split(",")
    return (*SALESFORCE_HOSTS, *(one.strip().lower() for one in added if one.strip()))


def is_lambda() -> bool:
    """Whether this is a Lambda rather than the operator's command."""
    return "STATE_TABLE" in os.environ


def table_name(name: str) -> str:
    """A table's name: from the Lambda's variable, for the operator by the template's naming."""
    return os.environ.get(f"{name.upper()}_TABLE") or f"{stack_name()}-{name}"


def stack_name() -> str:
    """The name of the stack, for the operator and for messages to people."""
    return os.environ.get("CRMSYNC_STACK", DEFAULT_STACK)


@cache
def aws_client(service: str) -> Any:  # noqa: ANN401 - boto3 has no types
    """An AWS client, one per service."""
    from crmsync.gateways.aws.client import client

    return client(service)


def late_client(service: str) -> LateClient:
    """The same client, made when it is first called."""
    from crmsync.gateways.aws.client import LateClient

    return LateClient(lambda: aws_client(service))


@cache
def remaining() -> Remaining:
    """How much time the running invocation has left; unlimited outside Lambda."""
    from crmsync.gateways.deadline import Remaining

    return Remaining()


def retry_policy(leases: Unlimited | None = None) -> RetryPolicy:
    """How calls to the vendors are repeated, until when, and what they are taken from."""
    from crmsync.gateways.retry import RetryPolicy
    from crmsync.gateways.unlimited_calls import UNLIMITED

    return RetryPolicy(remaining=remaining(), leases=leases or UNLIMITED)


def with_deadline(work: Callable[[Event], Answer]) -> Callable[[Event, LambdaTime], Answer]:
    """Work that knows how much time its invocation has left."""

    def run(event: Event, context: LambdaTime) -> Answer:
        remaining().start(lambda: context.get_remaining_time_in_millis() / 1000)
        return work(event)

    return run


def skip_if_distrusted(
    work: Callable[[Event], dict[str, Any]],
) -> Callable[[Event], dict[str, Any]]:
    """Work of a schedule or a change event that is skipped while the settings cannot be trusted;
    the next run does it. `settings` reports why.
    """
    from crmsync.errors import Distrusted

    def run(event: Event) -> dict[str, Any]:
        try:
            return work(event)
        except Distrusted:
            return {}

    return run


def now() -> datetime:
    """The real clock, UTC."""
    return datetime.now(UTC)
