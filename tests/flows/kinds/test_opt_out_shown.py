"""A requested opt-out counts only once HubSpot shows it (OPT-4, OPT-6)."""

from __future__ import annotations

from typing import Any

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.effects import Category
from crmsync.model.records import Kind, Ref
from tests.memory.world import MemoryWorld

OWN_ACT = "EMAIL/SubscriptionPreferencesPage"
"""The source that a value has which the contact itself has set."""


class SlowHubspot(MemoryWorld):
    """A HubSpot that accepts opt-outs and shows them on the contact only when `show_opt_outs` is called."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.preferences.updates_contacts = False

    def show_opt_outs(self) -> None:
        """The contacts show the requested opt-outs."""
        for address in self.preferences.opted_out:
            for record in self.hubspot.find([address], {"contact": ()}):
                self.hubspot.edit(record.ref, {"hs_email_optout": "true"})

    def opted_out_in_salesforce(self, lead: Ref) -> Any:
        """Whether the lead's Email Opt Out is set."""
        return self.salesforce.fields(lead)["HasOptedOutOfEmail"]


def requested(world: MemoryWorld) -> tuple[Ref, Ref]:
    """A synced pair whose Email Opt Out was just set, and whose opt-out crmsync has requested in
    HubSpot.
    """
    contact, lead = world.new_contact(), world.new_lead()
    world.sync(contact)
    world.wait()
    world.salesforce.edit(lead, {"HasOptedOutOfEmail": True})
    world.sync(lead)
    return contact, lead


@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_a_sync_before_hubspot_shows_the_opt_out_revokes_nothing(side: str):
    """A blank after the request is no resubscription: Email Opt Out stays set, and HubSpot is asked
    again.
    """
    world = SlowHubspot()
    contact, lead = requested(world)
    world.wait()
    if side == "hubspot":
        world.hubspot.edit(contact, {"phone": "0100"})
        world.sync(contact)
    else:
        world.salesforce.edit(lead, {"Phone": "0100"})
        world.sync(lead)
    assert (world.opted_out_in_salesforce(lead), world.preferences.requests) == (
        True,
        ["ada@example.com"] * 2,
    )
    world.show_opt_outs()
    world.drain()
    assert (world.opted_out_in_salesforce(lead), world.preferences.requests) == (
        True,
        ["ada@example.com"] * 2,
    )


@pytest.mark.rule("OPT-4")
def test_hubspot_is_read_once_more_a_minute_later():
    """If it shows the opt-out by then, there is no second request and nothing waits."""
    world = SlowHubspot()
    contact, _ = requested(world)
    look = Change("acme", Kind.CONTACT, contact, Cause.EDITED, world.now, tries=1)
    assert world.outbox.delayed == [(look, 60)]
    world.show_opt_outs()
    world.drain()
    assert (world.preferences.requests, list(world.inbox.parked("acme"))) == (
        ["ada@example.com"],
        [],
    )


@pytest.mark.rule("OPT-6")
def test_a_contact_can_resubscribe_after_its_opt_out_was_seen():
    """Once HubSpot has shown the opt-out, its end is the contact's own act and clears Email Opt
    Out.
    """
    world = SlowHubspot()
    contact, lead = requested(world)
    world.show_opt_outs()
    world.drain()
    world.hubspot.edit(contact, {"hs_email_optout": "false"}, by=OWN_ACT)
    world.sync(contact)
    assert (world.opted_out_in_salesforce(lead), world.preferences.requests) == (
        False,
        ["ada@example.com"],
    )


@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize(
    "who", ["CRM_UI/userId:4321", "INTEGRATION/77", "IMPORT/9", "AUTOMATION_PLATFORM/3"]
)
def test_only_the_contact_itself_can_resubscribe(who: str):
    """A user, an app, an import or a workflow that subscribes the contact is overruled every
    time.
    """
    world = SlowHubspot()
    contact, lead = requested(world)
    world.show_opt_outs()
    world.drain()
    for times in (2, 3):
        world.wait()
        world.hubspot.edit(contact, {"hs_email_optout": "false"}, by=who)
        world.sync(contact)
        assert (world.opted_out_in_salesforce(lead), len(world.preferences.requests)) == (
            True,
            times,
        )
        world.show_opt_outs()
        world.drain()
    assert (world.opted_out_in_salesforce(lead), len(world.preferences.requests)) == (True, 3)


@pytest.mark.rule("OPT-4")
def test_an_opt_out_that_never_shows_is_reported():
    """It is reported after three quarters of an hour, the checks end after half a day, and Email
    Opt Out stays set.
    """
    world = SlowHubspot()
    contact, lead = requested(world)
    world.drain()
    (report,) = world.inbox.parked("acme")
    assert (report.ref, report.category, report.fieldname) == (
        contact,
        Category.UNAVAILABLE,
        "hs_email_optout",
    )
    assert (
        world.opted_out_in_salesforce(lead),
        len(world.preferences.requests),
        world.outbox.delayed,
    ) == (
        True,
        41,
        [],
    )
    world.show_opt_outs()
    world.sync(contact)
    assert (world.opted_out_in_salesforce(lead), list(world.inbox.parked("acme"))) == (True, [])


@pytest.mark.rule("OPT-5")
def test_an_opt_out_cleared_before_hubspot_shows_it_is_set_again():
    """HubSpot was asked already, and what it then shows counts."""
    world = SlowHubspot()
    _, lead = requested(world)
    world.wait()
    world.salesforce.edit(lead, {"HasOptedOutOfEmail": False})
    world.sync(lead)
    world.show_opt_outs()
    world.drain()
    assert world.opted_out_in_salesforce(lead) is True
