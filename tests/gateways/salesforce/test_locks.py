"""How rows that Salesforce locks together are put into calls; none is lost or written twice."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.errors import TryAgain
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.salesforce.writing import in_calls
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.simulated import OUR_FIELD, FixedSecret, served


@dataclass(frozen=True, slots=True)
class Row:
    """A row to write."""

    object: str
    key: str
    group: str = ""


ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from(["Account", "Contact"]),
        st.sampled_from("abcdefgh"),
        st.sampled_from(["", "1", "2"]),
    ),
    max_size=40,
)


@given(rows=ROWS, size=st.integers(1, 7))
def test_every_row_is_in_one_call_and_no_call_has_a_record_twice(
    rows: list[Row], size: int
) -> None:
    """A call never has more rows than allowed."""
    calls = list(in_calls(rows, size))

    assert Counter(itertools.chain(*calls)) == Counter(rows)
    assert all(0 < len(call) <= size for call in calls)
    assert all(len({(row.object, row.key) for row in call}) == len(call) for call in calls)


def test_rows_of_one_parent_share_a_call_and_parents_ascend() -> None:
    """A group that does not fit into the rest of a call begins the next one."""
    rows = [
        Row("Contact", f"{at}", group)
        for at, group in enumerate(["B", "A", "", "B", "A", "C", "B"])
    ]

    calls = [[(row.group, row.key) for row in call] for call in in_calls(rows, 4)]

    assert calls == [
        [("", "2"), ("A", "1"), ("A", "4")],
        [("B", "0"), ("B", "3"), ("B", "6"), ("C", "5")],
    ]


def test_a_group_that_is_too_large_for_a_call_is_split() -> None:
    """It is split into as few calls as possible."""
    calls = list(in_calls([Row("Contact", f"{at:03}", "A") for at in range(500)], 200))

    assert [len(call) for call in calls] == [200, 200, 100]


@dataclass(slots=True)
class Org:
    """A simulated org and its gateway."""

    gateway: SalesforceGateway
    simulator: SalesforceSimulator
    faults: Faults
    clock: Clock

    def made(self, name: str, rows: list[dict[str, str]]) -> list[Ref]:
        """Create records of an object."""
        effects = [
            CreateRecord(Side.SALESFORCE, name, f"{name}-{at}", row, Slot(str(at)))
            for at, row in enumerate(rows)
        ]
        return [one.ref for one in self.gateway.create(effects) if isinstance(one, Written)]


@pytest.fixture
def org() -> Iterator[Org]:
    """An org with our field on accounts and contacts."""
    clock = Clock()
    faults = Faults(clock)
    simulator = SalesforceSimulator(
        {"custom_fields": {"Contact": [OUR_FIELD], "Account": [OUR_FIELD]}},
        clock=clock,
        faults=faults,
    )
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        retry_policy = RetryPolicy(pause=lambda _: None, jitter=lambda: 0.5)
        yield Org(
            SalesforceGateway(url, secret, now=time.time, retry_policy=retry_policy),
            simulator,
            faults,
            clock,
        )


def test_locked_rows_are_written_exactly_once(org: Org) -> None:
    """Only the contacts of a locked account wait until it is free; the others are written at once
    (fault 14).
    """
    held, free = (ref.id for ref in org.made("Account", [{"Name": "Held"}, {"Name": "Free"}]))
    parents = [held if at % 3 else free for at in range(60)]
    contacts = org.made(
        "Contact",
        [{"LastName": f"P{at}", "AccountId": parent} for at, parent in enumerate(parents)],
    )
    left = [
        UpdateRecord(ref, Side.SALESFORCE, {"Phone": str(at)}, group=parent)
        for at, (ref, parent) in enumerate(zip(contacts, parents, strict=True))
    ]
    org.simulator.due_change_events()
    org.faults.replace([{"at": "salesforce", "kind": "lock_row", "parent": held, "seconds": 60}])

    lefts = []
    for _ in range(3):
        outcomes = org.gateway.update(left)
        assert all(isinstance(one, Written | TryAgain) for one in outcomes)
        left = [
            effect for effect, one in zip(left, outcomes, strict=True) if isinstance(one, TryAgain)
        ]
        lefts.append(len(left))
        org.clock.advance(31)

    written: Counter[str] = Counter()
    for event in org.simulator.due_change_events():
        written.update(event["detail"]["payload"]["ChangeEventHeader"]["recordIds"])
    assert lefts == [40, 40, 0]
    assert written == Counter({ref.id: 1 for ref in contacts})
    shown = org.gateway.read(contacts, {"Contact": ["Phone"]})
    assert [shown[ref].fields["Phone"] for ref in contacts] == [str(at) for at in range(60)]


def test_rows_that_were_locked_briefly_are_written_in_the_same_batch(org: Org) -> None:
    """They are tried again in calls of twenty, so that few wait for each other (fault 14)."""
    [account] = org.made("Account", [{"Name": "One"}])
    org.faults.replace([{"at": "salesforce", "kind": "lock_row", "object": "Contact", "times": 30}])

    contacts = org.made(
        "Contact", [{"LastName": f"P{at}", "AccountId": account.id} for at in range(50)]
    )

    assert org.gateway.contacts_of([account.id]) == {account.id: tuple(sorted(contacts))}
    assert len(contacts) == 50


def test_rows_that_exceed_a_governor_limit_together_are_written_in_smaller_calls(org: Org) -> None:
    """The CPU time of triggers is that of one call; no row is refused for its neighbours, and each
    is written once (fault 14).
    """
    org.faults.replace([{"at": "salesforce", "kind": "apex_cpu", "rows": 12}])

    contacts = org.made("Contact", [{"LastName": f"P{at}"} for at in range(50)])

    written: Counter[str] = Counter()
    for event in org.simulator.due_change_events():
        written.update(event["detail"]["payload"]["ChangeEventHeader"]["recordIds"])
    assert len(contacts) == 50
    assert written == Counter({ref.id: 1 for ref in contacts})


def test_triggers_that_fail_on_single_rows_cost_few_calls(org: Org) -> None:
    """Nothing is written, all rows are to be tried later, and three calls of each size show that
    it is no use now (fault 14).
    """
    org.faults.replace([{"at": "salesforce", "kind": "apex_cpu", "rows": 0}])
    effects = [
        CreateRecord(Side.SALESFORCE, "Contact", f"{at}", {"LastName": "P"}, Slot(f"{at}"))
        for at in range(50)
    ]
    before = org.simulator.stats()["writes"]

    outcomes = org.gateway.create(effects)

    assert {(type(one), one.code) for one in outcomes if isinstance(one, TryAgain)} == {
        (TryAgain, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    }
    assert len(outcomes) == 50
    assert org.simulator.stats()["writes"] - before == 1 + 3 + 3 + 3
