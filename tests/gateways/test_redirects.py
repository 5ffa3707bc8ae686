"""A credential goes to the address that was looked up for it, and follows no redirect to another
one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.errors import SyncError
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.session import Login, SalesforceSession
from crmsync.model.records import Ref, Side
from tests.contracts.stages import FixedSecret
from tests.gateways.scripted import Answer, Script, script

STATUSES = (301, 302, 303, 307, 308)
NO_WAIT = RetryPolicy(pause=lambda _seconds: None)


@pytest.fixture
def elsewhere() -> Iterator[Script]:
    """A server that would take whatever it is sent."""
    with script(
        Answer({"access_token": "taken", "instance_url": "http://localhost", "results": []})
    ) as taker:
        yield taker


@pytest.mark.parametrize("status", STATUSES)
def test_hubspots_token_follows_no_redirect(elsewhere: Script, status: int) -> None:
    """The call fails, and the other server has heard nothing."""
    with script(Answer({}, status, {"Location": f"{elsewhere.url}/crm"})) as hubspot:
        secret = FixedSecret({"access_token": "made-up", "api_url": hubspot.url})
        with pytest.raises(SyncError):
            HubspotGateway(HubspotClient(secret, retry_policy=NO_WAIT)).read(
                [Ref(Side.HUBSPOT, "contact", "81")], {"contact": ("email",)}
            )

    assert (len(hubspot.asked) > 0, elsewhere.asked) == (True, [])


@pytest.mark.parametrize("status", STATUSES)
def test_a_login_to_salesforce_follows_no_redirect(elsewhere: Script, status: int) -> None:
    """Neither the client's secret nor its name gets anywhere else."""
    with script(
        Answer({}, status, {"Location": f"{elsewhere.url}/services/oauth2/token"})
    ) as salesforce:
        secret = FixedSecret(
            {"client_id": "made-up", "client_secret": "made-up", "login_url": salesforce.url}
        )
        session = SalesforceSession(
            Login(salesforce.url, secret, now=lambda: 0.0), retry_policy=NO_WAIT
        )
        with pytest.raises(SyncError):
            session.identity()

    assert (len(salesforce.asked) > 0, elsewhere.asked) == (True, [])


@pytest.mark.parametrize("status", STATUSES)
def test_a_session_of_salesforce_follows_no_redirect(elsewhere: Script, status: int) -> None:
    """A token that Salesforce gave is shown to nobody else."""
    away = Answer({}, status, {"Location": f"{elsewhere.url}/services/data"})
    with (
        script(away) as salesforce,
        script(Answer({"access_token": "given", "instance_url": salesforce.url})) as login,
    ):
        secret = FixedSecret(
            {"client_id": "made-up", "client_secret": "made-up", "login_url": login.url}
        )
        session = SalesforceSession(
            Login(salesforce.url, secret, now=lambda: 0.0), retry_policy=NO_WAIT
        )
        with pytest.raises(SyncError):
            session.call("GET", "limits")

    assert (len(salesforce.asked) > 0, elsewhere.asked) == (True, [])
