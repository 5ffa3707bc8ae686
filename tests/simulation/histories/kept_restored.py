"""Histories of records that came out of the recycle bin, were made once more while somebody
deleted them, or were merged when their counterparts had been deleted, and failed once, shrunk, each
with what was wrong then.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import Fault, History, News, Person, Setting, Wait, Work

RESTORED: Mapping[str, History] = {
    "a lead was not told of when it came back and another contact had its address": History(
        Setting(deletes=True),
        (
            Person("new person", who=1),
            Person("new person"),
            Wait(3),
            Person("new address", Side.SALESFORCE, who=1, other=1, value="3"),
            Wait(185),
            Person("delete person", Side.SALESFORCE),
            Person("undelete", Side.SALESFORCE),
        ),
    ),
    "a lead got no contact when it came back while HubSpot was busy": History(
        Setting(deletes=True),
        (
            Person("new person"),
            Wait(60),
            Person("delete person", Side.SALESFORCE),
            Wait(60),
            Fault("hubspot.create", "server error"),
            Person("undelete", Side.SALESFORCE),
            Wait(60),
        ),
    ),
    "an opportunity got no deal when it came back and HubSpot refused the first one": History(
        Setting(deletes=True),
        (
            Person("new person"),
            Person("new deal"),
            Wait(60),
            Person("delete deal", Side.SALESFORCE),
            Wait(60),
            Fault("hubspot.create", "refused rows"),
            Person("undelete", Side.SALESFORCE),
            Wait(60),
        ),
    ),
    "a lead was not told of when its contact came back beside a new lead of the address": History(
        Setting(),
        (
            Person("new person", who=1),
            Wait(24),
            Person("delete person"),
            Wait(219),
            Person("new person", Side.SALESFORCE, who=1),
            Wait(2),
            Person("undelete"),
        ),
    ),
    "a converted lead's contact came back as the second one of an address, until its pair was read": (
        History(
            Setting(),
            (
                Person("new person", who=1),
                Wait(7),
                Person("new address", Side.SALESFORCE, value="3"),
                Person("convert", Side.SALESFORCE),
                Person("delete person", Side.SALESFORCE),
                Wait(894),
                Person("new person", Side.SALESFORCE),
                Person("undelete", Side.SALESFORCE, news=News.LATE),
            ),
        )
    ),
    "a lead was not told of that was made once more while the first one was deleted": History(
        Setting(deletes=True),
        (
            Person("new person", value="1"),
            Wait(1),
            Work("contact", calls=1, most=5),
            Person("edit person", what="phone"),
            Wait(1),
            Work("contact", calls=6, slot=1, most=5),
            Work("contact"),
            Person("delete person", Side.SALESFORCE),
        ),
    ),
    "two merged contacts that had lost their leads were looked at for ever": History(
        Setting(),
        (
            Person("new person"),
            Person("new person", who=1),
            Wait(3),
            Person("delete person", Side.SALESFORCE),
            Wait(3),
            Person("delete person", Side.SALESFORCE),
            Wait(3),
            Person("merge people"),
            Wait(3),
        ),
    ),
    # In the simulation it did not show the opt-out. HubSpot keeps opt-outs by address.
    "a contact came out of the recycle bin whose address had been unsubscribed meanwhile": History(
        Setting(),
        (
            Person("new person", who=2),
            Person("delete person"),
            Person("new person", who=2),
            Wait(2),
            Person("new address", side=Side.SALESFORCE),
            Person("opt out", side=Side.SALESFORCE),
            Wait(3),
            Person("undelete"),
        ),
    ),
}
