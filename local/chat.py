"""A receiver of chat messages on the laptop: ``python -m local.chat`` prints what is posted to it.

Its address goes into the secret that ``[alerts]`` of the settings names. It takes what Slack's and
Teams' webhooks take (docs/vendors.md#chat-webhooks), and refuses what is in neither format.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any, Self

from werkzeug.wrappers import Request, Response

from local.stack.serving import Server

CARD = "application/vnd.microsoft.card.adaptive"


class Chat:
    """A webhook that keeps what is posted to it. A context manager.

    Attributes:
        posted: The bodies that were accepted, in order.
        refuses_with: Status and text of the answer to everything; None to accept.
    """

    def __init__(self, port: int = 0) -> None:
        """Listen on a port; 0 for any that is free. Raises `OSError` if it is taken."""
        self.posted: list[dict[str, Any]] = []
        self.refuses_with: tuple[int, str] | None = None
        self._server = Server(self._answer, port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address of the webhook."""
        return f"{self._server.url}/webhook"

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        status, text = self.refuses_with or self._taken(request)
        return Response(text, status, content_type="text/plain")(environ, start_response)

    def _taken(self, request: Request) -> tuple[int, str]:
        """Slack answers 200, and a workflow of Teams 202."""
        try:
            body = json.loads(request.get_data())
            is_teams = body.get("type") == "message"
            lines_of(body)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return 400, "invalid_payload"
        self.posted.append(body)
        return (202, "") if is_teams else (200, "ok")


def lines_of(body: Mapping[str, Any]) -> list[str]:
    """What a person reads: the title and the lines of a message. Raises `KeyError` and the like for
    what is no message of Slack or Teams.
    """
    if body.get("type") == "message":
        (attachment,) = body["attachments"]
        if attachment["contentType"] != CARD:
            raise KeyError(CARD)
        title, text, facts = attachment["content"]["body"]
        told = [f"{one['title']}: {one['value']}" for one in facts["facts"]]
        links = [f"{one['title']}: {one['url']}" for one in attachment["content"]["actions"]]
        return [title["text"], text["text"], *told, *links]
    header, section = body["blocks"]
    return [header["text"]["text"], *section["text"]["text"].split("\n")]


def main() -> None:
    """Print what is posted until Ctrl-C."""
    with Chat() as chat:
        print(json.dumps({"webhook_url": chat.url}), flush=True)
        told = 0
        wait = threading.Event()
        try:
            while not wait.wait(0.5):
                for body in chat.posted[told:]:
                    print("\n".join(["", *lines_of(body)]), flush=True)
                    told += 1
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
