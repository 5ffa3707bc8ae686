"""What a vendor's refusal means, and the error that follows from it.

The tables of refusals are in `hubspot/errors.py` and `salesforce/errors.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.errors import Conflict, Down, Drifted, SyncError, TryAgain


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a refusal means.

    Attributes:
        error: The kind of error.
        wait: Seconds until it may work again, if the vendor does not say.
        soon: Whether a second try within the same call is worth it.
        hint: What people can do about it.
    """

    error: type[SyncError]
    wait: float = 30.0
    soon: bool = False
    hint: str = ""

    def error_for(
        self,
        text: str,
        *,
        side: str,
        code: str,
        fieldname: str = "",
        existing: str = "",
        is_about_a_field: bool = False,
        asked: float | None = None,
    ) -> SyncError:
        """The error with this text.

        `existing` is the id of the record in the way of a `Conflict`; `is_about_a_field` makes any
        other refusal a `Drifted`; `asked` is Retry-After in seconds.
        """
        if issubclass(self.error, TryAgain):
            return TryAgain(text, after=asked if asked is not None else self.wait, code=code)
        if issubclass(self.error, Conflict):
            return Conflict(text, existing=existing, code=code, fieldname=fieldname)
        if is_about_a_field:
            return Drifted(text, side=side, code=code, fieldname=fieldname, hint=self.hint)
        return self.error(text, code=code, fieldname=fieldname, hint=self.hint)

    def down(self, error: SyncError, *, side: str, sure: bool) -> Down:
        """The error for a side that is down for everybody, made from the error of one call."""
        after = error.after if isinstance(error, TryAgain) else self.wait
        return Down(error.text, side=side, sure=sure, after=after, code=error.code, hint=self.hint)


def unreachable(vendor: str, side: str, problem: Exception, *, timed_out: bool) -> Down:
    """The error for a call that got no response.

    One that `timed_out` while waiting for it means that the side is surely down, and is not worth a
    second try within the same call.
    """
    code = type(problem).__name__
    return Down(
        f"{vendor} did not answer ({code}).", side=side, sure=timed_out, after=30, code=code
    )
