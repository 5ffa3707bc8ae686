"""`crmsync status`: what is on, what waits, and what needs attention."""

from __future__ import annotations

from dataclasses import replace

from crmsync.flows.engine.staleness import LongestWait, note_waiting, record_poll
from crmsync.flows.operator.health.status import TOLD_HERE
from crmsync.model.effects import NO_RECORD, Category, Report
from crmsync.model.operations.alerts import AlarmState, Channel, ChannelTrouble
from crmsync.model.operations.jobs import JobState
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports.stores import Cursor
from crmsync.rules.backfill.pacing import Depth
from crmsync.rules.timing.call_counts import hour_of
from crmsync.rules.timing.call_state import CallState
from tests.builders import NOON, a_job, at
from tests.config.files import MINIMAL
from tests.operator.shell import Shell
from tests.template.laws import runbook_rows

QUIET = """settings version 1, read 2026-11-02 12:00 UTC

acme
    on                  contact, account, email task
    off                 opportunity
    last sweep          HubSpot 3 min ago, Salesforce 1 min ago
    newest contact      not swept yet
    newest company      not swept yet
    newest Lead         4 min ago
    newest Contact      2026-10-30 12:00 UTC
    newest Account      not swept yet
    newest email OPEN   not swept yet
    newest email CLICK  not swept yet
    imported            Account 2026-11-02
    jobs                -
    parked              1 waiting
    compared            not yet
    calls               1 of 100,000 in 24 hours, 50,000 allotted
    own calls           HubSpot 0, Salesforce 0
    forecast            HubSpot: no forecast, as no limit of a day is known yet.
    forecast            Salesforce: no forecast, as no limit of a day is known yet.

queues
    ContactQueue        3 ready, 1 in progress, 0 put off
    ContactDeadLetters  0 ready, 0 in progress, 0 put off

Nothing needs attention.
"""
WITHOUT_DEALS = MINIMAL + "[connection.deals]\nsync = false\n"


def last_line(run: tuple[int, str, str]) -> str:
    """Return the last line of stdout."""
    return run[1].splitlines()[-1]


def test_status_shows_the_whole_deployment(shell: Shell) -> None:
    """The table and the document have what is on, how far the sweeps are, what waits and which
    calls were made.
    """
    shell.run("settings", "push", shell.file(WITHOUT_DEALS), "--apply")
    deployment = shell.deployment
    deployment.cursors.save("acme", "Lead", Cursor(at(-4), {}))
    deployment.cursors.save("acme", "Contact", Cursor(at(-3 * 24 * 60), {}))
    deployment.jobs.mark_imported("acme", "Account", NOON)
    for side, minutes in ((Side.HUBSPOT, -3), (Side.SALESFORCE, -1)):
        record_poll("acme", side, deployment.cursors, at(minutes), is_done=True)
    deployment.waiting.queues = {"ContactQueue": Depth(3, 1), "ContactDeadLetters": Depth()}
    deployment.inbox.park(
        "acme", [Report(Ref(Side.HUBSPOT, "contact", "81"), Category.WAITING, "No address.")]
    )

    status, out, err = shell.run("status")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 100
    assert out == QUIET


