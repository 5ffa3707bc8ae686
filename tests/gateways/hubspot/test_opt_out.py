"""How HubSpot's answer to an opt-out is read: 200 alone is no success (OPT-4)."""

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
from tests.contracts.stages import FixedSecret
from tests.gateways.scripted import Answer, Asked, script

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
    """What becomes of an opt-out that is answered so, and what was asked for."""
    with script(*answers) as server:
        secret = FixedSecret({"access_token": "t", "api_url": server.url})
        gateway = HubspotGateway(
            HubspotClient(
                secret, retry_policy=RetryPolicy(pause=lambda _: None, jitter=lambda: 0.5)
            )
        )
        (outcome,) = gateway.opt_out([OptOut("ada@example.com")])
    return outcome, server.asked


def test_an_address_that_is_out_of_everything_took_one_call() -> None:
    """The answer is asked for in full, and says so for every subscription."""
    outcome, asked = opted_out(an_answer(a_row("UNSUBSCRIBED"), a_row("UNSUBSCRIBED", 2)))
    assert (outcome, [one.path for one in asked]) == (ASKED, [PATH])


@pytest.mark.parametrize(
    "answer",
    [an_answer(), Answer({}), an_answer(status="PENDING"), an_answer(a_row("NOT_SPECIFIED"))],
)
def test_an_answer_that_proves_nothing_is_only_asked(answer: Answer) -> None:
    """Whether the contact is out is what its property shows when it is read; until then it counts
    as asked for.
    """
    assert opted_out(answer)[0] == ASKED


def test_errors_beside_the_results_are_a_refusal() -> None:
    """A 200 with errors in it was no success, and the refusal does not repeat the address."""
    outcome, _ = opted_out(an_answer(numErrors=1, errors=[NOTE]))
    assert isinstance(outcome, Refused)
    assert (outcome.code, "ada@" in outcome.text) == ("VALIDATION_ERROR", False)


@pytest.mark.parametrize("answer", [an_answer(numErrors=1), an_answer(status="CANCELED")])
def test_work_that_was_given_up_is_asked_for_again(answer: Answer) -> None:
    """HubSpot says that it did not carry the opt-out through, but not why."""
    assert isinstance(opted_out(answer)[0], TryAgain)


def test_a_brand_that_was_left_is_asked_for_by_itself() -> None:
    """The account is brand 0; each other brand whose subscriptions still stand takes one more
    call.
    """
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
def test_who_is_still_subscribed_is_told(answers: Sequence[Answer]) -> None:
    """A subscription that stands after the call is no success, and people can see which."""
    outcome, _ = opted_out(*answers)
    assert isinstance(outcome, Refused)
    assert (outcome.code, "types: 5" in outcome.text, outcome.fieldname) == (
        "STILL_SUBSCRIBED",
        True,
        "hs_email_optout",
    )


def test_a_brand_that_refuses_is_told() -> None:
    """Refused in part is refused."""
    first = an_answer(a_row("UNSUBSCRIBED"), a_row("SUBSCRIBED", 2, businessUnitId=7))
    assert isinstance(opted_out(first, an_answer(numErrors=1, errors=[NOTE]))[0], Refused)
