"""Histories with an inclusion list that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import Fault, History, Operator, Person, Setting, Wait, Work

LISTED: Mapping[str, History] = {
    "a second lead with a member's address was ignored as if its contact were outside": History(
        Setting(outside="ignore"),
        (
            Person("new person", who=1),
            Person("join list"),
            Wait(1),
            Work("contact", most=5),
            Person("new person", Side.SALESFORCE, who=1),
        ),
    ),
    "a contact left the list, got a second lead, and joined the list again without a report": History(
        Setting(outside="ignore"),
        (
            Person("new person", who=2),
            Person("join list"),
            Wait(3),
            Person("new person", Side.SALESFORCE, who=2),
            Person("leave list"),
            Wait(58),
            Person("join list"),
        ),
    ),
    "a contact left the list whose second lead was reported": History(
        Setting(outside="ignore"),
        (
            Person("new person", who=2),
            Person("join list"),
            Wait(3),
            Person("new person", Side.SALESFORCE, who=2),
            Wait(58),
            Person("leave list"),
        ),
    ),
    "a contact joined the list and kept the sums that it had outside": History(
        Setting(outside="freeze"),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Wait(13),
            Person("new deal", what="tied"),
            Wait(49),
            Person("join list"),
        ),
    ),
    "a contact outside the list got a role": History(
        Setting(outside="freeze"),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Wait(60),
            Person("new deal", what="tied"),
            Wait(60),
        ),
    ),
    "a contact outside the list was associated with a deal": History(
        Setting(outside="ignore"),
        (
            Person("new person"),
            Person("join list"),
            Wait(60),
            Person("convert", Side.SALESFORCE),
            Wait(60),
            Person("leave list"),
            Wait(60),
            Person("new deal", Side.SALESFORCE, what="tied"),
            Wait(60),
            Person("join list"),
        ),
    ),
    "a contact outside the list got the address of a lead that stayed without a report": History(
        Setting(outside="ignore"),
        (
            Person("new person", who=1),
            Person("join list"),
            Wait(30),
            Person("new person", Side.SALESFORCE, who=3),
            Wait(60),
            Person("leave list"),
            Wait(30),
            Person("new address", other=3, value="1"),
            Wait(60),
        ),
    ),
    "an opt-out was left by a merge, and did not reach the survivor when it joined the list": History(
        Setting(outside="freeze"),
        (
            Person("new person", Side.SALESFORCE),
            Fault("links.save", "throttled"),
            Person("opt out", Side.SALESFORCE),
            Person("new person", Side.SALESFORCE, who=1),
            Wait(60),
            Person("merge people", who=1),
            Wait(1),
            Person("join list"),
        ),
    ),
    "a contact without an address left the list, and was reported to wait for one": History(
        Setting(outside="freeze"),
        (
            Person("new person"),
            Wait(451),
            Person("new address"),
            Person("join list"),
            Wait(451),
            Person("leave list"),
        ),
    ),
    "a second lead stayed reported when the contact outside the list lost its address": History(
        Setting(outside="freeze"),
        (
            Person("new person", Side.SALESFORCE),
            Person("new person", Side.SALESFORCE),
            Wait(185),
            Person("new address"),
        ),
    ),
    "a second lead stayed reported when the contact outside the list got its old address": History(
        Setting(outside="freeze"),
        (
            Person("new person", Side.SALESFORCE),
            Wait(185),
            Person("new address", other=1, value="1"),
            Wait(30),
            Person("new person", Side.SALESFORCE, who=1),
            Wait(300),
            Person("new address", value="1"),
        ),
    ),
    "a contact that joined the list stayed reported when a lead outside got another address": (
        History(
            Setting(outside="freeze"),
            (
                Person("new person", Side.SALESFORCE),
                Wait(185),
                Person("new address", other=1, value="1"),
                Wait(30),
                Person("new person"),
                Person("join list", who=1),
                Wait(1200),
                Person("new address", Side.SALESFORCE, other=2, value="1"),
            ),
        )
    ),
    "a contact whose lead was deleted joined the list, and its company still had no account": History(
        Setting(creates="contact", outside="freeze"),
        (
            Person("new person"),
            Person("merge companies", Side.SALESFORCE),
            Person("new person", Side.SALESFORCE),
            Wait(2),
            Person("new company"),
            Person("delete person", Side.SALESFORCE),
            Wait(1097),
            Person("join list"),
        ),
    ),
    "a contact without a primary company joined the list, and its other one had no account": History(
        Setting(creates="contact", outside="freeze"),
        (
            Person("new person"),
            Person("new company"),
            Person("new company", other=1),
            Person("join company", other=1),
            Person("leave company"),
            Wait(1000),
            Person("join list"),
        ),
    ),
    "a message about a release came once more, of a contact that had left the list": History(
        Setting(limit=1, outside="ignore"),
        (
            Person("new person"),
            Person("join list"),
            Person("edit person"),
            Wait(59),
            Person("give person", value="2"),
            Wait(2),
            Person("give person", Side.SALESFORCE),
            Wait(3),
            Person("give person", value="2"),
            Wait(3),
            Operator("release"),
            Work("contact"),
            Person("give person", Side.SALESFORCE),
            Wait(3),
            Person("leave list"),
        ),
    ),
    "a lead that was ignored was not reported when a new one was linked first": History(
        Setting(outside="ignore"),
        (
            Person("new person", Side.SALESFORCE),
            Wait(61),
            Person("new person", Side.SALESFORCE),
            Person("new person"),
            Person("opt out"),
            Person("join list"),
        ),
    ),
    "a lead that was ignored was not reported when a new one was read before the list": History(
        Setting(outside="ignore"),
        (
            Person("new person", Side.SALESFORCE),
            Person("new person"),
            Wait(1000),
            Person("join list"),
            Person("new person", Side.SALESFORCE),
        ),
    ),
    "a lead that was ignored was not reported when its contact was merged into a linked one": (
        History(
            Setting(outside="ignore"),
            (
                Person("new person", Side.SALESFORCE, who=1, value="1"),
                Wait(61),
                Person("new person"),
                Person("join list"),
                Person("new person", who=1, value="1"),
                Wait(1500),
                Person("merge people", other=1),
            ),
        )
    ),
    "a contact that makes none was linked with one outside the list once it was read again": (
        History(
            Setting(outside="freeze", makes="leads_only"),
            (
                Person("new person"),
                Person("convert", Side.SALESFORCE),
                Person("new person", Side.SALESFORCE, who=1, what="Contact"),
                Wait(1),
                Person("new address"),
                Wait(60),
                Person("new address", other=1, value="2"),
            ),
        )
    ),
    "what a merged contact outside the list has left had itself looked at without end": History(
        Setting(outside="freeze"),
        (
            Person("new person", Side.SALESFORCE, who=1),
            Person("new person"),
            Person("new person", Side.SALESFORCE),
            Wait(3),
            Person("merge people"),
        ),
    ),
}
