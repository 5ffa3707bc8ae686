"""`crmsync undo`: what it prints, what it returns in JSON, and how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.cli import main
from crmsync.errors import Refused, TryAgain
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.links import Link
from crmsync.model.operations.jobs import JobState, JobStep, JobType
from crmsync.model.operations.overwritten import Overwrite, OverwrittenBatch, OverwrittenPair
from crmsync.model.records import Kind, Record, Ref, Side
from tests.builders import NOON, a_contact, a_job, a_lead, a_link, a_ruleset, at
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment
from tests.operator.shell import run_command

KEPT = MINIMAL + "[connection.undo]\nhours = 72\n"
SINCE = ("--since", "2026-11-02T12:50+01:00")


@pytest.fixture
def overwritten(deployment: Deployment) -> Deployment:
    """An account and an org with a pair whose name was overwritten in Salesforce ten
    minutes ago.
    """
    deployment.operator.settings.push(KEPT, apply=True)
    deployment.operator.setup.set_up(apply=True)
    wrong = {"email": "ada@example.com", "lastname": "HACKED"}
    contact_id = deployment.make_in_hubspot("/crm/v3/objects/contacts", {"properties": wrong})["id"]
    lead = {"LastName": "HACKED", "Company": "example.com", "Email": "ada@example.com"}
    lead_id = deployment.make_in_salesforce("sobjects/Lead", lead)["id"]
    link = a_pair(contact_id, lead_id)
    deployment.links.save([replace(link, version=0)])
    pair = OverwrittenPair(
        Ref(Side.HUBSPOT, "contact", contact_id),
        Ref(Side.SALESFORCE, "Lead", lead_id),
        (Overwrite(Side.SALESFORCE, "lastname", "LastName", "Lang", "HACKED"),),
    )
    deployment.overwritten.keep(
        OverwrittenBatch("acme", Kind.CONTACT, at(-10), (pair,)), timedelta(hours=72)
    )
    return deployment


def a_pair(contact_id: str, lead_id: str) -> Link:
    """Return the link of the two, which agreed on the values that they have."""
    wrong: dict[str, Any] = {"firstname": None, "lastname": "HACKED"}
    contact: Record = a_contact(wrong, record_id=contact_id)
    lead = a_lead({"FirstName": None, "LastName": "HACKED"}, record_id=lead_id)
    return a_link(contact, lead, a_ruleset())


def the_lead(deployment: Deployment) -> tuple[str, str]:
    """Return the id and the last name of the only lead."""
    (row,) = deployment.in_salesforce("query?q=SELECT+Id,LastName+FROM+Lead")["records"]
    return row["Id"], row["LastName"]


def test_an_undo_is_shown_before_it_is_done(
    overwritten: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The preview has counts by object, examples of records and fields without values, and what is
    never undone; nothing is written.
    """
    lead_id, _ = the_lead(overwritten)
    before = overwritten.writes

    status, out, err = run_command(overwritten, capsys, "undo", *SINCE)

    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "Since 2026-11-02 11:50:00 UTC",
        "CONNECTION  WOULD BE PUT BACK  RECORDS  VALUES",
        "acme        salesforce Lead    1        1",
        f"  salesforce:Lead:{lead_id}: LastName",
        "--apply puts them back. New records, deletions, merges, associations, deal stages and opt-outs are",
        "  not undone.",
    ]
    assert (overwritten.writes, overwritten.outbox.published, overwritten.jobs.all("acme")) == (
        before,
        [],
        [],
    )


