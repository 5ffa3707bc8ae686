"""The main property under change limits that hold back nearly every change: once released, both
sides are in step as if nothing had waited.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from crmsync.model.changes import Cause
from crmsync.model.effects import Category
from crmsync.model.records import Ref
from tests.flows.convergence.test_in_step import EXAMPLES, InStep
from tests.memory.world import MemoryWorld


class BrakedInStep(InStep):
    """Per hour one record may be overwritten on each side and one blanked; the operator releases
    some changes, and in the end all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = MemoryWorld(settings={"max_changes_per_hour": 1, "max_blanks_per_hour": 1})

    @rule(data=st.data())
    @precondition(lambda self: self._held())
    def release_some(self, data: st.DataObject) -> None:
        """The operator releases some changes."""
        some = data.draw(st.lists(st.sampled_from(self._held()), min_size=1, unique=True))
        self._deliver([(ref, Cause.RELEASED) for ref in some])

    @rule(hours=st.integers(1, 3))
    def hours_pass(self, hours: int) -> None:
        """The next hour allows one more change, and held changes stay held."""
        self.world.wait(60 * hours)

    def _held(self) -> list[Ref]:
        return [
            one.ref for one in self.world.inbox.parked("acme") if one.category is Category.BRAKE
        ]

    def _in_step(self) -> None:
        """Release everything that is held back, then check as without limits."""
        for _ in range(20):
            if not (held := self._held()):
                break
            self._deliver([(ref, Cause.RELEASED) for ref in held])
        assert self._held() == []
        super()._in_step()


BrakedInStep.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None
)
TestBrakedInStep = pytest.mark.long(BrakedInStep.TestCase)
