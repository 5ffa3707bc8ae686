"""The words that only look: explain and preview, as a person and as a program read them, over both
simulators.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crmsync.cli import main
from crmsync.model.conflicts import ResolvedConflict
from crmsync.model.effects import Category, Report
from crmsync.model.records import Ref, Side
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment

SETTLED = ResolvedConflict(NOON, "phone", "Phone", "two_way", Side.SALESFORCE)


@pytest.fixture
def people(deployment: Deployment) -> Deployment:
    """An account and an org that are set up: Ada on both sides, Grace in HubSpot alone, a twin in
    Salesforce twice.
    """
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)
    contacts = "/crm/v3/objects/contacts"
    deployment.make_in_hubspot(
        contacts, {"properties": {"email": "ada@example.com", "lastname": "Lang", "jobtitle": "Ms"}}
    )
    deployment.make_in_hubspot(
        contacts, {"properties": {"email": "grace@example.com", "lastname": "Hopper"}}
    )
    for name, address in (("Lang", "ada"), ("One", "twin"), ("Two", "twin")):
        row = {"LastName": name, "Company": "Example", "Email": f"{address}@example.com"}
        deployment.make_in_salesforce("sobjects/Lead", row)
    deployment.clock.advance(3600)  # HubSpot counts what its search has seen
    return deployment


def said(
    deployment: Deployment, capture: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of the command."""
    status = main(words, operator=deployment.operator)
    printed = capture.readouterr()
    return status, printed.out, printed.err


def document(deployment: Deployment, capture: pytest.CaptureFixture[str], *words: str) -> Any:
    """The document of the command, which must be done."""
    status, out, _ = said(deployment, capture, *words, "--json")
    assert status == 0
    return json.loads(out)


def the(deployment: Deployment, object_: str, address: str) -> str:
    """The id of a record with an address."""
    if object_ == "contact":
        path = f"/crm/v3/objects/contacts/{address}?idProperty=email"
        return str(deployment.in_hubspot(path)["id"])
    found = deployment.in_salesforce(f"query?q=SELECT Id FROM {object_} WHERE Email = '{address}'")  # noqa: S608 - the test's own
    return str(found["records"][0]["Id"])


