"""What reading HubSpot's lists costs, and what is done if HubSpot leaves something out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.errors import Refused
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.lists import HubspotLists
from crmsync.gateways.hubspot.versions import MEMBERSHIPS_BATCH, path_in
from crmsync.model.records import Ref, Side
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from tests.contracts.crm.persons import HubspotListEditor, HubspotPerson
from tests.gateways.scripted import Request, Response, Script
from tests.simulated import FixedSecret, served

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@dataclass(slots=True)
class Portal:
    """A simulated account with one list of ten, in pages of three."""

    lists: HubspotLists
    simulator: HubSpotSimulator
    clock: Clock
    keeper: HubspotListEditor
    person: HubspotPerson
    list_id: str = ""
    crowd: int = 0

    def grow(self, count: int = 1) -> None:
        """Add so many members, an hour after each other."""
        for _ in range(count):
            self.crowd += 1
            ref = self.person.add("contact", {"email": f"p{self.crowd}@example.com"})
            self.keeper.add_to_list(self.list_id, ref)
            self.clock.advance(3600)

    def joined(self, since: datetime) -> tuple[list[datetime], Mapping[str, int]]:
        """Return the times of the new members, and the number of calls by endpoint."""
        before = dict(self.simulator.stats()["by_endpoint"])
        times = [
            one.modified_at for page in self.lists.joined_since(self.list_id, since) for one in page
        ]
        after: Mapping[str, int] = self.simulator.stats()["by_endpoint"]
        return times, {
            name.rsplit("/", 1)[-1]: count - before.get(name, 0)
            for name, count in after.items()
            if count != before.get(name, 0)
        }


@pytest.fixture
def portal() -> Iterator[Portal]:
    """The account."""
    clock = Clock()
    simulator = HubSpotSimulator([{"portal_id": 555001}], clock=clock, faults=Faults(clock))
    one = simulator.portals[0]
    with served(simulator.wsgi) as url:
        client = HubspotClient(FixedSecret({"access_token": one.access_token, "api_url": url}))
        keeper, person = HubspotListEditor(url, one.user_token), HubspotPerson(url, one.user_token)
        made = Portal(HubspotLists(client, page=3), simulator, clock, keeper, person)
        made.list_id = keeper.make()
        made.grow(10)
        yield made


def test_a_list_that_nobody_joined_costs_one_call(portal: Portal) -> None:
    """However long the list is, even for the first read."""
    newest = datetime.fromtimestamp(portal.clock.now_ms() / 1000, UTC)

    assert portal.joined(newest) == ([], {"search": 1})


def test_only_the_first_read_begins_with_the_oldest_member(portal: Portal) -> None:
    """Later reads begin with the page at which the last one ended."""
    first, walked = portal.joined(LONG_AGO)
    portal.grow()
    second, further = portal.joined(first[0] + timedelta(seconds=1))

    assert (len(first), walked) == (10, {"search": 1, "join-order": 4})
    assert (len(second), further) == (1, {"search": 1, "join-order": 1})
    assert second[0] > first[0]


def test_a_read_from_an_earlier_moment_begins_there(portal: Portal) -> None:
    """A sweep reads again what joined shortly before."""
    everyone, _ = portal.joined(LONG_AGO)

    seen, calls = portal.joined(everyone[4])

    assert (seen, calls) == (everyone[:5], {"search": 1, "join-order": 3})


class FewProperties(Script):
    """A HubSpot that returns only the required properties of a list."""

    def __init__(self, *, known: bool, properties: Mapping[str, str] | None = None) -> None:
        """The list exists if it is `known`; a search finds it only with `properties`."""
        super().__init__([])
        self.known = known
        self.properties = properties

    def respond(self, request: Request) -> Response:
        """Response by the path."""
        if request.path.endswith("/search"):
            found = (
                []
                if self.properties is None
                else [{"listId": 77, "additionalProperties": self.properties}]
            )
            return Response({"lists": found, "total": len(found)})
        if "join-order" in request.path:
            return Response(
                {"results": [{"recordId": "81", "membershipTimestamp": NOON.isoformat()}]}
            )
        if "memberships" in request.path:
            return Response(
                {
                    "results": [
                        {"objectTypeId": "0-1", "recordId": "81", "recordListMemberships": []}
                    ]
                }
            )
        return (
            Response({"list": {"listId": "77"}})
            if self.known
            else Response({"category": "OBJECT_NOT_FOUND"}, 404)
        )


def joined(server: FewProperties, since: datetime) -> tuple[list[Ref], list[str]]:
    """The contacts that joined, and the requests."""
    with served(server) as url:
        lists = HubspotLists(HubspotClient(FixedSecret({"access_token": "t", "api_url": url})))
        found = [one.ref for page in lists.joined_since("77", since) for one in page]
    return found, [one.path.rsplit("/", 1)[-1].split("?")[0] for one in server.requests]


@pytest.mark.parametrize(
    "properties", [{}, {"hs_list_size": "1"}, {"hs_last_record_added_at": "yesterday"}]
)
def test_a_list_without_its_newest_time_is_read(
    properties: dict[str, str],
) -> None:
    """Nobody is missed because of a missing property."""
    assert joined(FewProperties(known=True, properties=properties), NOON) == (
        [Ref(Side.HUBSPOT, "contact", "81")],
        ["search", "join-order"],
    )


@pytest.mark.parametrize("stamp", ["1793620799000", "2026-11-02T11:59:59Z"])
def test_a_newest_time_shortly_before_the_moment_does_not_skip_the_list(stamp: str) -> None:
    """Two clocks of HubSpot may differ by seconds; the time is in milliseconds or ISO 8601 [M]."""
    found, _ = joined(
        FewProperties(known=True, properties={"hs_last_record_added_at": stamp}), NOON
    )
    none, sent = joined(
        FewProperties(known=True, properties={"hs_last_record_added_at": stamp}),
        NOON + timedelta(minutes=1),
    )

    assert found == [Ref(Side.HUBSPOT, "contact", "81")]
    assert (none, sent) == ([], ["search"])


def test_a_list_that_search_does_not_find_is_read_by_its_id() -> None:
    """The search lags: only the list itself shows whether it exists."""
    found, sent = joined(FewProperties(known=True), NOON)

    assert (found, sent) == ([Ref(Side.HUBSPOT, "contact", "81")], ["search", "77", "join-order"])
    with pytest.raises(Refused):
        joined(FewProperties(known=False), NOON)


@pytest.mark.parametrize(
    ("version", "path"), [("", "2026-03"), ("2026-03", "2026-03"), ("2026-09", "2026-09")]
)
def test_memberships_are_always_read_at_a_dated_path(version: str, path: str) -> None:
    """There is no other path (docs/vendors.md#hubspot-lists)."""
    assert (
        path_in(version, MEMBERSHIPS_BATCH) == f"/crm/lists/{path}/records/memberships/batch/read"
    )


def test_members_are_read_by_a_hundred_with_their_type_id() -> None:
    """Companies are 0-2; custom objects have their own ids."""
    server = FewProperties(known=True)
    refs = [Ref(Side.HUBSPOT, name, "81") for name in ("contact", "company", "2-345")]
    with served(server) as url:
        lists = HubspotLists(HubspotClient(FixedSecret({"access_token": "t", "api_url": url})))
        inside = lists.members(
            "77", [*refs, *(Ref(Side.HUBSPOT, "contact", str(one)) for one in range(200, 350))]
        )

    sent: list[list[dict[str, Any]]] = [
        one.body["inputs"] for one in server.requests if one.method == "POST"
    ]
    assert (inside, [len(one) for one in sent]) == (frozenset(), [100, 53])
    assert [row["objectTypeId"] for row in sent[0][:3]] == ["0-1", "0-2", "2-345"]
