"""Histories that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.histories.kept_companies import COMPANIES
from tests.simulation.histories.kept_deals import DEALS
from tests.simulation.histories.kept_deletions import DELETIONS
from tests.simulation.histories.kept_fields import FIELDS
from tests.simulation.histories.kept_late_writes import LATE_WRITES
from tests.simulation.histories.kept_limits import LIMITS
from tests.simulation.histories.kept_lists import LISTED
from tests.simulation.histories.kept_more_people import MORE_PEOPLE
from tests.simulation.histories.kept_owners import OWNED
from tests.simulation.histories.kept_people import PEOPLE
from tests.simulation.histories.kept_privacy import PRIVACY
from tests.simulation.histories.kept_restored import RESTORED
from tests.simulation.histories.kept_two_accounts import TWO_ACCOUNTS
from tests.simulation.histories.kept_undo import UNDONE
from tests.simulation.histories.steps import History

KEPT: Mapping[str, History] = {
    **PEOPLE,
    **MORE_PEOPLE,
    **OWNED,
    **COMPANIES,
    **DEALS,
    **DELETIONS,
    **FIELDS,
    **LATE_WRITES,
    **LIMITS,
    **LISTED,
    **PRIVACY,
    **RESTORED,
    **TWO_ACCOUNTS,
    **UNDONE,
}
