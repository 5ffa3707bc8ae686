"""The first page: problems first, as `crmsync status` knows them, then each connection."""

from __future__ import annotations

from datetime import timedelta

from crmsync.console.pages.overview import (
    CallsRow,
    CampaignRow,
    ConnectionView,
    JobRow,
    ObjectCounts,
    Overview,
    QueueRow,
    SweepRow,
    Words,
    overview,
)
from crmsync.console.pages.overview_charts import calls_chart, changes_chart, lag_chart
from crmsync.flows.operator.health.campaigns import CampaignStatus
from crmsync.flows.operator.health.status import ConnectionStatus, Status
from crmsync.flows.operator.health.throughput import Throughput
from crmsync.gateways.aws.metrics import KEPT
from crmsync.model.effects import Category
from crmsync.model.kinds.campaigns import CampaignTrouble
from crmsync.model.operations.calls import CallClass, CallHold, DailyCalls
from crmsync.model.operations.jobs import Job, JobStep, JobType
from crmsync.model.operations.throughput import HourOfChanges
from crmsync.model.records import Side
from crmsync.rules.backfill.pacing import Depth
from crmsync.rules.timing.call_counts import hour_of
from crmsync.rules.timing.call_outlook import outlook
from crmsync.rules.timing.call_state import CallState
from local.people import People
from local.stack import Stack
from tests.builders import NOON
from tests.console.browser import Browser, texts
from tests.flows.stories.story_command import command

FAIR = "701000000000001AAA"
HOUR = hour_of(NOON)
FOUND = {HOUR: HourOfChanges(12, 1.5, 20.0)}
HOLD = CallHold("CALLS", "Few calls are left.", NOON + timedelta(hours=1), "Raise the allotment.")
STATUS = Status(
    at=NOON,
    version=3,
    connections=(
        ConnectionStatus(
            "acme",
            concerns={"contact": True, "account": False},
            newest={"contact": NOON - timedelta(minutes=4), "Lead": None},
            errors={"validation": 2, "brake": 1},
            jobs={"running": 1},
            imported={"Account": NOON, "Contact": None},
            calls=None,
            allotment=0,
            looked={Side.HUBSPOT: NOON - timedelta(minutes=75), Side.SALESFORCE: None},
            own_calls={
                Side.SALESFORCE: CallState(
                    {CallClass.LIVE: 4, CallClass.SWEEP: 6},
                    20,
                    DailyCalls(300, 1000),
                    {CallClass.BACKFILL: HOLD},
                    None,
                    None,
                    {HOUR: (4, 0, 6, 0)},
                )
            },
            open_jobs=(
                Job(
                    "acme",
                    "7f3a2c",
                    JobType.IMPORT,
                    (JobStep(Side.HUBSPOT, "contact", total=80),),
                    NOON,
                    NOON,
                    queued=50,
                    waiting=10,
                ),
            ),
            campaigns=(
                CampaignStatus("42", FAIR, 7, 3, 2, 1, "CODE: Not now.", None, NOON),
                CampaignStatus("43", FAIR, trouble=CampaignTrouble("NO_LIST", "Gone.", NOON)),
            ),
            reports={
                (Side.SALESFORCE, "Lead", Category.HELD): 1,
                (Side.HUBSPOT, "contact", Category.VALIDATION): 2,
                (Side.HUBSPOT, "contact", Category.WAITING): 5,
                (Side.HUBSPOT, "contact", Category.BRAKE): 1,
            },
        ),
    ),
    queues={"ContactQueue": Depth(3, 2, 1), "ContactDeadLetters": Depth(1, 0, 0)},
)


def test_the_page_shows_the_whole_state():
    """Whatever the report has: findings, with a link where a page shows what they name, objects, calls by class, sweeps, imports with progress, queues."""
    silence, dead_letters, *_ = STATUS.findings
    calls = STATUS.connections[0].own_calls[Side.SALESFORCE]
    assert overview(STATUS, Throughput({"acme": FOUND})) == Overview(
        (
            (Words(silence, ""),),
            (Words(dead_letters, ""),),
            (
                Words("acme: 1 record is held back by a brake; ", ""),
                Words("crmsync brakes list", "/brakes"),
                Words(" says which, release or drop them.", ""),
            ),
            (
                Words("acme: 2 records do not sync, or not as a whole; ", ""),
                Words("crmsync errors list", "/errors"),
                Words(" says why.", ""),
            ),
            *((Words(text, ""),) for text in STATUS.findings[4:]),
        ),
        (
            ConnectionView(
                "acme",
                on=("contact",),
                off=("account",),
                looked=(("HubSpot", "1 h 15 min ago"), ("Salesforce", "not yet")),
                objects=(
                    ObjectCounts("HubSpot contact", waiting=5, parked=2, braked=1),
                    ObjectCounts("Salesforce Lead", waiting=1, parked=0, braked=0),
                ),
                throughput=(
                    changes_chart(FOUND, {HOUR}, NOON),
                    lag_chart(FOUND, {HOUR}, NOON),
                ),
                calls=(
                    CallsRow(
                        "Salesforce",
                        {"live": 4, "retry": 0, "sweep": 6, "backfill": 0},
                        own=10,
                        allotment=20,
                        all_used=300,
                        all_allowed=1000,
                        percent=50,
                        holds=("backfill: Few calls are left. Until 2026-11-02 13:00 UTC.",),
                        chart=calls_chart("Salesforce", calls, NOON),
                        outlook=outlook(Side.SALESFORCE, calls, NOON),
                    ),
                ),
                sweeps=(SweepRow("contact", "4 min ago"), SweepRow("Lead", "not yet")),
                imported=(("Account", NOON),),
                jobs=(JobRow("7f3a2c", "import", "running", 40, 80, ""),),
                campaigns=(
                    CampaignRow(FAIR, "42", 7, 3, 2, 1, "0 min ago", ""),
                    CampaignRow(FAIR, "43", 0, 0, 0, 0, "not yet", "NO_LIST"),
                ),
            ),
        ),
        (
            QueueRow("ContactDeadLetters", 1, 0, 0, is_dead=True),
            QueueRow("ContactQueue", 3, 2, 1, is_dead=False),
        ),
        "",
        3,
        NOON,
    )


