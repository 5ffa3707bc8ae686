"""Histories with deals and opportunities that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import (
    Fault,
    History,
    News,
    Operator,
    Person,
    Setting,
    Wait,
    Work,
)

DEALS: Mapping[str, History] = {
    "a slower worker made an opportunity once more, over what a person had changed in it": History(
        Setting(),
        (
            Person("new deal", value="1"),
            Person("edit deal", what="description", value="1"),
            Wait(1),
            Work("opportunity", 10, most=1),
            Work("opportunity", slot=1, most=1),
            Person("edit deal", Side.SALESFORCE, what="description", value="2"),
            Work("opportunity"),
        ),
    ),
    "an opportunity was queued without end for a contact that was gone": History(
        Setting(creates="contact", portals=2),
        (
            Person("new person", portal=1),
            Person("move deal", Side.SALESFORCE),
            Wait(60),
            Person("delete person", portal=1, news=News.LOST),
            Person("new deal", what="tied"),
        ),
    ),
    "an opportunity was not read while polls were a quarter of an hour apart": History(
        Setting(),
        (
            Person("new deal", Side.SALESFORCE, news=News.LOST),
            Operator("pause"),
            Wait(480),
        ),
    ),
    "a deal's link tied a contact that was deleted": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Person("new deal", Side.SALESFORCE, what="tied"),
            Wait(60),
            Person("delete person"),
        ),
    ),
    "a contact's sums stayed after its Salesforce contact and its deal were deleted": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Person("new deal"),
            Wait(3),
            Person("tie"),
            Wait(3),
            Person("delete person", Side.SALESFORCE),
            Person("delete deal"),
        ),
    ),
    "a deal came while the link of its contact moved with a conversion, and got no role": History(
        Setting(),
        (
            Person("new person"),
            Wait(3),
            Person("convert"),
            Wait(1),
            Work("contact", 13, most=5),
            Person("new deal", what="tied"),
            Wait(1),
            Work("opportunity"),
        ),
    ),
    "the survivor of a merge kept the sums of a contact whose link had ended": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Person("new deal", Side.SALESFORCE, what="tied"),
            Wait(5),
            Person("delete deal"),
            Person("new person", Side.SALESFORCE, who=1, what="Contact"),
            Wait(5),
            Person("merge people", who=1),
        ),
    ),
    "a sum was refused, and the contact's own sync ended the report": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Wait(5),
            Person("new deal", Side.SALESFORCE, what="tied"),
            Wait(900),
            Fault("hubspot.update", "refused rows"),
            Person("edit deal", what="amount", value="1"),
            Wait(30),
        ),
    ),
    "a deal was refused, and its contact was not added up by the sync that wrote the deal": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Wait(5),
            Person("new deal", Side.SALESFORCE, what="tied"),
            Wait(900),
            Fault("hubspot.update", "refused rows"),
            Person("edit deal", Side.SALESFORCE, what="amount", value="1"),
            Wait(30),
        ),
    ),
    "a contact was tied to a deal without a webhook, after the sweep had passed the deal": History(
        Setting(creates="contact"),
        (
            Person("new deal"),
            Person("new person"),
            Wait(2000),
            Person("tie", news=News.LOST),
        ),
    ),
    "Salesforce stored an amount and did not answer, and nobody added it up": History(
        Setting(creates="contact"),
        (
            Person("new person"),
            Fault("salesforce.update", "timeout after"),
            Person("new deal", what="tied"),
            Wait(62),
            Person("edit deal", value="3"),
            Wait(1),
            Work("opportunity", most=5),
        ),
    ),
    "a contact was paired with another Salesforce contact before its deal had forgotten it": History(
        Setting(creates="contact"),
        (
            Person("new person"),
            Person("new person", who=2),
            Wait(3),
            Person("new person", Side.SALESFORCE, who=2, what="Contact"),
            Person("new deal", who=1, what="tied"),
            Wait(3),
            Person("delete person", Side.SALESFORCE, who=1),
        ),
    ),
    "a deal was tied to a contact that had just been made, before its link was saved": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Wait(1),
            Work("contact", 3),
            Work("contact", 8),
            Person("new deal"),
            Person("tie"),
            Wait(1),
            Work("opportunity"),
        ),
    ),
    "a contact was restored whose sums could not be written while it was deleted": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Person("new person", Side.SALESFORCE, who=1, what="Contact"),
            Wait(3),
            Person("new deal", who=1, what="tied"),
            Wait(3),
            Person("merge people", Side.SALESFORCE),
            Person("delete person", who=1),
            Wait(2),
            Work("contact", most=5),
            Wait(6),
            Person("undelete"),
        ),
    ),
    # Salesforce failed when the contact's deletion was read, so its pair still stood when its deal
    # was read without the role. The deal was not read again once the contact was paired with a lead.
    "a contact whose role was deleted with its Salesforce contact was paired with a lead": History(
        Setting(creates="contact"),
        (
            Person("new person"),
            Fault("salesforce.survivors", "server error"),
            Person("new address", other=3, value="2"),
            Person("new deal", what="tied"),
            Wait(28),
            Person("delete person", Side.SALESFORCE),
            Wait(1),
            Wait(2),
            Person("new person", Side.SALESFORCE, who=3),
        ),
    ),
    # The key of the role had the HubSpot contact alone, which got another counterpart.
    "a contact was merged, and its counterpart took the role back from the one that it was merged into": (
        History(
            Setting(),
            (
                Person("new person", Side.SALESFORCE, who=2, what="Contact"),
                Person("new person", Side.SALESFORCE, who=2, what="Contact"),
                Wait(59),
                Person("new deal", what="tied"),
                Person("new person", Side.SALESFORCE, what="Contact"),
                Person("new person", Side.SALESFORCE),
                Wait(2),
                Person("merge people", Side.SALESFORCE, who=3),
            ),
        )
    ),
    # The contact's other deal was tied, and the new role was counted with it. It was removed before it
    # was read for itself, and what reported that named only its id: nobody knew whose it had been.
    "a role was counted for another deal, and removed before it was read for itself": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, who=1),
            Person("new deal"),
            Person("new person", Side.SALESFORCE, what="Contact"),
            Wait(12),
            Person("new deal", who=1, what="tied"),
            Person("new deal"),
            Wait(47),
            Person("new deal", Side.SALESFORCE, what="tied", news=News.LATE),
            Person("tie"),
            Wait(1),
            Person("untie", Side.SALESFORCE, who=3),
        ),
    ),
}
