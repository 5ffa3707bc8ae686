"""A request in, a page out: who asks, whether they may, and what they see.

Law: nobody without a session sees a page, and no action happens without a form of that session.
What is refused is answered with what to do. Each sign-in, action and refusal, and each page of a
record, is told to `tell`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode, urlsplit

from crmsync.console.accounts import BACK, START, AccountSignIn
from crmsync.console.admission import NotAdmitted
from crmsync.console.answers import Done, Download, Elsewhere, HtmlPage, Notice, RouteAnswer
from crmsync.console.browser import (
    attempt_cookie,
    is_from_here,
    security_headers,
    session_cookie,
)
from crmsync.console.rendering import rendered, style
from crmsync.console.reports import Reports
from crmsync.console.routes import ROUTES, Route
from crmsync.console.sign_in import Session, SignIn
from crmsync.errors import SyncError, TryAgain
from crmsync.wire.pages import PageAnswer, PageRequest

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"

MOST_OF_A_PAGE = 1_000
"""Characters of a page's address that a sign-in keeps, in a cookie of at most four kilobytes."""

Tell = Callable[[str, Mapping[str, object]], None]
"""Takes a line for the log: what happened, and the facts."""

_WITH_AN_ACCOUNT = "Sign in with your company's account"
_NOT_SIGNED_IN = "You are not signed in, or your session is over."
_NO_LINKS = "Links do not open this console."
_WAYS_IN: Mapping[tuple[bool, bool], str] = MappingProxyType(
    {
        (False, True): "Run crmsync console in a terminal and open the link that it prints.",
        (True, True): (
            f"{_WITH_AN_ACCOUNT}, or run crmsync console in a terminal and open the link that it "
            "prints."
        ),
        (True, False): f"{_WITH_AN_ACCOUNT}.",
        (False, False): (
            "Nobody can sign in: ConsoleLinks of the stack is no, and ConsoleIssuer is empty."
        ),
    }
)
"""Whether accounts and whether links open the console -> what to do."""

