"""`crmsync history`: what it prints, what it returns in JSON and CSV, and what it says where
something is not known.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.operator.undo import MISSING_TABLE
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import Category, Report
from crmsync.model.fields import Update
from crmsync.model.operations.overwritten import Overwrite, OverwrittenBatch, OverwrittenPair
from crmsync.model.records import Kind, Ref, Side
from tests.builders import at
from tests.config.files import MINIMAL
from tests.operator.commands.pairs import BETA, LEAD_ID, a_pair
from tests.operator.deployments import Deployment
from tests.operator.shell import run_command, run_json

USER = "005000000000009AAA"
CREATED = Decision(DecisionType.CREATED, Side.SALESFORCE, because="SET-2")
WRITTEN = Decision(DecisionType.WRITTEN, Side.SALESFORCE, "Phone", "MAP-3", Update.TWO_WAY)
CONFLICT = Decision(DecisionType.CONFLICT, Side.HUBSPOT, "jobtitle", "MAP-3", Update.TWO_WAY, USER)
LONG = Decision(DecisionType.WRITTEN, Side.HUBSPOT, "annualrevenue_of_the_group", "MAP-1", by=USER)
CONTACT = Ref(Side.HUBSPOT, "contact", "81")
LEAD = Ref(Side.SALESFORCE, "Lead", LEAD_ID)
KEPT = MINIMAL + "[connection.undo]\nhours = 72\n"
ASKED = ("history", "hubspot", "contact", "81")


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A terminal of eighty columns in another time zone than the stored times."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setenv("COLUMNS", "80")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def pair(deployment: Deployment) -> Deployment:
    """A pair that was created, written and in conflict, and whose contact has a report."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    link = a_pair()
    for minutes, one in ((-30, CREATED), (-20, WRITTEN), (-10, CONFLICT)):
        link = link.deciding(one).announced_at(at(minutes))
    deployment.links.save([link])
    report = Report(LEAD, Category.VALIDATION, "was refused", "Title", "Mend it.", ("CH-8",))
    deployment.inbox.park("acme", [replace(report, code="STRING_TOO_LONG")])
    return deployment


