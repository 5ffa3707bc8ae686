"""An issuer over HTTP on loopback: what is kept, what is asked, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.gateways.oidc import FAILED, KEPT, Issuer
from crmsync.wire.oidc import OidcClient, authorization_url
from tests.oidc_issuer import ADA, CLIENT, SECRET, OidcIssuer, public, rsa_key
from tests.simulated import FixedSecret

BACK = "https://console.example.com/sign-in/back"
VERIFIER = "v" * 43
NOW = 1_800_000_000


class Ticks:
    """A clock that a test sets."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.at = 0.0

    def __call__(self) -> float:
        """The seconds."""
        return self.at


@pytest.fixture
def server() -> Iterator[OidcIssuer]:
    """An issuer that knows the console."""
    made = OidcIssuer(lambda: NOW)
    made.redirects.add(BACK)
    yield made
    made.close()


@pytest.fixture
def ticks() -> Ticks:
    """A clock at zero."""
    return Ticks()


def issuer_of(server: OidcIssuer, ticks: Ticks, **changes: Any) -> Issuer:
    """The gateway to it; `changes` are of the client or the secret."""
    secret = FixedSecret({"client_secret": SECRET})
    client = OidcClient(changes.get("issuer", server.url), CLIENT, "openid email")
    return Issuer(client, changes.get("secret", secret), ticks=ticks)


def code_of(issuer: Issuer, server: OidcIssuer) -> str:
    """A code, as somebody brings it back who has signed in."""
    address = authorization_url(
        issuer.document(),
        OidcClient(server.url, CLIENT, "openid email"),
        redirect_uri=BACK,
        state="s",
        nonce="n",
        verifier=VERIFIER,
    )
    answer = requests.get(address, allow_redirects=False, timeout=30)
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def claims_of(issuer: Issuer, server: OidcIssuer) -> Any:
    """What it says of who signs in now."""
    return issuer.claims(code_of(issuer, server), VERIFIER, BACK)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_code_becomes_claims(server: OidcIssuer, ticks: Ticks, method: str):
    """With the secret shown as the issuer wants it, or without one."""
    server.document["token_endpoint_auth_methods_supported"] = [method]
    changes = {"secret": None} if method == "none" else {}

    assert claims_of(issuer_of(server, ticks, **changes), server) == {
        "iss": server.url,
        "aud": CLIENT,
        "iat": NOW,
        "exp": NOW + 300,
        "nonce": "n",
        **ADA,
    }


def test_a_code_and_its_verifier_belong_together(server: OidcIssuer, ticks: Ticks):
    """A code is taken once, with its own verifier and redirect URI."""
    issuer = issuer_of(server, ticks)
    for code, verifier, back in (
        (code_of(issuer, server), "w" * 43, BACK),
        (code_of(issuer, server), VERIFIER, "https://console.example.com/"),
        ("none", VERIFIER, BACK),
    ):
        with pytest.raises(Refused) as caught:
            issuer.claims(code, verifier, back)
        assert caught.value.code == "invalid_grant"
    code = code_of(issuer, server)
    issuer.claims(code, VERIFIER, BACK)
    with pytest.raises(Refused):
        issuer.claims(code, VERIFIER, BACK)


def test_the_description_and_the_keys_are_kept_for_an_hour(server: OidcIssuer, ticks: Ticks):
    """Then they are read again."""
    issuer = issuer_of(server, ticks)
    counts = []
    for at in (0.0, KEPT - 1, KEPT):
        ticks.at = at
        claims_of(issuer, server)
        counts.append(server.asked.count("/keys"))

    assert counts == [1, 1, 2]
    assert server.asked.count("/.well-known/openid-configuration") == 2


def test_a_new_key_has_the_keys_read_again(server: OidcIssuer, ticks: Ticks):
    """At most every five seconds; while the issuer does not show its keys, nobody gets in."""
    issuer = issuer_of(server, ticks)
    claims_of(issuer, server)
    server.signer = lambda claims: jwt.encode(claims, rsa_key("new"), "RS256", {"kid": "new"})
    server.keys = [public("new"), public("first")]
    with pytest.raises(Refused) as early:
        claims_of(issuer, server)
    ticks.at = FAILED
    found = claims_of(issuer, server)
    ticks.at += KEPT
    server.faults["/keys"] = (503, {})
    with pytest.raises(TryAgain) as late:
        claims_of(issuer, server)

    assert (early.value.code, found["sub"], late.value.code) == ("UnknownKey", "00u1", "503")


