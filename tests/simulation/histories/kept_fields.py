"""Histories of fields that were hidden from crmsync for a while or written in turn, and that failed
once.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import History, Operator, Outage, Person, Setting, Wait, Work

FIELDS: Mapping[str, History] = {
    "a value was removed from a new contact that was linked while the field was hidden": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact", value="1"),
            Wait(1),
            Work("contact", 11, most=5),
            Operator("hide", "phone"),
            Person("edit person", what="phone"),
            Wait(3),
        ),
    ),
    "a value was removed from a new lead that was linked while the field was hidden": History(
        Setting(),
        (
            Person("new person", value="1"),
            Wait(1),
            Work("contact", 10, most=5),
            Operator("hide", "phone"),
            Person("edit person", what="fax", value="1"),
            Person("edit person", Side.SALESFORCE, what="phone"),
            Wait(3),
        ),
    ),
    "a value was filled in and removed while the field was hidden, opposite another one": History(
        Setting(policies=(("fax", "always_hubspot"),)),
        (
            Person("new person", Side.SALESFORCE),
            Wait(60),
            Person("edit person", Side.SALESFORCE, what="fax", value="5"),
            Operator("hide", "fax"),
            Person("edit person", what="fax", value="2"),
            Wait(2),
            Person("edit person", what="fax"),
        ),
    ),
    "two accounts wrote a field in turn, and Salesforce was down for more than an hour": History(
        Setting(policies=(("jobtitle", "always_hubspot"),), portals=2),
        (
            Person("new person", who=1, value="1", portal=1),
            Person("new person", who=1, value="2"),
            Wait(51),
            Wait(191),
            Outage("salesforce", 4921),
            Wait(3918),
        ),
    ),
}
