"""Companies, then their accounts, then opportunities: when the last begin to sync, and what keeps
them from it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.settings import CompanySettings, DealSettings
from crmsync.rules.settings.prerequisites import IMPORT_ACCOUNTS, obstacle
from tests.builders import a_connection, at

ON = a_connection()
NO_DEALS = replace(ON, deals=DealSettings(sync=False))
NO_COMPANIES = replace(ON, companies=CompanySettings(sync=False))


@pytest.mark.rule("OPP-4")
def test_opportunities_sync_since_the_last_of_what_must_come_first() -> None:
    """Since the end of the accounts' import or since deals are on, whichever is later; before that,
    not at all.
    """
    later = replace(ON, deals=DealSettings(since=at(5)))
    assert ON.opportunities_since(at(1)) == at(1)
    assert later.opportunities_since(at(1)) == at(5)
    assert later.opportunities_since(at(9)) == at(9)
    assert [one.opportunities_since(at(1)) for one in (NO_DEALS, NO_COMPANIES)] == [None, None]
    assert ON.opportunities_since(None) is None


@pytest.mark.rule("OPP-2")
def test_what_keeps_opportunities_from_syncing_is_said() -> None:
    """One thing at a time, each with its rule; nothing once all is done."""
    assert obstacle(NO_COMPANIES, None) == (
        "opportunities can sync only where companies do, and those are switched off",
        "OPP-2",
    )
    assert obstacle(NO_DEALS, None) == (
        "deals are switched off, so no deal would be made of an opportunity",
        "OPP-3",
    )
    assert obstacle(ON, None) == (
        f"the accounts must be imported before opportunities: {IMPORT_ACCOUNTS}",
        "OPP-2",
    )
    assert obstacle(ON, at(1)) == ("", "")
