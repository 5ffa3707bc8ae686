"""The words brakes, pause and resume, as a person and as a program read them."""

from __future__ import annotations

import json

import pytest

from crmsync.cli import main
from crmsync.model.brakes import Counted, Hold
from crmsync.model.changes import Cause
from crmsync.model.records import Ref, Side
from crmsync.model.troubles import Pause
from crmsync.rules.pair.reports import change_limited, waiting
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment

SALESFORCE = Hold(Side.SALESFORCE, Counted.CHANGES)
HELD = {
    Ref(Side.HUBSPOT, "contact", "81"): {"lastname", "phone"},
    Ref(Side.HUBSPOT, "contact", "82"): {"lastname"},
    Ref(Side.HUBSPOT, "company", "91"): {"name"},
}


@pytest.fixture
def braked(deployment: Deployment) -> Deployment:
    """Two contacts and a company that are held back, and a contact that waits for an address."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    reports = [
        change_limited(ref, {SALESFORCE}, {Side.HUBSPOT: fields}) for ref, fields in HELD.items()
    ]
    deployment.inbox.park("acme", [*reports, waiting(Ref(Side.HUBSPOT, "contact", "83"))])
    return deployment


def said(
    deployment: Deployment, capture: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str]:
    """Exit status and stdout of the command."""
    status = main(words, operator=deployment.operator)
    return status, capture.readouterr().out


def queued(deployment: Deployment) -> list[tuple[str, Cause]]:
    """Who is looked at, and why."""
    return [(change.ref.id, change.cause) for change in deployment.outbox.published]


def test_what_is_held_back_is_listed_with_its_fields(
    braked: Deployment, capsys: pytest.CaptureFixture[str]
):
    """The list has nothing else of the inbox; the sentence names the limit."""
    text = "would be overwritten in Salesforce together with more records than max_changes_per_hour allows; it waits"

    status, out = said(braked, capsys, "brakes", "list")

    assert (status, out.splitlines()) == (
        0,
        [
            f"acme  hubspot:contact:81  lastname, phone  {text}",
            f"acme  hubspot:contact:82  lastname         {text}",
            f"acme  hubspot:company:91  name             {text}",
        ],
    )


@pytest.mark.parametrize(("word", "cause"), [("release", Cause.RELEASED), ("drop", Cause.DROPPED)])
@pytest.mark.parametrize(
    ("which", "ids"),
    [
        (("--id", "82"), ["82"]),
        (("--object", "contact"), ["81", "82"]),
        (("--object", "Lead"), ["81", "82"]),
        (("--object", "Account"), ["91"]),
        (("--all",), ["81", "82", "91"]),
    ],
)
def test_records_are_released_or_dropped_by_id_by_object_or_all(
    braked: Deployment,
    capsys: pytest.CaptureFixture[str],
    word: str,
    cause: Cause,
    which: tuple[str, ...],
    ids: list[str],
):
    """They are shown first; with --apply they are queued with the decision."""
    said(braked, capsys, "brakes", word, *which)
    assert queued(braked) == []

    status, out = said(braked, capsys, "brakes", word, *which, "--apply", "--json")

    document = json.loads(out)
    assert (status, document["applied"], len(document["records"])) == (0, True, len(ids))
    assert queued(braked) == [(one, cause) for one in ids]


def test_a_decision_is_stored_as_a_job(braked: Deployment, capsys: pytest.CaptureFixture[str]):
    """The job has the caller, the decision and the number of records; a preview stores none."""
    said(braked, capsys, "brakes", "release", "--all")
    said(braked, capsys, "brakes", "release", "--object", "contact", "--apply")
    said(braked, capsys, "brakes", "drop", "--id", "91", "--apply")

    _, out = said(braked, capsys, "jobs", "list", "--json")

    kept = [
        (row["verb"], row["legs"], row["state"], row["done"], row["by"]) for row in json.loads(out)
    ]
    assert sorted(kept) == [
        ("drop", ["hubspot company"], "done", 1, "ada"),
        ("release", ["hubspot contact"], "done", 2, "ada"),
    ]


def test_an_unknown_object_is_refused(braked: Deployment, capsys: pytest.CaptureFixture[str]):
    """The message lists the known names."""
    status = main(("brakes", "drop", "--object", "people", "--apply"), operator=braked.operator)

    told = "crmsync: There is no object people; there are contact, company, deal, Lead, Contact, Account, Opportunity.\n"
    assert (status, capsys.readouterr().err, queued(braked)) == (1, told, [])


def test_an_empty_list_says_that_nothing_is_held_back(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
):
    """An empty list prints a sentence instead of nothing."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    for words in (("brakes", "list"), ("brakes", "release", "--all", "--apply")):
        assert said(deployment, capsys, *words) == (0, "Nothing is held back.\n")


def test_a_connection_is_paused_and_resumed(braked: Deployment, capsys: pytest.CaptureFixture[str]):
    """Each command shows first; while paused, the status begins with the pause, its time and who
    made it.
    """
    said(braked, capsys, "pause", "acme")
    assert braked.operator.pauses.state("acme") is None

    status, out = said(braked, capsys, "pause", "acme", "--apply")

    assert (status, braked.operator.pauses.state("acme")) == (0, Pause(NOON, "ada"))
    assert out.startswith("acme is paused: what has begun is finished, nothing new begins.")
    _, told = said(braked, capsys, "status", "--json")
    assert json.loads(told)["findings"] == [
        "acme is paused since 2026-11-02 12:00 UTC by ada; crmsync resume acme --apply resumes it.",
        "acme: 3 records are held back by a brake; crmsync brakes list says which, release or drop them.",
    ]
    said(braked, capsys, "resume", "acme")
    assert braked.operator.pauses.state("acme") is not None
    said(braked, capsys, "resume", "acme", "--apply")
    assert braked.operator.pauses.state("acme") is None


def test_an_unknown_connection_cannot_be_paused(
    braked: Deployment, capsys: pytest.CaptureFixture[str]
):
    """A typing error is reported and stops nothing."""
    status = main(("pause", "acmee", "--apply"), operator=braked.operator)

    assert (status, capsys.readouterr().err) == (1, "crmsync: There is no connection acmee.\n")
