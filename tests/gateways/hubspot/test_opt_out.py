"""How the response to an opt-out is read: a 200 alone is not a success (OPT-4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crmsync.errors import Down, Refused, TryAgain
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.opt_out import ASKED
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.effects import OptOut
from crmsync.ports.crm import Outcome
from tests.gateways.scripted import Request, Response, script
from tests.simulated import FixedSecret

PATH = "/communication-preferences/2026-03/statuses/ada@example.com/unsubscribe-all?channel=EMAIL&verbose=true"
NOTE = {
    "status": "error",
    "category": "VALIDATION_ERROR",
    "message": "ada@example.com cannot be unsubscribed",
    "context": {},
}


def a_row(status: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A subscription's status after the call."""
    return {
        "subscriberIdString": "ada@example.com",
        "channel": "EMAIL",
        "subscriptionId": number,
        "status": status,
        **more,
    }


def a_response(*rows: dict[str, Any], status: str = "COMPLETE", **more: Any) -> Response:
    """A 200 with these rows."""
    return Response({"status": status, "results": list(rows), **more})


def opted_out(*responses: Response) -> tuple[Outcome, Sequence[Request]]:
    """Return the outcome of an opt-out with these responses, and the requests."""
    with script(*responses) as server:
        secret = FixedSecret({"access_token": "t", "api_url": server.url})
        gateway = HubspotGateway(
            HubspotClient(
                secret, retry_policy=RetryPolicy(pause=lambda _: None, jitter=lambda: 0.5)
            )
        )
        (outcome,) = gateway.opt_out([OptOut("ada@example.com")])
    return outcome, server.requests


def test_an_address_without_subscriptions_takes_one_call() -> None:
    """The verbose response has the status of every subscription."""
    outcome, sent = opted_out(a_response(a_row("UNSUBSCRIBED"), a_row("UNSUBSCRIBED", 2)))
    assert (outcome, [one.path for one in sent]) == (ASKED, [PATH])


@pytest.mark.parametrize(
    "answer",
    [a_response(), Response({}), a_response(status="PENDING"), a_response(a_row("NOT_SPECIFIED"))],
)
def test_a_response_without_a_status_only_counts_as_requested(answer: Response) -> None:
    """Whether the contact is opted out is shown by its property; until then the opt-out is
    requested.
    """
    assert opted_out(answer)[0] == ASKED


def test_error_entries_are_a_refusal() -> None:
    """A 200 with errors is not a success, and the refusal does not contain the address."""
    outcome, _ = opted_out(a_response(numErrors=1, errors=[NOTE]))
    assert isinstance(outcome, Refused)
    assert (outcome.code, "ada@" in outcome.text) == ("VALIDATION_ERROR", False)


@pytest.mark.parametrize("answer", [a_response(numErrors=1), a_response(status="CANCELED")])
def test_a_cancelled_opt_out_is_tried_again(answer: Response) -> None:
    """HubSpot reports that it did not finish, but not why."""
    assert isinstance(opted_out(answer)[0], TryAgain)


def test_a_brand_that_is_still_subscribed_takes_one_more_call() -> None:
    """The account is brand 0; each other brand that is still subscribed takes one more call."""
    first = a_response(
        a_row("UNSUBSCRIBED", businessUnitId=0), a_row("NOT_SPECIFIED", 2, businessUnitId=7)
    )
    outcome, sent = opted_out(first, a_response(a_row("UNSUBSCRIBED", 2, businessUnitId=7)))
    assert (outcome, [one.path for one in sent]) == (ASKED, [PATH, f"{PATH}&businessUnitId=7"])


@pytest.mark.parametrize(
    "responses",
    [
        pytest.param([a_response(a_row("SUBSCRIBED", 5))], id="the account"),
        pytest.param([a_response(a_row("SUBSCRIBED", 5, businessUnitId=7))] * 2, id="a brand"),
    ],
)
def test_a_remaining_subscription_is_refused(responses: Sequence[Response]) -> None:
    """A subscription that remains after the call is not a success, and the report names it."""
    outcome, _ = opted_out(*responses)
    assert isinstance(outcome, Refused)
    assert (outcome.code, "types: 5" in outcome.text, outcome.fieldname) == (
        "STILL_SUBSCRIBED",
        True,
        "hs_email_optout",
    )


def test_a_refusal_by_a_brand_is_reported() -> None:
    """A refusal by one brand is a refusal."""
    first = a_response(a_row("UNSUBSCRIBED"), a_row("SUBSCRIBED", 2, businessUnitId=7))
    assert isinstance(opted_out(first, a_response(numErrors=1, errors=[NOTE]))[0], Refused)


def test_what_was_opted_out_before_hubspot_failed_is_reported() -> None:
    """The addresses after the failure were not asked for and have its error, so they are tried
    again.
    """
    responses = (a_response(a_row("UNSUBSCRIBED")), *[Response({}, 500)] * 3)
    with script(*responses) as server:
        secret = FixedSecret({"access_token": "t", "api_url": server.url})
        policy = RetryPolicy(pause=lambda _: None, jitter=lambda: 0.5)
        gateway = HubspotGateway(HubspotClient(secret, retry_policy=policy))
        first, *others = gateway.opt_out([OptOut("ada@example.com")] * 4)
    assert (first, [type(one) for one in others]) == (ASKED, [Down] * 3)
