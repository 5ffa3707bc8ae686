"""The peer: the same job as most teams write it, one record at a time with two official clients.

Law: honest and small. A queue hands single changes to a Lambda in batches of ten, SQS's default.
For each it gets the contact, looks for the lead by its address, and updates or creates it. No
links, no echoes, no conflicts, no limits. It runs against the same simulators; each call is charged
with the same assumed time as the product's (`CALL_SECONDS`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import requests
from hubspot import HubSpot
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.format import format_soql

from local.bench.contacts import WORLD
from local.bench.figures import BenchError, Figure, figure
from local.bench.prices import AWS_CALL_SECONDS, CALL_SECONDS, MILLION, Usage, costs, gb_seconds
from local.stack.crms import Crms
from simulators.clock import Clock
from simulators.faults import Faults

CONTACTS = 200
MEMORY_MB = 512
BATCH = 10
EVENTS_PER_REQUEST = 100
FIELDS = MappingProxyType(
    {
        "email": "Email",
        "firstname": "FirstName",
        "lastname": "LastName",
        "phone": "Phone",
        "mobilephone": "MobilePhone",
        "jobtitle": "Title",
        "company": "Company",
        "website": "Website",
        "city": "City",
        "zip": "PostalCode",
    }
)


class Peer:
    """The function of the peer, warm."""

    def __init__(self, hubspot: HubSpot, salesforce: Salesforce) -> None:
        self._hubspot = hubspot
        self._salesforce = salesforce
        self._leads: Any = salesforce.Lead

    def sync(self, contact_id: str) -> None:
        """Copy one contact from HubSpot to Salesforce."""
        contact = self._hubspot.crm.contacts.basic_api.get_by_id(
            contact_id, properties=list(FIELDS)
        )
        lead = {theirs: contact.properties.get(ours) for ours, theirs in FIELDS.items()}
        lead["Company"] = lead["Company"] or "Unknown"
        query = format_soql("SELECT Id FROM Lead WHERE Email = {}", lead["Email"])
        found = self._salesforce.query(query)["records"]
        if found:
            self._leads.update(found[0]["Id"], lead)
        else:
            self._leads.create(lead)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run used.

    Attributes:
        changes: How many changes were synced.
        calls: Calls of both CRMs.
        processor: Processor seconds of the peer.
    """

    changes: int
    calls: int
    processor: float

    @property
    def seconds(self) -> float:
        """The duration on one whole core, with the assumed time of each call."""
        return self.processor + self.calls * CALL_SECONDS

    def usage(self) -> Usage:
        """What AWS charges for, without the logs: a receiver that queues each event, and the
        function.
        """
        requests_in = self.changes / EVENTS_PER_REQUEST
        batches = self.changes / BATCH
        receiving = gb_seconds(MEMORY_MB, 0, batches * AWS_CALL_SECONDS)
        syncing = gb_seconds(MEMORY_MB, self.processor, self.calls * CALL_SECONDS)
        return Usage(
            lambda_requests=requests_in + batches,
            lambda_gb_seconds=receiving + syncing,
            queue_requests=3 * batches,  # ten messages are sent, received and deleted at a time
        )


def measure() -> Sequence[Figure]:
    """Return calls, seconds and dollars of the peer. Raises `BenchError`."""
    clock = Clock()
    crms = Crms(WORLD, clock=clock, faults=Faults(clock), seed=0)
    try:
        run = _run(crms, clock)
    finally:
        crms.close()
    usd = costs(run.usage())
    each = 1 / run.changes
    print(
        f"peer: {run.calls * each:.0f} calls and {run.processor * each * 1000:.1f} ms of processor "
        f"time per change; USD per million: "
        + ", ".join(f"{name} {value * MILLION * each:.2f}" for name, value in usd.items() if value),
        file=sys.stderr,
    )
    return [
        figure("peer_calls_hubspot_to_salesforce", run.calls * 1000 * each),
        figure("peer_seconds_per_1000_changes", run.seconds * 1000 * each, 1),
        figure("peer_usd_per_million_changes", sum(usd.values()) * MILLION * each, 2),
    ]


class _Plain(HTTPAdapter):
    """Speaks HTTP where simple-salesforce asks for HTTPS, as the simulators have no certificate."""

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *args, **options)


def _salesforce(crms: Crms, token: str) -> Salesforce:
    session = requests.Session()
    session.mount("https://", _Plain())
    version = crms.salesforce.api_version
    return Salesforce(
        instance_url=crms.salesforce_url, session_id=token, session=session, version=version
    )


def _run(crms: Crms, clock: Clock) -> Run:
    (portal,) = crms.hubspot.portals
    peer = Peer(
        HubSpot(access_token=portal.access_token, host=crms.hubspot_url),
        _salesforce(crms, crms.salesforce.access_token),
    )
    url = f"{crms.hubspot_url}/crm/v3/objects/contacts/batch"
    person = {"Authorization": f"Bearer {portal.user_token}"}
    ids: list[str] = []
    for start in range(0, CONTACTS, EVENTS_PER_REQUEST):
        inputs: list[dict[str, Any]] = [
            {"properties": {"email": f"person{number}@example.com", "lastname": f"P{number}"}}
            for number in range(start, start + EVENTS_PER_REQUEST)
        ]
        made = requests.post(f"{url}/create", json={"inputs": inputs}, headers=person, timeout=60)
        made.raise_for_status()
        ids += [row["id"] for row in made.json()["results"]]
    _sync(peer, ids, clock)
    for start in range(0, CONTACTS, EVENTS_PER_REQUEST):
        inputs = [
            {"id": one, "properties": {"phone": f"+1 202 555 {one}"}}
            for one in ids[start : start + EVENTS_PER_REQUEST]
        ]
        edited = requests.post(f"{url}/update", json={"inputs": inputs}, headers=person, timeout=60)
        edited.raise_for_status()
    before = _calls(crms)
    processor = _sync(peer, ids, clock)
    person_there = _salesforce(crms, crms.salesforce.user_token)
    leads = person_there.query_all("SELECT Phone FROM Lead")["records"]
    if {row["Phone"] for row in leads} != {f"+1 202 555 {one}" for one in ids}:
        raise BenchError("the peer has not written every phone number")
    return Run(len(ids), _calls(crms) - before, processor)


def _sync(peer: Peer, ids: Sequence[str], clock: Clock) -> float:
    """Sync all contacts; returns the processor seconds of this thread. The servers have others."""
    began = time.thread_time()
    for one in ids:
        peer.sync(one)
        clock.advance(3 * CALL_SECONDS)  # within HubSpot's calls of ten seconds
    return time.thread_time() - began


def _calls(crms: Crms) -> int:
    return int(crms.hubspot.stats()["calls"] + crms.salesforce.stats()["calls"])
