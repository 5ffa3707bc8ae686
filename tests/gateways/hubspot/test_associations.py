"""Calls for associations: batches, pages, refusals that name no row, and lost responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from crmsync.errors import Gone, Refused, SyncError, TryAgain
from crmsync.gateways.hubspot.associations import LIMIT_REACHED, HubspotAssociations
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.effects import Associate, Category, CreateRecord, Dissociate
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome, Written
from crmsync.rules.refusals.table import category_of
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from tests.gateways.scripted import Request, Response, Script
from tests.simulated import FixedSecret, served, set_up_hubspot


class Account:
    """A simulated account with its associations."""

    def __init__(self, url: str, simulator: HubSpotSimulator, faults: Faults) -> None:
        self.faults, self.simulator = faults, simulator
        secret = FixedSecret({"access_token": simulator.portals[0].access_token, "api_url": url})
        retry_policy = RetryPolicy(pause=lambda _: None, jitter=lambda: 0.5)
        client = HubspotClient(secret, retry_policy=retry_policy)
        self.gateway, self.pairs = HubspotGateway(client), HubspotAssociations(client)

    def made(self, kind: str, count: int) -> list[Ref]:
        """Create so many records of an object."""
        outcomes = self.gateway.create([a_creation(kind, number) for number in range(count)])
        return [one.ref for one in outcomes if isinstance(one, Written)]

    def calls(self, ending: str) -> int:
        """Return the number of calls to endpoints that end with `path`."""
        counts: dict[str, int] = self.simulator.stats()["by_endpoint"]
        return sum(count for name, count in counts.items() if name.endswith(ending))


def a_creation(kind: str, number: int) -> CreateRecord:
    """The effect that creates record `number`."""
    return CreateRecord(Side.HUBSPOT, kind, f"{kind}-{number}", {}, Slot(str(number)))


@contextmanager
def account_of(**world: Any) -> Iterator[Account]:
    """A running account."""
    clock = Clock()
    faults = Faults(clock)
    simulator = HubSpotSimulator([{"portal_id": 555001, **world}], clock=clock, faults=faults)
    with served(simulator.wsgi) as url:
        set_up_hubspot(url, simulator.portals[0].user_token)
        yield Account(url, simulator, faults)


def test_a_company_with_many_contacts_is_read_page_by_page() -> None:
    """HubSpot returns 500 at a time; one call created them."""
    with account_of() as account:
        contacts, [company, lonely] = account.made("contact", 520), account.made("company", 2)
        outcomes = account.pairs.associate(
            [Associate(one, company, primary=True) for one in contacts]
        )
        found = account.pairs.of([company, lonely], "contact")

        assert outcomes == [Written(one, {}) for one in contacts]
        assert found == {company: tuple(contacts)}
        assert (
            account.calls("contacts/companies/batch/create"),
            account.calls("companies/contacts/batch/read"),
        ) == (
            1,
            2,
        )


@pytest.mark.rule("ERR-2")
def test_a_limit_of_associations_parks_the_row_with_a_hint() -> None:
    """It has its own category; the other rows are written."""
    with account_of(association_limits=[{"from": "company", "to": "contact", "max": 1}]) as account:
        (ada, bob), (one, two) = account.made("contact", 2), account.made("company", 2)
        outcomes = account.pairs.associate(
            [Associate(ada, one), Associate(bob, one), Associate(bob, two)]
        )

    refused = outcomes[1]
    assert [outcomes[0], outcomes[2]] == [Written(ada, {}), Written(bob, {})]
    assert isinstance(refused, Refused)
    assert (refused.code, category_of(refused.code)) == (LIMIT_REACHED, Category.ASSOCIATIONS)
    assert "Remove or move associations" in refused.hint


def test_a_call_whose_response_is_lost_is_repeated() -> None:
    """Creating and removing are safe to repeat (fault 7)."""
    with account_of() as account:
        [ada], [one] = account.made("contact", 1), account.made("company", 1)
        account.faults.replace([{"at": "hubspot", "kind": "timeout_after_write"}])
        together = account.pairs.associate([Associate(ada, one, primary=True)])
        between = account.pairs.of([ada], "company")
        account.faults.replace([{"at": "hubspot", "kind": "timeout_after_write"}])
        apart = account.pairs.dissociate([Dissociate(ada, one)])

        assert together == apart == [Written(ada, {})]
        assert between == {ada: (one,)}
        assert account.pairs.of([ada], "company") == {}


def test_a_lasting_fault_is_left_to_the_queue() -> None:
    """As for any other call."""
    with account_of() as account:
        account.faults.replace([{"at": "hubspot", "kind": "server_error", "times": 99}])
        with pytest.raises(TryAgain):
            account.pairs.of([Ref(Side.HUBSPOT, "contact", "1")], "company")


class NamesNoRow(Script):
    """A HubSpot that refuses a whole batch because of one row without naming it, and names no
    failed row otherwise.
    """

    def respond(self, request: Request) -> Response:
        """Contact 13 fails the whole batch; contact 17 has no result unless it is alone."""
        pairs = [(row["from"]["id"], row["to"]["id"]) for row in request.body["inputs"]]
        if any(one == "13" for one, _ in pairs):
            return Response(
                {"category": "VALIDATION_ERROR", "message": "One of the inputs is not valid"}, 400
            )
        rows = [
            {"fromObjectId": int(one), "toObjectId": int(other), "labels": []}
            for one, other in reversed(pairs)
            if one != "17" or len(pairs) == 1
        ]
        return Response({"status": "COMPLETE", "results": rows}, 201)


def refs(kind: str, *numbers: int) -> list[Ref]:
    """Records by their numbers."""
    return [Ref(Side.HUBSPOT, kind, str(number)) for number in numbers]


def counted(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How often each type of outcome occurs."""
    return dict(Counter(type(one).__name__ for one in outcomes))