def test_without_figures_about_changes_the_page_shows_the_rest():
    """It says why there are none, and has no chart of zeros."""
    shown = overview(STATUS, Throughput({}, "CloudWatch is away."))

    assert (shown.trouble, shown.connections[0].throughput) == ("CloudWatch is away.", ())
    assert len(shown.connections[0].calls) == 1


def test_changes_of_the_functions_are_shown_by_hour(stack: Stack, browser: Browser):
    """Two contacts that people have just made, and the edit of one, each with its lag. Their calls
    to HubSpot are shown as well; those to Salesforce count when they are reported.
    """
    people = People(stack.ready())
    before = _sum(browser, "Changes per hour")
    stack.advance(KEPT + 1)
    ada, _ = (people.new_contact(email=f"{one}@example.com", lastname="Lang") for one in "ab")
    stack.settle()
    people.edit_contact(ada, lastname="Long")
    stack.settle()
    stack.advance(1)  # the end is a whole second and exclusive, which may be the minute itself

    assert _sum(browser, "Changes per hour") == before + 3
    page = browser.get("/")
    assert [cell for cell in texts(page, _cells("From a change to its write")) if cell != "-"]
    assert _sum(browser, "Calls to HubSpot per hour") > 0


def test_a_console_that_may_not_read_metrics_shows_the_rest(stack: Stack, browser: Browser):
    """Such as one whose role is older than these charts: it says what its role needs."""
    rights, name = stack.cloud.aws.rights, "ConsoleFunction"
    granted = rights.granted[name]
    rights.granted[name] = tuple(one for one in granted if one.action != "cloudwatch:GetMetricData")
    rights.done[name] = {
        call for call in rights.done[name] if call.action != "cloudwatch:GetMetricData"
    }
    stack.advance(KEPT + 1)
    try:
        page = browser.get("/")
    finally:
        rights.granted[name] = granted
        stack.advance(KEPT + 1)

    assert texts(page, "//p[@class='told']") == [
        (
            "How many changes there were, and how long they took, cannot be shown: CloudWatch could not "
            "do it now (AccessDeniedException). The console's role needs cloudwatch:GetMetricData and a "
            "way to CloudWatch; the figures are kept and show again by themselves."
        )
    ]
    assert texts(page, "//figcaption") == [
        "Calls to HubSpot per hour",
        "Calls to Salesforce per hour",
    ]
    assert "Changes per hour" in texts(browser.get("/"), "//figcaption")


def _cells(title: str) -> str:
    return f"//figure[figcaption='{title}']//td"


def _sum(browser: Browser, title: str) -> int:
    """The sum of a chart's figures."""
    cells = texts(browser.get("/"), _cells(title))
    return sum(int(cell.replace(",", "")) for cell in cells if cell != "-")


def test_problems_come_first_as_the_command_says_them(stack: Stack, browser: Browser):
    """Word for word; without any, the page says that."""
    quiet = browser.get("/")
    command(stack, "pause", "acme", "--apply")
    try:
        page = browser.get("/")
        status = command(stack, "status", status=1)
    finally:
        command(stack, "resume", "acme", "--apply")

    assert texts(quiet, "//main/section[1]/p") == ["Nothing needs attention."]
    assert texts(page, "//main/section[1]//li") == status["findings"]
    assert len(status["findings"]) == 1


def test_the_pages_ask_no_crm(stack: Stack, browser: Browser):
    """A page costs no API call."""
    before = stack.stats()
    assert texts(browser.get("/"), "//main/section[2]/h2") == ["acme"]
    browser.get("/errors")
    after = stack.stats()

    sides = ("hubspot", "salesforce")
    assert [after[one]["calls"] for one in sides] == [before[one]["calls"] for one in sides]
