"""Histories of writes that came late, and that failed once."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import (
    Fault,
    History,
    News,
    Outage,
    Person,
    Setting,
    Step,
    Wait,
    Work,
)

_AGREED_WHILE_A_WORKER_STANDS: tuple[Step, ...] = (
    Person("new person", Side.SALESFORCE),
    Wait(60),
    Person("edit person", Side.SALESFORCE, what="fax", value="3"),
    Wait(1),
    Work("contact", 8),
    Person("edit person", Side.SALESFORCE, what="fax"),
    Wait(1),
    Person("edit person", what="fax", value="2"),
    Wait(30),
)
"""A worker stands just before it writes Salesforce's value to HubSpot. The value is removed, and
another one is entered in HubSpot and brought to Salesforce.
"""

LATE_WRITES: Mapping[str, History] = {
    "a late write under fill_blank replaced a value that had crossed": History(
        Setting(policies=(("fax", "fill_blank"),)),
        (*_AGREED_WHILE_A_WORKER_STANDS, Work("contact")),
    ),
    "a late write under fill_blank replaced a value that had crossed and was nowhere then": History(
        Setting(policies=(("fax", "fill_blank"),)),
        (
            *_AGREED_WHILE_A_WORKER_STANDS,
            Person("edit person", Side.SALESFORCE, what="fax", value="3"),
            Work("contact"),
        ),
    ),
    "a late write brought a preferred side what the other one showed for a moment": History(
        Setting(policies=(("fax", "prefer_hubspot"),)),
        (
            *_AGREED_WHILE_A_WORKER_STANDS,
            Person("edit person", Side.SALESFORCE, what="fax", value="3"),
            Work("contact"),
            Person("edit person", Side.SALESFORCE, what="fax", value="4"),
        ),
    ),
    "an edit was written over by a late write, and crossed, as another worker had read it": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Wait(60),
            Person("edit person", Side.SALESFORCE, value="3"),
            Work("contact", 8, most=5),
            Wait(2),
            Person("edit person", value="2"),
            Wait(1),
            Work("contact", 8, slot=1, most=5),
        ),
    ),
    "a person entered what a worker that died had been about to write, after another edit": History(
        Setting(),
        (
            Person("new person"),
            Wait(60),
            Person("edit person", Side.SALESFORCE, value="4"),
            Work("contact"),
            Person("edit person", Side.SALESFORCE, value="2"),
            Wait(1),
            Work("contact", 9),
            Wait(118),
            Person("edit person", Side.SALESFORCE),
            Wait(2),
            Person("edit person", value="2"),
        ),
    ),
    "a value was removed that only a worker had read which died before it saved the link": History(
        Setting(policies=(("fax", "always_hubspot"),)),
        (
            Person("new person"),
            Wait(3),
            Person("edit person", value="4"),
            Wait(1),
            Work("contact", 6),
            Person("edit person", Side.SALESFORCE, value="2"),
            Person("edit person"),
            Wait(3),
        ),
    ),
    "the address of a new lead was removed while the worker that made it was about to link it": (
        History(
            Setting(),
            (
                Person("new person"),
                Wait(1),
                Work("contact", 12, slot=1),
                Person("new address", Side.SALESFORCE),
                Wait(1),
                Work("contact", 5, most=5),
                Work("contact", slot=1),
            ),
        )
    ),
    "a value was set back between a worker's two reads, and entered on the other side": History(
        Setting(),
        (
            Person("new person"),
            Person("edit person", value="2"),
            Wait(3),
            Person("edit person", Side.SALESFORCE, value="4"),
            Wait(1),
            Work("contact", 6, most=5),
            Person("edit person", Side.SALESFORCE, value="2"),
            Person("edit person", value="4"),
        ),
    ),
    "a value was removed just before a slow worker found its record by the address": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Person("new person"),
            Person("edit person", Side.SALESFORCE, value="1"),
            Person("edit person", value="3"),
            Wait(1),
            Work("contact", 7),
            Fault("hubspot.update", "server error"),
            Person("edit person", Side.SALESFORCE),
            Work("contact"),
        ),
    ),
    "a field was edited five times after a write of it was lost": History(
        Setting(policies=(("fax", "prefer_hubspot"),), limit=2),
        (
            Person("new person", Side.SALESFORCE),
            Fault("hubspot.update", "server error"),
            Wait(4),
            Person("edit person", Side.SALESFORCE, value="1"),
            Wait(3),
            Person("edit person", value="3"),
            Wait(1),
            Work("contact", 5, most=5),
            Wait(52),
            Person("edit person", Side.SALESFORCE),
            Wait(1),
            Work("contact", most=5),
            Person("edit person"),
            Wait(2),
            Person("edit person", value="2"),
            Wait(3),
            Person("edit person"),
            Wait(3),
            Person("edit person", value="1"),
        ),
    ),
    "a record was given up, and a taken address reported when it worked again": History(
        Setting(),
        (
            Person("new person", news=News.LOST),
            Person("new person", who=1),
            Wait(3),
            Fault("hubspot.update", "locked rows", times=86),
            Person("edit person", Side.SALESFORCE, value="7"),
            Wait(33897),
            Person("new address", Side.SALESFORCE, value="1"),
        ),
    ),
    "a late write for a deleted contact reached a lead that was linked with another one": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, who=3, value="2"),
            Person("edit person", Side.SALESFORCE, what="lastname"),
            Wait(1),
            Work("contact"),
            Person("edit person", what="phone"),
            Wait(1),
            Work("contact", 10, slot=1),
            Person("delete person"),
            Person("new person", who=3),
            Wait(1),
            Work("contact"),
        ),
    ),
    "a contact was linked with a lead that was made of another one, as its own was merged into that": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Person("new person", who=1),
            Wait(1),
            Work("contact", 14),
            Outage("hubspot", 68),
            Person("new address", who=1, other=2, value="2"),
            Wait(120),
            Person("merge people", Side.SALESFORCE, who=1),
        ),
    ),
}
