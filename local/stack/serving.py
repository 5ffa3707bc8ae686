"""HTTP servers on loopback, each in threads of its own.

Law: sockets and nothing else; what is answered is the WSGI application's business. Connections stay open between
requests, as at the vendors. An application that wants a connection to break without an answer raises `ConnectionError`.
"""

from __future__ import annotations

import threading
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

HOST = "127.0.0.1"


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer's body waits 40 ms behind its headers

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """End the connection: the next request needs a new one."""
        del error, environ
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing: these servers answer thousands of requests a second."""


class Server:
    """One WSGI application on one port of loopback."""

    def __init__(self, application: Any, port: int = 0) -> None:
        """Bind at once (port 0 = any free one) and answer. Raises `OSError` when the port is taken."""
        self._server: BaseWSGIServer = make_server(HOST, port, application, threaded=True, request_handler=_Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{HOST}:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening; connections that are still open end with the process."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
