"""The token endpoint gives the integration user's token to the app only, by two flows."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce

from tests.simulators.salesforce.orgs import HOST, LiveOrg

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _pem(key: rsa.RSAPrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    ).decode()


def _public(key: rsa.RSAPrivateKey) -> str:
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, shape).decode()


def _ask(org: LiveOrg, **form: str) -> tuple[int, dict[str, str]]:
    answer = org.session().post(f"{HOST}/services/oauth2/token", data=form)
    return answer.status_code, answer.json()


def test_client_credentials_in_the_body_return_a_token_without_a_lifetime(org: LiveOrg) -> None:
    """The response has the integration user's token and the instance, without expires_in."""
    status, body = _ask(
        org,
        grant_type="client_credentials",
        client_id=org.sim.client_id,
        client_secret=org.sim.client_secret,
    )
    assert status == 200
    assert set(body) == {
        "access_token",
        "signature",
        "scope",
        "instance_url",
        "id",
        "token_type",
        "issued_at",
    }
    assert (body["access_token"], body["instance_url"], body["token_type"]) == (
        org.sim.access_token,
        org.base,
        "Bearer",
    )
    assert body["id"].endswith(f"/id/{org.sim.org_id}/{org.sim.integration_user_id}")


def test_simple_salesforce_logs_in_by_client_credentials(org: LiveOrg) -> None:
    """The official client's own login (Basic credentials) works unchanged."""
    client = Salesforce(
        consumer_key=org.sim.client_id,
        consumer_secret=org.sim.client_secret,
        domain="acme.my",
        session=org.session(),
    )
    assert client.session_id == org.sim.access_token


def test_simple_salesforce_logs_in_with_a_signed_assertion(org: LiveOrg) -> None:
    """The official client's JWT bearer login works with a registered key."""
    org.sim.register_key(_public(_KEY))
    client = Salesforce(
        username=org.sim.integration_username, consumer_key=org.sim.client_id, privatekey=_pem(_KEY), domain="login",
        session=org.session(),
    )  # fmt: skip
    assert client.session_id == org.sim.access_token


@pytest.mark.parametrize(
    ("change", "error", "description"),
    [
        ({"iss": "3MVGnobody"}, "invalid_client_id", "client identifier invalid"),
        ({"sub": "nobody@acme.example.com"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"exp": -1}, "invalid_grant", "expired authorization code"),
        ({"aud": "nowhere"}, "invalid_grant", "audience is invalid"),
        ({"aud": "https://test.salesforce.com"}, "invalid_grant", "audience is invalid"),
        ({"aud": HOST}, "invalid_grant", "audience is invalid"),
        ({"key": _OTHER}, "invalid_grant", "invalid assertion"),
    ],
)
def test_a_wrong_assertion_is_refused_with_its_reason(
    org: LiveOrg, change: dict[str, object], error: str, description: str
) -> None:
    """Issuer, subject, expiry, audience and signature are all checked."""
    org.sim.register_key(_public(_KEY))
    claims = {
        "iss": org.sim.client_id, "sub": org.sim.integration_username, "aud": "https://login.salesforce.com",
        "exp": org.clock.now_ms() // 1000 + 120,
    } | {name: value for name, value in change.items() if name != "key"}  # fmt: skip
    key = change.get("key", _KEY)
    assert isinstance(key, rsa.RSAPrivateKey)
    assertion = jwt.encode(claims, _pem(key), algorithm="RS256")
    assert _ask(org, grant_type=_BEARER, assertion=assertion) == (
        400,
        {"error": error, "error_description": description},
    )


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        (
            {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"},
            "invalid_client_id",
        ),
        ({"grant_type": _BEARER, "assertion": "no.jwt"}, "invalid_grant"),
    ],
)
def test_a_wrong_form_is_refused(org: LiveOrg, form: dict[str, str], error: str) -> None:
    """A request that is no valid grant of this app is 400 with an OAuth error."""
    status, body = _ask(org, **form)
    assert (status, body["error"]) == (400, error)


def test_a_token_call_is_no_api_call(org: LiveOrg) -> None:
    """It counts neither in the statistics nor against the daily limit."""
    _ask(
        org,
        grant_type="client_credentials",
        client_id=org.sim.client_id,
        client_secret=org.sim.client_secret,
    )
    assert org.sim.stats() == {"calls": 0, "reads": 0, "writes": 0, "by_endpoint": {}}


def test_an_unknown_token_is_an_expired_session(org: LiveOrg) -> None:
    """A call with any other token is 401 INVALID_SESSION_ID."""
    answer = org.call("GET", "/limits", token="00D!forged")
    assert (answer.status_code, answer.json()) == (
        401,
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )
