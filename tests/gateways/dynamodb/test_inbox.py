"""What the error inbox costs, and that no report loses its mark when several processes work at
once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.dynamodb.models import dynamodb_backends

from crmsync.gateways.dynamodb.inbox.inbox import InboxTable
from crmsync.gateways.dynamodb.inbox.marks import MAX, mark_of, pages_of
from crmsync.model.effects import Category, Report
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.records import Ref, Side
from crmsync.rules.timing.parked import KEPT
from local.stack.aws import Aws
from local.stack.template.template import REGION
from simulators.clock import Clock
from simulators.faults import Faults
from tests.builders import NOON
from tests.contracts.stores.tables import NO_WAIT, an_inbox, dynamodb


def lead(number: int) -> Ref:
    """A Salesforce lead."""
    return Ref(Side.SALESFORCE, "Lead", f"00Q{number:015}")


def contact(number: int) -> Ref:
    """A HubSpot contact."""
    return Ref(Side.HUBSPOT, "contact", str(number))


def a_report(ref: Ref, *waits_for: Ref, category: Category = Category.VALIDATION) -> Report:
    """Why a record does not sync."""
    return Report(
        ref,
        category,
        "Required fields are missing: [Company]",
        "Company",
        "Fill it.",
        ("ERR-1",),
        waits_for,
    )


@dataclass
class CountedTable:
    """A state table in the laptop stack's own DynamoDB, which counts capacity units."""

    aws: Aws = field(default_factory=lambda: Aws(clock := Clock(), Faults(clock)))

    def __post_init__(self) -> None:
        """Create the table."""
        self.client = boto3.client(
            "dynamodb",
            endpoint_url=self.aws.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )
        keys = ("pk", "sk")
        self.client.create_table(
            TableName="Table",
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )

    def lambda_(self) -> InboxTable:
        """Return the inbox as a new Lambda has it."""
        return InboxTable(
            self.client, "Table", now=lambda: NOON, ticks=lambda: 0.0, retry_policy=NO_WAIT
        )

    def cost(self, work: Callable[[], object]) -> tuple[float, float]:
        """Return the read and write units of a piece of work."""
        units = self.aws.tables.units
        before = units.reads, units.writes
        work()
        return units.reads - before[0], units.writes - before[1]

    def put_rows(self, reports: Sequence[Report]) -> None:
        """Store reports as an older version did; these writes are not counted."""
        table = dynamodb_backends[self.aws.account][REGION].tables["Table"]
        for report in reports:
            row = {
                "pk": "inbox#acme",
                "sk": str(report.ref),
                "category": str(report.category),
                "text": report.text,
            }
            row |= {"field": report.fieldname, "hint": report.hint, "because": "ERR-1"}
            row |= {"waits": " ".join(map(str, report.waits_for))}
            row |= {"first": NOON.isoformat(), "last": NOON.isoformat()}
            table.put_item({name: {"S": value} for name, value in row.items()})


@pytest.fixture
def counted_table() -> Iterator[CountedTable]:
    """An empty table."""
    counted_table = CountedTable()
    yield counted_table
    counted_table.aws.close()


NEVER_PARKED = [
    ref for number in range(1000) for ref in (contact(number), lead(10_000_000 + number))
]
"""A full batch of pairs."""


def test_a_batch_costs_one_read_unit_if_there_are_no_reports(counted_table: CountedTable) -> None:
    """The first batch costs a read and a write more, for the top page."""
    inbox = counted_table.lambda_()

    first = counted_table.cost(lambda: inbox.clear("acme", NEVER_PARKED))
    then = [
        counted_table.cost(lambda some=some: inbox.clear("acme", some))
        for some in (NEVER_PARKED[:1], NEVER_PARKED)
    ]
    asked = [
        counted_table.cost(lambda ask=ask: ask("acme", NEVER_PARKED))
        for ask in (inbox.waiting_for, inbox.reported, partial(inbox.reported, or_awaited=True))
    ]

    assert (first, then, asked) == ((4, 1), [(1, 0), (1, 0)], [(1, 0)] * 3)


@pytest.mark.parametrize("parked", [400, 5_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_batch_costs_one_read_unit_with_many_reports(
    counted_table: CountedTable, parked: int
) -> None:
    """A Lambda reads the pages that it needs once: at most 16 for 7,000 reports and 272 for
    100,000; after that a batch costs one read.
    """
    counted_table.put_rows([a_report(lead(number)) for number in range(parked)])
    counted_table.lambda_().park("acme", [a_report(lead(0))])
    inbox = counted_table.lambda_()

    first = counted_table.cost(lambda: inbox.clear("acme", NEVER_PARKED))
    then = counted_table.cost(lambda: inbox.clear("acme", NEVER_PARKED))
    single = counted_table.cost(lambda: inbox.clear("acme", NEVER_PARKED[:2]))

    assert first[0] <= {400: 1, 5_000: 17, 100_000: 273}[parked]
    assert (first[1], then, single) == (0, (1, 0), (1, 0))


def test_reports_that_are_to_be_left_are_returned_and_stay(counted_table: CountedTable) -> None:
    """They keep their marks: another Lambda finds and clears them."""
    inbox = counted_table.lambda_()
    inbox.park("acme", [a_report(contact(1)), a_report(contact(2)), a_report(lead(3))])

    left = inbox.clear(
        "acme", [contact(1), contact(2), lead(3)], left=[contact(2), contact(1), contact(9)]
    )
    stored = [one.ref for one in inbox.parked("acme")]
    again = counted_table.lambda_().clear("acme", [contact(1), contact(2), lead(3)])

    assert (left, stored) == ([contact(1), contact(2)], [contact(1), contact(2)])
    assert (again, list(inbox.parked("acme"))) == ([], [])


def test_what_clearing_a_report_costs(counted_table: CountedTable) -> None:
    """The report is read, deleted and checked once more, and its mark is removed."""
    inbox = counted_table.lambda_()
    inbox.park("acme", [a_report(lead(number)) for number in range(20)])

    assert counted_table.cost(lambda: inbox.clear("acme", [lead(7), *NEVER_PARKED])) == (4, 3)
    assert len(inbox.parked("acme")) == 19


def test_reports_of_an_older_version_are_found(counted_table: CountedTable) -> None:
    """Reports without marks get theirs at the first access, and can be cleared like any other."""
    counted_table.put_rows([a_report(lead(number)) for number in range(3)])

    counted_table.lambda_().clear("acme", [lead(1)])

    assert [report.ref for report in counted_table.lambda_().parked("acme")] == [lead(0), lead(2)]


def test_before_the_first_mark_it_is_read_who_is_waited_for(counted_table: CountedTable) -> None:
    """An inbox of an older version is read whole, and nothing is written."""
    counted_table.put_rows([a_report(lead(0), lead(1)), a_report(lead(2))])
    asked = [lead(number) for number in (1, 2, 3)]
    inbox = counted_table.lambda_()

    assert sorted(inbox.reported("acme", asked)) == [lead(2)]
    assert sorted(inbox.reported("acme", asked, or_awaited=True)) == [lead(1), lead(2)]


def test_a_report_of_an_older_version_counts_as_one_attempt(counted_table: CountedTable) -> None:
    """It has no code and no number of attempts; its next report adds both."""
    counted_table.put_rows([a_report(lead(number)) for number in range(2)])
    inbox = counted_table.lambda_()
    before = list(inbox.entries("acme"))
    inbox.park("acme", [replace(a_report(lead(0)), code="REQUIRED_FIELD_MISSING")])

    assert before == [InboxEntry(a_report(lead(number)), NOON, NOON, 1) for number in range(2)]
    assert [(one.report.code, one.attempts) for one in inbox.entries("acme")] == [
        ("REQUIRED_FIELD_MISSING", 1),
        ("", 1),
    ]


def test_a_repeated_report_costs_one_write(counted_table: CountedTable) -> None:
    """The attempt is counted in the update that stores the report; a batch without reports costs
    nothing.
    """
    inbox = counted_table.lambda_()
    inbox.park("acme", [a_report(lead(0))])

    assert counted_table.cost(lambda: inbox.park("acme", [a_report(lead(0))]))[1] == 1
    assert counted_table.cost(lambda: inbox.park("acme", [])) == (0, 0)


@pytest.mark.long
def test_marks_fill_further_pages_and_all_are_found() -> None:
    """More marks than a page has room for, added at once and one by one; a Lambda with old pages
    sees the changes of others.
    """
    with dynamodb("pk", "sk") as client:
        mine, other = an_inbox(client, now=lambda: NOON), an_inbox(client, now=lambda: NOON)
        reports = [a_report(lead(number)) for number in range(MAX + 60)]
        mine.park("acme", reports)
        other.clear("acme", [contact(1)])
        mine.park("acme", [a_report(contact(1))])

        other.clear("acme", [contact(1), *(report.ref for report in reports[:MAX])])
        assert [report.ref for report in mine.parked("acme")] == [
            report.ref for report in reports[MAX:]
        ]
        mine.clear("acme", [report.ref for report in reports])
        assert list(other.parked("acme")) == []
        pages = client.query(
            TableName="Table",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "inbox-marks#acme"}},
        )["Items"]
        assert [
            (page["sk"]["S"], page.get("deep")) for page in pages if "m" in page or "deep" in page
        ] == [("-", {"N": "0"})]