def test_the_row_that_fails_a_batch_is_found_by_halves() -> None:
    """A row without a result is sent again alone (fault 6)."""
    server = NamesNoRow([])
    contacts, [company] = refs("contact", *range(100)), refs("company", 500)
    with served(server) as url:
        pairs = HubspotAssociations(
            HubspotClient(FixedSecret({"access_token": "t", "api_url": url}))
        )
        outcomes = pairs.associate([Associate(one, company) for one in contacts])

    assert isinstance(outcomes[13], Refused)
    assert [one for at, one in enumerate(outcomes) if at != 13] == [
        Written(one, {}) for one in contacts if one.id != "13"
    ]
    assert len(server.requests) <= 20


def test_no_call_has_two_companies_of_one_contact() -> None:
    """Effects on one contact are applied in order, in as few calls as possible."""
    server = NamesNoRow([])
    (ada, bob), (one, two) = refs("contact", 1, 2), refs("company", 500, 501)
    effects = [Associate(who, what, primary=True) for who in (ada, bob) for what in (one, two)]
    with served(server) as url:
        pairs = HubspotAssociations(
            HubspotClient(FixedSecret({"access_token": "t", "api_url": url}))
        )
        outcomes = pairs.associate(effects)

    sent = [
        [(row["from"]["id"], row["to"]["id"]) for row in request.body["inputs"]]
        for request in server.requests
    ]
    assert counted(outcomes) == {"Written": 4}
    assert sent == [[("1", "500"), ("2", "500")], [("1", "501"), ("2", "501")]]


def test_an_unclear_response_to_a_read_is_an_error() -> None:
    """A gap would look like a removed association (fault 6)."""
    error = {
        "status": "error",
        "category": "RATE_LIMITS",
        "message": "Slow down",
        "context": {"fromObjectId": ["1"]},
    }
    script = Script([Response({"status": "COMPLETE", "results": [], "errors": [error]}, 207)])
    with served(script) as url:
        pairs = HubspotAssociations(
            HubspotClient(FixedSecret({"access_token": "t", "api_url": url}))
        )
        with pytest.raises(SyncError) as caught:
            pairs.of(refs("contact", 1), "company")

    assert isinstance(caught.value, TryAgain)
    assert not isinstance(caught.value, Gone)


RECORDED = {
    "status": "error",
    "category": "VALIDATION_ERROR",
    "message": "CONTACT=1234 is not valid",
}
"""HubSpot's response of 2022 for a missing contact: no context, and no id but the one in
the message.
"""
DOCUMENTED = {
    "status": "error",
    "category": "OBJECT_NOT_FOUND",
    "message": "resource not found",
    "context": {"fromObjectId": ["1234"], "toObjectId": ["9"]},
}


@pytest.mark.parametrize("error", [RECORDED, DOCUMENTED])
@pytest.mark.parametrize("others", [0, 2])
def test_a_missing_record_is_gone_in_either_form(error: dict[str, Any], others: int) -> None:
    """Alone or among others, it is `Gone`, and the others are written."""
    effects = [
        Associate(Ref(Side.HUBSPOT, "contact", one), Ref(Side.HUBSPOT, "company", "9"))
        for one in ("1234", "5", "6")
    ]
    rows = [
        {"fromObjectId": int(one), "toObjectId": 9, "labels": []} for one in ("5", "6")[:others]
    ]
    answer = Response(
        {"status": "COMPLETE", "results": rows, "numErrors": 1, "errors": [error]}, 207
    )
    server = Script([answer])
    with served(server) as url:
        pairs = HubspotAssociations(
            HubspotClient(FixedSecret({"access_token": "t", "api_url": url}))
        )
        outcomes = pairs.associate(effects[: 1 + others])
    assert [type(one) for one in outcomes] == [Gone, *[Written] * others]
    assert len(server.requests) == 1
