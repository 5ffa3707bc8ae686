"""The page of the jobs, and its buttons."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from crmsync.console.pages.jobs import SHOWN, JobCard, JobList, jobs
from crmsync.model.effects import Category
from crmsync.model.operations.comparison import Comparison, ObjectComparison, Standing
from crmsync.model.operations.jobs import LINKS, JobCounts, JobState, JobStep, JobType
from crmsync.model.records import Side
from local.people import People
from local.stack import Stack
from tests.builders import NOON, a_job
from tests.console.browser import Browser, texts
from tests.flows.stories.story_command import command

LATER = NOON + timedelta(minutes=20)
LEADS = JobStep(Side.SALESFORCE, "Lead", total=80, left_out=7)
IMPORT = a_job(
    LEADS,
    id="i1",
    type=JobType.IMPORT,
    by="ada",
    queued=50,
    waiting=10,
    state=JobState.PAUSED,
    trouble="paused by the operator",
    moved_at=NOON + timedelta(minutes=10),
)
COMPARISON = a_job(
    JobStep(Side.HUBSPOT, LINKS),
    JobStep(Side.HUBSPOT, "contact"),
    id="v1",
    type=JobType.VERIFY,
    state=JobState.DONE,
    queued=9,
    comparison=Comparison(
        objects=(ObjectComparison(Side.HUBSPOT, "contact", {Standing.MISSING: 3}, repaired=2),)
    ),
)


def test_the_page_shows_what_is_stored_of_each_job():
    """Progress and what is left, what was made, linked, refused, left out, found, repaired and parked, and by whom."""
    parked = {"i1": {Category.VALIDATION: 2, Category.DUPLICATES: 1}}

    counts = {"i1": JobCounts(made=1_030, linked=4, refused=6)}

    assert jobs([IMPORT, COMPARISON], parked, LATER, "i1", counts) == JobList(
        (
            JobCard(
                "i1",
                "acme",
                "Import",
                "Salesforce Lead",
                "paused",
                40,
                80,
                NOON,
                "10 min ago",
                "about 10 min left",
                (
                    "paused by the operator",
                    "1,030 made, 4 linked, 6 refused.",
                    "7 without an e-mail address were left out.",
                    "Parked meanwhile: 1 duplicates, 2 validation.",
                ),
                "ada",
                can_pause=False,
                can_resume=True,
            ),
        ),
        (
            JobCard(
                "v1",
                "acme",
                "Comparison",
                "HubSpot contact",
                "done",
                9,
                0,
                NOON,
                "20 min ago",
                "",
                ("3 missing or different, 2 repaired.",),
                "",
                can_pause=False,
                can_resume=False,
            ),
        ),
        0,
        "Job i1 is paused.",
    )


def test_a_job_goes_on_when_it_does_not_move():
    """Not while it does; an undo goes on by its command alone. Of those that are over the newest
    are shown.
    """
    running = replace(IMPORT, state=JobState.RUNNING, moved_at=NOON)
    undo = replace(IMPORT, type=JobType.UNDO)
    over = [COMPARISON] * (SHOWN + 2)

    view = jobs([running, undo, *over], {}, LATER)
    soon = jobs([running], {}, NOON + timedelta(minutes=14))

    assert [one.can_resume for one in (*view.open, *soon.open)] == [True, False, False]
    assert [one.can_pause for one in view.open] == [True, False]
    assert (len(view.over), view.unshown, view.told) == (SHOWN, 2, "")


def test_a_job_is_paused_resumed_and_cancelled(stack: Stack, browser: Browser):
    """Each button says what became of the job; one that is over is refused with the reason."""
    proof = browser.proof()
    browser.post("/completeness/compare", {"proof": proof, "connection": "acme"})
    (title,) = texts(browser.get("/jobs"), "//article/h3")
    found = re.fullmatch(r"Comparison (\w+), acme", title)
    assert found
    form = {"proof": proof, "job": found[1]}
    pages = [browser.post(f"/jobs/{one}", form) for one in ("pause", "resume", "pause", "cancel")]
    over = browser.post("/jobs/resume", form)
    stack.settle()

    assert [texts(page, "//p[@role='status']")[0].rpartition(" is ")[2] for page in pages] == [
        "paused.",
        "running.",
        "paused.",
        "cancelled.",
    ]
    assert (over.status_code, texts(over, "//main/p[1]")) == (
        409,
        [f"Job {found[1]} is cancelled already."],
    )
    assert texts(browser.get("/jobs"), "//tbody/tr[1]/*")[:4:3] == [found[1], "cancelled"]
    assert '"state":"cancelled"' in stack.output("console").replace(" ", "")


def test_what_became_of_a_jobs_records_is_shown(stack: Stack, browser: Browser):
    """By the page and by the command: of two contacts that no event told of, one gets a lead."""
    people = People(stack.ready())
    stack.faults([{"at": "webhook", "kind": "drop", "times": 10}])
    known = [
        people.new_contact(email=f"{one}@example.com", lastname="Lang") for one in ("una", "vic")
    ]
    stack.settle()
    stack.faults([])
    words = ("resync", "--side", "hubspot", "--object", "contact", "--id", known[0])
    command(stack, *words, "--apply", "--no-wait")
    stack.settle()

    (job,) = [one for one in command(stack, "jobs", "list") if one["verb"] == "resync"]
    counts = {name: job[name] for name in ("made", "linked", "refused")}
    assert counts == {"made": 1, "linked": 0, "refused": 0}
    assert any("1 made, 0 linked, 0 refused." in one for one in texts(browser.get("/jobs"), "//tr"))
