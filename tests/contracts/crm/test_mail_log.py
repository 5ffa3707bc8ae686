"""HubSpot's log of e-mail events behind the port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.mail import HubspotMail
from crmsync.model.mail import Campaign, MailEvent
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from tests.memory import MemoryMailLog
from tests.simulated import FixedSecret, retry_policy, served

NOON = 1_793_620_800_000


SPRING = Campaign("Spring offer", "Spring is here")


@dataclass(slots=True)
class LogBackend:
    """A log, and how events get into it."""

    log: Any
    put: Callable[[list[MailEvent]], None]
    calls: Callable[[], int]


@contextmanager
def memory_log(page: int) -> Iterator[LogBackend]:
    """The log in memory."""
    log = MemoryMailLog(page)
    log.known["113", "70012"] = SPRING
    yield LogBackend(log, log.rows.extend, lambda: log.calls)


@contextmanager
def simulated_log(page: int) -> Iterator[LogBackend]:
    """The gateway over the simulator."""
    clock = Clock()
    campaigns = [{"id": "70012", "appId": "113", "name": SPRING.name, "subject": SPRING.subject}]
    simulator = HubSpotSimulator(
        [{"portal_id": 555001, "campaigns": campaigns}], clock=clock, faults=Faults(clock)
    )
    portal = simulator.portals[0]
    with served(simulator.wsgi) as url:
        secret = FixedSecret({"access_token": portal.access_token, "api_url": url})
        client = HubspotClient(secret, retry_policy=retry_policy(clock))
        yield LogBackend(
            HubspotMail(client, page=page),
            lambda rows: (
                simulator.person({"do": "email_events", "events": [_row(row) for row in rows]})
                and None
            ),
            lambda: int(simulator.stats()["calls"]),
        )


def _row(event: MailEvent) -> dict[str, Any]:
    """An event as HubSpot's log has it."""
    row: dict[str, Any] = {
        "id": event.id,
        "created": event.created,
        "type": event.kind,
        "recipient": event.recipient,
    }
    row |= {
        "appId": int(event.app),
        "emailCampaignId": int(event.campaign),
        "filteredEvent": event.is_filtered,
    }
    row |= {"url": event.url} if event.url else {}
    return row | ({"obsoletedBy": {"id": "x", "created": 1}} if event.is_obsolete else {})


@pytest.fixture(params=[memory_log, simulated_log])
def new_log(request: pytest.FixtureRequest) -> Iterator[Callable[..., LogBackend]]:
    """Makes a log of each kind, with pages of a size."""
    with ExitStack() as owned:
        yield lambda page=1000: owned.enter_context(request.param(page))


def opened(number: int, at: int = NOON, **more: Any) -> MailEvent:
    """An open of the spring campaign."""
    return replace(
        MailEvent(f"event-{number}", at, "OPEN", "ada@example.com", "113", "70012"), **more
    )


def flat(backend: LogBackend, start: int = 0, end: int = NOON, **more: Any) -> list[MailEvent]:
    """All events of a walk."""
    return [event for page in backend.log.events("OPEN", start, end, **more) for event in page]


def test_the_log_is_read_newest_first_with_both_ends(new_log: Callable[..., LogBackend]) -> None:
    """By type and time; with any page size each event is returned once, with all its fields."""
    backend = new_log(2)
    rows = [
        opened(number, NOON - number, url=f"https://example.com/{number}") for number in range(5)
    ]
    backend.put([*rows, opened(9, kind="CLICK"), opened(10, NOON - 9), opened(11, NOON + 1)])

    assert flat(backend, NOON - 4) == rows


def test_bots_are_left_out_on_request(new_log: Callable[..., LogBackend]) -> None:
    """Replaced events are marked."""
    backend = new_log()
    machine, replaced = opened(1, is_filtered=True), opened(2, NOON - 1, is_obsolete=True)
    backend.put([machine, replaced])

    assert (flat(backend), flat(backend, without_bots=True)) == ([machine, replaced], [replaced])


def test_an_empty_log_costs_a_call(new_log: Callable[..., LogBackend]) -> None:
    """Without events there is no page."""
    backend = new_log()
    before = backend.calls()

    assert (flat(backend), backend.calls() - before) == ([], 1)


def test_campaigns_are_known_by_app_and_id(new_log: Callable[..., LogBackend]) -> None:
    """Unknown campaigns are left out; a known one is not read twice."""
    backend = new_log()
    wanted = {("113", "70012"), ("113", "1"), ("", "")}
    found = backend.log.campaigns(wanted)
    before = backend.calls()

    assert (found, backend.log.campaigns(wanted), backend.calls()) == (
        {("113", "70012"): SPRING},
    ) * 2 + (before,)
