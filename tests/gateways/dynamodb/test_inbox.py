"""What the error inbox costs, and that nobody's row is lost to its marks, whoever works beside
whom.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.dynamodb.models import dynamodb_backends

from crmsync.gateways.dynamodb.inbox import InboxTable
from crmsync.gateways.dynamodb.inbox_marks import MOST, mark_of, pages_of
from crmsync.model.effects import Category, Report
from crmsync.model.records import Ref, Side
from crmsync.rules.timing.parked import KEPT
from local.stack.aws import Aws
from local.stack.template import REGION
from simulators.clock import Clock
from simulators.faults import Faults
from tests.builders import NOON
from tests.contracts.tables import NO_WAIT, an_inbox, dynamodb


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
class Desk:
    """The laptop's own DynamoDB, which counts units, with the state table."""

    aws: Aws = field(default_factory=lambda: Aws(clock := Clock(), Faults(clock)))

    def __post_init__(self) -> None:
        """Make the table."""
        self.client = boto3.client(
            "dynamodb",
            endpoint_url=self.aws.url,
            region_name=REGION,
            aws_access_key_id="somebody",
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
        """The inbox as a fresh Lambda has it."""
        return InboxTable(
            self.client, "Table", now=lambda: NOON, ticks=lambda: 0.0, retry_policy=NO_WAIT
        )

    def cost(self, work: Callable[[], object]) -> tuple[float, float]:
        """Read and write units of a piece of work."""
        units = self.aws.tables.units
        before = units.reads, units.writes
        work()
        return units.reads - before[0], units.writes - before[1]

    def put_rows(self, reports: Sequence[Report]) -> None:
        """Rows as an older version of the inbox wrote them, past the counting."""
        table = dynamodb_backends[self.aws.account][REGION].tables["Table"]
        for report in reports:
            row = {
                "pk": "inbox#acme",
                "sk": str(report.ref),
                "category": str(report.category),
                "text": report.text,
            }
            row |= {"field": report.fieldname, "hint": report.hint, "because": "ERR-1", "waits": ""}
            row |= {"first": NOON.isoformat(), "last": NOON.isoformat()}
            table.put_item({name: {"S": value} for name, value in row.items()})


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk of its own."""
    desk = Desk()
    yield desk
    desk.aws.close()


NEVER_PARKED = [
    ref for number in range(1000) for ref in (contact(number), lead(10_000_000 + number))
]
"""A full batch of pairs."""


def test_a_batch_costs_one_read_unit_where_nothing_is_parked(desk: Desk) -> None:
    """Once the first one has left its sign, which costs a read and a write."""
    inbox = desk.lambda_()

    first = desk.cost(lambda: inbox.clear("acme", NEVER_PARKED))
    then = [
        desk.cost(lambda some=some: inbox.clear("acme", some))
        for some in (NEVER_PARKED[:1], NEVER_PARKED)
    ]
    waiting = desk.cost(lambda: inbox.waiting_for("acme", NEVER_PARKED))

    assert (first, then, waiting) == ((4, 1), [(1, 0), (1, 0)], (1, 0))


@pytest.mark.parametrize("parked", [400, 5_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_batch_costs_one_read_unit_however_many_are_parked(desk: Desk, parked: int) -> None:
    """A Lambda reads the pages that it needs once: 16 at most for 7,000 rows, 272 for 100,000; then
    it is as if there were none.
    """
    desk.put_rows([a_report(lead(number)) for number in range(parked)])
    desk.lambda_().park("acme", [a_report(lead(0))])
    inbox = desk.lambda_()

    first = desk.cost(lambda: inbox.clear("acme", NEVER_PARKED))
    then = desk.cost(lambda: inbox.clear("acme", NEVER_PARKED))
    single = desk.cost(lambda: inbox.clear("acme", NEVER_PARKED[:2]))

    assert first[0] <= {400: 1, 5_000: 17, 100_000: 273}[parked]
    assert (first[1], then, single) == (0, (1, 0), (1, 0))


def test_a_row_that_leaves_costs_its_own_reads_and_writes(desk: Desk) -> None:
    """Where few are parked: the row is read, deleted and looked for once more, its mark taken
    away.
    """
    inbox = desk.lambda_()
    inbox.park("acme", [a_report(lead(number)) for number in range(20)])

    assert desk.cost(lambda: inbox.clear("acme", [lead(7), *NEVER_PARKED])) == (4, 3)
    assert len(inbox.parked("acme")) == 19


def test_what_an_older_version_has_parked_is_found(desk: Desk) -> None:
    """Rows without marks are marked by the first who comes along, and leave like any other."""
    desk.put_rows([a_report(lead(number)) for number in range(3)])

    desk.lambda_().clear("acme", [lead(1)])

    assert [report.ref for report in desk.lambda_().parked("acme")] == [lead(0), lead(2)]


def test_marks_find_room_on_further_pages_and_all_of_them_are_found() -> None:
    """More than a page holds, parked at once and one by one; a Lambda with old pages sees what
    others have done since.
    """
    with dynamodb("pk", "sk") as client:
        mine, other = an_inbox(client, now=lambda: NOON), an_inbox(client, now=lambda: NOON)
        reports = [a_report(lead(number)) for number in range(MOST + 60)]
        mine.park("acme", reports)
        other.clear("acme", [contact(1)])
        mine.park("acme", [a_report(contact(1))])

        other.clear("acme", [contact(1), *(report.ref for report in reports[:MOST])])
        assert [report.ref for report in mine.parked("acme")] == [
            report.ref for report in reports[MOST:]
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


def test_a_mark_stands_on_one_page_of_each_level() -> None:
    """The pages of a level are those of the level above, cut in sixteen."""
    pages = pages_of(mark_of("hubspot:contact:81"), 3)

    assert [len(page) for page in pages] == [1, 2, 3]
    assert all(below.startswith(above) for above, below in itertools.pairwise(pages))


class Beside:
    """A client that lets somebody else work once, right after or right before one of its own
    calls.
    """

    def __init__(self, client: Any, when: int, work: Callable[[], object]) -> None:
        """`when` counts calls from 1: before that one, `work` is done."""
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
def test_a_row_is_never_without_its_mark(when: int, *, parks: bool) -> None:
    """Two work on one record that was parked before, one of them in the middle of the other:
    whatever row is left can be cleared.
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
            Beside(client, when, lambda: (clear if parks else park)(other)),
            now=lambda: NOON + timedelta(1),
        )

        (park if parks else clear)(mine)

        stands = [one.ref for one in other.parked("acme")]
        assert [one for one in other.waiting_for("acme", [contact(12)]) if one in stands] == stands
        other.clear("acme", [contact(81)])
        assert list(other.parked("acme")) == []


def test_a_report_that_waits_for_others_leaves_the_old_lists(desk: Desk) -> None:
    """And who is asked for by nobody any more costs nothing again."""
    inbox = desk.lambda_()
    report = a_report(contact(81), contact(12), contact(13))
    inbox.park("acme", [report])
    inbox.park("acme", [replace(report, waits_for=(contact(13),))])

    waits = [list(inbox.waiting_for("acme", [contact(number)])) for number in (12, 13)]

    assert waits == [[], [contact(81)]]
    assert desk.cost(lambda: inbox.waiting_for("acme", [contact(12)])) == (1, 0)


def test_a_row_that_nobody_reports_again_is_forgotten_by_the_table() -> None:
    """A report says when it ends, one that lasts does not; reported as what lasts, it ends no more.
    Rows of an older version end soon.
    """
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


def test_a_row_that_the_table_forgot_leaves_a_mark_that_goes_with_the_next_look() -> None:
    """Clearing the record costs one look at a row that is not there; after it, nothing says that
    there was one.
    """
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
