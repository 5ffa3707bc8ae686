"""Errors named by what the caller shall do; every gateway raises or returns only these.

``text`` is safe to store and to log: gateways take personal data out before they make one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


class SyncError(Exception):
    """Something went wrong with one record or one call. `text` says what, `code` is the vendor's
    own name for it.

    ``fieldname`` is the field that it is about, ``fieldnames`` are all of them where the vendor
    names several.
    """

    fieldnames: tuple[str, ...] = ()

    def __init__(self, text: str, *, code: str = "", fieldname: str = "", hint: str = "") -> None:
        """Keep the sentence and its details."""
        super().__init__(text)
        self.text = text
        self.code = code
        self.fieldname = fieldname
        self.fieldnames = (fieldname,) if fieldname else ()
        self.hint = hint

    def naming(self, fieldnames: Iterable[str]) -> Self:
        """The same error with all fields that the CRM named, by its own names for them."""
        self.fieldnames = tuple(dict.fromkeys(filter(None, fieldnames))) or self.fieldnames
        return self


class TryAgain(SyncError):  # noqa: N818 - named by what to do, not by what it is
    """It may work later: `after` seconds from now."""

    def __init__(self, text: str, *, after: float = 30, code: str = "") -> None:
        """Keep how long to wait."""
        super().__init__(text, code=code)
        self.after = after


class OutOfTime(TryAgain):
    """The invocation ends soon: whatever is not begun goes back into its queue at once, and this
    counts as no try.
    """

    def __init__(self) -> None:
        """Nobody has to wait for anything."""
        super().__init__(
            "The rest of the work goes on in the next invocation.", after=0, code="OUT_OF_TIME"
        )


class Distrusted(TryAgain):
    """What is stored may have been changed by somebody who may not, so nothing is done by it: all
    waits until a person has put it right.
    """

    def __init__(self, text: str, *, code: str, hint: str) -> None:
        """Keep what the person can do; somebody looks again every five minutes."""
        super().__init__(text, after=300, code=code)
        self.hint = hint


class Down(TryAgain):
    """A whole side does not answer, or refuses whatever is asked of it: it is no record's fault.
    Wait until the side is back.

    `side` is its name. Where not `sure`, one record of the call may have brought it about.
    """

    def __init__(
        self,
        text: str,
        *,
        side: str,
        sure: bool = True,
        after: float = 60,
        code: str = "",
        hint: str = "",
    ) -> None:
        """Keep which side, and whether it must be the whole of it."""
        super().__init__(text, after=after, code=code)
        self.side = side
        self.sure = sure
        self.hint = hint


class Refused(SyncError):  # noqa: N818 - named by what to do
    """The CRM will not have it, now or later, until a person mends something: park it."""


class Drifted(Refused):
    """A side does not have, show or take a field that was asked for: find out which are there, and
    do without it.

    `side` is its name; `fieldname` is the field, "" where the reply does not say.
    """

    def __init__(
        self, text: str, *, side: str, code: str = "", fieldname: str = "", hint: str = ""
    ) -> None:
        """Keep which side."""
        super().__init__(text, code=code, fieldname=fieldname, hint=hint)
        self.side = side


class Gone(SyncError):  # noqa: N818 - named by what to do
    """The record no longer exists: follow its merge or bury its link."""


class Conflict(SyncError):  # noqa: N818 - named by what to do
    """Somebody was first. `existing` is the id of the record that holds the place, where the reply
    says it: look again, plan again.
    """

    def __init__(
        self, text: str, *, existing: str = "", code: str = "", fieldname: str = "", hint: str = ""
    ) -> None:
        """Keep who was first, and what people can do where looking again was of no use."""
        super().__init__(text, code=code, fieldname=fieldname, hint=hint)
        self.existing = existing