def test_an_undo_returns_what_it_put_back(
    overwritten: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The document has what was put back, what was left and why, and the job with its author."""
    lead_id, _ = the_lead(overwritten)

    status, out, _ = run_command(
        overwritten, capsys, "undo", *SINCE, "--object", "leads", "--apply", "--json"
    )

    document = json.loads(out)
    (job,) = document.pop("jobs")
    sample = {"record": f"salesforce:Lead:{lead_id}", "fields": ["LastName"]}
    back = {"connection": "acme", "side": "salesforce", "object": "Lead", "records": 1, "values": 1}
    assert (status, document) == (
        0,
        {
            "applied": True,
            "since": "2026-11-02T11:50:00+00:00",
            "back": [back | {"samples": [sample]}],
            "left": [],
        },
    )
    assert {name: job[name] for name in ("verb", "legs", "state", "done", "by")} == {
        "verb": "undo",
        "legs": ["hubspot contact"],
        "state": "done",
        "done": 1,
        "by": "ada",
    }
    assert the_lead(overwritten) == (lead_id, "Lang")


def test_what_is_left_has_its_reason(
    overwritten: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run finds the value put back already, and that is not an error."""
    run_command(overwritten, capsys, "undo", *SINCE, "--apply")

    status, out, err = run_command(overwritten, capsys, "undo", *SINCE, "--apply")

    again = "acme: goes on with the undo that ada began at 2026-11-02 12:00:00 UTC"
    assert (status, err) == (
        0,
        f"{again}; what was overwritten later is left: give a later --since.\n",
    )
    assert out.splitlines() == [
        "Since 2026-11-02 11:50:00 UTC",
        "Nothing.",
        "Left as they are:",
        "  acme: 1 values of salesforce Lead stand there already: they were put back, or never overwritten",
        "    after all",
    ]


def test_an_interrupted_undo_is_a_finding(
    overwritten: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command gives the reason, says that it can be run again, and ends with exit status 1."""
    overwritten.outbox.is_down = True

    status, out, _ = run_command(overwritten, capsys, "undo", *SINCE, "--apply")

    assert status == 1
    assert (
        out.splitlines()[-1]
        == "acme: The bus is down. Run the undo again: it goes on where this one stopped."
    )


def test_without_the_table_of_overwritten_values_undo_is_refused(
    overwritten: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack was deployed without the table, and the command says how to change that; `check`
    reports it if the settings require it.
    """

    def missing(*_: object) -> None:
        raise TryAgain("The table could not do it now.", code="ResourceNotFoundException")

    monkeypatch.setattr(overwritten.overwritten, "since", missing)

    status, out, err = run_command(overwritten, capsys, "undo", *SINCE)

    assert (status, out) == (1, "")
    assert err == (
        "crmsync: This stack keeps nothing that is overwritten. Deploy it with KeepOverwritten=yes, and set hours under"
        " [connection.undo]; what was overwritten before is lost.\n"
    )
    wrong = [
        step for step in overwritten.operator.setup.check().steps if step.state is StepState.WRONG
    ]
    text = "are not kept: deploy the stack with KeepOverwritten=yes, or set hours = 0 under [connection.undo]"
    assert wrong == [
        SetupStep("acme", Side.SALESFORCE, "overwritten values", StepState.WRONG, text)
    ]


@pytest.mark.parametrize("words", [("undo",), ("undo", "--since", "yesterday")])
def test_an_undo_needs_a_time(
    overwritten: Deployment, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """A missing or invalid time is wrong usage."""
    with pytest.raises(SystemExit) as ended:
        main(words, operator=overwritten.operator)
    assert ended.value.code == 2
    assert "--since" in capsys.readouterr().err


def test_the_job_of_an_undo_cannot_be_resumed(deployment: Deployment) -> None:
    """It has no messages; running the command again continues it."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    step = JobStep(Side.HUBSPOT, "contact", total=1)
    deployment.jobs.save(a_job(step, type=JobType.UNDO, state=JobState.PAUSED))

    with pytest.raises(Refused, match="An undo goes on when crmsync undo is run again"):
        deployment.operator.jobs.resume("7f3a2c")
    assert (deployment.job_messages.sent, deployment.operator.jobs.cancel("7f3a2c").state) == (
        [],
        JobState.CANCELLED,
    )
    assert deployment.jobs.all("acme")[0].started_at == NOON
