"""Job messages as they are sent, and jobs as they are stored."""

from __future__ import annotations

import json

import pytest

from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.operations.comparison import Comparison, Discrepancy, Standing
from crmsync.model.operations.jobs import JobMessage, JobState, JobType
from crmsync.model.records import Ref, Side
from crmsync.wire.job_messages import dump_job, load_job
from crmsync.wire.queue_messages import UnreadableError
from crmsync.wire.rows.jobs import from_json, to_json
from tests.builders import a_job, a_step, at


def test_a_job_message_is_read_back() -> None:
    """Connection, job, turn and token are read back."""
    job_message = JobMessage("acme", "7f3a2c", 4, "b81c09")

    assert (
        dump_job(job_message)
        == '{"version":1,"connection":"acme","job":"7f3a2c","turn":4,"ticket":"b81c09"}'
    )
    assert load_job(dump_job(job_message)) == job_message


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "7", '{"version":2}', '{"version":1,"connection":"a","job":"b","turn":"x"}'],
)
def test_any_other_text_is_not_a_job_message(text: str) -> None:
    """Any other text is unreadable."""
    with pytest.raises(UnreadableError):
        load_job(text)


def test_a_job_is_read_back_as_it_was_stored() -> None:
    """Everything is read back but the version, which is an attribute of its own."""
    steps = (
        a_step(7, with_email=True, left_out=2),
        a_step(ids=("003000000000001AAA",)),
        a_step(activity=ActivityKind.CALL),
    )
    job = a_job(
        *steps,
        state=JobState.PAUSED,
        listed_at=at(1),
        trouble="Waits.",
        turn=3,
        turn_token="b81c09",
    )

    stored = from_json(to_json(job))
    assert stored == job
    assert [type(step.activity) for step in stored.steps] == [type(None), type(None), ActivityKind]


def test_a_comparison_is_read_back_with_what_it_has_found() -> None:
    """Counts, findings and calls go on where the turn before stopped."""
    contact = Ref(Side.HUBSPOT, "contact", "81")
    comparison = (
        Comparison(repairs=True)
        .counting(contact, Standing.MISSING)
        .finding(Discrepancy(contact, Standing.MISSING, "create salesforce Lead"), is_repaired=True)
        .spending({Side.HUBSPOT: 20})
    )
    job = a_job(type=JobType.VERIFY, comparison=comparison)

    assert from_json(to_json(job)) == job


def test_a_job_of_another_release_is_read() -> None:
    """Unknown keys are ignored, and missing ones get their defaults."""
    row = json.loads(to_json(a_job()))
    row["legs"][0]["colour"] = row["colour"] = "red"
    del row["limit"], row["legs"][0]["left_out"]

    assert from_json(json.dumps(row)) == a_job()
