"""The error that follows from a CRM's refusal and its entry in the table of codes.

The table is in `crmsync.rules.refusals.table`.
"""

from __future__ import annotations

from crmsync.errors import Conflict, Down, Drifted, SyncError, TryAgain
from crmsync.rules.refusals.refusal import Extent, Refusal


def error_for(
    refusal: Refusal,
    text: str,
    *,
    side: str,
    code: str,
    fieldname: str = "",
    existing: str = "",
    asked: float | None = None,
) -> SyncError:
    """The error of one record, with this text.

    `existing` is the id of the record in the way of a `Conflict`; `asked` is Retry-After in
    seconds.
    """
    if issubclass(refusal.error, TryAgain):
        return TryAgain(text, after=asked if asked is not None else refusal.wait, code=code)
    if issubclass(refusal.error, Conflict):
        return Conflict(text, existing=existing, code=code, fieldname=fieldname)
    if issubclass(refusal.error, Drifted):
        return Drifted(text, side=side, code=code, fieldname=fieldname, hint=refusal.hint)
    return refusal.error(text, code=code, fieldname=fieldname, hint=refusal.hint)


def error_of_call(refusal: Refusal, error: SyncError, *, side: str) -> SyncError:
    """The error of a whole refused call, made from that of one record: a `Down` if every call would
    fail, or if it may be the whole side that fails.
    """
    is_side = refusal.extent is Extent.SIDE
    is_temporary = isinstance(error, TryAgain) and refusal.extent is Extent.CALL
    if not (is_side or is_temporary):
        return error
    after = error.after if isinstance(error, TryAgain) else refusal.wait
    return Down(
        error.text, side=side, sure=is_side, after=after, code=error.code, hint=refusal.hint
    )


def unreachable(vendor: str, side: str, problem: Exception, *, timed_out: bool) -> Down:
    """The error for a call that got no response.

    One that `timed_out` while waiting for it means that the side is surely down, and is not worth a
    second try within the same call.
    """
    code = type(problem).__name__
    return Down(
        f"{vendor} did not answer ({code}).", side=side, sure=timed_out, after=30, code=code
    )
