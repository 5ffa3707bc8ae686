"""`crmsync import`, `resync` and `jobs`: what they show first, what they start, and how jobs are
paused, resumed and cancelled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from crmsync.cli import main
from crmsync.cli.operate.jobs import progress_bar
from crmsync.flows.backfill.run import LEFT_OUT
from crmsync.model.effects import Category, Report
from crmsync.model.operations.jobs import Job, JobState, JobStep, JobType, job_message_of
from crmsync.model.records import Ref, Side
from tests.builders import NOON, a_job, a_step, at
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment
from tests.operator.shell import run_command, run_json

WITHOUT_COMPANIES = MINIMAL + "[connection.companies]\nsync = false\n"
WITHOUT_DEALS = MINIMAL + "[connection.deals]\nsync = false\n"
NO_COMPANIES = (
    "acme: opportunities can sync only where companies do, and those are switched off (OPP-2)."
)
NO_ACCOUNTS = (
    "new: the accounts must be imported before opportunities: run crmsync import accounts --apply, "
    "and wait until crmsync jobs list says that it is done (OPP-2)."
)
BRAKED = "Nothing was queued. Resync less at a time, or allow more."


IMPORT = ("import", "opportunities")
OPPORTUNITIES = ("--side", "salesforce", "--object", "opportunity")


@pytest.fixture
def people(deployment: Deployment) -> Deployment:
    """An account and an org with three leads, one of them without an address, and two contacts."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    for number in range(2):
        deployment.make_in_hubspot(
            "/crm/v3/objects/contacts", {"properties": {"email": f"c{number}@example.com"}}
        )
        lead = {"LastName": "Lang", "Company": "Example", "Email": f"l{number}@example.com"}
        deployment.make_in_salesforce("sobjects/Lead", lead)
    deployment.make_in_salesforce("sobjects/Lead", {"LastName": "Mute", "Company": "Example"})
    deployment.clock.advance(3600)  # HubSpot counts what its search has seen
    return deployment


