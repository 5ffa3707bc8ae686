"""What calls to vendors are taken from where nothing limits them; `CallLeases` limits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmsync.model.calls import DailyCalls


class Unlimited:
    """Calls that are not leased: those of the operator's command."""

    def spend(self, *, search: bool = False) -> None:
        """Take a call."""

    def hear(
        self,
        *,
        day: DailyCalls | None = None,
        per_window: int = 0,
        succeeded: bool = False,
        refused: bool = False,
    ) -> None:
        """Take note of a response."""


UNLIMITED = Unlimited()