def test_status_says_when_calls_will_be_used_up(shell: Shell) -> None:
    """At the present pace, for each side, and nothing where they are used up already."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    hours = {hour_of(NOON) - ago: (100, 0, 0, 0) for ago in (1, 2)}
    calls = {
        Side.HUBSPOT: CallState({}, 0, None, {}, NOON, None, hours),
        Side.SALESFORCE: CallState({}, 500, None, {}, None, None, hours),
    }
    operator = shell.deployment.operator
    health = replace(operator.health, own_calls=lambda _connection, side: calls[side])
    shell.deployment.operator = replace(operator, health=health)

    shown = shell.run("status")[1].splitlines()
    forecast = shell.json("status")[1]["connections"][0]["forecast"]

    row = next(place for place, line in enumerate(shown) if line.startswith("    forecast"))
    assert [line.split(maxsplit=1) for line in shown[row : row + 2]] == [
        ["forecast", "Salesforce: at the pace of the last 3 hours (100 calls an hour) all 500"],
        ["calls", "of a day that crmsync may make are used up at 2026-11-02 15:00 UTC."],
    ]
    assert forecast == {
        "hubspot": "",
        "salesforce": (
            "Salesforce: at the pace of the last 3 hours (100 calls an hour) all 500 calls of a "
            "day that crmsync may make are used up at 2026-11-02 15:00 UTC."
        ),
    }


def test_status_before_the_first_push_says_that_nothing_syncs(shell: Shell) -> None:
    """It is a finding, with what to do."""
    status, document = shell.json("status")

    assert (status, document["findings"]) == (
        1,
        ["No settings are in force, so nothing syncs: crmsync settings push FILE --apply."],
    )


def test_status_names_what_needs_attention(shell: Shell) -> None:
    """Dead letters, parked records, paused jobs and an org that does not answer have a sentence
    each, and the exit status is 1.
    """
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    deployment = shell.deployment
    deployment.jobs.save(replace(a_job(), state=JobState.PAUSED))
    deployment.waiting.queues = {"AccountDeadLetters": Depth(ready=2)}
    field = Ref(Side.SALESFORCE, NO_RECORD, "Lead.Title")
    deployment.inbox.park(
        "acme",
        [
            Report(Ref(Side.SALESFORCE, "Lead", "00Q1"), Category.VALIDATION, "Too long."),
            Report(field, Category.MAPPING, "The field is gone."),
        ],
    )
    deployment.faults.replace([{"at": "salesforce", "kind": "unauthorized", "times": 9}])

    status, document = shell.json("status")

    assert status == 1
    down, *known = document["findings"]
    assert known == [
        (
            "AccountDeadLetters has 2 messages; crmsync dead-letters list says which records, "
            "dead-letters redrive moves them back."
        ),
        "acme: 1 record does not sync, or not as a whole; crmsync errors list says why.",
        (
            "acme: 1 mapping rests, as a side lacks the field; everything else syncs. crmsync "
            "errors list says which."
        ),
        "acme: 1 job is paused; crmsync jobs list says why.",
    ]
    assert down.startswith("acme: Salesforce: ")
    (connection,) = document["connections"]
    assert connection["calls"] is None
    assert (connection["jobs"], connection["parked"]) == (
        {"paused": 1},
        {"validation": 1, "mapping": 1},
    )
    assert document["dead_letters"] == ["AccountDeadLetters"]


def test_status_begins_with_what_is_stuck(shell: Shell) -> None:
    """A refused token, failed sweeps and delayed changes come first, each with what to do."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    deployment = shell.deployment
    record_poll("acme", Side.HUBSPOT, deployment.cursors, at(-45), is_done=True)
    record_poll("acme", Side.HUBSPOT, deployment.cursors, at(0), is_done=False)
    note_waiting(
        "acme",
        Kind.CONTACT,
        LongestWait(at(-61), "INVALID_AUTHENTICATION"),
        deployment.cursors,
        at(-1),
    )
    note_waiting("acme", Kind.ACCOUNT, LongestWait(at(-29), "soon"), deployment.cursors, at(-1))
    note_waiting(
        "acme", Kind.OPPORTUNITY, LongestWait(at(-200), "long ago"), deployment.cursors, at(-30)
    )
    deployment.faults.replace([{"at": "hubspot", "kind": "unauthorized", "times": 9}])

    status, out, err = shell.run("status")
    document = shell.json("status")[1]

    assert (status, err) == (1, "")
    token, *others = document["findings"]
    assert token.startswith("acme: HubSpot: ")
    where = "docs/operations.md says what to do under"
    put_off = (
        "the oldest contact change that is put off happened 61 minutes ago (INVALID_AUTHENTICATION)"
    )
    assert others == [
        f"acme: no sweep of HubSpot has succeeded for 45 minutes; {where} 'Nothing is seen any more'.",
        f"acme: {put_off}; {where} 'Changes are put off'.",
    ]
    assert out.splitlines()[2].startswith("acme: HubSpot: ")
    assert "Nothing needs attention." not in out


def test_a_side_that_does_not_answer_comes_with_what_to_do(shell: Shell) -> None:
    """What passes by itself is told apart from what a person has to mend."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.faults.replace([{"at": "hubspot", "kind": "rate_limit", "times": 9}])

    (finding,) = shell.json("status")[1]["findings"]
    assert finding == (
        "acme: HubSpot: You have reached your ten_secondly_rolling limit. If it passes, everything "
        "goes on by itself; else see the CRM's status page."
    )


def test_status_names_the_alarms_that_say_more_than_it_finds_out_itself(shell: Shell) -> None:
    """That no webhook comes, since when and what to do; not one that is over, nor one about what is
    a finding already.
    """
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    missing = "No webhook for six hours. See docs/operations.md#no-webhook-arrives."
    refused = "Whole looks are refused. See docs/operations.md#a-crm-refuses-us."
    for alarm in (
        AlarmState("HubspotWebhooksMissingAlarm", True, at(-7), missing),
        AlarmState("HubspotWebhookErrorsAlarm", False, at(-5), "It failed."),
        AlarmState("HubspotLooksRefusedAlarm", True, at(-9), refused),
    ):
        shell.deployment.alerts.note_alarm(alarm)

    status, document = shell.json("status")

    assert (status, document["findings"]) == (
        1,
        [
            (
                "Alarm HubspotWebhooksMissing since 2026-11-02 11:53 UTC: No webhook for six hours. Do "
                "what docs/operations.md#no-webhook-arrives says."
            )
        ],
    )


def test_every_page_of_what_the_status_finds_out_itself_is_named_by_an_alarm() -> None:
    """A page that was renamed is noticed; otherwise its alarm would be told beside the finding."""
    named = {f"operations#{row.link}" for row in runbook_rows().values()}
    assert named >= TOLD_HERE


def test_status_says_that_nobody_is_told(shell: Shell) -> None:
    """A channel that takes no messages, since when, and what to do."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.alerts.note_trouble(
        ChannelTrouble(Channel.WEBHOOK, at(-7), "no_service", "The webhook answered 404.", "Do it.")
    )

    (finding,) = shell.json("status")[1]["findings"]
    assert finding == (
        "Alerts are not sent by webhook since 2026-11-02 11:53 UTC: The webhook answered 404. "
        "Do it. docs/operations.md says more under 'Alerts cannot be sent'."
    )