def test_an_import_is_shown_before_it_starts(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command shows the number of records, the calls, the time, and how many records without an
    address are left out.
    """
    status, out, err = run_command(people, capsys, "import", "leads")

    assert (status, err) == (0, "acme: 1 have no e-mail address and are not imported (IMP-4).\n")
    assert out.splitlines() == [
        "acme: import of salesforce Lead (2)",
        (
            "2 records; HubSpot calls 1 to 1, Salesforce calls 2 to 2; under the limits these "
            "calls need up to 1 s."
        ),
        "--apply starts it.",
    ]
    assert (people.jobs.all("acme"), people.job_messages.sent, people.writes) == ([], [], (0, 3))


def test_an_import_can_start_without_waiting(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --no-wait the command returns at once; the job is stored and its first message is sent."""
    status, document = run_json(people, capsys, "import", "leads", "--apply", "--no-wait")

    step = JobStep(Side.SALESFORCE, "Lead", with_email=True, total=2, left_out=1)
    job = Job(
        "acme",
        "id1",
        JobType.IMPORT,
        (step,),
        NOON,
        NOON,
        by="ada",
        turn=1,
        turn_token="id2",
        version=1,
    )
    assert list(people.jobs.all("acme")) == [job]
    assert people.job_messages.sent == [(job_message_of(job), 0)]
    assert (status, document) == (
        0,
        {
            "applied": True,
            "jobs": [
                {
                    "connection": "acme",
                    "id": "id1",
                    "verb": "import",
                    "legs": ["salesforce Lead"],
                    "state": "running",
                    "total": 2,
                    "queued": 0,
                    "done": 0,
                    "left_out": 1,
                    "per_second": None,
                    "seconds_left": None,
                    "started_at": "2026-11-02T12:00:00+00:00",
                    "moved_at": "2026-11-02T12:00:00+00:00",
                    "trouble": "",
                    "by": "ada",
                }
            ],
            "records": 2,
            "calls": {"hubspot": {"least": 1, "most": 1}, "salesforce": {"least": 2, "most": 2}},
            "seconds": 1,
        },
    )


def test_a_resync_of_everything_names_each_object(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Parents come first; objects that are switched off are left out and named."""
    people.operator.settings.push(WITHOUT_COMPANIES, apply=True)

    status, out, err = run_command(people, capsys, "resync", "--all")

    left_out = ["acme: companies are switched off (ACC-2).", NO_COMPANIES]
    assert (status, err.splitlines()) == (0, left_out)
    assert (
        out.splitlines()[0]
        == "acme: resync of salesforce Contact (0), salesforce Lead (3), hubspot contact (2)"
    )


@pytest.mark.rule("ACC-13")
def test_one_record_is_resynced_by_its_id(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A single record is resynced, as with Resync on HubSpot's company card."""
    command = ("resync", "--side", "hubspot", "--object", "company", "--id", "81")

    assert run_command(people, capsys, *command)[1].startswith(
        "acme: resync of hubspot company 81 (1)\n"
    )
    assert run_command(people, capsys, *command, "--id", "82", "--apply", "--no-wait")[0] == 0
    assert [job.steps for job in people.jobs.all("acme")] == [
        (JobStep(Side.HUBSPOT, "company", ("81", "82"), total=2),)
    ]


@pytest.mark.rule("ACC-2")
def test_an_import_needs_its_switch(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """With companies off, imported accounts would create nothing, so their import is refused."""
    people.operator.settings.push(WITHOUT_COMPANIES, apply=True)

    status, out, err = run_command(people, capsys, "import", "accounts", "--apply")

    switch = "Switch it on in the settings before the import: without that nothing would be made."
    assert (status, out, err) == (
        1,
        "",
        f"crmsync: acme: companies are switched off (ACC-2). {switch}\n",
    )
    assert people.job_messages.sent == []


@pytest.mark.rule("OPP-2")
def test_opportunities_come_after_the_accounts(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until the import of the accounts is done, an import of opportunities is refused and a resync
    leaves them out.
    """
    people.operator.settings.push(MINIMAL.replace('"acme"', '"new"'), apply=True)
    people.make_in_salesforce(
        "sobjects/Opportunity",
        {"Name": "First order", "StageName": "Prospecting", "CloseDate": "2026-12-31"},
    )

    refused = [
        run_command(people, capsys, *words, "--apply")
        for words in (IMPORT, ("resync", *OPPORTUNITIES))
    ]
    assert refused == [(1, "", f"crmsync: {NO_ACCOUNTS}\n")] * 2
    assert run_command(people, capsys, "resync", "--all")[2] == NO_ACCOUNTS + "\n"
    assert people.job_messages.sent == []

    order = people.operator.setup.check().steps[-1]
    assert (order.what, order.state) == ("import of the accounts", "wrong")
    assert f"new: {order.text}." == NO_ACCOUNTS

    people.jobs.mark_imported("new", "Account", NOON)
    assert people.operator.setup.check().steps[-1].what != order.what
    status, out, err = run_command(people, capsys, *IMPORT)
    assert (status, out.splitlines()[0], err) == (
        0,
        "new: import of salesforce Opportunity (1)",
        "",
    )
    assert (
        run_command(people, capsys, "resync", "--all")[1]
        .splitlines()[0]
        .endswith("salesforce Opportunity (1), hubspot deal (0)")
    )


@pytest.mark.rule("OPP-3")
def test_an_import_of_opportunities_needs_deals(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """With deals off, imported opportunities would create nothing; with companies off, deals cannot
    sync.
    """
    switch = "Switch it on in the settings before the import: without that nothing would be made."
    people.operator.settings.push(WITHOUT_DEALS, apply=True)
    off = "acme: deals are switched off, so no deal would be made of an opportunity (OPP-3)."
    assert run_command(people, capsys, *IMPORT) == (1, "", f"crmsync: {off} {switch}\n")

    people.operator.settings.push(WITHOUT_COMPANIES, apply=True)
    assert run_command(people, capsys, *IMPORT) == (1, "", f"crmsync: {NO_COMPANIES} {switch}\n")


@pytest.mark.rule("SET-1")
def test_an_import_that_creates_nothing_says_so(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """If leads create no contacts, an import of leads only finds existing ones."""
    people.operator.settings.push(
        MINIMAL + '[connection.contacts]\ncreate_in_hubspot = "contacts_only"\n', apply=True
    )

    warning = "acme: by create_in_hubspot a Lead makes no contact, so the import only finds those that there are (SET-1)."
    assert run_command(people, capsys, "import", "leads")[2].splitlines()[0] == warning
    assert "SET-1" not in run_command(people, capsys, "import", "contacts")[2]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ("import", "lists"),
            (
                "lists cannot be imported; accounts, contacts, leads, opportunities, calls, "
                "emails, meetings, notes, tasks can."
            ),
        ),
        (
            ("resync", "--side", "hubspot", "--object", "lead"),
            "hubspot has no lead to resync; there are company, contact, deal, call, email, meeting, note, task.",
        ),
        (
            ("import", "leads", "--connection", "beta"),
            "There is no connection beta. There are these: acme.",
        ),
        (("jobs", "pause", "7f3a2c"), "There is no job 7f3a2c. Jobs that are not over: none."),
        (
            ("import", "leads", "--apply", "--max-changes", "1"),
            f"2 records would be looked at, more than --max-changes 1 allows. {BRAKED}",
        ),
    ],
)
def test_an_impossible_job_is_refused(
    people: Deployment, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], text: str
) -> None:
    """The command gives the reason, ends with exit status 1, and queues nothing."""
    status, out, err = run_command(people, capsys, *words)

    assert (status, out, err.splitlines()[-1]) == (1, "", f"crmsync: {text}")
    assert people.job_messages.sent == []


@pytest.mark.parametrize(
    "words",
    [
        ("import",),
        ("resync",),
        ("resync", "--side", "hubspot"),
        ("resync", "--all", "--id", "81"),
        ("resync", "--side", "moon", "--object", "contact"),
        ("import", "leads", "--max-changes", "0"),
        ("jobs",),
        ("jobs", "pause"),
    ],
)
def test_wrong_usage_is_explained(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """The exit status is 2, and no CRM is called."""
    with pytest.raises(SystemExit) as ended:
        main(words, operator=cast("Any", "nobody"))

    assert (ended.value.code, capsys.readouterr().err[:6]) == (2, "usage:")


def test_a_job_is_watched_to_its_end(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command reads the job each second and ends when the job is done."""
    walk = [{"queued": 1, "waiting": 1}, {"queued": 2, "waiting": 0}, {"state": JobState.DONE}]
    admin = replace(people.operator.jobs, sleep=lambda _seconds: advance(people, walk.pop(0)))
    people.operator = replace(people.operator, jobs=admin)

    status, out, _ = run_command(people, capsys, "import", "leads", "--apply")

    assert (status, out) == (0, table("done", "2 of 2"))


def test_a_job_that_stops_is_a_finding(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 1, and the table has the reason."""
    stop = {"state": JobState.PAUSED, "trouble": "The scope is missing."}
    admin = replace(people.operator.jobs, sleep=lambda _seconds: advance(people, stop))
    people.operator = replace(people.operator, jobs=admin)

    status, out, _ = run_command(people, capsys, "import", "leads", "--apply")

    assert (status, out) == (
        1,
        table("paused", "0 of 2", "The scope is missing.; "),
    )


def test_waiting_for_a_job_ends_if_nothing_moves(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a minute and a half the command says so and ends; the job goes on."""
    status, _, err = run_command(people, capsys, "import", "leads", "--apply")

    assert status == 1
    assert (
        err.splitlines()[-1]
        == "Nothing has moved lately. Jobs go on without this command; crmsync jobs list shows them."
    )
    assert [job.state for job in people.jobs.all("acme")] == [JobState.RUNNING]


def test_a_list_of_jobs_has_what_was_parked_meanwhile(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records of the job's kinds that were first parked while it ran are counted by category, with
    the command that lists them; others are not.
    """
    run_command(people, capsys, "import", "leads", "--apply", "--no-wait")
    lead, deal = Ref(Side.SALESFORCE, "Lead", "00Q1"), Ref(Side.HUBSPOT, "deal", "7")
    people.inbox.park(
        "acme", [Report(ref, Category.VALIDATION, "Too long.") for ref in (lead, deal)]
    )

    status, out, _ = run_command(people, capsys, "jobs", "list")
    rows = run_json(people, capsys, "jobs", "list")[1]

    assert (status, [row["parked"] for row in rows]) == (0, [{"validation": 1}])
    assert out.splitlines()[1].endswith(
        "1 without e-mail left out; parked meanwhile: 1 validation (crmsync errors list --since "
        "2026-11-02T12:00)"
    )


def test_a_record_that_is_not_there_is_mentioned(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A resync of a mistyped id says so, and goes on: the record may have been deleted."""
    contact = people.make_in_hubspot("/crm/v3/objects/contacts", {"properties": {}})["id"]
    words = ("resync", "--side", "hubspot", "--object", "contact")

    status, _, err = run_command(people, capsys, *words, "--id", contact, "--id", "999999")

    assert (status, err) == (
        0,
        "acme: hubspot shows no contact 999999; it was deleted, or was never there.\n",
    )


def test_a_limit_already_holds_when_a_job_is_only_shown(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """What --apply would refuse is refused without it, too."""
    status, out, err = run_command(people, capsys, "import", "leads", "--max-changes", "1")

    assert (status, out, err) == (
        1,
        "",
        f"crmsync: 2 records would be looked at, more than --max-changes 1 allows. {BRAKED}\n",
    )


def test_an_interrupted_wait_leaves_the_job_running(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C ends only the waiting: the command shows the job, which goes on."""

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    admin = replace(people.operator.jobs, sleep=interrupt)
    people.operator = replace(people.operator, jobs=admin)

    status, out, err = run_command(people, capsys, "import", "leads", "--apply")

    assert (status, out) == (1, table("running", "0 of 2"))
    assert err.splitlines()[-1] == "Jobs go on without this command; crmsync jobs list shows them."
    assert [job.state for job in people.jobs.all("acme")] == [JobState.RUNNING]


def table(state: str, records: str, trouble: str = "") -> str:
    """The table with the one job of these tests."""
    wide = len(state)
    return (
        f"ID   CONNECTION  JOB                     {'STATE'.ljust(wide)}  RECORDS  STARTED (UTC)     "
        "OUTCOME\n"
        f"id1  acme        import salesforce Lead  {state.ljust(5)}  {records}   2026-11-02 12:00  "
        f"{trouble}1 without e-mail left out\n"
    )


def advance(deployment: Deployment, what: dict[str, Any]) -> None:
    """Change the newest job."""
    job = deployment.jobs.all("acme")[0]
    deployment.jobs.save(replace(job, **what))


def test_jobs_are_paused_resumed_and_cancelled(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A resumed job gets a new turn token and its limit counts from zero; a cancelled one says that
    records were left out.
    """
    assert run_command(people, capsys, "jobs", "list")[1] == "There are no jobs.\n"
    run_command(people, capsys, "import", "leads", "--apply", "--no-wait", "--max-changes", "5")
    advance(people, {"queued": 1})

    paused = run_command(people, capsys, "jobs", "pause", "id1")[1]
    assert paused == table("paused", "1 of 2", "paused by the operator; ")
    assert run_command(people, capsys, "jobs", "resume", "id1")[0] == 0
    job = people.jobs.all("acme")[0]
    assert (job.state, job.limit, job.turn_token) == (JobState.RUNNING, 6, "id3")
    assert people.job_messages.sent[-1] == (job_message_of(job), 0)
    cancelled = run_json(people, capsys, "jobs", "cancel", "id1")[1]
    assert (cancelled["state"], cancelled["trouble"]) == (
        "cancelled",
        f"{LEFT_OUT} The job was cancelled (LIM-2).",
    )
    assert (
        run_command(people, capsys, "jobs", "resume", "id1")[2]
        == "crmsync: Job id1 is cancelled already.\n"
    )
    assert run_json(people, capsys, "jobs", "list")[1] == [
        cancelled | {"parked": {}, "made": 0, "linked": 0, "refused": 0}
    ]


@pytest.mark.parametrize(
    ("far", "bar"),
    [
        ({}, "[..............................] 0 of 4,000"),
        (
            {"queued": 1_500, "waiting": 500, "moved_at": at(1)},
            "[#######.......................] 1,000 of 4,000, 17 a second, 3 min 0 s left",
        ),
        (
            {"queued": 1_000, "moved_at": at(240), "trouble": "HubSpot is busy."},
            "[#######.......................] 1,000 of 4,000, 0 a second, 12 h 0 min left  HubSpot is busy.",
        ),
        (
            {"queued": 4_000, "moved_at": at(1), "state": JobState.DONE},
            f"[{'#' * 30}] 4,000 of 4,000, 67 a second, 0 s left",
        ),
    ],
)
def test_the_progress_bar_shows_all_running_jobs(far: dict[str, Any], bar: str) -> None:
    """It has a bar, the pace, the time that is left, and what a job waits for."""
    job = a_job(a_step(4_000), **far)

    assert progress_bar([job], job.moved_at) == bar


def test_the_progress_bar_tells_a_standstill() -> None:
    """While nothing moves it says for how long instead of a time that is left."""
    job = a_job(a_step(4_000), queued=1_000, moved_at=at(1))

    assert (progress_bar([job], at(1.2)), progress_bar([job], at(241))) == (
        f"[{'#' * 7}{'.' * 23}] 1,000 of 4,000, 17 a second, 3 min 0 s left",
        f"[{'#' * 7}{'.' * 23}] 1,000 of 4,000, nothing for 4 h 0 min",
    )
