"""A credential is sent to the configured URL only: redirects are not followed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.errors import SyncError
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.session import Login, SalesforceSession
from crmsync.model.records import Ref, Side
from tests.gateways.scripted import Response, Script, script
from tests.simulated import FixedSecret

STATUSES = (301, 302, 303, 307, 308)
NO_WAIT = RetryPolicy(pause=lambda _seconds: None)


@pytest.fixture
def elsewhere() -> Iterator[Script]:
    """A server that accepts every request."""
    with script(
        Response({"access_token": "taken", "instance_url": "http://localhost", "results": []})
    ) as taker:
        yield taker


@pytest.mark.parametrize("status", STATUSES)
def test_hubspots_token_is_not_sent_after_a_redirect(elsewhere: Script, status: int) -> None:
    """The call fails, and the other server gets no request."""
    with script(Response({}, status, {"Location": f"{elsewhere.url}/crm"})) as hubspot:
        secret = FixedSecret({"access_token": "made-up", "api_url": hubspot.url})
        with pytest.raises(SyncError):
            HubspotGateway(HubspotClient(secret, retry_policy=NO_WAIT)).read(
                [Ref(Side.HUBSPOT, "contact", "81")], {"contact": ("email",)}
            )

    assert (len(hubspot.requests) > 0, elsewhere.requests) == (True, [])


@pytest.mark.parametrize("status", STATUSES)
def test_a_login_to_salesforce_does_not_follow_a_redirect(elsewhere: Script, status: int) -> None:
    """The client's id and secret are not sent to another server."""
    with script(
        Response({}, status, {"Location": f"{elsewhere.url}/services/oauth2/token"})
    ) as salesforce:
        secret = FixedSecret(
            {"client_id": "made-up", "client_secret": "made-up", "login_url": salesforce.url}
        )
        session = SalesforceSession(
            Login(salesforce.url, secret, now=lambda: 0.0), retry_policy=NO_WAIT
        )
        with pytest.raises(SyncError):
            session.identity()

    assert (len(salesforce.requests) > 0, elsewhere.requests) == (True, [])


@pytest.mark.parametrize("status", STATUSES)
def test_a_session_of_salesforce_does_not_follow_a_redirect(elsewhere: Script, status: int) -> None:
    """The token is not sent to another server."""
    away = Response({}, status, {"Location": f"{elsewhere.url}/services/data"})
    with (
        script(away) as salesforce,
        script(Response({"access_token": "given", "instance_url": salesforce.url})) as login,
    ):
        secret = FixedSecret(
            {"client_id": "made-up", "client_secret": "made-up", "login_url": login.url}
        )
        session = SalesforceSession(
            Login(salesforce.url, secret, now=lambda: 0.0), retry_policy=NO_WAIT
        )
        with pytest.raises(SyncError):
            session.call("GET", "limits")

    assert (len(salesforce.requests) > 0, elsewhere.requests) == (True, [])
