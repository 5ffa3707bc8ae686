"""Which deletions of tasks and events cross to HubSpot."""

from __future__ import annotations

import pytest

from crmsync.model.kinds.activities import Kept
from crmsync.rules.kinds.activity.deletions import Binned, kept_in_hubspot

LEAD, ACCOUNT = "00Q000000000001AAA", "001000000000001AAA"
CASE = "500000000000001AAA"


@pytest.mark.rule("ACT-8")
@pytest.mark.parametrize(
    ("binned", "kept"),
    [
        (None, Kept.UNSEEN),
        (Binned(), None),
        (Binned(frozenset({LEAD}), frozenset({LEAD})), None),
        (Binned(frozenset({LEAD}), frozenset({LEAD, ACCOUNT})), None),
        (Binned(frozenset({LEAD, ACCOUNT}), frozenset({ACCOUNT})), Kept.WITH_RECORD),
        (Binned(frozenset({LEAD, CASE}), frozenset({LEAD})), Kept.WITH_RECORD),
    ],
)
def test_the_activity_goes_only_if_all_that_its_task_was_about_is_there(
    binned: Binned | None, kept: Kept | None
) -> None:
    """A task that is in no recycle bin, or that may have gone along with a record, leaves it."""
    assert kept_in_hubspot(binned) is kept
