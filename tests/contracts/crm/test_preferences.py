"""HubSpot's communication preferences behind the port."""

from __future__ import annotations

from crmsync.errors import Refused
from crmsync.model.effects import OptOut
from crmsync.ports.crm import Written
from tests.contracts.crm.backend import Backend


def test_an_opt_out_shows_on_the_contact(hubspot: Backend) -> None:
    """The address is unsubscribed from all e-mail, and repeating that succeeds."""
    ada, bob = hubspot.add("ada"), hubspot.add("bob")

    outcomes = hubspot.preferences.opt_out(
        [OptOut(hubspot.address("ada")), OptOut(hubspot.address("ada"))]
    )

    assert [type(one) for one in outcomes] == [Written, Written]
    records = hubspot.crm.read([ada, bob], {"contact": ["hs_email_optout"]})
    assert [records[ref].fields["hs_email_optout"] for ref in (ada, bob)] == ["true", None]


def test_an_opt_out_reaches_every_brand(hubspot_with_brands: Backend) -> None:
    """One more call is made for each brand that is still subscribed."""
    ada = hubspot_with_brands.add("ada")
    (outcome,) = hubspot_with_brands.preferences.opt_out(
        [OptOut(hubspot_with_brands.address("ada"))]
    )
    records = hubspot_with_brands.crm.read([ada], {"contact": ["hs_email_optout"]})
    assert (type(outcome), records[ada].fields["hs_email_optout"]) == (Written, "true")


def test_an_invalid_address_is_refused_alone(hubspot: Backend) -> None:
    """The others are unsubscribed, and the error does not contain the address."""
    ada = hubspot.add("ada")

    bad, good = hubspot.preferences.opt_out(
        [OptOut("nobody at all"), OptOut(hubspot.address("ada"))]
    )

    assert (type(bad), type(good)) == (Refused, Written)
    assert "nobody" not in bad.text
    assert (
        hubspot.crm.read([ada], {"contact": ["hs_email_optout"]})[ada].fields["hs_email_optout"]
        == "true"
    )
