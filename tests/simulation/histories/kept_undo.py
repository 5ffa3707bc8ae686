"""Histories with an undo that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import Fault, History, Operator, Person, Setting, Wait, Work

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
    "an undo was taken for what a lost write had left, and the value came back": History(
        Setting(undo=True),
        (
            Person("new person"),
            Fault("salesforce.update", "rate limit"),
            Wait(1),
            Wait(2),
            Person("edit person", value="6"),
            Wait(21),
            Operator("undo", value="20000"),
        ),
    ),
    "a new owner whom both sides got at once counted as an edit that an undo must leave": History(
        Setting(undo=True),
        (
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("give person", value="2"),
            Wait(1),
            Work("contact", 7, most=5),
            Person("give person", Side.SALESFORCE, value="2"),
            Work("contact"),
            Operator("undo", value="20000"),
        ),
    ),
    "an owner that an undo put back was taken for what a lost write had left": History(
        Setting(undo=True),
        (
            Person("new person", value="1"),
            Wait(3),
            Wait(60),
            Wait(3),
            Person("give person", value="2"),
            Wait(2),
            Work("contact", 11),
            Person("give person", Side.SALESFORCE, value="2"),
            Wait(60),
            Wait(200),
            Operator("undo", value="20000"),
            Wait(3),
        ),
    ),
    "an undo put into a contact what the lead showed that had been converted into it": History(
        Setting(undo=True),
        (
            Person("new person", value="3"),
            Wait(3),
            Person("edit person", what="jobtitle"),
            Wait(3),
            Person("convert"),
            Wait(3),
            Operator("undo", value="20000"),
        ),
    ),
    "an undo took back an owner whom a person had set back after another account": History(
        Setting(portals=2, undo=True),
        (
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("give person", value="1", portal=1),
            Wait(3),
            Person("give person", value="2"),
            Wait(1),
            Work("contact", most=5),
            Person("give person", Side.SALESFORCE, value="1"),
            Operator("undo", value="20000", portal=1),
        ),
    ),
    "the store stored the link and did not answer, and the pair of the undo was not looked at": History(
        Setting(undo=True),
        (
            Person("new person", Side.SALESFORCE),
            Wait(30),
            Person("edit person", value="5"),
            Wait(30),
            Fault("links.save", "timeout after"),
            Wait(2),
            Operator("undo", value="600"),
        ),
    ),
    "what an undo did not get to overwrite replaced an edit that the operator had dropped": History(
        Setting(limit=1, undo=True),
        (
            Person("new person", Side.SALESFORCE, value="1"),
            Wait(3),
            Person("edit person", what="lastname"),
            Wait(3),
            Person("edit person", what="lastname", value="6"),
            Wait(3),
            Operator("drop"),
            Wait(2),
            Fault("links.save", "timeout after"),
            Operator("undo", value="600"),
        ),
    ),
}