_NO_LINK = Notice(
    "This link does not open the console: a link is valid for five minutes, opens it once, and "
    "ends when the console's key is changed.",
    "Run crmsync console once more and open the new link.",
)
_NOT_OURS = Notice(
    "This request did not come from a page of the console that belongs to your session, so nothing "
    "was done.",
    "Go back to the page, load it again, and press the button there.",
)
_UNKNOWN = Notice("The console has no such page.", "The menu lists all pages.")
_TOO_LONG = Notice(
    "This file is longer than the console can send.",
    "Download the records of one error, or run crmsync errors list --csv in a terminal.",
)
_METHOD = Notice("A page is opened, an action is sent by its button; this was neither.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The whole console.

    Attributes:
        sign_in: Opens links and knows sessions.
        reports: The flows behind the pages.
        tell: Logs who signed in and did what.
        accounts: Signs people in with accounts of the company; None where there are none.
        has_links: Whether links open the console.
    """

    sign_in: SignIn
    reports: Reports
    tell: Tell
    accounts: AccountSignIn | None = None
    has_links: bool = True

    def answer(self, request: PageRequest) -> PageAnswer:
        """Answer one request. Whatever the tables or queues refuse becomes a page that says so."""
        try:
            return self._answer(request)
        except SyncError as error:
            self.tell("console failed", {"path": request.path, "code": error.code})
            is_passing = isinstance(error, TryAgain)
            title, status = ("Not now", 503) if is_passing else ("Not done", 409)
            page = HtmlPage("notice", title, Notice(error.text, _hint(error)), status)
            return self._page(request, page, None)

    def _answer(self, request: PageRequest) -> PageAnswer:
        enter = self._doors().get(request.path) if request.method == "GET" else None
        if enter is not None:
            return enter(request)
        session = self.sign_in.session(request)
        if session is None:
            return self._refuse(request, "no session", self._way_in(_NOT_SIGNED_IN), None)
        if request.method == "POST" and not (
            is_from_here(request) and self.sign_in.has_proof(request)
        ):
            return self._refuse(request, "not our form", _NOT_OURS, session)
        if request.path == SIGN_OUT and request.method == "POST":
            self.tell("console left", {"by": session.by})
            return self._redirect(request, "/", session_cookie(request, ""))
        return self._routed(request, session, ROUTES.get(request.path))

    def _doors(self) -> dict[str, Callable[[PageRequest], PageAnswer]]:
        """What a request without a session may ask for, by its path."""
        if self.accounts is None:
            return {SIGN_IN: self._open}
        return {
            SIGN_IN: self._open,
            START: partial(self._begin, self.accounts),
            BACK: partial(self._end, self.accounts),
        }

    def _way_in(self, text: str) -> Notice:
        return Notice(text, _WAYS_IN[self.accounts is not None, self.has_links])

    def _begin(self, accounts: AccountSignIn, request: PageRequest) -> PageAnswer:
        address, attempt = accounts.start(request, page_of(request.query.get("to", "")))
        return self._redirect(request, address, attempt_cookie(request, attempt))

    def _end(self, accounts: AccountSignIn, request: PageRequest) -> PageAnswer:
        found = accounts.finish(request)
        if isinstance(found, NotAdmitted):
            return self._refuse(request, found.reason, found.notice, None, found.status)
        self.tell("console opened", {"by": found.by, "account": found.subject})
        cookies = session_cookie(request, found.cookie), attempt_cookie(request, "")
        return self._redirect(request, page_of(found.to) or "/", *cookies)

    def _open(self, request: PageRequest) -> PageAnswer:
        if not self.has_links:
            return self._refuse(request, "no links", self._way_in(_NO_LINKS), None)
        opened = self.sign_in.open(request.query.get("link", ""))
        if opened is None:
            return self._refuse(request, "no valid link", _NO_LINK, None)
        link, cookie = opened
        self.tell("console opened", {"by": link.by})
        return self._redirect(request, "/", session_cookie(request, cookie))

    def _routed(self, request: PageRequest, session: Session, route: Route | None) -> PageAnswer:
        if route is None:
            return self._page(request, HtmlPage("notice", "No such page", _UNKNOWN, 404), session)
        if request.method == "GET" and route.show:
            return self._answered(request, route.show(self.reports, request), session)
        if request.method == "POST" and route.ask:
            return self._answered(request, route.ask(self.reports, request), session)
        if request.method == "POST" and route.act:
            return self._redirect(request, self._act(request, session, route.act).to)
        return self._page(request, HtmlPage("notice", "Not this way", _METHOD, 405), session)

    def _act(
        self,
        request: PageRequest,
        session: Session,
        act: Callable[[Reports, PageRequest], Done],
    ) -> Done:
        what = {"action": request.path, "by": session.by}
        try:
            done = act(self.reports.on_behalf_of(session.by), request)
        except SyncError as error:
            self.tell("console action failed", {**what, "code": error.code})
            raise
        self.tell("console action", {**what, **done.facts})
        return done

    def _refuse(
        self,
        request: PageRequest,
        reason: str,
        notice: Notice,
        session: Session | None,
        status: int = HTTPStatus.FORBIDDEN,
    ) -> PageAnswer:
        self.tell("console refused", {"reason": reason, "path": request.path})
        if session is None and self.accounts is not None:
            notice = replace(notice, to=_start_for(request), label=_WITH_AN_ACCOUNT)
        title = "Refused" if status == HTTPStatus.FORBIDDEN else "Not now"
        return self._page(request, HtmlPage("notice", title, notice, status), session)

    def _answered(self, request: PageRequest, answer: RouteAnswer, session: Session) -> PageAnswer:
        if isinstance(answer, Elsewhere):
            return self._redirect(request, answer.to)
        if isinstance(answer, HtmlPage):
            if answer.facts:
                self.tell("console shown", {"by": session.by, "path": request.path, **answer.facts})
            return self._page(request, answer, session)
        return self._download(request, answer, session)

    def _page(self, request: PageRequest, page: HtmlPage, session: Session | None) -> PageAnswer:
        menu = [(path, route.label) for path, route in ROUTES.items() if route.label]
        text = rendered(
            page.template,
            {
                "title": page.title,
                "view": page.view,
                "style": style(),
                "session": session,
                "menu": menu if session else [],
                "path": request.path,
            },
        )
        headers = {**self._headers(request), "content-type": "text/html; charset=utf-8"}
        return PageAnswer(page.status, text, headers)

    def _download(self, request: PageRequest, file: Download, session: Session) -> PageAnswer:
        headers = {
            **self._headers(request),
            "content-type": file.kind,
            "content-disposition": f'attachment; filename="{file.name}"',
        }
        answer = PageAnswer(200, file.text, headers)
        if request.unpacks:
            answer = answer.packed()
        if answer.fits:
            return answer
        self.tell("console failed", {"path": request.path, "code": "TOO_LONG"})
        return self._page(request, HtmlPage("notice", "Too long", _TOO_LONG, 503), session)

    def _redirect(self, request: PageRequest, to: str, *cookies: str) -> PageAnswer:
        return PageAnswer(303, "", {**self._headers(request), "location": to}, cookies)

    def _headers(self, request: PageRequest) -> dict[str, str]:
        return security_headers(style(), is_encrypted=request.is_encrypted)


def page_of(to: str) -> str:
    """The page that a sign-in may lead to: `to` if it is the path of a page that is opened, with a
    query or without; "" for anything else, so that nobody is led out of the console.
    """
    parts = urlsplit(to)
    route = ROUTES.get(parts.path)
    is_page = route is not None and route.show is not None and len(to) <= MOST_OF_A_PAGE
    query = f"?{urlencode(parse_qsl(parts.query))}" if parts.query else ""
    return f"{parts.path}{query}" if is_page and not parts.scheme and not parts.netloc else ""


def _start_for(request: PageRequest) -> str:
    """Where a sign-in begins that leads to the page that was asked for."""
    query = f"?{urlencode(request.query)}" if request.query else ""
    to = page_of(f"{request.path}{query}") if request.method == "GET" else ""
    return f"{START}?{urlencode({'to': to})}" if to not in {"", "/"} else START


def _hint(error: SyncError) -> str:
    return error.hint or "Load the page again in a moment."
