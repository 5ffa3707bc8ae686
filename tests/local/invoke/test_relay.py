"""The relay forwards connections from an address that containers know to the same port of
loopback.
"""

from __future__ import annotations

import socket
import sys

import pytest

from local.relay import Relay

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere engines reach loopback themselves"
)
OUTSIDE = "127.0.0.2"
PATIENCE = 10


@pytest.mark.allow_hosts(["127.0.0.1", OUTSIDE])
def test_bytes_go_both_ways() -> None:
    """Each side receives what the other one sends, and the end of one connection ends the other."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Relay(OUTSIDE, server.getsockname()[1]),
        socket.create_connection((OUTSIDE, server.getsockname()[1]), PATIENCE) as near,
        server.accept()[0] as far,
    ):
        far.settimeout(PATIENCE)
        near.sendall(b"question")
        heard = far.recv(100)
        far.sendall(b"answer")
        answered = near.recv(100)
        near.shutdown(socket.SHUT_WR)
        assert (heard, answered, far.recv(100)) == (b"question", b"answer", b"")


@pytest.mark.allow_hosts(["127.0.0.1", OUTSIDE])
def test_a_stopped_relay_accepts_no_connection() -> None:
    """After it has stopped, nothing listens on the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with Relay(OUTSIDE, port):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((OUTSIDE, port), PATIENCE)
