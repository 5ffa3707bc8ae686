"""Histories with limits on changes that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import Fault, History, Operator, Person, Setting, Wait, Work

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
    "a company that a limit held back, and the operator dropped, was asked for": History(
        Setting(limit=1),
        (
            Person("new person", Side.SALESFORCE),
            Person("new person", Side.SALESFORCE, who=1),
            Wait(60),
            Person("edit person", Side.SALESFORCE, what="lastname", value="5"),
            Person("edit person", Side.SALESFORCE, who=1, what="lastname", value="5"),
            Wait(60),
            Person("convert", Side.SALESFORCE, who=1),
            Wait(5),
            Operator("drop"),
        ),
    ),
    "an edit that the operator dropped was asked for after its lead was converted": History(
        Setting(limit=1),
        (
            Person("new person", value="1"),
            Person("new person", who=1, value="1"),
            Wait(60),
            Person("edit person", what="lastname", value="2"),
            Person("edit person", who=1, what="lastname", value="2"),
            Wait(5),
            Operator("drop"),
            Wait(5),
            Person("convert", Side.SALESFORCE, who=1),
        ),
    ),
    "that an owner was put back was asked for after the operator had dropped it": History(
        Setting(limit=1),
        (
            Person("new person", value="1"),
            Person("new person", who=1, value="1"),
            Wait(60),
            Person("give person", value="3"),
            Person("give person", who=1, value="3"),
            Wait(5),
            Operator("drop"),
        ),
    ),
    "an owner who was to be put back was asked for: it waited after the operator had decided, and "
    "was dropped": History(
        Setting(limit=1),
        (
            Person("new person", value="2"),
            Wait(3),
            Person("edit person", Side.SALESFORCE, what="lastname"),
            Fault("salesforce.find", "server error", times=2),
            Wait(1),
            Work("contact"),
            Person("new address", Side.SALESFORCE),
            Wait(3),
            Operator("drop"),
            Person("give person", value="1"),
            Wait(54),
            Person("give person", value="3"),
        ),
    ),
    "an edit that the operator dropped was asked for after its contact was merged": History(
        Setting(limit=1),
        (
            Person("new person", value="2"),
            Wait(1),
            Work("contact"),
            Person("new address", Side.SALESFORCE),
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("edit person", Side.SALESFORCE, what="lastname"),
            Wait(3),
            Operator("drop"),
            Person("merge people"),
        ),
    ),
    "an owner was changed and set back after the operator had dropped a change of it": History(
        Setting(creates="contact", limit=2),
        (
            Person("new person"),
            Wait(1),
            Work("contact", most=5),
            Person("new address", Side.SALESFORCE),
            Wait(4),
            Person("give person", value="3"),
            Wait(1),
            Work("contact"),
            Person("give person", value="2"),
            Person("give person", Side.SALESFORCE),
            Wait(3),
            Operator("drop"),
            Wait(2),
            Person("give person"),
            Person("give person", value="2"),
        ),
    ),
    "a record was given up whose sides stay different, as a change of it was dropped": History(
        Setting(limit=1),
        (
            Person("new person", value="1"),
            Wait(60),
            Person("edit person", Side.SALESFORCE, what="phone", value="6"),
            Work("contact"),
            Person("edit person", Side.SALESFORCE, what="phone"),
            Wait(120),
            Operator("drop"),
            Wait(62),
            Fault("salesforce.update", "locked rows", times=70),
            Person("edit person", value="7"),
            Wait(44951),
        ),
    ),
}
