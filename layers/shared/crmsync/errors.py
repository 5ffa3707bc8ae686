"""Errors named by what the caller must do; gateways raise and return no others.

Law: ``text`` is safe to store and to log. Gateways remove personal data before they make an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


class SyncError(Exception):
    """Something went wrong with one record or one call.

    Attributes:
        text: What went wrong, a sentence.
        code: The vendor's own name for it; "" when there is none.
        fieldname: The field that it is about; "" when there is none.
        fieldnames: All fields that it is about, when the vendor names several.
        hint: What a person can do; "" when nothing is known.
    """

    fieldnames: tuple[str, ...] = ()

    def __init__(self, text: str, *, code: str = "", fieldname: str = "", hint: str = "") -> None:
        """Store the sentence and its details."""
        super().__init__(text)
        self.text = text
        self.code = code
        self.fieldname = fieldname
        self.fieldnames = (fieldname,) if fieldname else ()
        self.hint = hint

    def naming(self, fieldnames: Iterable[str]) -> Self:
        """The same error about all the fields that the CRM names, by its own names for them."""
        self.fieldnames = tuple(dict.fromkeys(filter(None, fieldnames))) or self.fieldnames
        return self


class TryAgain(SyncError):  # noqa: N818 - named by what to do, not by what it is
    """It may work later.

    Attributes:
        after: The seconds to wait.
    """

    def __init__(self, text: str, *, after: float = 30, code: str = "", hint: str = "") -> None:
        """Store how long to wait."""
        super().__init__(text, code=code, hint=hint)
        self.after = after


class OutOfTime(TryAgain):
    """The invocation ends soon. Work that has not begun goes back to its queue at once, and this
    does not count as a try.
    """

    def __init__(self) -> None:
        """Without a wait."""
        super().__init__(
            "The rest of the work goes on in the next invocation.", after=0, code="OUT_OF_TIME"
        )


class Distrusted(TryAgain):
    """Stored data may have been changed by somebody without the right to do so.

    Nothing is done with it; all work waits until a person has corrected it.
    """

    def __init__(self, text: str, *, code: str, hint: str) -> None:
        """Store what the person can do. The wait is five minutes."""
        super().__init__(text, after=300, code=code)
        self.hint = hint


class Down(TryAgain):
    """A whole side does not answer, or refuses every request: no record is at fault. Wait until it
    is back.

    Attributes:
        side: The name of the side.
        sure: Whether it must be the whole side; otherwise one record of the call may be the cause.
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
        """Store which side, and whether it must be the whole side."""
        super().__init__(text, after=after, code=code)
        self.side = side
        self.sure = sure
        self.hint = hint


class Refused(SyncError):  # noqa: N818 - named by what to do
    """The CRM refuses it, now and later, until a person fixes something: park it."""


class Drifted(Refused):
    """A side does not have, show or accept a requested field: find out which fields it has, and do
    without this one.

    Attributes:
        side: The name of the side. `fieldname` is "" when the reply does not name the field.
    """

    def __init__(
        self, text: str, *, side: str, code: str = "", fieldname: str = "", hint: str = ""
    ) -> None:
        """Store which side."""
        super().__init__(text, code=code, fieldname=fieldname, hint=hint)
        self.side = side


class Gone(SyncError):  # noqa: N818 - named by what to do
    """The record no longer exists: follow its merge, or turn its link into a tombstone."""


class Conflict(SyncError):  # noqa: N818 - named by what to do
    """Somebody was faster: read again and plan again.

    Attributes:
        existing: The id of the record that is in the way; "" when the reply does not name it.
    """

    def __init__(
        self, text: str, *, existing: str = "", code: str = "", fieldname: str = "", hint: str = ""
    ) -> None:
        """Store what is in the way, and what people can do if another try does not help."""
        super().__init__(text, code=code, fieldname=fieldname, hint=hint)
        self.existing = existing