def test_an_issuer_that_does_not_answer_is_left_alone_for_a_moment(ticks: Ticks):
    """Nobody's knocking has it asked again and again."""
    server = OidcIssuer(lambda: NOW)
    issuer = issuer_of(server, ticks)
    server.faults["/.well-known/openid-configuration"] = (502, "")
    for at in (0.0, FAILED - 1, FAILED):
        ticks.at = at
        with pytest.raises(TryAgain) as caught:
            issuer.document()
    asked = len(server.asked)
    server.close()
    ticks.at = 2 * FAILED
    with pytest.raises(TryAgain) as silent:
        issuer.document()

    assert (asked, caught.value.text) == (2, f"The issuer {server.url} refused (502).")
    assert silent.value.text == f"The issuer {server.url} did not answer (ConnectionError)."


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"issuer": "https://id.example.org"}, "calls itself https://id.example.org."),
        ({"token_endpoint": "http://id.example.org/t"}, "names no token_endpoint with https."),
        ({"jwks_uri": None}, "names no jwks_uri with https."),
        ({"authorization_endpoint": "javascript:x"}, "names no authorization_endpoint with https."),
    ],
)
def test_a_description_that_cannot_be_trusted_is_refused(
    server: OidcIssuer, ticks: Ticks, document: dict[str, Any], text: str
):
    """One of another issuer, and one with an address that is not encrypted."""
    server.document.update(document)
    with pytest.raises(Refused) as caught:
        issuer_of(server, ticks).document()
    assert caught.value.text == f"The issuer {server.url} {text}"


def test_an_issuer_without_https_is_not_asked(ticks: Ticks):
    """Only this machine is, which the laptop stack needs."""
    client = OidcClient("http://id.example.com", CLIENT, "openid")
    with pytest.raises(Refused) as caught:
        Issuer(client, None, ticks=ticks).document()
    assert caught.value.text == "The issuer's address does not begin with https."


def test_a_redirect_is_not_followed(server: OidcIssuer, ticks: Ticks):
    """The secret goes to the address in the description and nowhere else."""
    server.faults["/token"] = (307, {})
    with pytest.raises(SyncError) as caught:
        claims_of(issuer_of(server, ticks), server)
    assert (type(caught.value), caught.value.code) == (Refused, "307")


def ec_key(curve: ec.EllipticCurve, algorithm: str) -> tuple[ec.EllipticCurvePrivateKey, Any]:
    """A key and its public half, published for this algorithm."""
    key = ec.generate_private_key(curve)
    shown = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return key, {**shown, "kid": "ec", "alg": algorithm}


def test_other_algorithms_and_keys_without_a_name_count(server: OidcIssuer, ticks: Ticks):
    """PS256 with a key that names no algorithm, and ES256; a token needs no name of a key where
    only one fits.
    """
    key, shown = ec_key(ec.SECP256R1(), "ES256")
    pss = rsa.generate_private_key(65_537, 2_048)
    server.keys = [shown, jwt.algorithms.RSAAlgorithm.to_jwk(pss.public_key(), as_dict=True)]
    for signer in (
        lambda claims: jwt.encode(claims, key, "ES256"),
        lambda claims: jwt.encode(claims, pss, "PS256"),
    ):
        server.signer = signer
        assert claims_of(issuer_of(server, ticks), server)["sub"] == "00u1"


@pytest.mark.parametrize("change", [{"use": "enc"}, {"alg": "RS512"}, {"kty": "EC"}])
def test_a_key_for_something_else_does_not_count(
    server: OidcIssuer, ticks: Ticks, change: dict[str, str]
):
    """One for encryption, for another algorithm, of another type."""
    server.keys = [{**server.keys[0], **change}]
    with pytest.raises(Refused) as caught:
        claims_of(issuer_of(server, ticks), server)
    assert caught.value.code == "UnknownKey"


def test_a_short_key_shows_nothing(server: OidcIssuer, ticks: Ticks):
    """RSA with 1,024 bits can be broken."""
    short = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - that it is too short is the point
    shown = jwt.algorithms.RSAAlgorithm.to_jwk(short.public_key(), as_dict=True)
    server.keys = [{**shown, "kid": "short"}]

    def signer(claims: dict[str, Any]) -> str:
        with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
            return jwt.encode(claims, short, "RS256", {"kid": "short"})

    server.signer = signer
    with pytest.raises(Refused) as caught:
        claims_of(issuer_of(server, ticks), server)
    assert caught.value.text == "The issuer's token cannot be read."


def test_no_error_has_the_secret_or_the_code(server: OidcIssuer, ticks: Ticks):
    """Whatever the issuer says."""
    issuer = issuer_of(server, ticks)
    code = code_of(issuer, server)
    server.faults["/token"] = (400, {"error": f"{SECRET} {code}"})
    with pytest.raises(Refused) as caught:
        issuer.claims(code, VERIFIER, BACK)
    assert caught.value.text == f"The issuer {server.url} refused (400)."
