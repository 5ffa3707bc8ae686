"""How the HubSpot gateway retries calls, gives up, and splits refused batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from crmsync.errors import Conflict, Down, Drifted, SyncError, TryAgain
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.hubspot.sweep import HubspotSweep
from crmsync.gateways.hubspot.versions import path_in
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.names import HUBSPOT_KEY
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from tests.gateways.scripted import Request, Response, Script, script
from tests.simulated import FixedSecret, served, set_up_hubspot


@dataclass(slots=True)
class Account:
    """A simulated account, its gateway, the faults in force and the waits of the gateway."""

    gateway: HubspotGateway
    simulator: HubSpotSimulator
    faults: Faults
    waits: list[float] = field(default_factory=list)

    def calls(self, ending: str) -> int:
        """Return the number of calls to the endpoint that ends with `path`."""
        counts = self.simulator.stats()["by_endpoint"]
        return sum(count for name, count in counts.items() if name.endswith(ending))


@pytest.fixture
def account() -> Iterator[Account]:
    """An account of the professional tier."""
    clock = Clock()
    faults = Faults(clock)
    simulator = HubSpotSimulator([{"portal_id": 555001}], clock=clock, faults=faults)
    portal = simulator.portals[0]
    waits: list[float] = []
    with served(simulator.wsgi) as url:
        set_up_hubspot(url, portal.access_token)
        gateway = HubspotGateway(
            HubspotClient(
                FixedSecret({"access_token": portal.access_token, "api_url": url}),
                retry_policy=RetryPolicy(pause=waits.append, jitter=lambda: 0.5),
            )
        )
        yield Account(gateway, simulator, faults, waits)


def a_creation(number: int) -> CreateRecord:
    """The effect that creates contact `number`."""
    fields = {"email": f"p{number}@example.com", "lastname": f"P{number}"}
    return CreateRecord(Side.HUBSPOT, "contact", f"00Q{number}", fields, Slot(str(number)))


def written(account: Account, number: int) -> Written:
    """The outcome of creating contact `number`."""
    [outcome] = account.gateway.create([a_creation(number)])
    assert isinstance(outcome, Written)
    return outcome


def contact(number: int) -> Ref:
    """A HubSpot contact."""
    return Ref(Side.HUBSPOT, "contact", str(number))


def an_update(number: int, **fields: str | None) -> UpdateRecord:
    """The effect that updates contact `number`."""
    return UpdateRecord(contact(number), Side.HUBSPOT, fields or {"phone": "1"})


def test_a_write_whose_response_is_lost_is_repeated_without_a_duplicate(account: Account) -> None:
    """The repeated creation is a conflict (fault 7)."""
    account.faults.replace([{"at": "hubspot", "kind": "timeout_after_write"}])

    [outcome] = account.gateway.create([a_creation(1)])

    found = account.gateway.find(["p1@example.com"], {"contact": [HUBSPOT_KEY]})
    assert isinstance(outcome, Conflict)
    assert [(one.ref.id, one.fields[HUBSPOT_KEY]) for one in found] == [(outcome.existing, "00Q1")]
    assert (account.calls("batch/create"), len(account.waits)) == (2, 1)


@pytest.mark.parametrize("kind", ["timeout_before_write", "server_error"])
def test_a_lasting_fault_is_left_to_the_queue(account: Account, kind: str) -> None:
    """There are three attempts with two short waits."""
    account.faults.replace([{"at": "hubspot", "kind": kind, "times": 9}])

    with pytest.raises(TryAgain) as caught:
        account.gateway.create([a_creation(1)])

    assert (caught.value.after, len(account.waits), account.waits[0] < account.waits[1] < 2) == (
        30,
        2,
        True,
    )


def test_a_short_retry_after_is_waited_for(account: Account) -> None:
    """A Retry-After of a second is waited for exactly."""
    account.faults.replace([{"at": "hubspot", "kind": "rate_limit", "retry_after": 1}])

    [outcome] = account.gateway.create([a_creation(1)])

    assert (type(outcome), account.waits) == (Written, [1.0])


def test_a_long_retry_after_is_left_to_the_queue(account: Account) -> None:
    """A sleeping Lambda costs money (fault 13)."""
    account.faults.replace([{"at": "hubspot", "kind": "rate_limit", "retry_after": 9}])

    with pytest.raises(TryAgain) as caught:
        account.gateway.create([a_creation(1)])

    assert (caught.value.after, account.waits) == (9, [])


def test_a_batch_that_fails_half_way_reports_what_was_written() -> None:
    """Only the rest has the error (fault 6)."""
    responses = [
        Response({"results": [_row(number) for number in range(100)]}),
        Response({}, 429, {"Retry-After": "60"}),
    ]
    with scripted(*responses) as (gateway, server):
        outcomes = gateway.update([an_update(number) for number in range(250)])

    assert [type(one) for one in outcomes] == [Written] * 100 + [Down] * 150
    assert len(server.requests) == 2


def test_a_hundred_rows_go_into_one_call_and_fifty_with_history(account: Account) -> None:
    """A batch counts as one call."""
    account.gateway.create([a_creation(number) for number in range(120)])
    refs = [
        record.ref
        for record in account.gateway.find(
            [f"p{n}@example.com" for n in range(120)], {"contact": []}
        )
    ]
    before = account.calls("batch/read")

    account.gateway.read(refs, {"contact": ["email"]})
    after = account.calls("batch/read")
    account.gateway.read(refs, {"contact": ["email"]}, history=True)

    assert (
        account.calls("batch/create"),
        before,
        after - before,
        account.calls("batch/read") - after,
    ) == (2, 2, 2, 3)


def test_a_deleted_property_fails_only_the_rows_that_have_it(account: Account) -> None:
    """The report names the property."""
    good, bad = written(account, 1), written(account, 2)

    outcomes: Sequence[Any] = account.gateway.update(
        [
            UpdateRecord(good.ref, Side.HUBSPOT, {"phone": "1"}),
            UpdateRecord(bad.ref, Side.HUBSPOT, {"no_such": "1", "phone": "2"}),
        ]
    )

    assert [type(one) for one in outcomes] == [Written, Drifted]
    assert (outcomes[1].code, outcomes[1].fieldname) == ("PROPERTY_DOESNT_EXIST", "no_such")


def test_an_unauthorized_call_renews_the_token_once(account: Account) -> None:
    """A single 401 does not prove that the token is invalid (fault 15)."""
    account.faults.replace([{"at": "hubspot", "kind": "unauthorized"}])

    assert type(account.gateway.create([a_creation(1)])[0]) is Written
    account.faults.replace([{"at": "hubspot", "kind": "unauthorized", "times": 9}])
    with pytest.raises(Down) as caught:
        account.gateway.create([a_creation(2)])
    assert caught.value.code.endswith("AUTHENTICATION")


def test_a_rotated_token_is_used_from_the_next_attempt() -> None:
    """The repeated call and all later ones have the new token."""
    rotating = Rotating()
    with script(Response({}, 401), Response({"results": []})) as server:
        rotating.url = server.url
        client = HubspotClient(rotating)
        gateway = HubspotGateway(client)
        gateway.read([contact(1)], {"contact": []})
        list(HubspotSweep(client).changed_since({}))
        gateway.read([contact(1)], {"contact": []})

    assert [one.headers["Authorization"] for one in server.requests] == [
        "Bearer old",
        "Bearer new",
        "Bearer new",
    ]


@dataclass(slots=True)
class Rotating:
    """A secret that was rotated after it was read."""

    url: str = ""
    renewals: int = 0

    def current(self) -> Mapping[str, str]:
        """The old token."""
        return {"access_token": "old", "api_url": self.url}

    def renewed(self) -> Mapping[str, str]:
        """The new token."""
        self.renewals += 1
        return {"access_token": "new", "api_url": self.url}


def _row(number: int) -> dict[str, Any]:
    times = {"createdAt": "2026-11-02T12:00:00Z", "updatedAt": "2026-11-02T12:00:00Z"}
    return {"id": str(number), "properties": {"phone": "1"}, **times}


@contextmanager
def scripted(*responses: Response) -> Iterator[tuple[HubspotGateway, Script]]:
    """A gateway to a server with these responses."""
    with script(*responses) as server:
        yield (
            HubspotGateway(
                HubspotClient(FixedSecret({"access_token": "t", "api_url": server.url}))
            ),
            server,
        )


class FirstClashOnly(Script):
    """A HubSpot that refuses a whole batch because of one row without naming it (fault 6), and
    returns rows in another order.
    """

    def respond(self, request: Request) -> Response:
        """Respond by the rows of the request."""
        rows = request.body["inputs"]
        if any(row["id"] == "13" for row in rows):
            return Response(
                {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 501"}, 409
            )
        return Response(
            {"status": "COMPLETE", "results": [_row(int(row["id"])) for row in reversed(rows)]}
        )


def test_a_batch_refused_for_one_row_is_halved_until_the_row_is_found() -> None:
    """The other rows are written; results are matched by id, not by position."""
    server = FirstClashOnly([])
    with served(server) as url:
        gateway = HubspotGateway(HubspotClient(FixedSecret({"access_token": "t", "api_url": url})))
        outcomes = gateway.update([an_update(number) for number in range(100)])

    written = [Written(contact(number), {"phone": "1"}) for number in range(100)]
    assert [one for at, one in enumerate(outcomes) if at != 13] == [
        one for at, one in enumerate(written) if at != 13
    ]
    assert (type(outcomes[13]), getattr(outcomes[13], "existing", "")) == (Conflict, "501")
    assert len(server.requests) <= 15


class RefusesInvalidAddresses(Script):
    """A HubSpot that refuses a whole read because of one text that is not an address."""

    def respond(self, request: Request) -> Response:
        """Respond by the rows of the request."""
        emails = [row["id"] for row in request.body["inputs"]]
        if "p13" in emails:
            return Response(
                {"category": "VALIDATION_ERROR", "message": "p13 is not an e-mail address"}, 400
            )
        return Response({"results": [_row(int(email.strip("p@x"))) for email in emails]})


def test_an_invalid_address_does_not_hide_the_others() -> None:
    """A refused read is halved until the text is found."""
    server = RefusesInvalidAddresses([])
    addresses = [f"p{number}@x" if number != 13 else "p13" for number in range(40)]
    with served(server) as url:
        found = HubspotGateway(
            HubspotClient(FixedSecret({"access_token": "t", "api_url": url}))
        ).find(addresses, {"contact": []})

    assert [record.ref for record in found] == [
        contact(number) for number in range(40) if number != 13
    ]


def test_a_row_without_a_result_is_sent_again_alone() -> None:
    """A response without the row is not a success."""
    with scripted(Response({"results": [_row(1)]}), Response({"results": []})) as (gateway, server):
        outcomes = gateway.update([an_update(1), an_update(2)])

    assert [type(one) for one in outcomes] == [Written, TryAgain]
    assert [[row["id"] for row in one.body["inputs"]] for one in server.requests] == [
        ["1", "2"],
        ["2"],
    ]


def test_errors_keep_no_cause_that_could_print_a_body() -> None:
    """A traceback prints causes, and a client's error prints the whole response (fault 33)."""
    with (
        scripted(Response({"message": "ada@example.com"}, 403)) as (gateway, _),
        pytest.raises(SyncError) as caught,
    ):
        gateway.read([contact(1)], {"contact": []})

    assert (caught.value.__cause__, caught.value.__suppress_context__, caught.value.text) == (
        None,
        True,
        "HubSpot answered 403.",
    )