@pytest.mark.rule("CH-3")
@pytest.mark.usefixtures("berlin")
def test_a_history_for_people(pair: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Newest first, in local time, within eighty columns, with the rules in one line each."""
    status, out, err = run_command(pair, capsys, *ASKED)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "hubspot:contact:81 on acme: active, hubspot:contact:81 -",
        f"  salesforce:Lead:{LEAD_ID}",
        "WHEN                     FIELD             DECISION                  RULE",
        "2026-11-02 13:00:00 CET  Title             parked                    CH-8",
        "    validation: STRING_TOO_LONG was refused",
        "2026-11-02 12:50:00 CET  jobtitle / Title  conflict, Salesforce won  MAP-3",
        f"    edited by {USER}",
        "2026-11-02 12:40:00 CET  phone / Phone     written to Salesforce     MAP-3",
        "2026-11-02 12:30:00 CET  (the pair)        created in Salesforce     SET-2",
        "",
        "CH-8: A CRM refused this field; the rest of the record was written.",
        "MAP-3: Two-way: the later edit counts, and a value fills a blank.",
        "SET-2: New HubSpot contacts make Salesforce records, by the settings.",
    ]


@pytest.mark.usefixtures("berlin")
def test_long_names_are_those_of_one_side(
    pair: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a wider terminal those of both, as far as a mapping names them."""
    link = a_pair("82", "00Q000000000002EAA").deciding(LONG, WRITTEN).announced_at(at())
    pair.links.save([link])
    words = ("history", "hubspot", "contact", "82")
    narrow = run_command(pair, capsys, *words)[1].splitlines()
    monkeypatch.setenv("COLUMNS", "82")
    wide = run_command(pair, capsys, *words)[1].splitlines()
    assert (narrow[3:5], wide[3:5]) == (
        [
            "2026-11-02 13:00:00 CET  Phone                      written to Salesforce  MAP-3",
            "2026-11-02 13:00:00 CET  annualrevenue_of_the_g...  written to HubSpot     MAP-1",
        ],
        [
            "2026-11-02 13:00:00 CET  phone / Phone               written to Salesforce  MAP-3",
            "2026-11-02 13:00:00 CET  annualrevenue_of_the_group  written to HubSpot     MAP-1",
        ],
    )


@pytest.mark.parametrize(
    ("decision", "side", "words"),
    [
        (DecisionType.WRITTEN, Side.HUBSPOT, "written to HubSpot"),
        (DecisionType.CONFLICT, Side.SALESFORCE, "conflict, HubSpot won"),
        (DecisionType.CONFLICT, None, "conflict, both kept"),
        (DecisionType.REFUSED, Side.SALESFORCE, "refused by Salesforce"),
        (DecisionType.HELD, Side.SALESFORCE, "held back from Salesforce"),
        (DecisionType.RELEASED, Side.HUBSPOT, "released to HubSpot"),
        (DecisionType.DROPPED, Side.HUBSPOT, "dropped for HubSpot"),
        (DecisionType.RESTORED, Side.SALESFORCE, "put back in Salesforce"),
        (DecisionType.CREATED, Side.HUBSPOT, "created in HubSpot"),
        (DecisionType.LINKED, None, "linked"),
        (DecisionType.MOVED, Side.SALESFORCE, "moved in Salesforce"),
        (DecisionType.ENDED, Side.HUBSPOT, "ended, gone in HubSpot"),
        (DecisionType.ENDED, None, "ended"),
        (DecisionType.REVIVED, Side.HUBSPOT, "revived"),
    ],
)
def test_each_decision_has_words(
    pair: Deployment,
    capsys: pytest.CaptureFixture[str],
    decision: DecisionType,
    side: Side | None,
    words: str,
) -> None:
    """They say which side got the value, won, or lost its record."""
    link = a_pair("82", "00Q000000000002EAA").deciding(Decision(decision, side))
    pair.links.save([link.announced_at(at())])
    _, out, _ = run_command(pair, capsys, "history", "hubspot", "contact", "82")
    assert out.splitlines()[-1].removeprefix("2026-11-02 12:00:00 UTC  (the pair)  ") == (
        f"{words.ljust(max(8, len(words)))}  -"
    )


@pytest.mark.rule("CH-29")
def test_a_history_in_json(pair: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """From either side, under a plural name and a short id; times are in UTC."""
    status, found = run_json(pair, capsys, "history", "salesforce", "leads", LEAD_ID[:15])
    row = {
        "at": "2026-11-02T11:50:00+00:00",
        "decision": "conflict",
        "to": "hubspot",
        "hubspot": "jobtitle",
        "salesforce": "Title",
        "policy": "two_way",
        "rule": "MAP-3",
        "meaning": "Two-way: the later edit counts, and a value fills a blank.",
        "by": USER,
        "text": "",
    }
    (one,) = found
    decisions = one.pop("decisions")
    assert (status, one) == (
        0,
        {
            "connection": "acme",
            "record": str(LEAD),
            "hubspot": str(CONTACT),
            "salesforce": str(LEAD),
            "state": "active",
        },
    )
    assert [each["decision"] for each in decisions] == ["parked", "conflict", "written", "created"]
    assert decisions[1] == row


def test_a_history_for_spreadsheets(pair: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """A row per decision, with the connection and everything that the document has."""
    _, out, _ = run_command(pair, capsys, *ASKED, "--csv")
    heading, *rows = csv.reader(io.StringIO(out))
    assert heading == [
        *("connection", "at", "decision", "to", "hubspot", "salesforce", "policy", "rule"),
        *("meaning", "by", "text", "old", "new"),
    ]
    assert rows[0] == [
        *("acme", "2026-11-02T12:00:00+00:00", "parked", "", "", "Title", "", "CH-8"),
        "A CRM refused this field; the rest of the record was written.",
        *("", "validation: STRING_TOO_LONG was refused", "", ""),
    ]
    assert [row[2] for row in rows] == ["parked", "conflict", "written", "created"]


def with_values(pair: Deployment) -> None:
    """Keep what the write of the phone number overwrote."""
    pair.operator.settings.push(KEPT, apply=True)
    one = Overwrite(Side.SALESFORCE, "phone", "Phone", "0100", None)
    batch = OverwrittenBatch(
        "acme", Kind.CONTACT, at(-20.1), (OverwrittenPair(CONTACT, LEAD, (one,)),)
    )
    pair.overwritten.keep(batch, timedelta(hours=72))


@pytest.mark.rule("CH-3")
def test_values_are_shown_only_on_request(
    pair: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they were kept: before and after the write, a blank as an empty text."""
    with_values(pair)
    plain = run_command(pair, capsys, *ASKED)
    status, out, err = run_command(pair, capsys, *ASKED, "--values")
    _, (found,) = run_json(pair, capsys, *ASKED, "--values")
    assert "0100" not in plain[1]
    assert (status, "    '0100' became ''" in out.splitlines(), err) == (0, True, "")
    assert [(one.get("old"), one.get("new"), "old" in one) for one in found["decisions"]] == [
        (None, None, False),
        (None, None, False),
        ("0100", None, True),
        (None, None, False),
    ]


@pytest.mark.parametrize(
    ("settings", "down", "remark"),
    [
        (
            MINIMAL,
            None,
            (
                "acme: values are not kept. Set hours under [connection.undo], in a stack that was "
                "deployed with KeepOverwritten=yes.\n"
            ),
        ),
        (
            KEPT,
            TryAgain("missing", code=MISSING_TABLE),
            "acme: values are not kept: this stack was deployed with KeepOverwritten=no.\n",
        ),
    ],
)
def test_it_says_what_keeps_values_from_being_shown(
    pair: Deployment,
    capsys: pytest.CaptureFixture[str],
    settings: str,
    down: TryAgain | None,
    remark: str,
) -> None:
    """The rest of the history is shown."""
    pair.operator.settings.push(settings, apply=True)
    pair.overwritten.unreadable = down
    status, out, err = run_command(pair, capsys, *ASKED, "--values")
    assert (status, err, "conflict" in out) == (0, remark, True)


def test_hubspot_says_who_made_an_edit(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its own property history; while it does not answer, the rest is shown."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    contacts = "/crm/v3/objects/contacts"
    made = deployment.make_in_hubspot(contacts, {"properties": {"phone": "0100"}})["id"]
    now = datetime.fromtimestamp(deployment.clock.now_ms() / 1000, UTC)
    link = a_pair(made).deciding(WRITTEN).announced_at(now + timedelta(seconds=1))
    deployment.links.save([link])
    words = ("history", "hubspot", "contact", made)

    _, (found,) = run_json(deployment, capsys, *words)
    deployment.faults.replace([{"at": "hubspot", "kind": "token_revoked", "times": 9}])
    status, out, err = run_command(deployment, capsys, *words)

    (decision,) = found["decisions"]
    assert decision["by"].startswith("CRM_UI/userId:")
    assert (status, "written to Salesforce" in out) == (0, True)
    assert err.startswith("acme: HubSpot does not say now who edited its values: ")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ("hubspot", "contact", "404"),
            (
                "hubspot:contact:404 has no link and no report, so nothing is known of it. The "
                "functions' logs have what was decided about it."
            ),
        ),
        (
            ("hubspot", "lead", "81"),
            "hubspot has no lead with a history; there are company, contact, deal, call, email, meeting, note, task.",
        ),
        (
            ("hubspot", "contact", "81", "--connection", "beta"),
            "There is no connection beta. There are these: acme.",
        ),
    ],
)
def test_a_record_without_a_history_is_explained(
    pair: Deployment, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], text: str
) -> None:
    """The command prints one sentence and ends with exit status 1."""
    assert run_command(pair, capsys, "history", *words) == (1, "", f"crmsync: {text}\n")


def test_a_pair_about_which_nothing_was_decided(
    pair: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its link is shown: nothing has changed since an earlier release, or for ninety days."""
    pair.links.save([a_pair("82", "00Q000000000002EAA")])
    _, out, _ = run_command(pair, capsys, "history", "hubspot", "contact", "82")
    assert out.splitlines()[-1] == "Nothing has been decided about it in the last 90 days."


def test_each_connection_has_its_own_history(
    pair: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two HubSpot accounts can use one id; a record that is not linked may have a report."""
    pair.operator.settings.push(MINIMAL + BETA, apply=True)
    report = Report(CONTACT, Category.WAITING, "has no address", because=("TRG-17",))
    pair.inbox.park("beta", [report])
    _, found = run_json(pair, capsys, *ASKED)
    assert [(one["connection"], one["state"], len(one["decisions"])) for one in found] == [
        ("acme", "active", 4),
        ("beta", None, 1),
    ]
    _, out, _ = run_command(pair, capsys, *ASKED, "--connection", "beta")
    assert out.splitlines()[0] == "hubspot:contact:81 on beta: not linked"
