"""How the HubSpot gateway finds the survivors of merges, and how it deletes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from crmsync.errors import Down, Refused, SyncError, TryAgain
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.gone import HubspotDeleter
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.effects import DeleteRecord
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from tests.gateways.scripted import Request, Response, Script
from tests.simulated import FixedSecret, served

TIMES = {"createdAt": "2026-11-02T12:00:00Z", "updatedAt": "2026-11-02T12:00:00Z"}


def contact(number: int) -> Ref:
    """A HubSpot contact."""
    return Ref(Side.HUBSPOT, "contact", str(number))


@dataclass(slots=True)
class Portal:
    """A scripted HubSpot: existing records with the ids merged into them, the recycle bin, and the
    results of single reads.
    """

    living: Mapping[str, str] = field(default_factory=dict)
    bin: tuple[str, ...] = ()
    leads: Mapping[str, str] = field(default_factory=dict)
    property: str = "hs_merged_object_ids"
    batch_redirects: bool = True


class MergedIds(Script):
    """A HubSpot that treats the ids of merged records as its `portal` describes."""

    def __init__(self, portal: Portal) -> None:
        """Respond from `portal`."""
        super().__init__([])
        self.portal = portal

    def respond(self, request: Request) -> Response:
        """A batch read of existing or archived records, or a single read."""
        if request.method == "GET":
            end = self.portal.leads.get(request.path.rsplit("/", 1)[-1])
            return Response(self.row(end)) if end else Response("<html>not here</html>", 404)
        ids = [row["id"] for row in request.body["inputs"]]
        if "archived=True" in request.path or "archived=true" in request.path:
            return Response({"results": [self.row(one) for one in ids if one in self.portal.bin]})
        ends = {
            self.portal.leads.get(one, one) if self.portal.batch_redirects else one for one in ids
        }
        return Response(
            {"results": [self.row(one) for one in sorted(ends) if one in self.portal.living]}
        )

    def row(self, identifier: str) -> dict[str, Any]:
        """A record with the ids that were merged into it."""
        return {
            "id": identifier,
            "properties": {self.portal.property: self.portal.living.get(identifier)},
            **TIMES,
        }


def survivors(portal: Portal, *numbers: int) -> tuple[Mapping[Ref, Ref], list[str]]:
    """Return the survivors of these contacts, and the last parts of the requested paths."""
    server = MergedIds(portal)
    with served(server) as url:
        gateway = HubspotGateway(HubspotClient(FixedSecret({"access_token": "t", "api_url": url})))
        found = gateway.survivors(contact(number) for number in numbers)
    return found, [one.path.rsplit("/", 1)[-1].split("?")[0] for one in server.requests]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hs_merged_object_ids", "81;93"),
        ("hs_calculated_merged_vids", "81:1790000000000;93:1790000000001"),
    ],
)
def test_a_survivor_that_names_merged_ids_costs_one_call(name: str, value: str) -> None:
    """HubSpot has two properties for the merged ids."""
    portal = Portal({"97": value, "99": ""}, leads={"81": "97", "93": "97"}, property=name)

    assert survivors(portal, 81, 93, 99) == (
        {contact(81): contact(97), contact(93): contact(97)},
        ["read"],
    )


def test_merged_ids_that_a_batch_read_does_not_know_are_read_one_by_one() -> None:
    """A single read returns the survivor under its own id [M]; an id in the recycle bin is not
    read.
    """
    portal = Portal(
        {"97": "", "99": ""}, bin=("82", "83"), leads={"81": "97"}, batch_redirects=False
    )

    found, sent = survivors(portal, 81, 82, 83, 84, 99)

    assert found == {contact(81): contact(97)}
    assert sent == ["read", "read", "81", "84"]


def test_a_survivor_that_does_not_name_merged_ids_is_found_by_single_reads() -> None:
    """A response with another id than the requested one is used only if it is about one record."""
    portal = Portal({"97": "", "98": ""}, leads={"81": "97", "93": "98"})

    assert survivors(portal, 81, 93)[0] == {contact(81): contact(97), contact(93): contact(98)}


def test_a_merged_record_whose_survivor_is_in_the_bin_has_none() -> None:
    """The record in the bin names it, so nothing else is read."""
    server = Portal(bin=("81",))

    assert survivors(server, 81) == ({}, ["read", "read"])


class Archive(Script):
    """A HubSpot that deletes in batches, and refuses contacts 13 and 14."""

    def respond(self, request: Request) -> Response:
        """A 204, or a refusal of the whole batch."""
        ids = {row["id"] for row in request.body["inputs"]}
        if "13" in ids:
            return Response({"category": "OBJECT_NOT_FOUND", "message": "Object not found."}, 404)
        if "14" in ids:
            return Response(
                {"category": "VALIDATION_ERROR", "message": "14 cannot be deleted."}, 400
            )
        if "205" in ids:
            return Response(
                {
                    "category": "RATE_LIMITS",
                    "policyName": "DAILY",
                    "message": "You have used up your day.",
                },
                429,
            )
        return Response("", 204)


def deleted(*numbers: int) -> tuple[list[Written | SyncError], list[int]]:
    """Return the outcomes of deleting these contacts, and the number of rows per call."""
    server = Archive([])
    with served(server) as url:
        secret = FixedSecret({"access_token": "t", "api_url": url})
        client = HubspotClient(secret, retry_policy=RetryPolicy(pause=lambda _seconds: None))
        outcomes = HubspotDeleter(client).delete(
            [DeleteRecord(contact(number)) for number in numbers]
        )
    return list(outcomes), [len(one.body["inputs"]) for one in server.requests]


def test_records_are_deleted_a_hundred_a_call_and_each_once() -> None:
    """HubSpot refuses a batch with the same row twice."""
    numbers = [*range(20, 170), 20, 169]

    outcomes, rows = deleted(*numbers)

    assert outcomes == [Written(contact(number), {}) for number in numbers]
    assert rows == [100, 50]


def test_a_delete_refused_for_one_row_is_halved_until_the_row_is_found() -> None:
    """A missing record counts as deleted; one that cannot be deleted has an error."""
    outcomes, rows = deleted(*range(10, 20))

    assert [type(one) for one in outcomes] == [Written] * 4 + [Refused] + [Written] * 5
    assert outcomes[3] == Written(contact(13), {})
    assert len(rows) <= 11


def test_what_was_deleted_before_hubspot_failed_is_reported() -> None:
    """Only the rest is tried again."""
    outcomes, _ = deleted(*range(100, 300))

    assert [type(one) for one in outcomes] == [Written] * 100 + [Down] * 100
    with pytest.raises(TryAgain):
        deleted(205)
