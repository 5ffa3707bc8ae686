"""How the response to an opt-out is read: a 200 alone is not a success (OPT-4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.opt_out import ASKED
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.effects import OptOut
from crmsync.ports.crm import Outcome
from tests.gateways.scripted import Answer, Asked, script
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


def an_answer(*rows: dict[str, Any], status: str = "COMPLETE", **more: Any) -> Answer:
    """A 200 with these rows."""
    return Answer({"status": status, "results": list(rows), **more})


def opted_out(*answers: Answer) -> tuple[Outcome, Sequence[Asked]]:
    """The outcome of an opt-out with these responses, and the requests."""
    with script(*answers) as server:
        secret = FixedSecret({"access_token": "t", "api_url": server.url})
        gateway = HubspotGateway(
            HubspotClient(
                secret, retry_policy=RetryPolicy(pause=lambda _: None, jitter=lambda: 0.5)
            )
        )
        (outcome,) = gateway.opt_out([OptOut("ada@example.com")])
    return outcome, server.asked


def test_an_address_without_subscriptions_takes_one_call() -> None:
    """The verbose response has the status of every subscription."""
    outcome, asked = opted_out(an_answer(a_row("UNSUBSCRIBED"), a_row("UNSUBSCRIBED", 2)))
    assert (outcome, [one.path for one in asked]) == (ASKED, [PATH])


@pytest.mark.parametrize(
    "answer",
    [an_answer(), Answer({}), an_answer(status="PENDING"), an_answer(a_row("NOT_SPECIFIED"))],
)
def test_a_response_without_a_status_only_counts_as_requested(answer: Answer) -> None:
    """Whether the contact is opted out is shown by its property; until then the opt-out is
    requested.
    """
    assert opted_out(answer)[0] == ASKED


def test_error_entries_are_a_refusal() -> None:
    """A 200 with errors is not a success, and the refusal does not contain the address."""
    outcome, _ = opted_out(an_answer(numErrors=1, errors=[NOTE]))
    assert isinstance(outcome, Refused)
    assert (outcome.code, "ada@" in outcome.text) == ("VALIDATION_ERROR", False)


@pytest.mark.parametrize("answer", [an_answer(numErrors=1), an_answer(status="CANCELED")])
def test_a_cancelled_opt_out_is_tried_again(answer: Answer) -> None:
    """HubSpot reports that it did not finish, but not why."""
    assert isinstance(opted_out(answer)[0], TryAgain)


def test_a_brand_that_is_still_subscribed_takes_one_more_call() -> None:
    """The account is brand 0; each other brand that is still subscribed takes one more call."""
    first = an_answer(
        a_row("UNSUBSCRIBED", businessUnitId=0), a_row("NOT_SPECIFIED", 2, businessUnitId=7)
    )
    outcome, asked = opted_out(first, an_answer(a_row("UNSUBSCRIBED", 2, businessUnitId=7)))
    assert (outcome, [one.path for one in asked]) == (ASKED, [PATH, f"{PATH}&businessUnitId=7"])


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([an_answer(a_row("SUBSCRIBED", 5))], id="the account"),
        pytest.param([an_answer(a_row("SUBSCRIBED", 5, businessUnitId=7))] * 2, id="a brand"),
    ],
)
def test_a_remaining_subscription_is_refused(answers: Sequence[Answer]) -> None:
    """A subscription that remains after the call is not a success, and the report names it."""
    outcome, _ = opted_out(*answers)
    assert isinstance(outcome, Refused)
    assert (outcome.code, "types: 5" in outcome.text, outcome.fieldname) == (
        "STILL_SUBSCRIBED",
        True,
        "hs_email_optout",
    )


def test_a_refusal_by_a_brand_is_reported() -> None:
    """A refusal by one brand is a refusal."""
    first = an_answer(a_row("UNSUBSCRIBED"), a_row("SUBSCRIBED", 2, businessUnitId=7))
    assert isinstance(opted_out(first, an_answer(numErrors=1, errors=[NOTE]))[0], Refused)
