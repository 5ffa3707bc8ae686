"""Histories of values that people removed beside writes that were lost or overtaken, and that failed
once, shrunk, each with what was wrong then.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import (
    Fault,
    History,
    Operator,
    Outage,
    Person,
    Setting,
    Wait,
    Work,
)

DELETIONS: Mapping[str, History] = {
    "the judge asked for an edit that had lost before the value that won was deleted": History(
        Setting(policies=(("mobilephone", "prefer_salesforce"),)),
        (
            Person("new person"),
            Person("edit person", what="mobilephone", value="2"),
            Wait(1),
            Work("contact", most=5),
            Person("edit person", what="mobilephone", value="1"),
            Outage("hubspot.update", 4),
            Wait(3),
            Person("edit person", Side.SALESFORCE, what="mobilephone"),
        ),
    ),
    "the judge asked for a value that was deleted after both sides had shown it": History(
        Setting(policies=(("fax", "prefer_salesforce"),)),
        (
            Person("new person", Side.SALESFORCE),
            Wait(60),
            Person("edit person", Side.SALESFORCE, what="fax", value="2"),
            Wait(1),
            Work("contact", 7),
            Person("edit person", what="fax", value="2"),
            Wait(60),
            Person("edit person", what="phone"),
            Wait(5),
            Person("edit person", Side.SALESFORCE, what="fax"),
            Wait(2),
        ),
    ),
    "a deletion was undone, as an earlier write that had long ended had replaced a blank": History(
        Setting(),
        (
            Person("new person", value="1"),
            Person("new person", Side.SALESFORCE),
            Fault("salesforce.update", "timeout before"),
            Wait(1),
            Work("contact", 1),
            Wait(89),
            Operator("hide", "fax"),
            Wait(600),
            Operator("show", "fax"),
            Wait(60),
            Fault("hubspot.update", "timeout after"),
            Wait(60),
            Person("edit person", value="2"),
            Wait(30),
            Person("edit person", Side.SALESFORCE, what="jobtitle", value="5"),
            Wait(1),
            Work("contact", 1, most=5),
            Wait(60),
            Person("edit person", Side.SALESFORCE, what="jobtitle"),
        ),
    ),
    "what HubSpot showed after two lost writes filled a blank once its field was back": History(
        Setting(policies=(("fax", "prefer_salesforce"),)),
        (
            Person("new person", Side.SALESFORCE),
            Person("new person"),
            Person("edit person", Side.SALESFORCE, what="fax", value="3"),
            Person("edit person", what="fax", value="2"),
            Outage("hubspot.update", 6),
            Wait(2),
            Person("edit person", Side.SALESFORCE, what="fax"),
            Wait(3),
            Operator("hide", "fax"),
            Person("edit person", Side.SALESFORCE, what="fax", value="3"),
            Wait(2),
            Person("edit person", Side.SALESFORCE, what="fax"),
            Wait(1),
        ),
    ),
    "a value came back that a person had entered in place of a lost write, and removed": History(
        Setting(policies=(("fax", "prefer_hubspot"),)),
        (
            Person("new person", Side.SALESFORCE),
            Person("new person"),
            Wait(1),
            Work("contact", 1),
            Outage("hubspot.update", 5),
            Person("edit person", Side.SALESFORCE, what="fax", value="1"),
            Wait(3),
            Person("edit person", what="fax", value="1"),
            Work("contact", most=5),
            Person("edit person", what="fax"),
        ),
    ),
    "the judge asked for an edit to the very value of a lost write": History(
        Setting(policies=(("fax", "prefer_hubspot"),)),
        (
            Person("new person"),
            Wait(3),
            Outage("salesforce.update", 8),
            Person("edit person", what="fax", value="1"),
            Person("edit person", Side.SALESFORCE, what="fax", value="2"),
            Wait(3),
            Person("edit person", what="fax"),
            Wait(3),
            Person("edit person", Side.SALESFORCE, what="fax", value="1"),
        ),
    ),
    "the judge asked for a deletion that was made while the field was hidden": History(
        Setting(policies=(("fax", "prefer_hubspot"),)),
        (
            Person("new person", Side.SALESFORCE),
            Person("new person"),
            Person("edit person", what="fax", value="1"),
            Wait(1),
            Work("contact", 6, most=5),
            Person("edit person", what="fax", value="2"),
            Operator("hide", "fax"),
            Person("edit person", Side.SALESFORCE, what="fax", value="2"),
            Wait(3),
            Person("edit person", what="fax"),
        ),
    ),
}
