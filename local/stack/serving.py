"""HTTP servers on loopback, each in threads of its own.

Law: sockets and WSGI only; the application decides what to answer. Connections stay open between
requests, as at the vendors (werkzeug's own server closes each of them, which costs more than most
answers). To break a connection without an answer, an application raises `ConnectionError`, or first
shuts down ``environ["werkzeug.socket"]``, as with werkzeug's server.
"""

from __future__ import annotations

import contextlib
import io
import re
import socket
import sys
import threading
import traceback
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

HOST = "127.0.0.1"


def wsgi_environ(
    method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes, port: int
) -> dict[str, Any]:
    """Return what a WSGI application gets for a request that came to `port`; `target` is its path
    and query.
    """
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": HOST,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": HOST,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key != "CONTENT_LENGTH":
            key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


MOST_HEADERS = 100
LONGEST_LINE = 65_536
"""What the standard library accepts, too; it answers the request that has more."""

_REQUEST = re.compile(rb"([!-~]+) (/|/[!-.0-~][!-~]*) HTTP/1\.1\r\n")
_HEADER = re.compile(rb"([!-9;-~]+):[ \t]*([^\r\n]*)\r\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listening
    pairs: list[tuple[str, str]]
    """The headers of the request, in their order."""
    first: dict[str, str]
    """The first value of each header, by its name in small letters."""

    def parse_request(self) -> bool:
        """Read the line and the headers of a request; return whether it can be answered.

        The standard library reads headers as those of an e-mail, which takes longer than most
        answers. Whatever is unusual is left to it.
        """
        lines = self._header_lines()
        request = _REQUEST.fullmatch(self.raw_requestline)
        headers = [found for line in lines[:-1] if (found := _HEADER.fullmatch(line))]
        if request and lines[-1] == b"\r\n" and len(headers) == len(lines) - 1:
            self._note([(one[1].decode("latin-1"), one[2].decode("latin-1")) for one in headers])
            if "expect" not in self.first:
                self.command, self.path = request[1].decode(), request[2].decode()
                self.request_version = self.protocol_version
                self.close_connection = self.first.get("connection", "").lower() == "close"
                return True
        behind = self.rfile
        self.rfile = io.BytesIO(b"".join(lines))
        try:
            parsed = super().parse_request()
        finally:
            self.rfile = behind
        if parsed:
            self._note(self.headers.items())
        return parsed

    def _header_lines(self) -> list[bytes]:
        """The lines up to the empty one, or up to what is too much."""
        lines: list[bytes] = []
        while len(lines) <= MOST_HEADERS:
            lines.append(self.rfile.readline(LONGEST_LINE + 1))
            if lines[-1] in {b"\r\n", b"\n", b""} or len(lines[-1]) > LONGEST_LINE:
                break
        return lines

    def _note(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.first = {name.lower(): value for name, value in reversed(pairs)}

    def handle_one_request(self) -> None:
        """Answer one request; a connection that breaks meanwhile just ends."""
        try:
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            if "transfer-encoding" in self.first:
                self._send(
                    "411 Length Required", [], b"A request's body needs a Content-Length here."
                )
                self.close_connection = True
                return
            self._answer()
        except ConnectionError:
            self.close_connection = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.first.get("content-length") or 0))
        begun: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            chunks: Iterable[bytes] = self.server.application(
                self._environ(body),
                lambda status, headers, _error=None: begun.append((status, headers)),
            )
            content = b"".join(chunks)
            if hasattr(chunks, "close"):
                chunks.close()
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - a server reports an error and goes on
            traceback.print_exc(file=sys.stderr)
            begun, content = [("500 Internal Server Error", [])], b"Internal Server Error"
        self._send(*begun[0], content)

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        lines = [
            f"HTTP/1.1 {status}",
            *(f"{name}: {value}" for name, value in headers if name.lower() != "content-length"),
        ]
        length = next(
            (value for name, value in headers if name.lower() == "content-length"),
            str(len(content)),
        )
        if not status.startswith(("204", "304")):
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + content)

    def _environ(self, body: bytes) -> dict[str, Any]:
        return {
            **wsgi_environ(self.command, self.path, self.pairs, body, self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "werkzeug.socket": self.connection,
        }


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, application: Any, port: int) -> None:
        self.application = application
        self._open: set[socket.socket] = set()
        self._over = False
        super().__init__((HOST, port), _Handler)

    def listen(self) -> None:
        """Take requests until `stop`. It waits without polling, so an idle server costs nothing."""
        while not self._over:
            self.handle_request()

    def stop(self) -> None:
        """End `listen`; a connection of our own wakes it."""
        self._over = True
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, self.server_port), timeout=1).close()

    def verify_request(self, _request: Any, _client_address: Any) -> bool:
        """Refuse every request after `stop`."""
        return not self._over

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close the connections that are still open."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Server:
    """One WSGI application on one port of loopback."""

    def __init__(self, application: Any, port: int = 0) -> None:
        """Bind at once (port 0 = any free one) and answer. Raises `OSError` when the port is
        taken.
        """
        self._listening = _Listening(application, port)
        self._thread = threading.Thread(target=self._listening.listen, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://{HOST}:{self._listening.server_port}"

    def close(self) -> None:
        """Stop listening and close all connections."""
        self._listening.stop()
        self._thread.join()
        self._listening.server_close()
        self._listening.hang_up()
