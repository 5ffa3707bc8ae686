"""Calls for activities: their number, refused rows, and lost responses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crmsync.errors import Conflict, Refused
from crmsync.gateways.hubspot.associations import HubspotAssociations
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.listing import HubspotLister
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.model.effects import Associate, CreateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Outcome, Written
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from tests.simulated import FixedSecret, retry_policy, served, set_up_hubspot

AT = "2026-11-02T10:00:00Z"


@dataclass(frozen=True, slots=True)
class Account:
    """A simulated account and its gateways."""

    gateway: HubspotGateway
    pairs: HubspotAssociations
    lister: HubspotLister
    simulator: HubSpotSimulator
    faults: Faults

    def calls(self) -> int:
        """The number of calls since the start."""
        return int(self.simulator.stats()["calls"])


@contextmanager
def an_account() -> Iterator[Account]:
    """An account with our properties."""
    clock = Clock()
    faults = Faults(clock)
    simulator = HubSpotSimulator([{"portal_id": 555001}], clock=clock, faults=faults)
    portal = simulator.portals[0]
    with served(simulator.wsgi) as url:
        set_up_hubspot(url, portal.user_token)
        client = HubspotClient(
            FixedSecret({"access_token": portal.access_token, "api_url": url}),
            retry_policy=retry_policy(clock),
        )
        yield Account(
            HubspotGateway(client),
            HubspotAssociations(client),
            HubspotLister(client),
            simulator,
            faults,
        )


def creation(name: str, **properties: Value) -> CreateRecord:
    """The effect that creates a task with this subject, under a key of its own."""
    fields = {"hs_timestamp": AT, "hs_task_subject": name, **properties}
    return CreateRecord(Side.HUBSPOT, "task", f"key-{name}", fields, Slot(name))


def refs(outcomes: list[Outcome]) -> list[Ref]:
    """The records that were written."""
    return [one.ref for one in outcomes if isinstance(one, Written)]


def test_a_thousand_activities_are_listed_read_and_looked_up_with_23_calls() -> None:
    """Ten pages, ten batches, and one call for the associations with each other object."""
    with an_account() as account:
        contacts = refs(
            list(
                account.gateway.create(
                    [
                        CreateRecord(Side.HUBSPOT, "contact", f"c{number}", {}, Slot("c"))
                        for number in range(20)
                    ]
                )
            )
        )
        tasks = refs(
            list(account.gateway.create([creation(f"p{number:04d}") for number in range(1_000)]))
        )
        account.pairs.associate([Associate(one, contacts[at % 20]) for at, one in enumerate(tasks)])
        before = account.calls()

        listed: list[Ref] = []
        after: str | None = ""
        while after is not None:
            page = account.lister.page("task", after, 100)
            listed, after = [*listed, *page.refs], page.after
        records = account.gateway.read(listed, {"task": ["hs_task_subject", "hs_timestamp"]})
        found = {other: account.pairs.of(listed, other) for other in ("contact", "company", "deal")}

        assert account.calls() - before == 23
        assert (set(listed), set(records)) == (set(tasks), set(tasks))
        assert {other: len(some) for other, some in found.items()} == {
            "contact": 1_000,
            "company": 0,
            "deal": 0,
        }


def test_a_refused_activity_has_hubspot_s_code_and_the_others_are_written() -> None:
    """A value that HubSpot does not know, and a missing moment."""
    with an_account() as account:
        outcomes = account.gateway.create(
            [
                creation("a"),
                creation("odd", hs_task_status="SOMEDAY"),
                creation("timeless", hs_timestamp=None),
                creation("z"),
            ]
        )

        assert [
            (one.code, one.fieldname) if isinstance(one, Refused) else type(one) for one in outcomes
        ] == [
            Written,
            ("INVALID_OPTION", "hs_task_status"),
            ("VALIDATION_ERROR", ""),
            Written,
        ]


def test_nothing_is_asked_about_merges_of_activities() -> None:
    """HubSpot cannot merge them, so a deleted one costs no call."""
    with an_account() as account:
        (task,) = refs(list(account.gateway.create([creation("one")])))
        before = account.calls()

        assert account.gateway.survivors([task]) == {}
        assert account.calls() == before


def test_a_lost_response_leads_to_no_second_activity() -> None:
    """The key is unique, so the repeated call is told that the activity exists."""
    with an_account() as account:
        account.faults.replace([{"at": "hubspot", "kind": "timeout_after_write"}])

        outcomes = account.gateway.create([creation("once")])

        made = account.gateway.made_by({"task": ["key-once"]})
        assert [type(one) for one in outcomes] == [Conflict]
        assert account.lister.page("task", "", 100).refs == tuple(made.values())