@pytest.mark.rule("CH-28")
def test_a_preview_in_json(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """One document has counts, samples, conflicts, refusals, the price in calls, the budget and the
    preview's own cost.
    """
    before = people.writes
    told = document(people, capsys, "preview")
    assert told["counts"] == {
        "hubspot contact": {"create": 1, "mark": 1, "update": 1},
        "salesforce Lead": {"create": 1, "link": 1, "mark": 1, "refuse": 1, "update": 1},
    }
    assert [(one["object"], one["total"], one["looked_at"]) for one in told["looked_at"]] == [
        ("Account", 0, 0),
        ("company", 0, 0),
        ("Contact", 0, 0),
        ("Lead", 3, 3),
        ("contact", 2, 2),
        ("Opportunity", 0, 0),
        ("deal", 0, 0),
    ]
    assert {one["deed"] for one in told["samples"]} == {"create", "mark", "update"}
    assert [(one["category"], one["count"], one["rules"]) for one in told["refused"]] == [
        ("duplicates", 1, ["CH-13"])
    ]
    assert (told["records"], told["conflicts"], told["seconds"]) == (
        5,
        {"count": 0, "samples": []},
        1,
    )
    assert set(told["calls"]) == {"hubspot", "salesforce"}
    assert set(told["calls"]["hubspot"]) == {"least", "most", "expected"}
    assert (told["budgets"][0]["allotment"], told["budgets"][0]["allowed"]) == (50_000, 100_000)
    assert min(told["cost"].values()) > 0
    assert (people.writes, people.links.all, people.outbox.delayed) == (before, [], [])


@pytest.mark.rule("API-1")
def test_a_preview_as_tables(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """The tables fit a terminal and end with the price, the calls that are used, allowed, allotted
    and left, and the preview's cost.
    """
    status, out, err = said(people, capsys, "preview", "--object", "leads")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert max(map(len, lines)) <= 100
    assert lines[:2] == [
        "CONNECTION  OBJECT           RECORDS  PREVIEWED  NO E-MAIL",
        "acme        salesforce Lead  3        3",
    ]
    start = lines.index("What would be done:")
    assert lines[start + 1 : start + 4] == [
        "                 CREATE  UPDATE  MARK  LINK  REFUSE",
        "hubspot contact  1       1       1",
        "salesforce Lead          1       1     1     1",
    ]
    assert (
        "For all 3 records, API calls: HubSpot 1 to 1, about 1; Salesforce 2 to 2, about 2."
        in lines
    )
    assert (
        "of Salesforce's 100,000 calls in 24 hours are used, 50,000 are allotted to crmsync;" in out
    )
    assert lines[-1].endswith("Salesforce calls, and wrote nothing.")


def test_a_preview_of_a_file(
    people: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It shows what those settings would write without putting them in force; a wrong file is
    refused as by a push.
    """
    file = tmp_path / "settings.toml"
    file.write_text(
        MINIMAL + '[connection.contacts]\ncreate_in_salesforce = "never"\n', encoding="utf-8"
    )
    told = document(people, capsys, "preview", "--settings", str(file), "--object", "contact")
    assert told["counts"] == {
        "hubspot contact": {"link": 1, "mark": 1, "nothing": 1, "update": 1},
        "salesforce Lead": {"mark": 1, "update": 1},
    }
    assert document(people, capsys, "settings", "history")[0]["version"] == 1
    file.write_text(MINIMAL + "[connection.contacts]\ncreate = 1\n", encoding="utf-8")
    status, _, err = said(people, capsys, "preview", "--settings", str(file))
    assert (status, "line" in err) == (1, True)


def test_a_preview_with_a_limit(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """--limit reads so many of each object and --all every one; both together are wrong usage."""
    told = document(people, capsys, "preview", "--object", "leads", "--limit", "2")
    assert (told["looked_at"][0]["total"], told["looked_at"][0]["looked_at"], told["records"]) == (
        3,
        2,
        3,
    )
    assert (
        document(people, capsys, "preview", "--object", "leads", "--all")["looked_at"][0][
            "looked_at"
        ]
        == 3
    )
    for words in (("--limit", "0"), ("--limit", "2", "--all")):
        with pytest.raises(SystemExit) as ended:
            said(people, capsys, "preview", *words)
        assert ended.value.code == 2
    status, _, err = said(people, capsys, "preview", "--object", "orders")
    assert (status, "orders cannot be previewed" in err) == (1, True)


def test_an_explanation_as_tables(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the link, each field with a value, the other decisions, and what would be written
    and why.
    """
    ada, lead = the(people, "contact", "ada@example.com"), the(people, "Lead", "ada@example.com")
    ref = Ref(Side.SALESFORCE, "Lead", lead)
    people.inbox.park(
        "acme", [Report(ref, Category.VALIDATION, "was refused", "Title", "Mend it.", ("CH-8",))]
    )
    people.conflict_log.note(
        "acme", {Ref(Side.HUBSPOT, "contact", ada): [SETTLED, replace(SETTLED, winner=None)]}
    )
    status, out, err = said(people, capsys, "explain", "hubspot", "contacts", ada)
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert max(map(len, lines)) <= 100
    assert (
        lines[0]
        == f"hubspot:contact:{ada} on acme: not linked; may be the same as salesforce:Lead:{lead}"
    )
    start = next(at for at, text in enumerate(lines) if text.startswith("HUBSPOT"))
    assert lines[start : start + 6] == [
        "HUBSPOT                          SALESFORCE                     POLICY   BECOMES  RULE",
        "email     ? ada@example.com      Email       ? ada@example.com  two_way  in step",
        "lastname  ? Lang                 LastName    ? Lang             two_way  in step",
        "jobtitle  ? Ms               ->  Title       ?                  two_way  written  MAP-3",
        "company   ?                  <-  Company     ? Example          two_way  written  MAP-3",
        "-> HubSpot's value wins, <- Salesforce's; * changed since both agreed, ? never agreed on",
    ]
    done = lines.index("Would be done now:")
    assert lines[done - 4 : done] == [
        "RESOLVED LATELY (UTC)  HUBSPOT  SALESFORCE  POLICY   WINNER",
        "2026-11-02 12:00:00    phone    Phone       two_way  salesforce",
        "2026-11-02 12:00:00    phone    Phone       two_way  nobody",
        "",
    ]
    assert lines[done + 1 : done + 4] == [
        f"  save link hubspot:contact:{ada} - salesforce:Lead:{lead} (DUP-1)",
        f"  update hubspot:contact:{ada}: company (MAP-3)",
        f"  update salesforce:Lead:{lead}: Title (MAP-3)",
    ]
    assert lines[-2:] == [
        "In the error inbox:",
        "  validation: was refused [Title]. Mend it. (CH-8)",
    ]


def test_an_explanation_in_json(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """One document has both records, the decisions, the effects and their rules; a short Salesforce
    id is accepted.
    """
    lead = the(people, "Lead", "ada@example.com")
    ada = Ref(Side.HUBSPOT, "contact", the(people, "contact", "ada@example.com"))
    people.conflict_log.note("acme", {ada: [SETTLED]})
    before = people.writes
    told = document(people, capsys, "explain", "salesforce", "Lead", lead[:15])
    assert (told["record"], told["connection"], told["syncs"], told["link"]) == (
        f"salesforce:Lead:{lead}",
        "acme",
        True,
        None,
    )
    assert next(one for one in told["fields"] if one["hubspot"] == "jobtitle") == {
        "hubspot": "jobtitle",
        "salesforce": "Title",
        "hubspot_value": "Ms",
        "salesforce_value": None,
        "changed": "never agreed",
        "holder": "hubspot",
        "policy": "two_way",
        "outcome": "to salesforce",
        "is_cut": False,
        "rules": ["MAP-3"],
    }
    assert [(one["effect"], one["rules"]) for one in told["effects"][:3]] == [
        ("SaveLink", ["DUP-1"]),
        ("UpdateRecord", ["MAP-3"]),
        ("UpdateRecord", ["MAP-3"]),
    ]
    assert told["effects"][2]["fields"] == {"Title": "Ms"}
    assert told["salesforce"]["fields"]["Email"] == "ada@example.com"
    assert told["settled"] == [
        {
            "at": "2026-11-02T12:00:00+00:00",
            "hubspot": "phone",
            "salesforce": "Phone",
            "policy": "two_way",
            "winner": "salesforce",
        }
    ]
    assert people.writes == before


def test_an_unknown_record_is_reported(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints a sentence on stderr and ends with exit status 1; an unknown side is wrong
    usage.
    """
    status, out, err = said(people, capsys, "explain", "hubspot", "contact", "1")
    text = "crmsync: hubspot shows no contact 1, and no link of acme names one.\n"
    assert (status, out, err) == (1, "", text)
    with pytest.raises(SystemExit) as ended:
        said(people, capsys, "explain", "sideways", "contact", "1")
    assert ended.value.code == 2
