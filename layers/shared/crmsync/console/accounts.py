"""Sign-in with an account of the company: the way to its issuer and back (decision 64).

Law: a sign-in ends in the browser in which it was begun, once, within ten minutes. All that must
not be guessed is made of its id with the console's key, so nothing of it is stored; the browser
keeps the id, signed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from crmsync.console.admission import AllowedAccounts, NotAdmitted, fault_of, name_of, refusal_of
from crmsync.console.answers import Notice
from crmsync.console.browser import attempt_cookie_name
from crmsync.console.sign_in import SignIn
from crmsync.errors import SyncError, TryAgain
from crmsync.wire.console_tokens import (
    ATTEMPT_LASTS,
    SESSION_LASTS,
    ConsoleToken,
    Purpose,
    is_made_of,
    made_of,
    sign_token,
)
from crmsync.wire.oidc import IssuerDocument, OidcClient, authorization_url
from crmsync.wire.pages import PageRequest

START = "/sign-in/account"
BACK = "/sign-in/back"
"""Where the issuer sends people back to: the redirect URI, after the console's address."""

_WORD = re.compile(r"[a-z_]{3,60}")
_NOT_BEGUN = NotAdmitted(
    "no sign-in begun",
    Notice(
        "This sign-in was not begun in this browser, or more than ten minutes ago, or another one "
        "was begun since.",
        "Begin again.",
    ),
)
_USED = NotAdmitted("used before", Notice("This sign-in is over already.", "Begin again."))
_OTHER_ISSUER = NotAdmitted(
    "another issuer", Notice("The answer does not come from the issuer.", "Begin again.")
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody gets in.

    Attributes:
        by: Who it is.
        subject: The issuer's own id of the account.
        cookie: The cookie of the new session.
        to: The page that was asked for, from its path on; "" for the first one.
    """

    by: str
    subject: str
    cookie: str
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSignIn:
    """Signs people in with their accounts.

    Attributes:
        sign_in: Reads and signs tokens, and notes what is used.
        client: The console as the issuer knows it.
        document: How the issuer describes itself.
        claims: What the issuer says of who came back with a code, a verifier and a redirect URI.
        allowed: Who may sign in.
        new_id: Makes an id that nobody can guess.
    """

    sign_in: SignIn
    client: OidcClient
    document: Callable[[], IssuerDocument]
    claims: Callable[[str, str, str], Mapping[str, Any]]
    allowed: AllowedAccounts
    new_id: Callable[[], str]

    def start(self, request: PageRequest, to: str = "") -> tuple[str, str]:
        """Begin a sign-in that leads to a page of the console: the issuer's address, and a cookie.
        Raises `SyncError`.
        """
        key = self.sign_in.key(False)
        attempt = ConsoleToken(self.new_id(), "", self.sign_in.now() + ATTEMPT_LASTS, to)
        address = authorization_url(
            self.document(),
            self.client,
            redirect_uri=_back(request),
            state=made_of(attempt, Purpose.STATE, key),
            nonce=made_of(attempt, Purpose.NONCE, key),
            verifier=made_of(attempt, Purpose.VERIFIER, key),
        )
        return address, sign_token(attempt, Purpose.ATTEMPT, key)

    def finish(self, request: PageRequest) -> Admitted | NotAdmitted:
        """End a sign-in: who comes back from the issuer, or why they do not get in.

        Raises `SyncError` if the console's own key or table does not answer.
        """
        text = request.cookies.get(attempt_cookie_name(request), "")
        found = self.sign_in.read(text, Purpose.ATTEMPT) if text else None
        if found is None:
            return _NOT_BEGUN
        attempt, key = found
        if not is_made_of(request.query.get("state", ""), attempt, Purpose.STATE, key):
            return _NOT_BEGUN
        if not self.sign_in.use_link(attempt.id, attempt.ends):
            return _USED
        try:
            return self._known(request, attempt, key)
        except SyncError as error:
            return _refused(error)

    def _known(
        self, request: PageRequest, attempt: ConsoleToken, key: bytes
    ) -> Admitted | NotAdmitted:
        """Who comes back. Raises `SyncError`."""
        answered, names_itself = request.query, self.document().names_itself
        if answered.get("iss", "" if names_itself else self.client.issuer) != self.client.issuer:
            return _OTHER_ISSUER
        if "code" not in answered:
            return _turned_away(answered.get("error", ""))
        verifier = made_of(attempt, Purpose.VERIFIER, key)
        claims = self.claims(answered["code"], verifier, _back(request))
        now = self.sign_in.now()
        nonce = made_of(attempt, Purpose.NONCE, key)
        refusal = fault_of(claims, client=self.client.id, nonce=nonce, now=now)
        refusal = refusal or refusal_of(claims, self.allowed)
        if refusal is not None:
            return refusal
        by = name_of(claims)
        session = ConsoleToken(attempt.id, by, now + SESSION_LASTS)
        cookie = sign_token(session, Purpose.SESSION, key)
        return Admitted(by, str(claims["sub"]), cookie, attempt.to)


def _back(request: PageRequest) -> str:
    """The redirect URI. The console's address is that of the stack, never one of a header that
    the caller may choose (`read_page_request`), and the issuer takes no other than it knows.
    """
    return f"{request.origin}{BACK}"


def _turned_away(error: str) -> NotAdmitted:
    word = error if _WORD.fullmatch(error) else "no reason given"
    text = f"The issuer did not sign you in ({word})."
    return NotAdmitted(f"issuer: {word}", Notice(text, "Begin again, or ask who runs the issuer."))


def _refused(error: SyncError) -> NotAdmitted:
    is_passing = isinstance(error, TryAgain)
    hint = error.hint or ("Begin again in a moment." if is_passing else "Begin again.")
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_passing else HTTPStatus.FORBIDDEN
    return NotAdmitted(f"issuer: {error.code}", Notice(error.text, hint), status)
