"""A relay from a container to a port of loopback.

Law: copies bytes in both directions. It listens on one address of this machine, the one that
containers know, never on all.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

LOOPBACK = "127.0.0.1"
IP_FREEBIND = 15
"""Linux: bind an address that does not exist yet, because an engine creates its bridge with the
first container. Not in the socket module.
"""
CHUNK = 65_536


class Relay:
    """Listens on `host` and forwards every connection to the same port of loopback; a context
    manager.
    """

    def __init__(self, host: str, port: int) -> None:
        """Listen at once. Raises `OSError` for an address that cannot be bound."""
        self._target = (LOOPBACK, port)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        self._listener.bind((host, port))
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread; closing alone would not
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._target) as far:
            back = threading.Thread(target=_copy, args=(far, near), daemon=True)
            back.start()
            _copy(near, far)
            back.join()


def _copy(one: socket.socket, other: socket.socket) -> None:
    """Copy everything from one connection to the other, including its end."""
    with contextlib.suppress(OSError):
        while data := one.recv(CHUNK):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)
