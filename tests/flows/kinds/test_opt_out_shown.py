"""An opt-out that HubSpot was asked for counts once HubSpot shows it, and not before (OPT-4,
OPT-6).
"""

from __future__ import annotations

from typing import Any

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category
from crmsync.model.records import Kind, Ref
from tests.memory.world import MemoryWorld

OWN_ACT = "EMAIL/SubscriptionPreferencesPage"
"""The source that a value has which the contact itself has set."""


class Slow(MemoryWorld):
    """A HubSpot that takes opt-outs and shows them on the contact when `turn` is called."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.preferences.updates_contacts = False

    def turn(self) -> None:
        """The contacts show what was asked for."""
        for address in self.preferences.opted_out:
            for record in self.hubspot.find([address], {"contact": ()}):
                self.hubspot.edit(record.ref, {"hs_email_optout": "true"})

    def box(self, lead: Ref) -> Any:
        """Salesforce's box."""
        return self.salesforce.fields(lead)["HasOptedOutOfEmail"]


def ticked(world: MemoryWorld) -> tuple[Ref, Ref]:
    """A pair in step whose box somebody has just ticked, and crmsync has asked HubSpot."""
    contact, lead = world.new_contact(), world.new_lead()
    world.sync(contact)
    world.wait()
    world.salesforce.edit(lead, {"HasOptedOutOfEmail": True})
    world.sync(lead)
    return contact, lead


@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_a_sync_before_hubspot_shows_the_opt_out_takes_nothing_back(side: str):
    """Blank after asking is not the contact's return: the box stays ticked, and HubSpot is asked
    again.
    """
    world = Slow()
    contact, lead = ticked(world)
    world.wait()
    if side == "hubspot":
        world.hubspot.edit(contact, {"phone": "0100"})
        world.sync(contact)
    else:
        world.salesforce.edit(lead, {"Phone": "0100"})
        world.sync(lead)
    assert (world.box(lead), world.preferences.requests) == (True, ["ada@example.com"] * 2)
    world.turn()
    world.drain()
    assert (world.box(lead), world.preferences.requests) == (True, ["ada@example.com"] * 2)


@pytest.mark.rule("OPT-4")
def test_hubspot_is_read_once_more_a_minute_later():
    """If it shows the opt-out by then, that is all: no second asking, and nothing waits any
    more.
    """
    world = Slow()
    contact, _ = ticked(world)
    look = Change("acme", Kind.CONTACT, contact, Cause.EDITED, world.now, tries=1)
    assert world.outbox.delayed == [(look, 60)]
    world.turn()
    world.drain()
    assert (world.preferences.requests, list(world.inbox.parked("acme"))) == (
        ["ada@example.com"],
        [],
    )


@pytest.mark.rule("OPT-6")
def test_a_person_who_came_back_after_the_opt_out_was_seen_is_back():
    """Once HubSpot has shown the opt-out, its going away again is news: the contact's own act
    clears the box.
    """
    world = Slow()
    contact, lead = ticked(world)
    world.turn()
    world.drain()
    world.hubspot.edit(contact, {"hs_email_optout": "false"}, by=OWN_ACT)
    world.sync(contact)
    assert (world.box(lead), world.preferences.requests) == (False, ["ada@example.com"])


@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize(
    "who", ["CRM_UI/userId:4321", "INTEGRATION/77", "IMPORT/9", "AUTOMATION_PLATFORM/3"]
)
def test_only_the_contact_takes_an_opt_out_back(who: str):
    """A user, an app, an import or a workflow that subscribes a person whom Salesforce opted out is
    overruled, each time anew.
    """
    world = Slow()
    contact, lead = ticked(world)
    world.turn()
    world.drain()
    for times in (2, 3):
        world.wait()
        world.hubspot.edit(contact, {"hs_email_optout": "false"}, by=who)
        world.sync(contact)
        assert (world.box(lead), len(world.preferences.requests)) == (True, times)
        world.turn()
        world.drain()
    assert (world.box(lead), len(world.preferences.requests)) == (True, 3)


@pytest.mark.rule("OPT-4")
def test_an_opt_out_that_never_shows_becomes_a_visible_error_and_ends():
    """After three quarters of an hour it is reported; after half a day of syncs nothing checks any
    more; the box stays ticked.
    """
    world = Slow()
    contact, lead = ticked(world)
    world.drain()
    (report,) = world.inbox.parked("acme")
    assert (report.ref, report.category, report.fieldname) == (
        contact,
        Category.UNAVAILABLE,
        "hs_email_optout",
    )
    assert (world.box(lead), len(world.preferences.requests), world.outbox.delayed) == (
        True,
        41,
        [],
    )
    world.turn()
    world.sync(contact)
    assert (world.box(lead), list(world.inbox.parked("acme"))) == (True, [])


@pytest.mark.rule("OPT-5")
def test_a_box_unticked_while_hubspot_is_on_its_way_is_ticked_again():
    """The second thoughts of Salesforce's user come too late: HubSpot was asked, and what it then
    shows counts.
    """
    world = Slow()
    _, lead = ticked(world)
    world.wait()
    world.salesforce.edit(lead, {"HasOptedOutOfEmail": False})
    world.sync(lead)
    world.turn()
    world.drain()
    assert world.box(lead) is True
