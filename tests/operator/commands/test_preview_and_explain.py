"""`crmsync preview` and `crmsync explain`, in tables and in JSON, over both simulators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import Category, Report
from crmsync.model.fields import Update
from crmsync.model.links import Link
from crmsync.model.records import Kind, Ref, Side
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment
from tests.operator.shell import run_command, run_json

RESOLVED = Decision(DecisionType.CONFLICT, Side.HUBSPOT, "phone", "MAP-3", Update.TWO_WAY)


def link_with_conflicts(deployment: Deployment, contact: str, lead: str) -> None:
    """Link the two, with two conflicts of their phone numbers; one of them was left as it was."""
    pair = Ref(Side.HUBSPOT, "contact", contact), Ref(Side.SALESFORCE, "Lead", lead)
    decided = Link("acme", Kind.CONTACT, *pair).deciding(RESOLVED, replace(RESOLVED, side=None))
    deployment.links.save([decided.announced_at(NOON)])


@pytest.fixture
def people(deployment: Deployment) -> Deployment:
    """An account and an org that are set up: Ada on both sides, Grace only in HubSpot, two leads of
    one address in Salesforce.
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


def document(deployment: Deployment, capture: pytest.CaptureFixture[str], *words: str) -> Any:
    """Run the command, which must succeed; return its document."""
    status, found = run_json(deployment, capture, *words)
    assert status == 0
    return found


def id_of(deployment: Deployment, object_: str, address: str) -> str:
    """Return the id of a record with an address."""
    if object_ == "contact":
        path = f"/crm/v3/objects/contacts/{address}?idProperty=email"
        return str(deployment.in_hubspot(path)["id"])
    found = deployment.in_salesforce(f"query?q=SELECT Id FROM {object_} WHERE Email = '{address}'")  # noqa: S608 - the test's own
    return str(found["records"][0]["Id"])


