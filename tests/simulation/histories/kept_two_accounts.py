"""Histories of two HubSpot accounts on one org that failed once, shrunk, each with what was wrong
then.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import (
    Fault,
    History,
    Person,
    Setting,
    Wait,
    Work,
)

TWO_ACCOUNTS: Mapping[str, History] = {
    "a lead made a contact again that was deleted for privacy in the other account": History(
        Setting(portals=2),
        (
            Person("new person", value="1"),
            Wait(200),
            Person("delete person", what="forget", portal=1),
            Wait(60),
            Person("edit person", Side.SALESFORCE, what="phone", value="2"),
        ),
    ),
    "two accounts whose HubSpot wins wrote one field in turn without end": History(
        Setting(policies=(("phone", "prefer_hubspot"),), portals=2),
        (
            Person("new person", value="1"),
            Wait(200),
            Person("edit person", what="phone", value="2"),
        ),
    ),
    "a lead of two accounts was made for the one and first linked with the other": History(
        Setting(portals=2),
        (
            Person("new person", value="3", portal=1),
            Wait(1),
            Work("contact", 10, slot=1, most=5),
            Person("edit person", Side.SALESFORCE, what="jobtitle"),
            Wait(1),
            Work("contact"),
        ),
    ),
    "a contact lost its address while a slow worker made its counterpart of older values": History(
        Setting(portals=2),
        (
            Wait(20),
            Person("new person", Side.SALESFORCE),
            Wait(2),
            Work("contact", 18, most=5),
            Person("new address", Side.SALESFORCE),
            Wait(40),
        ),
    ),
    "a contact whose lead was deleted was linked with an older lead, which had the last word": History(
        Setting(portals=2),
        (
            Person("new person", value="1"),
            Wait(1),
            Work("contact", most=5),
            Person("new address", Side.SALESFORCE, other=3, value="1"),
            Wait(1),
            Work("contact", 1),
            Person("new person", Side.SALESFORCE, who=3),
            Wait(7),
            Person("delete person", Side.SALESFORCE, who=1),
        ),
    ),
    "a fifth change back left nothing to write, and one more look stored the link again": History(
        Setting(policies=(("fax", "always_hubspot"),), portals=2),
        (
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("edit person", value="1"),
            Wait(1),
            Work("contact", 1),
            Person("edit person", value="6", portal=1),
            Wait(2),
            Person("edit person", Side.SALESFORCE, value="4"),
            Wait(57),
            Person("edit person", Side.SALESFORCE),
            Wait(57),
            Person("edit person", value="2"),
            Person("edit person", value="2", portal=1),
        ),
    ),
    "two accounts wrote one value, which the first had tried in vain, and an older one won": (
        History(
            Setting(portals=2),
            (
                Person("new person", Side.SALESFORCE),
                Wait(3),
                Fault("salesforce.update", "rate limit", times=5),
                Person("edit person", what="jobtitle", value="3", portal=1),
                Wait(3),
                Person("edit person", what="jobtitle", value="2", portal=1),
                Person("edit person", what="jobtitle", value="3"),
                Wait(1),
                Work("contact", most=5),
            ),
        )
    ),
    "a lead in the recycle bin made a contact again that was deleted for privacy": History(
        Setting(portals=2),
        (
            Person("new person"),
            Wait(60),
            Person("edit person"),
            Person("give person", Side.SALESFORCE),
            Wait(1),
            Person("delete person", what="forget", portal=1),
            Person("move deal", Side.SALESFORCE),
            Person("delete person", Side.SALESFORCE),
            Person("move deal"),
            Person("delete deal"),
            Work("contact", most=5),
            Person("undelete", Side.SALESFORCE),
        ),
    ),
    # The contact that a person's lead became got the address of another lead, which the first account
    # had made, by the merge in the second account. The judge took both for crmsync's.
    "a merge in one account gave a contact the address of a lead that the other account had made": (
        History(
            Setting(portals=2),
            (
                Person("new person", Side.SALESFORCE),
                Wait(3),
                Person("new address", Side.SALESFORCE),
                Wait(29),
                Person("new person"),
                Person("convert", Side.SALESFORCE),
                Wait(29),
                Person("merge people", portal=1),
            ),
        )
    ),
}
