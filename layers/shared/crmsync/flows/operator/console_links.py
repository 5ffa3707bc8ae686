"""The link that opens the console, for whoever may read the console's secret; where links open
nothing, the address where people sign in with their accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import Refused
from crmsync.wire.console_tokens import LINK_LASTS, ConsoleToken, Purpose, sign_token

SHORTEST_KEY = 32
"""Characters of the console's key."""

ACCOUNT = "/sign-in/account"
"""Where a sign-in with an account begins."""


@dataclass(frozen=True, slots=True)
class ConsoleLink:
    """A link that opens the console once, or where to sign in.

    Attributes:
        url: The link, or the address.
        ends: Until when the link does (UTC); None for the address.
    """

    url: str
    ends: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLinks:
    """Makes links.

    Attributes:
        secret: Reads the console's secret: `url`, where people find the console, `key`, and
            `links`, which is "no" where they open nothing.
        caller: The identity that the link is made for.
        new_id: Makes an id that nobody can guess.
        now: The clock (UTC).
    """

    secret: Callable[[], Mapping[str, str]]
    caller: Callable[[], str]
    new_id: Callable[[], str]
    now: Callable[[], datetime]

    def link(self) -> ConsoleLink:
        """A new link. Raises `Refused` for a secret that cannot be used, and `TryAgain`."""
        secret = self.secret()
        key, url = console_key(secret), secret.get("url", "")
        if not url.startswith(("https://", "http://")):
            raise _unusable("url")
        if secret.get("links") == "no":
            return ConsoleLink(f"{url.rstrip('/')}{ACCOUNT}", None)
        ends = self.now() + LINK_LASTS
        token = sign_token(ConsoleToken(self.new_id(), self.caller(), ends), Purpose.LINK, key)
        return ConsoleLink(f"{url.rstrip('/')}/sign-in?link={token}", ends)


def console_key(secret: Mapping[str, str]) -> bytes:
    """The key in the console's secret. Raises `Refused`."""
    key = secret.get("key", "")
    if len(key) < SHORTEST_KEY:
        raise _unusable("key")
    return key.encode()


def _unusable(name: str) -> Refused:
    return Refused(
        f"The console's secret has no usable {name}.",
        code="SECRET",
        hint="docs/console.md says what it holds, under 'The key'.",
    )