@pytest.mark.rule("CH-28")
def test_a_preview_in_json(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """The document has counts, samples, conflicts, refusals, calls, the budget and the cost of the
    preview itself.
    """
    before = people.writes
    found = document(people, capsys, "preview")
    assert found["counts"] == {
        "hubspot contact": {"create": 1, "mark": 1, "update": 1},
        "salesforce Lead": {"create": 1, "link": 1, "mark": 1, "refuse": 1, "update": 1},
    }
    assert [(one["object"], one["total"], one["looked_at"]) for one in found["looked_at"]] == [
        ("Account", 0, 0),
        ("company", 0, 0),
        ("Contact", 0, 0),
        ("Lead", 3, 3),
        ("contact", 2, 2),
        ("Opportunity", 0, 0),
        ("deal", 0, 0),
    ]
    assert {one["action"] for one in found["samples"]} == {"create", "mark", "update"}
    assert [(one["category"], one["count"], one["rules"]) for one in found["refused"]] == [
        ("duplicates", 1, ["CH-13"])
    ]
    assert (found["records"], found["conflicts"], found["seconds"]) == (
        5,
        {"count": 0, "samples": []},
        1,
    )
    assert set(found["calls"]) == {"hubspot", "salesforce"}
    assert set(found["calls"]["hubspot"]) == {"least", "most", "expected"}
    assert (found["budgets"][0]["allotment"], found["budgets"][0]["allowed"]) == (50_000, 100_000)
    assert min(found["cost"].values()) > 0
    assert (people.writes, people.links.all, people.outbox.delayed) == (before, [], [])


@pytest.mark.rule("API-1")
def test_a_preview_as_tables(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """The tables fit a terminal; the end has the expected calls, the budget and the cost of the
    preview itself.
    """
    status, out, err = run_command(people, capsys, "preview", "--object", "leads")
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


def test_a_preview_says_which_records_would_lose_their_owner(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many, for which reason, which ones and what helps; without any it says nothing of it."""
    grace = id_of(people, "contact", "grace@example.com")
    before = document(people, capsys, "preview")["owners_cleared"]
    owner = {"properties": {"hubspot_owner_id": "71001"}}
    people.make_in_hubspot(f"/crm/v3/objects/contacts/{grace}", owner, "PATCH")

    people.clock.advance(60)  # HubSpot's limits of a second and of ten
    found = document(people, capsys, "preview")["owners_cleared"]
    people.clock.advance(60)
    text = " ".join(run_command(people, capsys, "preview")[1].split())

    assert (before, found) == (
        {"count": 0, "records": []},
        {"count": 1, "records": [f"hubspot:contact:{grace}"]},
    )
    assert (
        "HubSpot records that would lose their owner: 1. No HubSpot owner matches the one that the "
        "Salesforce record has or gets, and an active owner in Salesforce counts (OWN-11, Q-18). A "
        "new lead may get another one by an assignment rule. Such as "
        f"hubspot:contact:{grace}. [connection.owners] in the settings matches owners whose names "
        "or addresses differ."
    ) in text


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
    found = document(people, capsys, "preview", "--settings", str(file), "--object", "contact")
    assert found["counts"] == {
        "hubspot contact": {"link": 1, "mark": 1, "nothing": 1, "update": 1},
        "salesforce Lead": {"mark": 1, "update": 1},
    }
    assert document(people, capsys, "settings", "history")[0]["version"] == 1
    file.write_text(MINIMAL + "[connection.contacts]\ncreate = 1\n", encoding="utf-8")
    status, _, err = run_command(people, capsys, "preview", "--settings", str(file))
    assert (status, "line" in err) == (1, True)


def test_a_preview_with_a_limit(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """--limit reads so many records of each object and --all every one; both together are wrong
    usage.
    """
    found = document(people, capsys, "preview", "--object", "leads", "--limit", "2")
    assert (
        found["looked_at"][0]["total"],
        found["looked_at"][0]["looked_at"],
        found["records"],
    ) == (
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
    titles = [
        next(
            line
            for line in run_command(people, capsys, "preview", "--object", "leads", *words)[
                1
            ].splitlines()
            if "would be done" in line
        )
        for words in (("--limit", "2"), ("--all",))
    ]
    assert titles == [
        "What would be done with the 2 of 3 records that were read:",
        "What would be done:",
    ]
    for words in (("--limit", "0"), ("--limit", "2", "--all")):
        with pytest.raises(SystemExit) as ended:
            run_command(people, capsys, "preview", *words)
        assert ended.value.code == 2
    status, _, err = run_command(people, capsys, "preview", "--object", "orders")
    assert (status, "orders cannot be previewed" in err) == (1, True)


def test_an_explanation_as_tables(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the link, each field with a value, the other decisions, and what would be written
    and why.
    """
    ada, lead = (
        id_of(people, "contact", "ada@example.com"),
        id_of(people, "Lead", "ada@example.com"),
    )
    ref = Ref(Side.SALESFORCE, "Lead", lead)
    people.inbox.park(
        "acme", [Report(ref, Category.VALIDATION, "was refused", "Title", "Mend it.", ("CH-8",))]
    )
    status, out, err = run_command(people, capsys, "explain", "hubspot", "contacts", ada)
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
    assert lines[done + 1 : done + 4] == [
        f"  save link hubspot:contact:{ada} - salesforce:Lead:{lead} (DUP-1)",
        f"  update hubspot:contact:{ada}: company (MAP-3)",
        f"  update salesforce:Lead:{lead}: Title (MAP-3)",
    ]
    assert lines[-2:] == [
        "In the error inbox:",
        "  validation: was refused [Title]. Mend it. (CH-8) 1 attempt, 2026-11-02 12:00 UTC.",
    ]


def test_an_explanation_in_json(people: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """One document has both records, the decisions, the effects and their rules; a short Salesforce
    id is accepted.
    """
    lead = id_of(people, "Lead", "ada@example.com")
    before = people.writes
    found = document(people, capsys, "explain", "salesforce", "Lead", lead[:15])
    assert (found["record"], found["connection"], found["syncs"], found["link"]) == (
        f"salesforce:Lead:{lead}",
        "acme",
        True,
        None,
    )
    assert next(one for one in found["fields"] if one["hubspot"] == "jobtitle") == {
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
    assert [(one["effect"], one["rules"]) for one in found["effects"][:3]] == [
        ("SaveLink", ["DUP-1"]),
        ("UpdateRecord", ["MAP-3"]),
        ("UpdateRecord", ["MAP-3"]),
    ]
    assert found["effects"][2]["fields"] == {"Title": "Ms"}
    assert found["salesforce"]["fields"]["Email"] == "ada@example.com"
    assert people.writes == before


@pytest.mark.rule("CH-3")
def test_an_explanation_has_the_last_conflicts(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a table and in JSON; `crmsync history` shows everything that was decided."""
    ada = id_of(people, "contact", "ada@example.com")
    link_with_conflicts(people, ada, id_of(people, "Lead", "ada@example.com"))
    _, out, _ = run_command(people, capsys, "explain", "hubspot", "contact", ada)
    lines = out.splitlines()
    start = next(at for at, text in enumerate(lines) if text.startswith("RESOLVED LATELY"))
    assert lines[start : start + 4] == [
        "RESOLVED LATELY (UTC)  HUBSPOT  SALESFORCE  POLICY   WINNER",
        "2026-11-02 12:00:00    phone    Phone       two_way  salesforce",
        "2026-11-02 12:00:00    phone    Phone       two_way  nobody",
        "",
    ]
    row = {
        "at": "2026-11-02T12:00:00+00:00",
        "hubspot": "phone",
        "salesforce": "Phone",
        "policy": "two_way",
        "winner": "salesforce",
    }
    found = document(people, capsys, "explain", "hubspot", "contact", ada)
    assert found["settled"] == [row, row | {"winner": None}]


def test_an_unknown_record_is_reported(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints a sentence on stderr and ends with exit status 1; an unknown side is wrong
    usage.
    """
    status, out, err = run_command(people, capsys, "explain", "hubspot", "contact", "1")
    text = "crmsync: hubspot shows no contact 1, and no link of acme names one.\n"
    assert (status, out, err) == (1, "", text)
    with pytest.raises(SystemExit) as ended:
        run_command(people, capsys, "explain", "sideways", "contact", "1")
    assert ended.value.code == 2


def test_a_person_is_explained_by_address(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every record of the object that has the address is explained, in either spelling."""
    ada = id_of(people, "contact", "ada@example.com")

    found = document(people, capsys, "explain", "hubspot", "contact", "Ada@example.com")
    twins = document(people, capsys, "explain", "salesforce", "leads", "twin@example.com")

    assert found["record"] == f"hubspot:contact:{ada}"
    assert [one["salesforce"]["fields"]["LastName"] for one in twins] == ["One", "Two"]


def test_an_address_that_nobody_has_is_reported(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says so, and that companies are found by their ids only."""
    assert [
        run_command(people, capsys, "explain", "salesforce", "Lead", "nobody@example.com"),
        run_command(people, capsys, "explain", "hubspot", "company", "info@example.com"),
    ] == [
        (
            1,
            "",
            (
                "crmsync: salesforce shows no Lead nobody@example.com, and no link of acme names "
                "one.\n"
            ),
        ),
        (
            1,
            "",
            (
                "crmsync: A company has no e-mail address to be found by. Give the id that hubspot "
                "shows.\n"
            ),
        ),
    ]


def test_a_record_that_does_not_exist_shows_no_values(
    people: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Grace is only in HubSpot: what would be written stands on her side, and Salesforce's column
    is empty.
    """
    _, out, _ = run_command(people, capsys, "explain", "hubspot", "contact", "grace@example.com")

    assert [
        line.split() for line in out.splitlines() if line.startswith(("email", "lastname"))
    ] == [
        ["email", "?", "grace@example.com", "->", "Email", "two_way", "written"],
        ["lastname", "?", "Hopper", "->", "LastName", "two_way", "written"],
    ]


@pytest.mark.rule("CH-28")
def test_a_preview_has_the_members_of_campaigns(
    people: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A row for each campaign, but not where an object alone was asked for."""
    made = people.make_in_hubspot(
        "/crm/v3/lists/", {"name": "Fair", "objectTypeId": "0-1", "processingType": "MANUAL"}
    )
    list_id = made["list"]["listId"]
    campaign = people.make_in_salesforce("sobjects/Campaign", {"Name": "Fair"})["id"]
    people.clock.advance(3600)
    row = (
        f'[[connection.campaigns]]\nlist = "{list_id}"\ncampaign = "{campaign}"\nstatus = "Sent"\n'
    )
    file = tmp_path / "settings.toml"
    file.write_text(MINIMAL + row, encoding="utf-8")

    status, out, err = run_command(people, capsys, "preview", "--settings", str(file))
    assert (status, err) == (0, "")
    people.clock.advance(60)
    found = document(people, capsys, "preview", "--settings", str(file))
    people.clock.advance(60)
    alone = document(people, capsys, "preview", "--settings", str(file), "--object", "leads")

    lines = out.splitlines()
    start = lines.index("Members of campaigns:")
    assert max(map(len, lines)) <= 100
    assert [line.split() for line in lines[start + 1 : start + 3]] == [
        ["CONNECTION", "CAMPAIGN", "LIST", "IN", "IT", "JOIN", "THERE", "WAIT", "LEAVE"],
        ["acme", campaign, list_id, "0", "0", "0", "0", "0"],
    ]
    assert [one["campaign"] for one in found["campaigns"]] == [campaign]
    assert alone["campaigns"] == []
