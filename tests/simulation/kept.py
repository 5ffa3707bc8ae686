"""Histories that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.kept_deals import DEALS
from tests.simulation.kept_fields import FIELDS
from tests.simulation.kept_limits import LIMITS
from tests.simulation.kept_owners import OWNED
from tests.simulation.kept_people import PEOPLE
from tests.simulation.steps import History

KEPT: Mapping[str, History] = {**PEOPLE, **OWNED, **DEALS, **FIELDS, **LIMITS}
