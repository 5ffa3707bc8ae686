"""The Lambda of the console: a Function URL event in, a page out.

What all pages need is imported with this module, and so while Lambda starts the process, not while
somebody waits for the first page.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, NoReturn

from crmsync.console.console import Console
from crmsync.console.reports import Reports
from crmsync.console.sign_in import SignIn
from crmsync.errors import Refused
from crmsync.flows.operator.conflicts import ConflictReader
from crmsync.flows.operator.decisions import DecisionLog
from crmsync.flows.operator.errors import ErrorAdmin
from crmsync.flows.operator.fields import FieldMapReader
from crmsync.flows.operator.health.comparisons import CompletenessReader
from crmsync.flows.operator.health.status import HealthCheck
from crmsync.flows.operator.health.throughput import ThroughputReader
from crmsync.flows.operator.over_limit import OverLimitAdmin
from crmsync.flows.operator.settings import SettingsAdmin
from crmsync.gateways.aws.bus import EventOutbox
from crmsync.gateways.aws.client import client
from crmsync.gateways.aws.metrics import RecentChanges
from crmsync.gateways.aws.queues import RecentDepths
from crmsync.gateways.dynamodb.inbox.recent import RecentInbox
from crmsync.gateways.dynamodb.links.used_links import UsedLinks
from crmsync.telemetry import logger
from crmsync.wire.pages import read_page_request
from crmsync.wiring.backfill import new_turn_token
from crmsync.wiring.campaigns import campaign_store
from crmsync.wiring.conflicts import conflict_log
from crmsync.wiring.console_key import console_key
from crmsync.wiring.console_records import job_admin, record_admin
from crmsync.wiring.crms import account_of, calls_of, org_of
from crmsync.wiring.stores import (
    Event,
    LambdaTime,
    alert_store,
    aws_client,
    change_bus,
    comparisons,
    concern_queues,
    cursors,
    jobs,
    late_client,
    now,
    own_calls,
    secrets,
    settings,
    settings_table,
    stack_name,
    table_name,
    troubles,
    with_deadline,
)

if TYPE_CHECKING:
    from crmsync.console.accounts import AccountSignIn
    from crmsync.model.records import Side
    from crmsync.model.settings import Connection

ATTEMPT_ID_BYTES = 18
"""Bytes of the id of a sign-in: nobody guesses one."""


def console() -> Callable[[Event, LambdaTime], dict[str, Any]]:
    """The Lambda of the console."""

    def answer(event: Event) -> dict[str, Any]:
        request = read_page_request(event, os.environ["CONSOLE_URL"])
        return _console().answer(request).event()

    return with_deadline(answer)


@cache
def _console() -> Console:
    links = UsedLinks(aws_client("dynamodb"), table_name("state"))
    sign_in = SignIn(key=console_key, use_link=links.use, now=now)
    return Console(
        sign_in=sign_in,
        reports=_reports(),
        tell=_tell,
        accounts=_accounts(sign_in),
        has_links=os.environ["CONSOLE_LINKS"] == "yes",
    )


def _accounts(sign_in: SignIn) -> AccountSignIn | None:
    """What signs people in with accounts of the company; None where the stack names no issuer."""
    if not os.environ["CONSOLE_ISSUER"]:
        return None
    from crmsync.console.accounts import AccountSignIn
    from crmsync.console.admission import AllowedAccounts
    from crmsync.gateways.oidc import Issuer
    from crmsync.wire.oidc import OidcClient

    registered = OidcClient(
        os.environ["CONSOLE_ISSUER"], os.environ["CONSOLE_CLIENT_ID"], os.environ["CONSOLE_SCOPES"]
    )
    name = os.environ["CONSOLE_CLIENT_SECRET"]
    issuer = Issuer(registered, secrets().secret(name) if name else None, ticks=time.monotonic)
    return AccountSignIn(
        sign_in=sign_in,
        client=registered,
        document=issuer.document,
        claims=issuer.claims,
        allowed=AllowedAccounts(
            _listed(os.environ["CONSOLE_EMAIL_DOMAINS"].lower()),
            _listed(os.environ["CONSOLE_GROUPS"]),
            os.environ["CONSOLE_GROUP_CLAIM"],
        ),
        new_id=lambda: token_urlsafe(ATTEMPT_ID_BYTES),
    )


def _listed(text: str) -> frozenset[str]:
    """What stands between commas."""
    return frozenset(one.strip() for one in text.split(",") if one.strip())


def _reports() -> Reports:
    table = table_name("state")
    inbox = RecentInbox(aws_client("dynamodb"), table, now=now, ticks=time.monotonic)
    admin = job_admin(inbox)
    decisions = DecisionLog(jobs=jobs(), new_id=new_turn_token, now=now)
    return Reports(
        health=HealthCheck(
            settings=settings,
            inbox=inbox,
            jobs=jobs(),
            cursors=cursors(),
            waiting=RecentDepths(late_client("sqs"), stack_name(), ticks=time.monotonic),
            now=now,
            troubles=troubles(),
            own_calls=own_calls(now),
            alerts=alert_store(),
            comparisons=comparisons(),
            campaigns=campaign_store(),
        ),
        throughput=ThroughputReader(
            RecentChanges(
                cache(partial(client, "cloudwatch", waits_briefly=True)),
                stack_name(),
                ticks=time.monotonic,
            ).read
        ),
        errors=ErrorAdmin(
            settings=settings,
            inbox=inbox,
            outbox=_outbox(),
            now=now,
            reader=_no_crm,
            decisions=decisions,
        ),
        over_limit=OverLimitAdmin(
            settings=settings,
            inbox=inbox,
            outbox=_outbox(),
            decisions=decisions,
        ),
        completeness=CompletenessReader(
            settings=settings, comparisons=comparisons(), jobs=jobs(), now=now
        ),
        jobs=admin,
        records=record_admin(inbox, admin),
        conflicts=ConflictReader(settings, conflict_log().newest),
        settings=SettingsAdmin(
            store=settings_table(),
            hubspot=_no_crm,
            salesforce=_no_crm,
            references=_no_crm,
            now=now,
        ),
        fields=FieldMapReader(
            settings=settings,
            hubspot=account_of,
            salesforce=org_of,
            troubles=troubles(),
            calls=calls_of,
        ),
    )


def _outbox() -> EventOutbox:
    """The bus; no page needs its client, only buttons do."""
    return EventOutbox(
        late_client("events"), lambda: aws_client("sqs"), change_bus(), concern_queues()
    )


def _no_crm(_connection: Connection, _side: Side | None = None) -> NoReturn:
    """These pages ask no CRM. Raises `Refused`."""
    raise Refused("This page of the console asks no CRM.", code="CONSOLE")


def _tell(what: str, facts: Mapping[str, object]) -> None:
    logger.info(what, extra=dict(facts))
