"""The messages of an org's validation rules, which contain no values of records.

A rule's message is a fixed text, not a formula ([D] Tooling API, ValidationRule.ErrorMessage, at
most 255 characters). Triggers and flows refuse records with the same code, and their texts may
contain anything; so a text counts as a rule's message only if an active rule of the org has it.
Reading rules needs the permission View Setup and Configuration [M]; without it no message is known.
Only the first page of rules (2,000) is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import quote

from crmsync.errors import SyncError
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.gateways.vendor_texts import plain_of

AGE = 900.0
"""Seconds for which the rules are kept, and after which they are read again if they could not
be.
"""

_RULES = "SELECT ErrorMessage FROM ValidationRule WHERE Active = true"


class RuleTexts:
    """The messages of one org's active validation rules, as `plain_of` normalises them."""

    def __init__(self, session: SalesforceSession, now: Callable[[], float]) -> None:
        """Call through `session`; `now` gives seconds on a clock that does not go back."""
        self._session = session
        self._now = now
        self._known: frozenset[str] = frozenset()
        self._asked: float | None = None

    def known(self) -> frozenset[str]:
        """The messages; at most one call in a quarter of an hour. Empty if they cannot be read,
        which does not fail the sync.
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
