"""Only HubSpot and Salesforce get credentials: a server without a trusted certificate counts as
down.
"""

from __future__ import annotations

import datetime as dt
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crmsync.errors import Down, Refused
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.session import Login, SalesforceSession
from crmsync.model.records import Ref, Side
from tests.simulated import FixedSecret


@pytest.fixture
def imposter(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """A server on the loopback with its own certificate, and the requests that it could decrypt."""
    received: list[bytes] = []
    with served_with_tls(a_certificate(tmp_path), received) as port:
        yield f"https://localhost:{port}", received


def a_certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "imposter.pem"
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def served_with_tls(certificate: Path, received: list[bytes]) -> Iterator[int]:
    """Serve on a free port of the loopback address until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                with context.wrap_socket(self.request, server_side=True) as secured:
                    received.append(secured.recv(4096))
            except OSError:
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def retry_policy() -> RetryPolicy:
    """A policy that never waits."""
    return RetryPolicy(pause=lambda _seconds: None)


def test_hubspots_token_is_not_sent_to_an_imposter(imposter: tuple[str, list[bytes]]) -> None:
    """The call counts as unanswered, and all work waits for HubSpot."""
    url, received = imposter
    gateway = HubspotGateway(
        HubspotClient(
            FixedSecret({"access_token": "made-up", "api_url": url}), retry_policy=retry_policy()
        )
    )

    with pytest.raises(Down, match="did not answer"):
        gateway.read([Ref(Side.HUBSPOT, "contact", "81")], {"contact": ("email",)})
    assert received == []


def test_salesforces_credentials_are_not_sent_to_an_imposter(
    imposter: tuple[str, list[bytes]],
) -> None:
    """There is no login."""
    url, received = imposter
    secret = FixedSecret({"client_id": "made-up", "client_secret": "made-up", "login_url": url})
    session = SalesforceSession(Login(url, secret, now=lambda: 0.0), retry_policy=retry_policy())

    with pytest.raises(Down):
        session.call("GET", "limits")
    assert received == []


@pytest.mark.parametrize(
    "url", ["http://hubspot.example.com", "ftp://api.hubapi.com", "api.hubapi.com", "http://[::1"]
)
def test_hubspots_token_is_not_sent_unencrypted(url: str) -> None:
    """A URL in the secret must have https or be this machine."""
    gateway = HubspotGateway(
        HubspotClient(
            FixedSecret({"access_token": "made-up", "api_url": url}), retry_policy=retry_policy()
        )
    )

    with pytest.raises(Refused, match="no https address"):
        gateway.read([Ref(Side.HUBSPOT, "contact", "81")], {"contact": ("email",)})
