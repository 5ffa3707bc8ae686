"""`crmsync fields`: all mapped fields, and why a pair cannot be mapped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Side
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.mapped_worlds import ORG, options
from tests.operator.shell import Shell

COLOUR = """
[[connection.contacts.field]]
hubspot = "favourite_colour"
salesforce = "Favourite_Colour__c"
update = "always_hubspot"
"""
PORTAL = {
    "properties": {
        "contacts": [
            {"name": "nickname"},
            {
                "name": "favourite_colour",
                "type": "enumeration",
                "options": options("red=Red", "teal=Teal"),
            },
        ]
    }
}
STOPPED = """
[[connection.contacts.field]]
hubspot = "fax"
salesforce = "Fax"
update = "never"
"""


@pytest.fixture
def deployment() -> Iterator[deployments.Deployment]:
    """An account and an org with properties and fields of their own."""
    with deployments.deployment(portal=PORTAL, org=ORG) as made:
        yield made


def rows(shell: Shell, *words: str) -> dict[str, dict[str, Any]]:
    """The rows of one section by their two fields, without those; the command must succeed."""
    status, (section,) = shell.json("fields", *words)
    assert status == 0
    return {f"{row.pop('hubspot')}/{row.pop('salesforce')}": row for row in section["fields"]}


@pytest.mark.rule("MAP-7")
def test_all_rows_are_shown_with_direction_policy_and_types(shell: Shell) -> None:
    """Default rows, those whose policy the settings change, and the operator's own; choices without
    a counterpart are named by side.
    """
    shell.run("settings", "push", shell.file(MINIMAL + COLOUR + STOPPED), "--apply")

    found = rows(shell, "--object", "Lead")

    both = {"objects": ["Lead", "Contact"], "trouble": "", "rule": ""}
    alike = {"only_hubspot": [], "only_salesforce": []}
    assert {name: found[name] for name in ("email/Email", "fax/Fax", "company/Company")} == {
        "email/Email": {
            **both,
            **alike,
            "direction": "<->",
            "policy": "two_way",
            "default": True,
            "hubspot_type": "single-line text",
            "salesforce_type": "email",
        },
        "fax/Fax": {
            **both,
            **alike,
            "direction": "-",
            "policy": "never",
            "default": True,
            "hubspot_type": "a phone number",
            "salesforce_type": "phone",
        },
        "company/Company": {
            **both,
            **alike,
            "objects": ["Lead"],
            "direction": "<->",
            "policy": "two_way",
            "default": True,
            "hubspot_type": "single-line text",
            "salesforce_type": "string",
        },
    }
    assert found["favourite_colour/Favourite_Colour__c"] == {
        **both,
        "only_hubspot": ["Teal"],
        "only_salesforce": ["Dark blue"],
        "direction": "->",
        "policy": "always_hubspot",
        "default": False,
        "hubspot_type": "a dropdown",
        "salesforce_type": "picklist",
    }


def test_the_rows_as_a_table(shell: Shell) -> None:
    """A heading per section, a row per pair, and what cannot cross below."""
    shell.run("settings", "push", shell.file(MINIMAL + COLOUR), "--apply")

    status, out, err = shell.run("fields", "--object", "contacts")

    lines = out.splitlines()
    assert (status, err, lines[0]) == (0, "", "acme: contacts")
    assert [
        line.split() for line in lines if line.startswith(("HUBSPOT", "email", "favourite"))
    ] == [
        ["HUBSPOT", "TYPE", "SALESFORCE", "TYPE", "ON", "POLICY", "ROW"],
        ["email", "single-line", "text", "<->", "Email", "email", "two_way", "default"],
        [
            *("favourite_colour", "a", "dropdown", "->", "Favourite_Colour__c", "picklist"),
            *("always_hubspot", "settings"),
        ],
    ]
    pair = "  favourite_colour / Favourite_Colour__c"
    assert [line for line in lines if line.startswith("  ") and "only" in line] == [
        f"{pair}: only HubSpot has Teal; such a value does not cross (MAP-7)",
        f"{pair}: only Salesforce has Dark blue; such a value does not cross",
    ]


@pytest.mark.parametrize(
    ("pair", "status", "sentence"),
    [
        ("nickname/Nickname__c", 0, "nickname / Nickname__c can be mapped."),
        (
            "nickname/Nikname__c",
            1,
            (
                "nickname / Nikname__c cannot be mapped: neither Lead nor Contact has a field "
                'Nikname__c; did you mean "Nickname__c"? (MAP-8)'
            ),
        ),
        (
            "hubspot_owner_id/Title",
            1,
            (
                "hubspot_owner_id / Title cannot be mapped: hubspot_owner_id goes with OwnerId and "
                "with nothing else (MAP-5)"
            ),
        ),
        (
            "favourite_colour/Favourite_Colour__c",
            0,
            "favourite_colour / Favourite_Colour__c can be mapped.",
        ),
    ],
)
def test_a_pair_is_judged_before_it_is_mapped(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, pair: str, status: int, sentence: str
) -> None:
    """The command says whether two fields can be mapped, and if not, why; also of a pair that is
    mapped already.
    """
    monkeypatch.setenv("COLUMNS", "200")
    shell.run("settings", "push", shell.file(MINIMAL + COLOUR), "--apply")

    found, out, _ = shell.run("fields", "--object", "contacts", "--pair", pair)

    assert (found, out.splitlines()[3].strip()) == (status, sentence)


def test_a_file_is_shown_before_it_is_pushed(shell: Shell, tmp_path: Path) -> None:
    """Its rows are those shown, and one that a CRM cannot take says why, instead of refusing all."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    other = tmp_path / "other.toml"
    other.write_text(MINIMAL + COLOUR.replace("Favourite_Colour__c", "Colour__c"))

    status, (section,) = shell.json("fields", "--object", "leads", "--settings", str(other))

    assert status == 1
    assert [(row["salesforce"], row["rule"]) for row in section["fields"] if row["trouble"]] == [
        ("Colour__c", "MAP-8")
    ]


