"""The page of completeness: what the last comparison found, and the start of another."""

from __future__ import annotations

from datetime import timedelta

from crmsync.console.pages.completeness import (
    STANDINGS,
    CompletenessView,
    ConnectionRows,
    ObjectRow,
    RunningComparison,
    completeness,
)
from crmsync.flows.operator.health.comparisons import Completeness
from crmsync.model.operations.comparison import Discrepancy, ObjectComparison, Standing
from crmsync.model.operations.jobs import JobState, JobType
from crmsync.model.records import Ref, Side
from local.people import People
from local.stack import Stack
from tests.builders import NOON, a_job
from tests.console.browser import Browser, texts, tree
from tests.flows.stories.story_command import command

MISSING = Discrepancy(
    Ref(Side.HUBSPOT, "contact", "7"), Standing.MISSING, "A lead would be created (MAP-1)."
)
CONTACTS = ObjectComparison(
    Side.HUBSPOT,
    "contact",
    {Standing.IN_STEP: 90, Standing.PARKED: 2, Standing.MISSING: 3},
    (MISSING,),
    repaired=1,
    at=NOON - timedelta(minutes=90),
    since=NOON - timedelta(days=2),
)
ZEROS = {str(one): 0 for one in Standing}


def test_the_page_shows_the_last_result_of_each_object():
    """Counts by standing, since when something is found, the findings, and what to do."""
    open_ = a_job(
        id="v1", type=JobType.VERIFY, queued=40, state=JobState.PAUSED, trouble="Stopped."
    )
    found = Completeness("acme", (CONTACTS,), ((Side.SALESFORCE, "Lead"),), open_)

    assert completeness([found], NOON, "Told.") == CompletenessView(
        (
            ConnectionRows(
                "acme",
                NOON - timedelta(minutes=90),
                "1 h 30 min ago",
                (
                    ObjectRow(
                        "HubSpot contact",
                        95,
                        {**ZEROS, "in_step": 90, "parked": 2, "missing": 3},
                        1,
                        NOON - timedelta(days=2),
                        (("7", "missing", "A lead would be created (MAP-1)."),),
                        2,
                    ),
                ),
                ("Salesforce Lead",),
                found=3,
                parked=2,
                advice="Missing or different: 3 records. Compare and repair has them synced, as "
                "crmsync verify --repair --apply does.",
                running=RunningComparison("v1", "paused", 40, "Stopped."),
                repair="/completeness/repair?connection=acme",
            ),
        ),
        STANDINGS,
        "Told.",
    )


def test_what_was_never_compared_is_told():
    """And when all is well, that is told as well."""
    in_step = ObjectComparison(Side.HUBSPOT, "contact", {Standing.IN_STEP: 1}, at=NOON)
    never, well = completeness(
        [Completeness("acme", (), (), None), Completeness("beta", (in_step,), (), None)], NOON
    ).connections

    assert never.advice.startswith("Nothing was compared yet.")
    assert (well.advice, well.ago) == (
        "Everything is in step, waits, is parked or is outside.",
        "0 min ago",
    )


def test_a_comparison_is_started_and_shown(stack: Stack, browser: Browser):
    """Its counts are those of the command; the job names who pressed the button."""
    People(stack.ready()).new_contact(email="ada@example.com", lastname="Lang")
    stack.settle()
    page = browser.post("/completeness/compare", {"proof": browser.proof(), "connection": "acme"})
    stack.settle()
    done = browser.get("/completeness")

    assert texts(page, "//p[@role='status']")[0] == (
        "A comparison has been started. Load the page again to see its progress."
    )
    rows = {row[0].text_content(): row for row in tree(done).xpath("//section[1]//tbody/tr")}
    assert [cell.text_content() for cell in rows["HubSpot contact"]][1:3] == ["1", "1"]
    job = command(stack, "jobs", "list")[0]
    assert (job["verb"], job["state"]) == ("verify", "done")
    assert job["by"].endswith("assumed-role/Operators/ada")
    compared = command(stack, "status")["connections"][0]["compared"]
    assert [f"{one['side']} {one['object']}".lower() for one in compared] == [
        name.lower() for name in rows
    ]


def test_a_repair_is_asked_about_first(stack: Stack, browser: Browser):
    """The page that asks changes nothing; its form starts a comparison with a repair. An unknown
    connection starts none.
    """
    jobs = len(command(stack, "jobs", "list"))
    question = browser.get("/completeness/repair?connection=acme")
    assert len(command(stack, "jobs", "list")) == jobs
    (form,) = tree(question).xpath("//main//form")
    fields = {one.get("name"): one.get("value") for one in form.xpath(".//input")}
    page = browser.post(form.get("action"), fields)
    other = browser.post("/completeness/compare", {**fields, "connection": "other"})
    stack.settle()

    assert texts(page, "//p[@role='status']")[0].startswith("A comparison has been started.")
    assert texts(other, "//p[@role='status']")[0].startswith("No comparison was started")
    assert len(command(stack, "jobs", "list")) == jobs + 1
    assert '"repairs":true' in stack.output("console").replace(" ", "")