def test_a_mark_belongs_to_one_page_of_each_level() -> None:
    """Each page of a level has sixteen pages below it."""
    pages = pages_of(mark_of("hubspot:contact:81"), 3)

    assert [len(page) for page in pages] == [1, 2, 3]
    assert all(below.startswith(above) for above, below in itertools.pairwise(pages))


class Interleaved:
    """A client that does other work once, right before or right after one of its own calls."""

    def __init__(self, client: Any, when: int, work: Callable[[], object]) -> None:
        """`work` is done at call number `when`, counted from 1."""
        self.meta = client.meta
        self._client, self._left, self._work = client, when, work

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> Any:
            self._left -= 1
            if not self._left:
                self._work()
            return getattr(self._client, name)(**given)

        return call


@pytest.mark.parametrize("when", range(1, 16))
@pytest.mark.parametrize("parks", [True, False], ids=["while one parks", "while one clears"])
def test_a_report_is_never_without_its_mark(when: int, *, parks: bool) -> None:
    """Two processes work on one record, one in the middle of the other: a report that remains can
    be cleared.
    """
    with dynamodb("pk", "sk") as client:
        other = an_inbox(client, now=lambda: NOON)
        report = a_report(contact(81), contact(12))
        other.park("acme", [report])
        clear, park = (
            (lambda one: one.clear("acme", [contact(81)])),
            (lambda one: one.park("acme", [report])),
        )
        mine = an_inbox(
            Interleaved(client, when, lambda: (clear if parks else park)(other)),
            now=lambda: NOON + timedelta(1),
        )

        (park if parks else clear)(mine)

        existing = [one.ref for one in other.parked("acme")]
        assert [
            one for one in other.waiting_for("acme", [contact(12)]) if one in existing
        ] == existing
        other.clear("acme", [contact(81)])
        assert list(other.parked("acme")) == []


def test_a_report_that_waits_for_others_leaves_the_old_lists(counted_table: CountedTable) -> None:
    """A record that nothing waits for any more costs nothing again."""
    inbox = counted_table.lambda_()
    report = a_report(contact(81), contact(12), contact(13))
    inbox.park("acme", [report])
    inbox.park("acme", [replace(report, waits_for=(contact(13),))])

    waits = [list(inbox.waiting_for("acme", [contact(number)])) for number in (12, 13)]

    assert waits == [[], [contact(81)]]
    assert counted_table.cost(lambda: inbox.waiting_for("acme", [contact(12)])) == (1, 0)


def test_a_report_that_is_not_renewed_expires() -> None:
    """A report has an expiry unless it lasts. Reports of an older version expire soon."""
    with dynamodb("pk", "sk") as client:
        inbox = an_inbox(client, lambda: NOON)
        inbox.park(
            "acme",
            [
                a_report(contact(1)),
                a_report(contact(2), category=Category.WAITING),
                a_report(contact(3)),
            ],
        )
        inbox.park("acme", [a_report(contact(3), category=Category.BRAKE)])
        rows = client.query(
            TableName="Table",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "inbox#acme"}},
        )["Items"]
        ends = {row["sk"]["S"]: row.get("expires_at") for row in rows}
        client.update_item(
            TableName="Table",
            Key={"pk": {"S": "inbox#acme"}, "sk": {"S": str(contact(1))}},
            UpdateExpression="REMOVE expires_at",
        )
        ending = list(inbox.ending("acme"))

    end = {"N": str(int((NOON + KEPT).timestamp()))}
    assert ends == {str(contact(1)): end, str(contact(2)): None, str(contact(3)): None}
    assert ending == [contact(1)]


def test_the_mark_of_an_expired_report_is_removed_when_it_is_cleared() -> None:
    """Clearing the record costs one read of a missing item and removes the mark."""
    with dynamodb("pk", "sk") as client:
        an_inbox(client, lambda: NOON).park("acme", [a_report(contact(1))])
        key = {"pk": {"S": "inbox#acme"}, "sk": {"S": str(contact(1))}}
        client.delete_item(TableName="Table", Key=key)
        marks = []
        for _ in range(2):
            top = {"pk": {"S": "inbox-marks#acme"}, "sk": {"S": "-"}}
            marks.append(client.get_item(TableName="Table", Key=top)["Item"].get("m"))
            an_inbox(client, lambda: NOON).clear("acme", [contact(1)])

    assert marks == [{"SS": [mark_of(str(contact(1)))]}, None]
