"""Histories with limits on changes that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import History, Person, Setting, Wait, Work

LIMITS: Mapping[str, History] = {
    "an address that a limit held back was unsubscribed again and again": History(
        Setting(limit=2),
        (
            Person("new person", Side.SALESFORCE, value="1"),
            Person("opt out", Side.SALESFORCE),
            Wait(59),
            Person("edit person", Side.SALESFORCE, what="jobtitle"),
            Work("contact", most=5),
            Person("give person", value="3"),
            Wait(2),
            Person("new address", Side.SALESFORCE, other=1, value="1"),
        ),
    ),
}
