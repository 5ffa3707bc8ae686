"""`crmsync verify` and what `crmsync status` says of it: the comparison is started, watched, shown
with its reasons, and answered by the exit status.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.operations.comparison import Comparison, Discrepancy, ObjectComparison, Standing
from crmsync.model.operations.jobs import LINKS, JobState, JobStep, JobType
from crmsync.model.records import Ref, Side
from tests.builders import NOON, at
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment
from tests.operator.shell import Shell

CONTACT = Ref(Side.HUBSPOT, "contact", "81")
LEAD = Ref(Side.SALESFORCE, "Lead", "00Q000000000001AAA")
REASON = f"update {LEAD}: Title (MAP-3)"

IN_STEP = (
    Comparison()
    .counting(CONTACT, Standing.IN_STEP)
    .counting(LEAD, Standing.IN_STEP)
    .spending({Side.HUBSPOT: 3, Side.SALESFORCE: 2})
)
FOUND = IN_STEP.counting(CONTACT, Standing.DIFFERENT).finding(
    Discrepancy(CONTACT, Standing.DIFFERENT, REASON), is_repaired=False
)
REPAIRED = (
    Comparison(repairs=True)
    .counting(CONTACT, Standing.DIFFERENT)
    .finding(Discrepancy(CONTACT, Standing.DIFFERENT, REASON), is_repaired=True)
)


def ending(deployment: Deployment, comparison: Comparison, **more: object) -> None:
    """Let the job end with this result while the command watches."""

    def turn(_seconds: float) -> None:
        (job,) = deployment.jobs.all("acme")
        records = sum(one.records for one in comparison.objects)
        done = {"state": JobState.DONE, "queued": records, "moved_at": at(2), **more}
        deployment.jobs.save(replace(job, comparison=comparison, **done))

    admin = replace(deployment.operator.jobs, sleep=turn)
    deployment.operator = replace(deployment.operator, jobs=admin)


@pytest.mark.rule("CH-31")
def test_everything_in_step_ends_with_status_0(shell: Shell) -> None:
    """The table has a row for each object, and the last line says so."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    ending(shell.deployment, IN_STEP)

    status, out, err = shell.run("verify", "--object", "leads")

    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "CONNECTION  OBJECT           RECORDS  IN STEP  WAITING  PARKED  OUTSIDE  MISSING  DIFFERENT",
        "acme        salesforce Lead  1        1",
        "acme        hubspot contact  1        1",
        "acme: 2 records were compared in 2 min 0 s, with 3 HubSpot and 2 Salesforce calls.",
        "Everything is in step, waits, is parked or is outside.",
    ]
    (job,) = shell.deployment.jobs.all("acme")
    assert (job.type, [str(step) for step in job.steps], job.by) == (
        JobType.VERIFY,
        ["hubspot links", "salesforce Contact", "salesforce Lead", "hubspot contact"],
        "ada",
    )


@pytest.mark.rule("CH-31")
def test_a_difference_ends_with_status_1_and_its_reason(shell: Shell) -> None:
    """Nothing is repaired without both options."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    ending(shell.deployment, FOUND)

    status, out, _ = shell.run("verify", "--repair")

    assert status == 1
    assert out.splitlines()[-3:] == [
        f"  hubspot contact 81 is different: {REASON}",
        "acme: 3 records were compared in 2 min 0 s, with 3 HubSpot and 2 Salesforce calls.",
        "Nothing was queued: --repair --apply queues what is missing or different.",
    ]


@pytest.mark.rule("CH-31")
def test_a_repair_says_how_many_records_were_queued(shell: Shell) -> None:
    """The job repairs while it compares."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    ending(shell.deployment, REPAIRED)

    status, document = shell.json("verify", "--repair", "--apply")

    assert (status, document["applied"]) == (1, True)
    (job,) = document["jobs"]
    (contacts,) = [one for one in job["objects"] if one["records"]]
    assert contacts == {
        "side": "hubspot",
        "object": "contact",
        "records": 1,
        "counts": {**dict.fromkeys(map(str, Standing), 0), "different": 1},
        "findings": [{"id": "81", "standing": "different", "reason": REASON}],
        "repaired": 1,
        "at": None,
        "seconds": 0,
        "calls": {"hubspot": 0, "salesforce": 0},
        "since": None,
    }


def test_a_comparison_can_start_without_waiting(shell: Shell) -> None:
    """The job is stored and its first message is sent; whether it repairs is part of it."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")

    status, out, err = shell.run("verify", "--repair", "--apply", "--no-wait")

    assert (status, out, err) == (0, "acme: job id1 is running.\n", "")
    (job,) = shell.deployment.jobs.all("acme")
    assert (job.comparison, job.steps[0]) == (
        Comparison(repairs=True),
        JobStep(Side.HUBSPOT, LINKS),
    )
    assert [message.job for message, _ in shell.deployment.job_messages.sent] == ["id1"]


def test_a_comparison_that_stops_says_why(shell: Shell) -> None:
    """What it has found so far is shown, and the exit status is 1."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    ending(shell.deployment, IN_STEP, state=JobState.PAUSED, trouble="No sign-in.")

    status, out, _ = shell.run("verify")

    assert (status, out.splitlines()[-1]) == (1, "acme: job id1 is paused. No sign-in.")


def test_an_unknown_object_is_named(shell: Shell) -> None:
    """The message lists those that can be compared."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    status, out, err = shell.run("verify", "--object", "tickets")
    assert (status, out) == (1, "")
    assert err.startswith("crmsync: tickets cannot be compared; account, company, contact,")


@pytest.mark.rule("CH-31")
def test_status_shows_the_last_comparison_and_what_lasts(shell: Shell) -> None:
    """One that found something is shown; two a night apart are a problem."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    first = ObjectComparison(
        Side.HUBSPOT, "contact", {Standing.IN_STEP: 7, Standing.MISSING: 2}, at=at(-5), since=at(-5)
    )
    shell.deployment.comparisons.save("acme", [first])
    fresh = shell.run("status")
    shell.deployment.comparisons.save("acme", [replace(first, since=at(-24 * 60))])

    status, out, _ = shell.run("status")
    (connection,) = shell.json("status")[1]["connections"]

    assert "compared            5 min ago: 7 in step, 2 missing" in fresh[1]
    assert fresh[0] == 0
    assert status == 1
    text = " ".join(out.split())
    assert (
        "acme: 2 records of hubspot contact lack a counterpart or differ from it, some since "
        "2026-11-01; crmsync verify says which, and with --repair --apply syncs them."
    ) in text
    assert [(one["object"], one["since"]) for one in connection["compared"]] == [
        ("contact", "2026-11-01T12:00:00+00:00")
    ]
    assert at(-5) < NOON
