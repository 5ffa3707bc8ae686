"""Histories with an undo that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import History, Operator, Person, Setting, Wait

UNDONE: Mapping[str, History] = {
    "a second undo took back an edit that repeated what the first had undone": History(
        Setting(undo=True),
        (
            Person("new person", Side.SALESFORCE, value="2"),
            Wait(3),
            Person("edit person", Side.SALESFORCE, what="jobtitle"),
            Wait(3),
            Operator("undo", value="600"),
            Wait(3),
            Person("edit person", what="jobtitle"),
            Wait(3),
            Operator("undo", value="600"),
        ),
    ),
}
