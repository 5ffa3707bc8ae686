"""Opt-outs: they belong to the address, appear late on the contact, exist per brand, and can be
undone only by some people.
"""

from __future__ import annotations

import pytest

from simulators.hubspot.errors import ApiError
from tests.simulators.hubspot.running import Running, running


def test_an_opt_out_belongs_to_the_address(hubspot: Running) -> None:
    """It marks the contact, outlives it, and applies to the next contact with the address
    (PLT-4).
    """
    contact = hubspot.create(email="out@example.com")
    hubspot.simulator.person({"do": "unsubscribe", "email": "OUT@example.com"})
    marked = hubspot.values(contact, "hs_email_optout")
    hubspot.call("DELETE", f"/crm/v3/objects/contacts/{contact}")
    person = hubspot.create(email="out@example.com")
    follow_moves = hubspot.values(person, "hs_email_optout")
    hubspot.simulator.person({"do": "resubscribe", "email": "out@example.com"})
    assert (marked, follow_moves) == ({"hs_email_optout": "true"},) * 2
    assert hubspot.values(person, "hs_email_optout") == {"hs_email_optout": "false"}


def test_a_contact_comes_out_of_the_recycle_bin_with_the_opt_out_of_its_address(
    hubspot: Running,
) -> None:
    """Somebody has unsubscribed the address while the contact was there."""
    contact = hubspot.create(email="out@example.com")
    hubspot.call("DELETE", f"/crm/v3/objects/contacts/{contact}")
    hubspot.simulator.person({"do": "unsubscribe", "email": "out@example.com"})
    hubspot.simulator.person({"do": "restore", "ids": [contact]})

    assert hubspot.values(contact, "hs_email_optout") == {"hs_email_optout": "true"}


def test_an_opt_out_appears_on_the_contact_some_time_later() -> None:
    """The status changes at once; the property and its event follow after the account's delay."""
    with running({"opt_out_delay_seconds": 30}) as hubspot:
        contact = hubspot.create(email="late@example.com")
        hubspot.subscribe(("contact.propertyChange", "hs_email_optout"))
        base = "/communication-preferences/v4/statuses/late@example.com"
        hubspot.call("POST", f"{base}/unsubscribe-all?channel=EMAIL", person=False)
        (status,) = hubspot.call("GET", f"{base}/unsubscribe-all?channel=EMAIL").json()["results"]
        early = hubspot.values(contact, "hs_email_optout")
        due = hubspot.simulator.next_webhook_ms()
        assert due is not None
        hubspot.clock.advance(31)
        (event,) = hubspot.events()
        late = hubspot.values(contact, "hs_email_optout")
        assert (status["status"], early["hs_email_optout"]) == ("UNSUBSCRIBED", None)
        assert (event["propertyValue"], late["hs_email_optout"]) == ("true", "true")


def test_each_brand_has_its_own_opt_out() -> None:
    """Without a brand a call affects the account's own subscriptions; the contact shows an opt-out
    from every brand.
    """
    with running({"brands": [{"id": 7, "name": "Northwind"}]}) as hubspot:
        contact = hubspot.create(email="brands@example.com")
        path = "/communication-preferences/v4/statuses/brands@example.com/unsubscribe-all?channel=EMAIL&verbose=true"
        told = []
        for query in ("", "&businessUnitId=7"):
            rows = hubspot.call("POST", path + query).json()["results"]
            shown = hubspot.values(contact, "hs_email_optout")["hs_email_optout"]
            told.append(([(row["businessUnitId"], row["status"]) for row in rows], shown))
        account = [(0, "UNSUBSCRIBED"), (0, "UNSUBSCRIBED")]
        assert told == [
            ([*account, (7, "NOT_SPECIFIED")], "false"),
            ([(7, "UNSUBSCRIBED")], "true"),
        ]
        assert hubspot.call("POST", path + "&businessUnitId=8").status_code == 400


def test_an_opt_out_can_be_refused_inside_a_200() -> None:
    """The response has errors next to its results; a refused opt-out changes nothing."""
    with running() as hubspot:
        contact = hubspot.create(email="no@example.com")
        hubspot.simulator.person({"do": "refuse_opt_out", "email": "no@example.com"})
        answer = hubspot.call(
            "POST",
            "/communication-preferences/v4/statuses/no@example.com/unsubscribe-all?channel=EMAIL",
        )
        assert (answer.status_code, answer.json()["numErrors"], len(answer.json()["errors"])) == (
            200,
            1,
            1,
        )
        assert hubspot.values(contact, "hs_email_optout") == {"hs_email_optout": None}


def test_a_user_can_undo_an_opt_out_by_a_colleague_or_an_app() -> None:
    """Only the contact itself can undo its own opt-out."""
    with running() as hubspot:
        contact = hubspot.create(email="who@example.com")
        back = {"do": "resubscribe", "email": "who@example.com", "by": "user"}
        hubspot.simulator.person({"do": "unsubscribe", "email": "who@example.com", "by": "user"})
        hubspot.simulator.person(back)
        assert hubspot.values(contact, "hs_email_optout") == {"hs_email_optout": "false"}
        hubspot.simulator.person({"do": "unsubscribe", "email": "who@example.com"})
        with pytest.raises(ApiError):
            hubspot.simulator.person(back)


def test_an_opt_out_by_api_is_reported_as_the_apps_change(hubspot: Running) -> None:
    """Unsubscribing through v4 changes the read-only property with the app as its source."""
    contact = hubspot.create(email="api@example.com")
    hubspot.subscribe(("contact.propertyChange", "hs_email_optout"))
    path = "/communication-preferences/v4/statuses/api@example.com/unsubscribe-all?channel=EMAIL"
    hubspot.call("POST", path, person=False)
    (event,) = hubspot.events()
    assert (event["objectId"], event["propertyValue"], event["changeSource"]) == (
        int(contact),
        "true",
        "INTEGRATION",
    )
