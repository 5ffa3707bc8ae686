"""What the responses of both CRMs say about their limits, and that each call takes from a lease."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from crmsync.errors import Down, SyncError
from crmsync.gateways.hubspot.client import WINDOWS, HubspotClient
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.unlimited_calls import PatientCalls, Unlimited
from crmsync.model.operations.calls import DailyCalls
from tests.builders import NOON
from tests.gateways.scripted import Request, Response, Script
from tests.simulated import FixedSecret, served

DAILY = {"X-HubSpot-RateLimit-Daily": "650000", "X-HubSpot-RateLimit-Daily-Remaining": "649990"}
BURST = {"X-HubSpot-RateLimit-Interval-Milliseconds": "10000", "X-HubSpot-RateLimit-Max": "190"}
SECONDLY = {"X-HubSpot-RateLimit-Interval-Milliseconds": "1000", "X-HubSpot-RateLimit-Max": "19"}
USED_UP = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
CROWDED = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded."}]
DAY = DailyCalls(18, 5_000)


@dataclass
class Recorder(Unlimited):
    """Calls without a limit, and what was said about them."""

    spent: list[bool] = field(default_factory=list)
    heard: list[tuple[Any, ...]] = field(default_factory=list)

    def spend(self, *, search: bool = False) -> None:
        """Note a call."""
        self.spent.append(search)

    def hear(
        self,
        *,
        day: DailyCalls | None = None,
        per_window: int = 0,
        succeeded: bool = False,
        refused: bool = False,
        full_for: float = 0.0,
    ) -> None:
        """Note a response."""
        self.heard.append((day, per_window, succeeded, refused, full_for))


def policy(leases: Unlimited) -> RetryPolicy:
    """One try, with these leases."""
    return RetryPolicy(tries=1, leases=leases)


class Org(Script):
    """An org that issues tokens, then gives the responses of the test."""

    def respond(self, request: Request) -> Response:
        """A token, or the next response."""
        if request.path.endswith("token"):
            return Response(
                {"access_token": "t", "instance_url": self.url, "id": f"{self.url}/id/00D/005"},
                headers={"Sforce-Limit-Info": "api-usage=1/2"},
            )
        return super().respond(request)


@pytest.mark.parametrize(
    ("response", "heard"),
    [
        (
            Response({}, headers={"Sforce-Limit-Info": "api-usage=18/5000"}),
            (DAY, 0, True, False, 0),
        ),
        (
            Response(
                {},
                headers={"Sforce-Limit-Info": "per-app-api-usage=1/2(appName=a);api-usage=18/5000"},
            ),
            (DAY, 0, True, False, 0),
        ),
        (
            Response({}, headers={"Sforce-Limit-Info": "per-app-api-usage=17/250(appName=a)"}),
            (None, 0, True, False, 0),
        ),
        (Response({}, headers={"Sforce-Limit-Info": "api-usage=many"}), (None, 0, True, False, 0)),
        (Response({}), (None, 0, True, False, 0)),
        (Response(CROWDED, 403), (None, 0, False, False, 0)),
        (
            Response(USED_UP, 403, headers={"Sforce-Limit-Info": "api-usage=18/5000"}),
            (DAY, 0, False, True, 0),
        ),
        (Response("", 503), (None, 0, False, False, 0)),
    ],
)
def test_salesforce_reports_the_calls_of_the_org(
    response: Response, heard: tuple[Any, ...]
) -> None:
    """With every response, refusals included; logins report nothing and take nothing."""
    leases = Recorder()
    server = Org([response])
    with served(server) as server.url:
        secret = FixedSecret({"client_id": "i", "client_secret": "s"})
        session = SalesforceGateway(
            server.url, secret, now=NOON.timestamp, retry_policy=policy(leases)
        ).session
        session.identity()
        with suppress(SyncError):
            session.call("GET", "limits")

    assert (leases.spent, leases.heard) == ([False], [heard])


@pytest.mark.parametrize(
    ("response", "heard"),
    [
        (Response({}, headers={**DAILY, **BURST}), (DailyCalls(10, 650_000), 190, True, False, 0)),
        (Response({}, headers=BURST), (None, 190, True, False, 0)),
        (Response({}, headers=SECONDLY), (None, 0, True, False, 0)),
        (Response({"policyName": "SECONDLY"}, 429), (None, 0, False, False, 1)),
        (Response({"policyName": "DAILY"}, 429, headers=BURST), (None, 190, False, True, 0)),
    ],
)
def test_hubspot_reports_the_day_and_ten_seconds(
    response: Response, heard: tuple[Any, ...]
) -> None:
    """Where the response has them; an app with OAuth has no day, a search reports nothing."""
    leases = Recorder()
    server = Script([response])
    with served(server) as server.url:
        secret = FixedSecret({"access_token": "t", "api_url": server.url})
        client = HubspotClient(secret, retry_policy=policy(leases))
        with suppress(SyncError):
            client.ask("GET", "/crm/v3/objects/contacts")
        with suppress(SyncError):
            client.search("contact", {})

    assert (leases.spent, leases.heard[0]) == ([False, True], heard)


class Shut(Unlimited):
    """No call is left."""

    def spend(self, *, search: bool = False) -> None:  # noqa: ARG002 - none of either
        """Refuse a call."""
        raise Down("No call is left.", side="salesforce", code="ALLOTMENT_USED")


def test_without_a_lease_nothing_is_called() -> None:
    """The error says that the side is down."""
    server, org = Script([Response({})]), Org([Response({})])
    with served(server) as server.url, served(org) as org.url:
        client = HubspotClient(
            FixedSecret({"access_token": "t", "api_url": server.url}), retry_policy=policy(Shut())
        )
        session = SalesforceGateway(
            org.url,
            FixedSecret({"client_id": "i", "client_secret": "s"}),
            now=NOON.timestamp,
            retry_policy=policy(Shut()),
        ).session
        with pytest.raises(Down):
            client.ask("GET", "/crm/v3/objects/contacts")
        with pytest.raises(Down):
            session.call("GET", "limits")

    assert server.requests == []
    assert [one.path for one in org.requests] == ["/services/oauth2/token"]


def test_the_command_waits_for_the_end_of_a_full_window() -> None:
    """Two searches are refused for a second and for ten seconds: both waits are made, the long one
    is told, and the search succeeds.
    """
    time, waits, told = [100.0], list[float](), list[str]()

    def pause(seconds: float) -> None:
        time[0] += seconds
        waits.append(round(seconds, 3))

    leases = PatientCalls(now=lambda: time[0], pause=pause)
    leases.tell = told.append
    server = Script(
        [
            *(Response({"category": "RATE_LIMITS", "policyName": one}, 429) for one in WINDOWS),
            Response({"results": []}),
        ]
    )
    patient = RetryPolicy(pause=pause, jitter=lambda: 1.0, leases=leases)
    with served(server) as server.url:
        secret = FixedSecret({"access_token": "t", "api_url": server.url})
        HubspotClient(secret, retry_policy=patient).search("contact", {})

    assert (waits, len(server.requests)) == ([0.2, 0.8, 0.4, 9.6], 3)
    assert told == ["HubSpot takes no more calls now. Waiting for 10 seconds."]
