"""`crmsync brakes`, `pause` and `resume`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crmsync.cli import main
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import Cause
from crmsync.model.operations.troubles import Pause
from crmsync.model.records import Ref, Side
from crmsync.rules.pair.reports import change_limited, waiting
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator.commands.pairs import BETA
from tests.operator.deployments import Deployment
from tests.operator.shell import run_command

SALESFORCE = Hold(Side.SALESFORCE, ChangeLimit.CHANGES)
HELD = {
    Ref(Side.HUBSPOT, "contact", "81"): {"lastname", "phone"},
    Ref(Side.HUBSPOT, "contact", "82"): {"lastname"},
    Ref(Side.HUBSPOT, "company", "91"): {"name"},
}


@pytest.fixture
def over_limit(deployment: Deployment) -> Deployment:
    """Two contacts and a company that are held, and a contact that waits for an address."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    reports = [
        change_limited(ref, {SALESFORCE}, {Side.HUBSPOT: fields}) for ref, fields in HELD.items()
    ]
    deployment.inbox.park("acme", [*reports, waiting(Ref(Side.HUBSPOT, "contact", "83"))])
    return deployment


def queued(deployment: Deployment) -> list[tuple[str, Cause]]:
    """Return the ids and causes of the changes that were queued."""
    return [(change.ref.id, change.cause) for change in deployment.outbox.published]


def test_held_records_are_listed_with_their_fields(
    over_limit: Deployment, capsys: pytest.CaptureFixture[str]
):
    """Other records of the error inbox are left out; the text names the limit."""
    text = "would be overwritten in Salesforce together with more records than max_changes_per_hour allows; it waits"

    status, out = run_command(over_limit, capsys, "brakes", "list")[:2]

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
    over_limit: Deployment,
    capsys: pytest.CaptureFixture[str],
    word: str,
    cause: Cause,
    which: tuple[str, ...],
    ids: list[str],
):
    """They are shown first; with --apply they are queued with the decision."""
    run_command(over_limit, capsys, "brakes", word, *which)
    assert queued(over_limit) == []

    status, out = run_command(over_limit, capsys, "brakes", word, *which, "--apply", "--json")[:2]

    document = json.loads(out)
    assert (status, document["applied"], len(document["records"])) == (0, True, len(ids))
    assert queued(over_limit) == [(one, cause) for one in ids]


def test_a_decision_is_stored_as_a_job(over_limit: Deployment, capsys: pytest.CaptureFixture[str]):
    """The job has the caller, the decision and the number of records; without --apply there is
    none.
    """
    run_command(over_limit, capsys, "brakes", "release", "--all")
    run_command(over_limit, capsys, "brakes", "release", "--object", "contact", "--apply")
    run_command(over_limit, capsys, "brakes", "drop", "--id", "91", "--apply")

    _, out = run_command(over_limit, capsys, "jobs", "list", "--json")[:2]

    kept = [
        (row["verb"], row["legs"], row["state"], row["done"], row["by"]) for row in json.loads(out)
    ]
    assert sorted(kept) == [
        ("drop", ["hubspot company"], "done", 1, "ada"),
        ("release", ["hubspot contact"], "done", 2, "ada"),
    ]


def test_an_unknown_object_is_refused(over_limit: Deployment, capsys: pytest.CaptureFixture[str]):
    """The message lists the known objects."""
    status = main(("brakes", "drop", "--object", "people", "--apply"), operator=over_limit.operator)

    text = "crmsync: There is no object people; there are contact, company, deal, call, email, meeting, note, task, Lead, Contact, Account, Opportunity, Task, Event.\n"
    assert (status, capsys.readouterr().err, queued(over_limit)) == (1, text, [])


def test_an_id_of_which_nothing_is_held_back_is_refused(
    over_limit: Deployment, capsys: pytest.CaptureFixture[str]
):
    """A mistyped id is no success."""
    found = run_command(over_limit, capsys, "brakes", "release", "--id", "nope", "--apply")

    assert (found, queued(over_limit)) == (
        (1, "", "crmsync: Nothing of nope is held back. crmsync brakes list shows what is.\n"),
        [],
    )


def test_an_empty_list_has_a_sentence(deployment: Deployment, capsys: pytest.CaptureFixture[str]):
    """The command says that no record is held."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    for words in (("brakes", "list"), ("brakes", "release", "--all", "--apply")):
        assert run_command(deployment, capsys, *words)[:2] == (0, "Nothing is held back.\n")


def test_a_connection_is_paused_and_resumed(
    over_limit: Deployment, capsys: pytest.CaptureFixture[str]
):
    """Each command shows first what it would do; the status of a paused connection begins with the
    pause, its time and its author.
    """
    run_command(over_limit, capsys, "pause", "acme")
    assert over_limit.operator.pauses.state("acme") is None

    status, out = run_command(over_limit, capsys, "pause", "acme", "--apply")[:2]

    assert (status, over_limit.operator.pauses.state("acme")) == (0, Pause(NOON, "ada"))
    assert out.startswith("acme is paused: what has begun is finished, nothing new begins.")
    _, document = run_command(over_limit, capsys, "status", "--json")[:2]
    assert json.loads(document)["findings"] == [
        "acme is paused since 2026-11-02 12:00 UTC by ada; crmsync resume acme --apply resumes it.",
        "acme: 3 records are held back by a brake; crmsync brakes list says which, release or drop them.",
    ]
    run_command(over_limit, capsys, "resume", "acme")
    assert over_limit.operator.pauses.state("acme") is not None
    run_command(over_limit, capsys, "resume", "acme", "--apply")
    assert over_limit.operator.pauses.state("acme") is None


def test_a_first_push_can_begin_paused(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """A new connection is paused before the settings are in force, one that is in force goes on,
    and nothing is paused without --apply.
    """
    file = tmp_path / "settings.toml"
    file.write_text(MINIMAL)
    run_command(deployment, capsys, "settings", "push", str(file), "--apply")
    file.write_text(MINIMAL + BETA)
    push = ("settings", "push", str(file), "--paused")
    pauses = deployment.operator.pauses

    shown = run_command(deployment, capsys, *push)[1].splitlines()[-1]
    before = pauses.troubles.load("beta").pause
    done = run_command(deployment, capsys, *push, "--apply")[1].splitlines()[-1]

    assert (shown, done) == (
        "beta would begin paused; crmsync resume beta --apply has it sync.",
        "beta begins paused; crmsync resume beta --apply has it sync.",
    )
    assert (before, pauses.state("acme"), pauses.state("beta")) == (None, None, Pause(NOON, "ada"))


def test_a_push_that_is_refused_pauses_nothing(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """A file with a mistake has no new connections."""
    file = tmp_path / "settings.toml"
    file.write_text(MINIMAL + "[connection.contacts]\ncreate = 1\n")

    status = run_command(deployment, capsys, "settings", "push", str(file), "--paused", "--apply")[
        0
    ]

    assert (status, deployment.operator.pauses.troubles.load("acme").pause) == (1, None)


def test_an_unknown_connection_cannot_be_paused(
    over_limit: Deployment, capsys: pytest.CaptureFixture[str]
):
    """A typing error is reported and stops nothing."""
    status = main(("pause", "acmee", "--apply"), operator=over_limit.operator)

    assert (status, capsys.readouterr().err) == (
        1,
        "crmsync: There is no connection acmee. There are these: acme.\n",
    )
