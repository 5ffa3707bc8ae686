"""How the header with the daily calls is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmsync.errors import TryAgain
from crmsync.gateways.salesforce.meter import SalesforceMeter
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.rules.backfill.pacing import DailyCalls, KnownCalls
from tests.gateways.scripted import Request, Response, Script
from tests.simulated import FixedSecret, served

MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)


class UsedUp(Script):
    """An org that issues tokens, then returns a response with the header, and then a refusal with
    it.
    """

    def respond(self, request: Request) -> Response:
        """A token without the header; else the next response."""
        if request.path.endswith("token"):
            return Response(
                {"access_token": "t", "instance_url": self.url, "id": f"{self.url}/id/00D/005"}
            )
        return super().respond(request)


@pytest.mark.rule("RTY-2")
def test_every_response_updates_the_calls() -> None:
    """Refusals have the header, logins do not; the time is from our own clock."""
    refusal = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    server = UsedUp(
        [
            Response({"limits": 1}, headers={"Sforce-Limit-Info": "api-usage=18/5000"}),
            Response(refusal, 403, headers={"Sforce-Limit-Info": "api-usage=5000/5000"}),
        ]
    )
    with served(server) as server.url:
        secret = FixedSecret({"client_id": "i", "client_secret": "s"})
        session = SalesforceGateway(server.url, secret, now=MOMENT.timestamp).session
        known = [session.meter.known()]
        session.identity()
        known.append(session.meter.known())
        session.call("GET", "limits")
        known.append(session.meter.known())
        with pytest.raises(TryAgain):
            session.call("GET", "limits")

    assert known == [None, None, KnownCalls(DailyCalls(18, 5_000), MOMENT)]
    assert session.meter.known() == KnownCalls(DailyCalls(5_000, 5_000), MOMENT)


@pytest.mark.parametrize(
    ("header", "calls"),
    [
        ("api-usage=18/5000", DailyCalls(18, 5_000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)", DailyCalls(25, 5_000)),
        ("per-app-api-usage=17/250(appName=sample-app); api-usage=25/5000", DailyCalls(25, 5_000)),
        ("per-app-api-usage=17/250(appName=sample-app)", DailyCalls(1, 2)),
        ("api-usage=many", DailyCalls(1, 2)),
        ("", DailyCalls(1, 2)),
    ],
)
def test_only_the_calls_of_the_org_count(header: str, calls: DailyCalls) -> None:
    """Those of one app are another number; a header without numbers changes nothing."""
    meter = SalesforceMeter(MOMENT.timestamp)
    meter.hear("api-usage=1/2")

    meter.hear(header)

    assert meter.known() == KnownCalls(calls, MOMENT)
