"""What looking into HubSpot's lists costs, and what is done where HubSpot does not say enough."""

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
from tests.contracts.persons import HubspotKeeper, HubspotPerson
from tests.contracts.stages import FixedSecret, served
from tests.gateways.scripted import Answer, Asked, Script

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@dataclass(slots=True)
class Portal:
    """A simulated account with one list of ten, in pages of three."""

    lists: HubspotLists
    simulator: HubSpotSimulator
    clock: Clock
    keeper: HubspotKeeper
    person: HubspotPerson
    list_id: str = ""
    crowd: int = 0

    def grow(self, count: int = 1) -> None:
        """So many more members, an hour after each other."""
        for _ in range(count):
            self.crowd += 1
            ref = self.person.add("contact", {"email": f"p{self.crowd}@example.com"})
            self.keeper.put_in(self.list_id, ref)
            self.clock.advance(3600)

    def look(self, since: datetime) -> tuple[list[datetime], Mapping[str, int]]:
        """When those told came in, and the calls that it took, by endpoint."""
        before = dict(self.simulator.stats()["by_endpoint"])
        told = [
            one.modified_at for page in self.lists.joined_since(self.list_id, since) for one in page
        ]
        after: Mapping[str, int] = self.simulator.stats()["by_endpoint"]
        return told, {
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
        keeper, person = HubspotKeeper(url, one.user_token), HubspotPerson(url, one.user_token)
        made = Portal(HubspotLists(client, page=3), simulator, clock, keeper, person)
        made.list_id = keeper.make()
        made.grow(10)
        yield made


def test_a_look_at_a_list_into_which_nobody_came_costs_one_call(portal: Portal) -> None:
    """However long the list is, and even for the first look of all."""
    newest = datetime.fromtimestamp(portal.clock.now_ms() / 1000, UTC)

    assert portal.look(newest) == ([], {"search": 1})


def test_only_the_first_walk_begins_with_the_oldest_member(portal: Portal) -> None:
    """Later ones begin with the page at which the last one ended."""
    first, walked = portal.look(LONG_AGO)
    portal.grow()
    second, further = portal.look(first[0] + timedelta(seconds=1))

    assert (len(first), walked) == (10, {"search": 1, "join-order": 4})
    assert (len(second), further) == (1, {"search": 1, "join-order": 1})
    assert second[0] > first[0]


def test_a_look_further_back_walks_from_there(portal: Portal) -> None:
    """A sweep looks again at what came shortly before."""
    everybody, _ = portal.look(LONG_AGO)

    seen, calls = portal.look(everybody[4])

    assert (seen, calls) == (everybody[:5], {"search": 1, "join-order": 3})


class Listless(Script):
    """A HubSpot that says no more about a list than it must."""

    def __init__(self, *, known: bool, properties: Mapping[str, str] | None = None) -> None:
        """The list is `known` or not; a search finds it only with `properties`."""
        super().__init__([])
        self.known = known
        self.properties = properties

    def answer(self, asked: Asked) -> Answer:
        """Answer by the path."""
        if asked.path.endswith("/search"):
            found = (
                []
                if self.properties is None
                else [{"listId": 77, "additionalProperties": self.properties}]
            )
            return Answer({"lists": found, "total": len(found)})
        if "join-order" in asked.path:
            return Answer(
                {"results": [{"recordId": "81", "membershipTimestamp": NOON.isoformat()}]}
            )
        if "memberships" in asked.path:
            return Answer(
                {
                    "results": [
                        {"objectTypeId": "0-1", "recordId": "81", "recordListMemberships": []}
                    ]
                }
            )
        return (
            Answer({"list": {"listId": "77"}})
            if self.known
            else Answer({"category": "OBJECT_NOT_FOUND"}, 404)
        )


def looked(server: Listless, since: datetime) -> tuple[list[Ref], list[str]]:
    """Who is told to have come in, and what was asked."""
    with served(server) as url:
        lists = HubspotLists(HubspotClient(FixedSecret({"access_token": "t", "api_url": url})))
        told = [one.ref for page in lists.joined_since("77", since) for one in page]
    return told, [one.path.rsplit("/", 1)[-1].split("?")[0] for one in server.asked]


@pytest.mark.parametrize(
    "properties", [{}, {"hs_list_size": "1"}, {"hs_last_record_added_at": "yesterday"}]
)
def test_where_hubspot_does_not_say_when_somebody_came_the_list_is_walked(
    properties: dict[str, str],
) -> None:
    """Nobody is overlooked because of a property that is missing."""
    assert looked(Listless(known=True, properties=properties), NOON) == (
        [Ref(Side.HUBSPOT, "contact", "81")],
        ["search", "join-order"],
    )


@pytest.mark.parametrize("stamp", ["1793620799000", "2026-11-02T11:59:59Z"])
def test_a_note_a_moment_before_the_first_look_is_no_reason_not_to_look(stamp: str) -> None:
    """Two clocks of HubSpot may differ by seconds; the note comes as milliseconds or in words
    [M].
    """
    told, _ = looked(Listless(known=True, properties={"hs_last_record_added_at": stamp}), NOON)
    none, asked = looked(
        Listless(known=True, properties={"hs_last_record_added_at": stamp}),
        NOON + timedelta(minutes=1),
    )

    assert told == [Ref(Side.HUBSPOT, "contact", "81")]
    assert (none, asked) == ([], ["search"])


def test_a_list_that_search_does_not_find_yet_is_looked_for_by_its_id() -> None:
    """Search lags behind: only the list itself can say that it is not there."""
    told, asked = looked(Listless(known=True), NOON)

    assert (told, asked) == ([Ref(Side.HUBSPOT, "contact", "81")], ["search", "77", "join-order"])
    with pytest.raises(Refused):
        looked(Listless(known=False), NOON)


@pytest.mark.parametrize(
    ("version", "path"), [("", "2026-03"), ("2026-03", "2026-03"), ("2026-09", "2026-09")]
)
def test_many_memberships_are_read_at_a_dated_path_always(version: str, path: str) -> None:
    """There is no other (docs/vendors.md#hubspot-lists)."""
    assert (
        path_in(version, MEMBERSHIPS_BATCH) == f"/crm/lists/{path}/records/memberships/batch/read"
    )


def test_members_are_asked_for_by_a_hundred_and_by_the_id_of_their_type() -> None:
    """Companies are 0-2; an object of the account's own goes by its own id."""
    server = Listless(known=True)
    refs = [Ref(Side.HUBSPOT, name, "81") for name in ("contact", "company", "2-345")]
    with served(server) as url:
        lists = HubspotLists(HubspotClient(FixedSecret({"access_token": "t", "api_url": url})))
        inside = lists.members(
            "77", [*refs, *(Ref(Side.HUBSPOT, "contact", str(one)) for one in range(200, 350))]
        )

    sent: list[list[dict[str, Any]]] = [
        one.body["inputs"] for one in server.asked if one.method == "POST"
    ]
    assert (inside, [len(one) for one in sent]) == (frozenset(), [100, 53])
    assert [row["objectTypeId"] for row in sent[0][:3]] == ["0-1", "0-2", "2-345"]
