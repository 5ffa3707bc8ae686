"""A webhook of Slack or Teams (docs/vendors.md#chat-webhooks).

Law: whoever knows the address can post there, so no error contains it. A redirect is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.gateways.aws.secrets import Secret, part
from crmsync.gateways.hosts import is_safe, parts_of
from crmsync.model.operations.alerts import Message

TIMEOUT = (3.05, 10.0)
"""Seconds to connect and to wait for a response."""

_WORD = re.compile(r"[a-z_]{3,60}")
"""Slack's answers, such as ``no_service``."""

_HINT = (
    "Make a new webhook, store its address as webhook_url in the secret that [alerts] names, and "
    "wait five minutes."
)


class ChatWebhook:
    """Implements `MessageSender` on a webhook whose address is in a secret."""

    def __init__(self, secret: Secret, body_of: Callable[[Message], dict[str, Any]]) -> None:
        """Post to the `webhook_url` of `secret` what `body_of` makes of a message."""
        self._secret = secret
        self._body_of = body_of

    def send(self, message: Message) -> None:
        """Post a message. Raises `SyncError`."""
        address = part(self._secret.current(), "webhook_url", "alerts'")
        if not is_safe(parts_of(address)):
            raise Refused("The webhook's address does not begin with https.", code="SECRET")
        try:
            answer = requests.post(
                address, json=self._body_of(message), timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as problem:
            code = type(problem).__name__
            raise TryAgain(f"The webhook did not answer ({code}).", code=code) from None
        if not answer.ok or answer.is_redirect:
            raise _error(answer)


def _error(answer: requests.Response) -> SyncError:
    status = answer.status_code
    word = _WORD.fullmatch(answer.text[:61].strip())
    code = word[0] if word else str(status)
    text = f"The webhook answered {status}{f' ({code})' if word else ''}."
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return TryAgain(text, code=code)
    return Refused(text, code=code, hint=_HINT)
