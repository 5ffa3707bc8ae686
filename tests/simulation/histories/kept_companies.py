"""Histories of companies and of who belongs to them, that failed once, shrunk, each with what was
wrong then.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import History, News, Person, Setting, Wait

COMPANIES: Mapping[str, History] = {
    "the primary company of a contact with two was deleted": History(
        Setting(creates="contact"),
        (
            Person("new person"),
            Person("new company"),
            Person("new company"),
            Wait(1232),
            Person("delete company"),
        ),
    ),
    "a contact left its company just when the account and its own counterpart were deleted": History(
        Setting(creates="contact"),
        (
            Person("new person", what="Contact", value="1"),
            Person("new company", who=1, other=1),
            Person("new company", who=1, other=2),
            Wait(1300),
            Person("delete company", Side.SALESFORCE, who=2, news=News.LOST),
            Person("leave company"),
        ),
    ),
    "a contact joined an account without a company, which another account was merged into": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Person("new person", Side.SALESFORCE, who=1, what="Contact"),
            Wait(3),
            Person("new company"),
            Wait(7),
            Person("join company", Side.SALESFORCE, who=1),
            Person("delete company"),
            Person("leave company", Side.SALESFORCE),
            Person("new company"),
            Wait(50),
            Person("merge companies", Side.SALESFORCE, news=News.LOST),
        ),
    ),
}
