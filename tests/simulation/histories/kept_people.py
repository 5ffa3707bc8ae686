"""Histories of people that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import (
    Crash,
    Fault,
    History,
    News,
    Person,
    Setting,
    Wait,
    Work,
)

PEOPLE: Mapping[str, History] = {
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
    "an edit of a contact was undone by an edit of another field of its new lead": History(
        Setting(),
        (
            Person("new person"),
            Fault("salesforce.read", "server error"),
            Wait(4),
            Person("edit person", what="lastname", value="3"),
            Person("edit person", Side.SALESFORCE, value="2"),
        ),
    ),
    "an edit of a new contact was undone by an edit of another field of its lead": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, value="1"),
            Fault("hubspot.create", "row unknown"),
            Wait(4),
            Person("edit person", what="lastname"),
            Person("edit person", Side.SALESFORCE, value="3"),
        ),
    ),
    "a contact that was made of one lead was linked with another of the same address": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, value="1"),
            Fault("links.save", "timeout before"),
            Person("new person", Side.SALESFORCE),
            Wait(3),
        ),
    ),
    "a value was removed from a lead while a contact was made of it": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("edit person", value="1"),
            Person("new person", Side.SALESFORCE, who=1, value="1"),
            Wait(1),
            Work("contact", 7),
            Person("edit person", Side.SALESFORCE, who=1, what="phone"),
        ),
    ),
    "a value was removed again while it filled a blank on the side that is preferred": History(
        Setting(policies=(("mobilephone", "prefer_hubspot"),)),
        (
            Person("new person"),
            Wait(1),
            Work("contact", most=5),
            Person("edit person", Side.SALESFORCE, what="mobilephone", value="1"),
            Wait(1),
            Work("contact", 6),
            Person("edit person", Side.SALESFORCE, what="mobilephone"),
        ),
    ),
    "a late worker put the link of a deleted company in place of a newer one": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Person("convert", Side.SALESFORCE),
            Wait(3),
            Person("edit company", value="3"),
            Wait(1),
            Work("account", 6, slot=1, most=5),
            Person("new company"),
            Person("delete company"),
            Wait(1),
            Work("account"),
        ),
    ),
    "a slower worker made a lead once more, over what a person had changed in it": History(
        Setting(),
        (
            Person("new person", value="1"),
            Person("edit person", what="fax", value="1"),
            Wait(1),
            Work("contact", 8, most=1),
            Work("contact", slot=1, most=1),
            Person("edit person", Side.SALESFORCE, what="fax", value="2"),
            Work("contact"),
        ),
    ),
    "a slower worker made a contact once more, over what a person had changed in it": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Lead", value="1"),
            Person("edit person", Side.SALESFORCE, what="fax", value="1"),
            Wait(1),
            Work("contact", 8, most=1),
            Work("contact", slot=1, most=1),
            Person("edit person", what="fax", value="2"),
            Work("contact"),
        ),
    ),
    "a value was removed from a new lead before the link was saved, and came back": History(
        Setting(),
        (
            Person("new person", value="1"),
            Person("edit person", what="fax", value="1"),
            Wait(1),
            Work("contact", 11),
            Person("edit person", Side.SALESFORCE, what="fax"),
            Person("edit person", what="jobtitle", value="2"),
            Crash("contact"),
        ),
    ),
    "a value was removed from the account of a new company before the link was saved": History(
        Setting(),
        (
            Person("new company", Side.SALESFORCE, value="1"),
            Person("edit company", Side.SALESFORCE, what="phone", value="1"),
            Wait(1),
            Work("account", 11),
            Person("edit company", Side.SALESFORCE, what="phone"),
            Person("edit company", what="city", value="2"),
            Crash("account"),
        ),
    ),
    "a contact was deleted before the link was saved, and the link stayed": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Lead", value="1"),
            Wait(1),
            Work("contact", 10),
            Person("delete person"),
            Wait(2),
            Work("contact", slot=1),
            Work("contact"),
        ),
    ),
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
    "a workflow and a flow had one field written in turn without end": History(
        Setting(automations=((Side.HUBSPOT, "phone", "8"), (Side.SALESFORCE, "phone", "9"))),
        (
            Person("new person", value="1"),
            Wait(200),
            Person("edit person", what="phone", value="2"),
        ),
    ),
    "a lead was deleted before the link was saved, and was made once more": History(
        Setting(),
        (
            Person("new person", value="1"),
            Wait(1),
            Work("contact", 11),
            Person("delete person", Side.SALESFORCE),
            Wait(2),
            Work("contact", slot=1),
            Crash("contact"),
        ),
    ),
    "a company whose only contact lost its lead was not read again": History(
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
    "a company and an account did not follow each other after a write was lost on both sides": History(
        Setting(),
        (
            Person("new person"),
            Wait(1),
            Work("contact"),
            Person("convert"),
            Wait(2),
            Work("contact", most=5),
            Fault("associations.associate", "server error"),
            Person("edit person", what="fax", value="1"),
            Wait(2),
        ),
    ),
    "a contact was deleted for privacy together with its lead, and the lead made it again": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("delete person", Side.SALESFORCE),
            Person("delete person", what="forget"),
            Wait(60),
            Person("undelete", Side.SALESFORCE),
        ),
    ),
    "an old undelete of a lead made a contact again that was deleted later": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Person("delete person", Side.SALESFORCE),
            Wait(1),
            Person("undelete", Side.SALESFORCE),
            Wait(2),
            Person("delete person"),
        ),
    ),
    "a report of duplicates stayed as a worker died before it wrote the address": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("new address", Side.SALESFORCE),
            Wait(1),
            Work("contact", 11),
            Crash("contact"),
            Person("new person", Side.SALESFORCE),
        ),
    ),
    "a report about a contact without a link stayed after a merge that nothing reported": History(
        Setting(),
        (
            Person("new person"),
            Person("new address"),
            Wait(3),
            Person("new person"),
            Person("merge people", news=News.LOST),
        ),
    ),
    "a lead was linked with another contact than the one that it was made for": History(
        Setting(),
        (
            Person("new person", who=2),
            Fault("salesforce.create", "timeout after"),
            Wait(3),
            Person("new address", value="1"),
            Person("new person", who=2),
        ),
    ),
    "one of the five writes of a field that was stopped brought what it showed already": History(
        Setting(policies=(("fax", "prefer_hubspot"),)),
        (
            Person("new person", Side.SALESFORCE),
            Wait(60),
            Person("edit person", Side.SALESFORCE, value="4"),
            Work("contact", most=5),
            Person("edit person", value="1"),
            Wait(3),
            Person("edit person", Side.SALESFORCE),
            Wait(1),
            Work("contact", 6, slot=1, most=5),
            Person("edit person", Side.SALESFORCE, value="1"),
            Work("contact", slot=1),
            Person("edit person", Side.SALESFORCE, value="2"),
            Wait(1),
            Person("edit person"),
            Wait(2),
            Person("edit person"),
            Wait(3),
            Person("edit person", Side.SALESFORCE, value="3"),
        ),
    ),
    "a contact came back although another one had its further address": History(
        Setting(),
        (
            Person("new person"),
            Person("new person", who=1),
            Person("merge people", who=1),
            Person("delete person"),
            Person("new person"),
            Person("undelete"),
        ),
    ),
    "a slow worker made a contact of a lead that has lost its address, and it met another lead": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, value="3"),
            Wait(1),
            Person("edit person", Side.SALESFORCE, value="3"),
            Work("contact", 6),
            Wait(3),
            Person("new address"),
            Wait(3),
            Person("delete person"),
            Person("new person"),
            Wait(3),
            Person("delete person"),
        ),
    ),
    "a contact came out of the recycle bin without its company, and waited for its account": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Wait(3),
            Person("new company"),
            Person("delete person"),
            Person("undelete"),
        ),
    ),
    "an edit was set back while a slow worker was about to carry it across": History(
        Setting(),
        (
            Person("new person"),
            Person("edit person", what="jobtitle", value="1"),
            Wait(3),
            Person("edit person", Side.SALESFORCE, what="jobtitle", value="2"),
            Wait(1),
            Work("contact", 7),
            Person("edit person", Side.SALESFORCE, what="jobtitle", value="1"),
            Wait(57),
        ),
    ),
    "a contact waited for the account of a merged company whose account had been deleted": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Person("new company", Side.SALESFORCE),
            Person("new company"),
            Wait(3),
            Person("join company"),
            Person("merge companies"),
            Person("delete company", Side.SALESFORCE),
        ),
    ),
    "an edit was set back in the seconds in which a worker carried it across and a sweep came": (
        History(
            Setting(),
            (
                Person("new person"),
                Person("edit person", what="jobtitle", value="1"),
                Wait(896),
                Person("edit person", what="jobtitle", value="2"),
                Wait(1),
                Work("contact", 7),
                Person("edit person", what="jobtitle", value="1", news=News.LOST),
                Wait(2),
                Work("contact", slot=1),
                Work("contact"),
            ),
        )
    ),
    "a lead was made of a deleted contact, and the new contact of its address was deleted, too": (
        History(
            Setting(),
            (
                Person("new person"),
                Wait(1),
                Work("contact", 7, most=5),
                Person("delete person"),
                Person("new person"),
                Wait(3),
                Person("delete person"),
            ),
        )
    ),
}
