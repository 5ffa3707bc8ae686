"""The words of an org's validation rules, which an administrator wrote for everybody: text without
anybody's values.

A rule's message is fixed: no formula makes it ([D] Tooling API, ValidationRule.ErrorMessage, 255
characters at most). Triggers and flows refuse records with the same code, and theirs may hold
whatever their author put together; so a text counts as a rule's where the org has an active rule
with that message. Reading rules takes the right View Setup and Configuration [M]; without it no
text is known. An org with more than one page of rules (2,000) has those of the first page known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import quote

from crmsync.errors import SyncError
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.gateways.vendor_texts import plain_of

AGE = 900.0
"""Seconds for which the rules are believed to stand, and for which nobody asks again who may not
read them.
"""

_RULES = "SELECT ErrorMessage FROM ValidationRule WHERE Active = true"


class RuleTexts:
    """The messages of one org's active validation rules, in the form in which texts are
    compared.
    """

    def __init__(self, session: SalesforceSession, now: Callable[[], float]) -> None:
        """Ask through `session`; `now` gives seconds."""
        self._session = session
        self._now = now
        self._known: frozenset[str] = frozenset()
        self._asked: float | None = None

    def known(self) -> frozenset[str]:
        """The messages; one call in a quarter of an hour. None where they cannot be read, which
        keeps nobody from syncing.
        """
        if self._asked is None or self._now() - self._asked >= AGE:
            self._known = frozenset(self._read())
            self._asked = self._now()
        return self._known

    def _read(self) -> Iterable[str]:
        try:
            answer = self._session.call("GET", f"tooling/query/?q={quote(_RULES, safe='')}")
        except SyncError:
            return ()
        return [plain_of(str(row.get("ErrorMessage") or "")) for row in answer["records"]]
