"""Calls for tasks and events: archived ones, lost responses, and the number of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.gateways.salesforce.listing import SalesforceLister
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Written
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.simulated import OUR_FIELD, FixedSecret, retry_policy, served

PLAIN = {**OUR_FIELD, "externalId": False, "unique": False, "idLookup": False}
"""Our field in an org that does not allow one of Activity to be an external id."""

YEARS_AGO = "2024-10-01"


@dataclass(frozen=True, slots=True)
class Org:
    """A simulated org and its gateways."""

    gateway: SalesforceGateway
    lister: SalesforceLister
    simulator: SalesforceSimulator
    faults: Faults

    def calls(self) -> int:
        """The number of calls since the start."""
        return sum(self.simulator.stats()["by_endpoint"].values())

    def subjects(self) -> list[str]:
        """The subjects of all tasks."""
        after, refs = "", list[Ref]()
        while after is not None:
            page = self.lister.page("Task", after, 2000)
            refs, after = [*refs, *page.refs], page.after
        records = self.gateway.read(refs, {"Task": ["Subject"]})
        return sorted(str(one.fields["Subject"]) for one in records.values())


@contextmanager
def an_org(
    our_field: dict[str, Any] = OUR_FIELD, now: Callable[[], float] | None = None
) -> Iterator[Org]:
    """An org with our field on Activity; `now` is the gateway's clock, by default the org's."""
    clock = Clock()
    faults = Faults(clock)
    simulator = SalesforceSimulator(
        {"custom_fields": {name: [our_field] for name in ("Task", "Event")}},
        clock=clock,
        faults=faults,
    )
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        gateway = SalesforceGateway(
            url,
            secret,
            now=now or (lambda: clock.now_ms() / 1000),
            retry_policy=retry_policy(clock),
        )
        yield Org(gateway, SalesforceLister(gateway.session), simulator, faults)


def creation(name: str, **fields: Value) -> CreateRecord:
    """The effect that creates a task with this subject, under a key of its own."""
    return CreateRecord(
        Side.SALESFORCE, "Task", f"key-{name}", {"Subject": name, **fields}, Slot(name)
    )


@pytest.mark.parametrize("our_field", [OUR_FIELD, PLAIN], ids=["unique", "plain"])
@pytest.mark.parametrize("kind", ["timeout_after_write", "timeout_before_write"])
def test_a_lost_response_leads_to_no_second_task(kind: str, our_field: dict[str, Any]) -> None:
    """The call is not repeated by itself; what it has made is found by its key."""
    effects = [creation(f"p{number:03d}") for number in range(3)]
    with an_org(our_field) as org:
        org.faults.replace([{"at": "salesforce", "kind": kind}])
        with pytest.raises(TryAgain):
            org.gateway.create(effects)
        made = org.gateway.made_by({"Task": [one.key for one in effects]})
        outcomes = org.gateway.create([one for one in effects if one.key not in made])

        assert len(made) == (3 if kind == "timeout_after_write" else 0)
        assert len(outcomes) == 3 - len(made)
        assert org.subjects() == ["p000", "p001", "p002"]


def test_an_archived_task_is_read_listed_found_and_updated() -> None:
    """Otherwise it would be taken for deleted, or created again."""
    old = creation("old", Status="Completed", ActivityDate=YEARS_AGO)
    with an_org() as org:
        first, second = (one.ref for one in org.gateway.create([old, creation("new")]))
        archived = org.simulator.person({"do": "archive_activities"})["ids"]
        names = ["Subject", "IsArchived"]

        outcomes = org.gateway.update([UpdateRecord(first, Side.SALESFORCE, {"Subject": "older"})])

        assert (archived, outcomes) == ([first.id], [Written(first, {})])
        assert {
            ref: dict(record.fields)
            for ref, record in org.gateway.read([first, second], {"Task": names}).items()
        } == {
            first: {"Subject": "older", "IsArchived": True},
            second: {"Subject": "new", "IsArchived": False},
        }
        assert org.gateway.made_by({"Task": [old.key]}) == {old.key: first}
        assert (org.subjects(), org.lister.count("Task")) == (["new", "older"], 2)


def test_a_refused_task_has_salesforce_s_code_and_the_others_are_written() -> None:
    """One refusal is about a row; the other one is about the call until its row is found."""
    with an_org() as org:
        outcomes = org.gateway.create(
            [
                creation("a"),
                creation("long", Description="x" * 32_001),
                creation("odd", ActivityDate="tomorrow"),
                creation("private", WhoId="00Q000000000001AAA"),
                creation("z"),
            ]
        )

        assert [
            (one.code, one.fieldname) if isinstance(one, Refused) else type(one).__name__
            for one in outcomes
        ] == [
            "Written",
            ("STRING_TOO_LONG", "Description"),
            ("JSON_PARSER_ERROR", ""),
            "Gone",
            "Written",
        ]
        assert org.subjects() == ["a", "z"]


def thousand(start: int = 0) -> list[CreateRecord]:
    """The effects that create a thousand tasks."""
    return [creation(f"p{number:04d}") for number in range(start, start + 1_000)]


def test_a_thousand_tasks_cost_two_calls_to_create_and_one_to_read() -> None:
    """The first 200 show how fast the org is; from then on a thousand share a call. Whether they
    exist already takes one more.
    """
    effects = thousand()
    with an_org() as org:
        org.lister.count("Task")
        marks = [org.calls()]
        found = org.gateway.made_by({"Task": [one.key for one in effects]})
        marks.append(org.calls())
        refs = [one.ref for one in org.gateway.create(effects)]
        marks.append(org.calls())
        records = org.gateway.read(refs, {"Task": ["Subject", "Description"]})
        marks.append(org.calls())
        more = org.gateway.create(thousand(1_000))
        marks.append(org.calls())

        assert (found, len(records)) == ({}, 1_000)
        assert [records[ref].fields["Subject"] for ref in refs] == [
            f"p{number:04d}" for number in range(1_000)
        ]
        assert all(isinstance(one, Written) for one in more)
        assert [after - before for before, after in pairwise(marks)] == [1, 2, 1, 1]


def test_a_slow_org_gets_fewer_tasks_in_a_call() -> None:
    """A call may take ten seconds at the pace of the one before it: at 20 ms for each task that is
    two collections.
    """
    seconds = count(0, 4)
    with an_org(now=lambda: float(next(seconds))) as org:
        org.lister.count("Task")
        before = org.calls()
        outcomes = org.gateway.create(thousand()[:600])

        assert all(isinstance(one, Written) for one in outcomes)
        assert org.calls() - before == 2


def test_what_cannot_share_a_call_goes_alone() -> None:
    """A text that looks like a reference to another part of the call is stored as it is, and a row
    that makes Salesforce refuse its collection is found; the others are written.
    """
    texts = {450: "Dear @{c0[0].id}", 850: "Dear @{nobody}"}
    effects = [
        creation(f"p{number:04d}", Description=texts.get(number, "Hello"))
        for number in range(1_000)
    ]
    effects[750] = creation("p0750", ActivityDate="tomorrow")
    with an_org() as org:
        outcomes = org.gateway.create(effects)
        refused = [at for at, one in enumerate(outcomes) if not isinstance(one, Written)]
        refs = [one.ref for one in outcomes if isinstance(one, Written)]
        shown = org.gateway.read(refs, {"Task": ["Description"]})

        assert refused == [750]
        assert [shown[outcomes[at].ref].fields["Description"] for at in (249, *texts)] == [
            "Hello",
            *texts.values(),
        ]
        assert len(org.subjects()) == 999


def test_tasks_that_are_too_many_for_triggers_go_alone_from_then_on() -> None:
    """Should the limit of a transaction count for all collections of a call, each is tried again by
    itself, and so are later ones.
    """
    with an_org() as org:
        org.faults.replace([{"at": "salesforce", "kind": "apex_cpu", "rows": 300}])
        marks = [org.calls()]
        outcomes = org.gateway.create(thousand())
        marks.append(org.calls())
        more = org.gateway.create(thousand(1_000))
        marks.append(org.calls())

        assert all(isinstance(one, Written) for one in (*outcomes, *more))
        assert [after - before for before, after in pairwise(marks)] == [6, 5]


def test_a_call_for_many_tasks_that_fails_says_what_was_written() -> None:
    """The first 200 are written; the others, whose call is lost, are to be tried again."""
    effects = thousand()
    with an_org() as org:
        org.gateway.create(effects[:1])
        org.faults.replace([{"at": "salesforce", "kind": "timeout_after_write"}])
        with pytest.raises(TryAgain):
            org.gateway.create(effects[1:])
        made = org.gateway.made_by({"Task": [one.key for one in effects]})
        left = [one for one in effects if one.key not in made]

        outcomes = org.gateway.create(left)

        assert all(isinstance(one, Written) for one in outcomes)
        assert org.subjects() == [f"p{number:04d}" for number in range(1_000)]
