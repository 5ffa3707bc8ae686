"""Histories of contacts that were deleted for privacy and failed once, shrunk, each with what was
wrong then.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import History, News, Person, Setting, Wait

PRIVACY: Mapping[str, History] = {
    "a late privacy deletion was tried for ever, as the contact of its lead had a tombstone": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Wait(4),
            Person("delete person", what="forget", news=News.LATE),
            Person("convert", Side.SALESFORCE),
            Wait(4),
            Person("delete person"),
        ),
    ),
    "a lead whose contact was deleted for privacy was converted, and made it again": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Wait(200),
            Person("delete person", what="forget"),
            Wait(200),
            Person("convert", Side.SALESFORCE),
        ),
    ),
    "what an unlinked lead became waited for the link of a contact that had another one": History(
        Setting(),
        (
            Person("new person", who=2),
            Wait(3),
            Person("delete person", Side.SALESFORCE),
            Person("new person", Side.SALESFORCE, who=2),
            Wait(3),
            Person("undelete", Side.SALESFORCE),
            Person("convert", Side.SALESFORCE),
            Person("delete person"),
        ),
    ),
    "a replayed undelete made a contact of what a merge had left, when the survivor was forgotten": History(
        Setting(deletes=True),
        (
            Person("new person"),
            Person("new person", who=1),
            Wait(60),
            Person("merge people"),
            Wait(60),
            Person("delete person", Side.SALESFORCE, who=1),
            Wait(60),
            Person("undelete", Side.SALESFORCE),
            Wait(60),
            Person("delete person", what="forget"),
        ),
    ),
}
