"""``crmsync undo`` from the operator's side: what is told, what programs get, and how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crmsync.cli import main
from crmsync.errors import Refused, TryAgain
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.jobs import JobState, JobStep, JobType
from crmsync.model.links import Link
from crmsync.model.overwritten import Overwrite, OverwrittenBatch, OverwrittenPair
from crmsync.model.records import Kind, Record, Ref, Side
from tests.builders import NOON, a_contact, a_job, a_lead, a_link, a_ruleset, at
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment

KEPT = MINIMAL + "[connection.undo]\nhours = 72\n"
SINCE = ("--since", "2026-11-02T12:50+01:00")


@pytest.fixture
def mistaken(deployment: Deployment) -> Deployment:
    """An account and an org with a pair whose name was overwritten in Salesforce ten minutes
    ago.
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
    """The two, agreed on what they show; blanks beside it."""
    wrong: dict[str, Any] = {"firstname": None, "lastname": "HACKED"}
    contact: Record = a_contact(wrong, record_id=contact_id)
    lead = a_lead({"FirstName": None, "LastName": "HACKED"}, record_id=lead_id)
    return a_link(contact, lead, a_ruleset())


def said(
    deployment: Deployment, capture: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of the command."""
    status = main(words, operator=deployment.operator)
    printed = capture.readouterr()
    return status, printed.out, printed.err


def the_lead(deployment: Deployment) -> tuple[str, str]:
    """The one lead: its id and last name."""
    (row,) = deployment.in_salesforce("query?q=SELECT+Id,LastName+FROM+Lead")["records"]
    return row["Id"], row["LastName"]


def test_an_undo_is_shown_before_it_is_done(
    mistaken: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts by object, records and fields as examples, no value, and what is never undone. Nothing
    is written.
    """
    lead_id, _ = the_lead(mistaken)
    before = mistaken.writes

    status, out, err = said(mistaken, capsys, "undo", *SINCE)

    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "Since 2026-11-02 11:50:00 UTC",
        "CONNECTION  WOULD BE PUT BACK  RECORDS  VALUES",
        "acme        salesforce Lead    1        1",
        f"  salesforce:Lead:{lead_id}: LastName",
        "--apply puts them back. New records, deletions, merges, associations, deal stages and opt-outs are",
        "  not undone.",
    ]
    assert (mistaken.writes, mistaken.outbox.published, mistaken.jobs.all("acme")) == (
        before,
        [],
        [],
    )


def test_an_undo_is_done_and_told(mistaken: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the same: what is back, what is left and why, and the job, with whoever did
    it.
    """
    lead_id, _ = the_lead(mistaken)

    status, out, _ = said(
        mistaken, capsys, "undo", *SINCE, "--object", "leads", "--apply", "--json"
    )

    told = json.loads(out)
    (job,) = told.pop("jobs")
    sample = {"record": f"salesforce:Lead:{lead_id}", "fields": ["LastName"]}
    back = {"connection": "acme", "side": "salesforce", "object": "Lead", "records": 1, "values": 1}
    assert (status, told) == (
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
    assert the_lead(mistaken) == (lead_id, "Lang")


def test_what_is_left_has_its_reason(
    mistaken: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run finds the value put back already; that is not a finding."""
    said(mistaken, capsys, "undo", *SINCE, "--apply")

    status, out, err = said(mistaken, capsys, "undo", *SINCE, "--apply")

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
    mistaken: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says why, and that it can be run again."""
    mistaken.outbox.is_down = True

    status, out, _ = said(mistaken, capsys, "undo", *SINCE, "--apply")

    assert status == 1
    assert (
        out.splitlines()[-1]
        == "acme: The bus is down. Run the undo again: it goes on where this one stopped."
    )


def test_where_nothing_is_kept_the_command_says_how_it_would_be(
    mistaken: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack without the table was deployed without it; check tells it as soon as the settings
    want values kept.
    """

    def missing(*_: object) -> None:
        raise TryAgain("The table could not do it now.", code="ResourceNotFoundException")

    monkeypatch.setattr(mistaken.overwritten, "since", missing)

    status, out, err = said(mistaken, capsys, "undo", *SINCE)

    assert (status, out) == (1, "")
    assert err == (
        "crmsync: This stack keeps nothing that is overwritten. Deploy it with KeepOverwritten=yes, and set hours under"
        " [connection.undo]; what was overwritten before is lost.\n"
    )
    wrong = [
        step for step in mistaken.operator.setup.check().steps if step.state is StepState.WRONG
    ]
    told = "are not kept: deploy the stack with KeepOverwritten=yes, or set hours = 0 under [connection.undo]"
    assert wrong == [
        SetupStep("acme", Side.SALESFORCE, "overwritten values", StepState.WRONG, told)
    ]


@pytest.mark.parametrize("words", [("undo",), ("undo", "--since", "yesterday")])
def test_an_undo_needs_a_time(
    mistaken: Deployment, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Without one there is nothing to put back, and a wrong text is not a time."""
    with pytest.raises(SystemExit) as ended:
        main(words, operator=mistaken.operator)
    assert ended.value.code == 2
    assert "--since" in capsys.readouterr().err


def test_the_job_of_an_undo_cannot_be_resumed(deployment: Deployment) -> None:
    """No message moves it on; running the command again does."""
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
