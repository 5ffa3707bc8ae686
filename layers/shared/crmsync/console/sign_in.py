"""Who may see the console: links that open it once, and sessions.

Law: the key decides. A link and a session are valid as long as the key that signed them is the one
in use, so a new key ends all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crmsync.console.browser import cookie_name
from crmsync.wire.console_tokens import (
    SESSION_LASTS,
    ConsoleToken,
    Purpose,
    form_proof,
    is_form_proof,
    read_token,
    sign_token,
)
from crmsync.wire.pages import PageRequest


@dataclass(frozen=True, slots=True)
class Session:
    """A person who has signed in.

    Attributes:
        by: The AWS identity that asked for the link, or the account.
        proof: What each form of this session's pages carries.
    """

    by: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Opens links and knows sessions.

    Attributes:
        key: Reads the key that signs; with True it is read again, because one did not fit.
        use_link: Notes that the link with this id and end is used; False if it was before.
        now: The clock (UTC).
    """

    key: Callable[[bool], bytes]
    use_link: Callable[[str, datetime], bool]
    now: Callable[[], datetime]

    def open(self, text: str) -> tuple[ConsoleToken, str] | None:
        """Use a link: its token and the cookie of the new session. None if the link is not valid,
        or was used before. Raises `SyncError`.
        """
        found = self.read(text, Purpose.LINK)
        if found is None:
            return None
        link, key = found
        if not self.use_link(link.id, link.ends):
            return None
        session = ConsoleToken(link.id, link.by, self.now() + SESSION_LASTS)
        return link, sign_token(session, Purpose.SESSION, key)

    def session(self, request: PageRequest) -> Session | None:
        """The session of a request, or None. Raises `SyncError`."""
        text = request.cookies.get(cookie_name(request), "")
        found = self.read(text, Purpose.SESSION) if text else None
        if found is None:
            return None
        token, key = found
        return Session(token.by, form_proof(token, key))

    def has_proof(self, request: PageRequest) -> bool:
        """Whether the form of a request came from a page of its session. Raises `SyncError`."""
        text = request.cookies.get(cookie_name(request), "")
        found = self.read(text, Purpose.SESSION)
        return found is not None and is_form_proof(request.field("proof"), *found)

    def read(self, text: str, purpose: Purpose) -> tuple[ConsoleToken, bytes] | None:
        """A token, and the key that signed it; None for one that is not valid. The key may have
        been changed a moment ago. Raises `SyncError`.
        """
        for again in (False, True):
            key = self.key(again)
            token = read_token(text, purpose, key, self.now())
            if token is not None:
                return token, key
        return None
