"""The public addresses of the functions that have a Function URL.

Law: an address exists before a function answers there, because the function may have to know its
own address. Until then it answers 404.
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from local.stack.serving import Server


class Listener:
    """The address of one function, which is named by its folder.

    Attributes:
        name: The name of the function's folder.
        url: The address, without a slash at the end.
    """

    def __init__(self, name: str, port: int = 0) -> None:
        """Answer 404 at once. Raises `OSError` when the port is taken."""
        self.name = name
        self._application: Any = None
        self._server = Server(self._answer, port)
        self.url = self._server.url

    def open(self, application: Any) -> None:
        """Let `application` answer from now on."""
        self._application = application

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        missing = Response(f"template.yaml gives no function {self.name} a Function URL.\n", 404)
        return (self._application or missing)(environ, start_response)