def test_a_side_that_does_not_answer_hides_no_row(shell: Shell) -> None:
    """Its types are unknown, a remark says why, and the exit status is 1."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    shell.deployment.faults.replace([{"at": "hubspot", "kind": "unauthorized", "times": 9}])

    status, out, err = shell.run("fields", "--object", "deals")

    assert (status, [line.split()[:3] for line in out.splitlines()[2:4]]) == (
        1,
        [["dealname", "?", "<->"], ["closedate", "?", "<->"]],
    )
    assert err.startswith("acme: HubSpot did not say what the fields of deals are: ")


def test_what_cannot_be_asked_is_refused(shell: Shell) -> None:
    """An unknown object is answered with those that exist; a pair needs an object."""
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")

    assert [
        shell.run("fields", "--object", "leeds"),
        shell.run("fields", "--pair", "nickname/Nickname__c"),
    ] == [
        (
            1,
            "",
            (
                "crmsync: There is no object leeds. There are these: contacts, contact, Lead, "
                "Contact, companies, company, Account, deals, deal, Opportunity, activities.calls, calls, "
                "call, Task, activities.emails, emails, email, activities.meetings, meetings, meeting, Event, "
                "activities.notes, notes, note, activities.tasks, tasks, task.\n"
            ),
        ),
        (1, "", "crmsync: Name the object of the pair with --object.\n"),
    ]


@pytest.mark.rule("ERR-5")
def test_a_mapping_that_rests_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Since when, what is lacking and what to do; the exit status is 1. One whose field is back is
    not.
    """
    monkeypatch.setenv("COLUMNS", "300")
    shell.run("settings", "push", shell.file(MINIMAL), "--apply")
    store = shell.deployment.operator.pauses.troubles
    store.save_rest("acme", Rest(Side.SALESFORCE, "Lead", "Title", NOON))
    store.save_rest("acme", Rest(Side.HUBSPOT, "contact", "phone", NOON, is_over=True))

    status, out, _ = shell.run("fields", "--object", "contacts")
    found, (section,) = shell.json("fields", "--object", "contacts")

    assert (status, found) == (1, 1)
    told = (
        "Since 2026-11-02: Salesforce does not have, or no longer shows, the field Lead.Title: its "
        "mapping rests, everything else syncs. Bring the field back in Salesforce, or give the "
        "integration user read and edit access to it: the mapping then goes on by itself. Or take "
        "it out of the settings."
    )
    assert [line.strip() for line in out.splitlines() if "rests" in line] == [told]
    assert [(one["object"], one["field"]) for one in section["rests"]] == [("Lead", "Title")]