@pytest.mark.parametrize(
    ("path", "dated"),
    [
        ("/crm/v3/objects/contacts/batch/read", "/crm/objects/2026-09/contacts/batch/read"),
        (
            "/crm/v4/objects/contacts/81/associations/companies",
            "/crm/objects/2026-09/contacts/81/associations/companies",
        ),
        (
            "/crm/v4/associations/contacts/companies/batch/read",
            "/crm/associations/2026-09/contacts/companies/batch/read",
        ),
        ("/crm/v3/properties/contacts", "/crm/properties/2026-09/contacts"),
        ("/crm/v3/owners/", "/crm/owners/2026-09"),
        ("/crm/v3/lists/7/memberships", "/crm/lists/2026-09/7/memberships"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-09/deals"),
        ("/crm/v3/limits/pipelines", "/crm/limits/2026-09/pipelines"),
        (
            "/communication-preferences/v4/statuses/a/unsubscribe-all",
            "/communication-preferences/2026-09/statuses/a/unsubscribe-all",
        ),
        ("/email/public/v1/events", "/email/public/v1/events"),
    ],
)
def test_paths_have_a_dated_form(path: str, dated: str) -> None:
    """The version is a setting; without one the client's own paths are used."""
    assert (path_in("2026-09", path), path_in("", path)) == (dated, path)


def test_a_property_has_its_origins_newest_first(account: Account) -> None:
    """With time and source of each value that HubSpot keeps; a record that is gone has none."""
    gateway = account.gateway
    ref = written(account, 1).ref
    gateway.update([UpdateRecord(ref, Side.HUBSPOT, {"lastname": "Byron"})])
    gateway.update([UpdateRecord(ref, Side.HUBSPOT, {"lastname": "Lovelace"})])

    found = gateway.origins(ref, ["lastname", "phone"])
    gone = gateway.origins(Ref(Side.HUBSPOT, "contact", "404"), ["lastname"])

    times = [one.at for one in found["lastname"]]
    assert (len(times), times, gone) == (3, sorted(times, reverse=True), {})
    assert {one.by.partition("/")[0] for one in found["lastname"]} == {"INTEGRATION"}
    assert not found.get("phone")
