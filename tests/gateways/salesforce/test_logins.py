"""How the Salesforce gateway logs in, and how it renews a token."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from crmsync.errors import Down, Refused
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.salesforce.session import audience_of
from crmsync.model.records import Ref, Side
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.gateways.salesforce.orgs import Org, a_creation, an_org, made
from tests.gateways.scripted import Request, Response, Script
from tests.simulated import FixedSecret, served


@pytest.fixture
def org() -> Iterator[Org]:
    """An org whose active assignment rule gives every new lead an owner."""
    with an_org() as running:
        yield running


def test_an_expired_token_is_renewed_once_for_all_threads(org: Org) -> None:
    """Threads that find the same expired token log in once (fault 15)."""
    lead = made(org, a_creation(1))[0]
    org.faults.replace([{"at": "salesforce", "kind": "unauthorized", "times": 1}])

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: org.gateway.read([lead], {"Lead": []}), range(8)))

    assert [list(records) for records in found] == [[lead]] * 8


def test_a_token_that_is_never_accepted_is_refused_after_one_new_login() -> None:
    """A revoked user does not cause a storm of logins."""
    server = RevokedUser([])
    lead = Ref(Side.SALESFORCE, "Lead", "00QYw0000000001MAA")
    with served(server) as server.url:
        gateway = SalesforceGateway(
            server.url, FixedSecret({"client_id": "i", "client_secret": "s"}), now=time.time
        )
        with pytest.raises(Down) as caught:
            gateway.read([lead], {"Lead": []})

    assert caught.value.code == "INVALID_SESSION_ID"
    assert [one.path.rsplit("/", 1)[-1] for one in server.requests] == [
        "token",
        "Lead",
        "token",
        "Lead",
    ]


class RevokedUser(Script):
    """An org that issues tokens and then accepts none."""

    def respond(self, request: Request) -> Response:
        """A token, or a refusal of it."""
        if request.path.endswith("token"):
            return Response(
                {"access_token": "t", "instance_url": self.url, "id": f"{self.url}/id/00D/005"}
            )
        return Response(
            [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], 401
        )


def _key() -> tuple[str, str]:
    """A private key and its public one, as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public.decode()


def _signing(org: Org) -> FixedSecret:
    """The secret of an app that signs, with its key registered in the org."""
    private, public = _key()
    org.simulator.register_key(public)
    names = {"client_id": org.simulator.client_id, "username": org.simulator.integration_username}
    return FixedSecret(names | {"private_key": private})


def test_a_secret_with_a_key_logs_in_with_a_signed_assertion(org: Org) -> None:
    """JWT bearer for the user in the secret; its audience is not the org's own URL."""
    identity = SalesforceGateway(org.url, _signing(org), now=time.time).identity()

    assert (identity.org_id, identity.user_id) == (
        org.simulator.org_id,
        org.simulator.integration_user_id,
    )


def test_a_sandbox_is_recognised_by_the_refused_audience() -> None:
    """If Salesforce refuses the audience, the other one is tried once."""
    clock = Clock()
    simulator = SalesforceSimulator({"sandbox": True}, clock=clock, faults=Faults(clock))
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        org = Org(
            SalesforceGateway(url, FixedSecret({}), now=time.time), simulator, Faults(clock), url
        )

        identity = SalesforceGateway(url, _signing(org), now=time.time).identity()

    assert identity.org_id == simulator.org_id


@pytest.mark.parametrize(
    ("login_url", "audience"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://acme.my.salesforce.mil", "https://login.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.mil", "https://test.salesforce.com"),
    ],
)
def test_the_audience_of_a_login_url(login_url: str, audience: str) -> None:
    """It is production or sandbox, never the org's own URL."""
    assert audience_of(login_url) == audience


@pytest.mark.parametrize(
    ("named", "answer", "audiences"),
    [
        ({}, "user hasn't approved this consumer", ["https://login.salesforce.com"] * 2),
        (
            {},
            "audience is invalid",
            ["https://login.salesforce.com", "https://test.salesforce.com"] * 2,
        ),
        (
            {"audience": "https://acme.my.site.com"},
            "audience is invalid",
            ["https://acme.my.site.com"] * 2,
        ),
    ],
)
def test_an_assertion_is_valid_for_three_minutes_and_for_one_audience(
    named: Mapping[str, str], answer: str, audiences: Sequence[str]
) -> None:
    """It is valid as briefly as Salesforce requires, for the audience in the secret."""
    script = Script([Response({"error": "invalid_grant", "error_description": answer}, 400)])
    secret = FixedSecret(
        {"client_id": "app", "username": "sync@example.com", "private_key": _key()[0], **named}
    )
    with served(script) as url:
        gateway = SalesforceGateway(url, secret, now=lambda: 1000.0)
        with pytest.raises(Down) as caught:
            gateway.identity()

    assert caught.value.code == "invalid_grant"
    assertions = [str(one.body).split("assertion=")[1] for one in script.requests]
    assert [jwt.decode(one, options={"verify_signature": False}) for one in assertions] == [
        {"iss": "app", "sub": "sync@example.com", "aud": audience, "exp": 1180}
        for audience in audiences
    ]


def test_an_incomplete_secret_names_the_missing_entry() -> None:
    """The operator can correct it."""
    gateway = SalesforceGateway(
        "https://acme.example.com", FixedSecret({"client_id": "i"}), now=time.time
    )

    with pytest.raises(Refused) as caught:
        gateway.identity()

    assert "client_secret" in caught.value.text


def test_a_token_is_not_in_its_repr(org: Org) -> None:
    """It is not shown even if the object is logged by mistake."""
    identity = org.gateway.identity()

    assert identity.value not in repr(identity)
