"""Histories that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.steps import History, News, Person, Setting, Wait, Work

KEPT: Mapping[str, History] = {
    "an opted-out contact that lost its address held back its other fields": History(
        Setting(),
        (
            Person("new person"),
            Person("opt out"),
            Wait(3),
            Person("edit person", what="fax", value="1"),
            Person("new address"),
        ),
    ),
    "a lead was opted out while its contact lost its address": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("edit person", what="firstname", value="1"),
            Person("opt out", Side.SALESFORCE),
            Wait(3),
            Person("new address"),
            Person("edit person", what="firstname"),
        ),
    ),
}

OPEN: Mapping[str, History] = {
    "an opportunity waits without end for a contact that is gone": History(
        Setting(creates="contact", portals=2),
        (
            Person("new person", portal=1),
            Person("move deal", Side.SALESFORCE),
            Wait(60),
            Person("delete person", portal=1, news=News.LOST),
            Person("new deal", what="tied"),
        ),
    ),
    "a contact that could take a merged lead is not told": History(
        Setting(creates="contact"),
        (
            Person("new person", Side.SALESFORCE, who=2),
            Person("new person", who=2),
            Person("new company"),
            Work("sweep"),
            Person("new person", Side.SALESFORCE),
            Wait(2),
            Person("merge people", Side.SALESFORCE, who=1),
        ),
    ),
}
"""Histories that still come to a wrong end."""
