"""Which e-mail events become tasks, which task an event belongs to, and what a task says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.links import Link
from crmsync.model.mail import Campaign, MailEvent
from crmsync.model.names import TASK_COUNT
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import EmailTaskSettings, Repeat, TaskTemplate
from crmsync.rules.email_tasks import (
    PLACEHOLDERS,
    count_fields,
    event_hash,
    owner_of,
    task_fields,
    task_key,
    template_of,
    unknown_placeholder,
    wants,
)

NOON = 1_793_620_800_000
DAY = 24 * 3600 * 1000
FINGERPRINTER = Fingerprinter(b"a key of sixteen")
OPEN = MailEvent("0d9e", NOON, "OPEN", "Ada@Example.com", "113", "70012")
LEAD = Ref(Side.SALESFORCE, "Lead", "00Q000000000001AAA")
SPRING = Campaign("Spring offer", "Spring is here")


def key(event: MailEvent, repeat: Repeat) -> str:
    """The task of an event in a mode."""
    return task_key(event, EmailTaskSettings(repeat=repeat), 555001, FINGERPRINTER)


@pytest.mark.rule("TASK-5")
@pytest.mark.rule("SET-10")
def test_only_kinds_that_are_on_make_tasks() -> None:
    """Opens and clicks by default; each kind has a switch of its own."""
    kinds = ("OPEN", "CLICK", "SENT", "FORWARD")

    assert [kind for kind in kinds if wants(replace(OPEN, kind=kind), EmailTaskSettings())] == [
        "OPEN",
        "CLICK",
    ]
    assert [
        kind
        for kind in kinds
        if wants(replace(OPEN, kind=kind), EmailTaskSettings(kinds=("SENT",)))
    ] == ["SENT"]
    assert not any(wants(replace(OPEN, kind=kind), EmailTaskSettings(kinds=())) for kind in kinds)


@pytest.mark.rule("CH-2")
def test_replaced_events_and_machines_make_none() -> None:
    """Machines' doings do where the operator wants them; nobody can be told of one without
    recipient.
    """
    machine, replaced, nobody = (
        replace(OPEN, is_filtered=True),
        replace(OPEN, is_obsolete=True),
        replace(OPEN, recipient=""),
    )

    assert [wants(one, EmailTaskSettings()) for one in (machine, replaced, nobody)] == [
        False,
        False,
        False,
    ]
    assert wants(machine, EmailTaskSettings(ignore_bots=False))


@pytest.mark.rule("TASK-3")
@pytest.mark.rule("Q-20")
def test_by_default_every_event_has_a_task_of_its_own() -> None:
    """An event is its id and its moment together: neither alone makes it the same."""
    others = [replace(OPEN, id="other"), replace(OPEN, created=NOON + 1)]

    assert key(OPEN, Repeat.EVERY_EVENT) == f"555001-{NOON}-0d9e"
    assert len({key(one, Repeat.EVERY_EVENT) for one in (OPEN, *others)}) == 3
    assert len({event_hash(one) for one in (OPEN, replace(OPEN, kind="CLICK"), *others)}) == 3


@pytest.mark.rule("CH-2")
def test_events_share_a_task_where_the_mode_says_so() -> None:
    """Of one recipient, e-mail and kind, and of one day, UTC; the name of the task does not give
    the address away.
    """
    later = replace(OPEN, id="later", created=NOON + DAY, recipient=" ada@example.com")
    others = [
        replace(OPEN, kind="CLICK"),
        replace(OPEN, campaign="70013"),
        replace(OPEN, recipient="bob@example.com"),
    ]

    assert key(OPEN, Repeat.ONCE_PER_EMAIL) == key(later, Repeat.ONCE_PER_EMAIL)
    assert key(OPEN, Repeat.ONCE_PER_DAY) != key(later, Repeat.ONCE_PER_DAY)
    assert key(OPEN, Repeat.ONCE_PER_DAY) == key(
        replace(later, created=NOON + 1), Repeat.ONCE_PER_DAY
    )
    assert len({key(one, Repeat.ONCE_PER_EMAIL) for one in (OPEN, *others)}) == 4
    assert "ada" not in key(OPEN, Repeat.ONCE_PER_EMAIL).lower()


def test_an_event_about_no_email_has_a_task_of_its_own() -> None:
    """A changed subscription has no campaign to count by."""
    change = MailEvent("0d9e", NOON, "STATUSCHANGE", "ada@example.com")

    assert key(change, Repeat.ONCE_PER_EMAIL) == f"555001-{NOON}-0d9e"


@pytest.mark.rule("Q-19")
def test_a_task_says_kind_and_name_on_the_day_of_the_first_event() -> None:
    """Completed, of the linked record; lines of the description that have nothing to say are left
    out.
    """
    events = [replace(OPEN, created=NOON + DAY), OPEN]

    assert task_fields(TaskTemplate("OPEN"), events, SPRING, LEAD, "", 2) == {
        "WhoId": LEAD.id,
        "ActivityDate": "2026-11-02",
        "Subject": "HubSpot: OPEN: Spring offer",
        "Description": "OPEN on 2026-11-02 12:00 UTC\nE-mail: Spring offer\nSubject line: Spring is here",
        "Status": "Completed",
        "Type": "Email",
        "Priority": "Normal",
        TASK_COUNT: 2,
    }


@pytest.mark.rule("CH-22")
def test_a_template_is_the_operators() -> None:
    """What is blank is left to Salesforce; texts are cut where Salesforce would refuse them; an
    unknown e-mail has a name.
    """
    template = TaskTemplate(
        "OPEN", "{email}" * 40, "", "", "High", "{count}x {url}", "005000000000001AAA"
    )
    fields = task_fields(template, [OPEN], Campaign(), LEAD, "005000000000001AAA", 1)

    assert fields == {
        "WhoId": LEAD.id,
        "ActivityDate": "2026-11-02",
        "Subject": ("marketing e-mail" * 40)[:255],
        "Description": "1x",
        "Priority": "High",
        "OwnerId": "005000000000001AAA",
        TASK_COUNT: 1,
    }


@pytest.mark.rule("CH-2")
def test_a_later_event_writes_the_count_and_what_tells_it() -> None:
    """Where events are counted, a template that tells no count gets a line that does; other texts
    are a person's by then.
    """
    plain, own = (
        EmailTaskSettings(),
        EmailTaskSettings(template=(TaskTemplate("OPEN", "{count} opens", description="-"),)),
    )
    counting = replace(plain, repeat=Repeat.ONCE_PER_EMAIL)

    assert count_fields(template_of("OPEN", own), [OPEN], SPRING, 3) == {
        TASK_COUNT: 3,
        "Subject": "3 opens",
    }
    assert count_fields(template_of("OPEN", plain), [OPEN], SPRING, 3) == {TASK_COUNT: 3}
    (text,) = [
        one
        for name, one in count_fields(template_of("OPEN", counting), [OPEN], SPRING, 3).items()
        if name != TASK_COUNT
    ]
    assert str(text).splitlines()[-1] == "Count: 3"


@pytest.mark.rule("CH-22")
@pytest.mark.parametrize(
    ("owner", "held_by", "wanted"),
    [
        ("integration_user", "005000000000002AAA", ""),
        ("record_owner", "005000000000002AAA", "005000000000002AAA"),
        ("record_owner", "00G000000000002AAA", ""),
        ("record_owner", None, ""),
        ("005000000000001AAA", "005000000000002AAA", "005000000000001AAA"),
    ],
)
def test_whose_task_it_is(owner: str, held_by: str | None, wanted: str) -> None:
    """The integration user's, the record owner's unless that is a queue or unknown, or one user's
    for all.
    """
    link = Link(
        "acme", Kind.CONTACT, Ref(Side.HUBSPOT, "contact", "1"), LEAD, salesforce_owner=held_by
    )

    assert owner_of(TaskTemplate("OPEN", owner=owner), link) == wanted


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (" ".join(f"{{{name}}}" for name in PLACEHOLDERS), None),
        ("{{twice}}", None),
        ("{name}", "{name}"),
        ("{email.__class__}", "{email.__class__}"),
        ("{email!r}", "{email}"),
        ("{count:>10}", "{count}"),
        ("{}", "{}"),
        ("50 {", "a brace that does not belong to a placeholder"),
    ],
)
def test_what_a_template_may_name(text: str, complaint: str | None) -> None:
    """The placeholders and nothing behind them."""
    assert unknown_placeholder(text) == complaint
