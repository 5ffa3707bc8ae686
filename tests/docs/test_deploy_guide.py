"""The deploy guide does what it says: every command of it that the laptop can run is run, in its
order, from an empty world.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.docs.pages import page
from tests.docs.shell import Shell

GUIDE = page("docs/deploy.md")
COMMANDS = [line for line in GUIDE.commands() if "bin/crmsync" in line]
FILE = "settings.toml"
(SETTINGS,) = GUIDE.blocks("toml")
WORLD = {
    "set_up": False,
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "integration_profile": "minimum",
        "integration_licence": False,
        "integration_setup_rights": False,
        "records": [
            {
                "type": "Account",
                "ref": "acme",
                "Name": "Acme",
                "Website": "https://acme.example.com",
            },
            {
                "type": "Contact",
                "LastName": "Lang",
                "Email": "ada@acme.example.com",
                "AccountId": "@acme",
            },
            {
                "type": "Opportunity",
                "AccountId": "@acme",
                "Name": "Big",
                "StageName": "Prospecting",
                "CloseDate": "2030-01-31",
            },
            {
                "type": "Lead",
                "LastName": "Berg",
                "Company": "Berg",
                "Email": "ben@berg.example.com",
            },
        ],
    },
}
"""What stood in Salesforce before crmsync came, and an integration user who may hardly anything and
could be given nothing as yet.
"""


class Reader:
    """Somebody who follows the guide, command by command, while the deployment goes on."""

    def __init__(self, stack: Stack, shell: Shell) -> None:
        """Work in `shell`, on the deployment `stack`."""
        self._stack = stack
        self._shell = shell
        self._left = iter(COMMANDS)

    def does(self, words: str, status: int = 0) -> str:
        """Run the next command of the guide, which begins with `words` and ends with `status`;
        answers what it says.
        """
        line = next(self._left)
        typed = shlex.split(line, comments=True)[1:]
        assert " ".join(typed).startswith(words), line
        ended, said = self._shell.run(typed, self._stack.settle if typed[-1] == "--apply" else None)
        assert ended == status, f"{line}\n{said}"
        return said

    @property
    def left(self) -> list[str]:
        """The commands that were not run."""
        return list(self._left)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A deployment that nobody has set up: the secrets are stored, nothing else."""
    with Stack(SETTINGS, WORLD) as made:
        yield made


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Iterator[Shell]:
    """A terminal in a folder where the guide's settings file lies."""
    (tmp_path / FILE).write_text(SETTINGS)
    with Shell(stack, tmp_path) as made:
        yield made


def contact(people: People, contact_id: str) -> dict[str, Any]:
    """A HubSpot contact's name and telephone number."""
    names = ["lastname", "phone", "associatedcompanyid"]
    row = people.hubspot.crm.contacts.basic_api.get_by_id(contact_id, properties=names)
    return {name: row.properties[name] for name in names}


@pytest.mark.long
def test_the_guide_leads_from_an_empty_world_to_a_running_sync(
    stack: Stack, shell: Shell, tmp_path: Path
) -> None:
    """Settings, set-up, check, preview, imports, live sync, explain, resync, rollback: each with
    the guide's own commands.
    """
    reader = Reader(stack, shell)
    people = People(stack.ready())

    assert "hs project upload" in reader.does("hubspot-app hubspot --webhook-url")
    assert (tmp_path / "hubspot" / "acme" / "hsproject.json").is_file()

    assert "This would be version 1" in reader.does("settings push settings.toml")
    assert "Version 1 is in force." in reader.does("settings push settings.toml --apply")
    assert "to make; --apply makes them." in reader.does("setup --as-admin")
    assert "All is as it should be." in reader.does("setup --as-admin --apply")
    *steps, last = reader.does("check", status=1).splitlines()
    assert any("import of the accounts" in step for step in steps)
    assert last == "1 to fix."

    assert "and wrote nothing." in reader.does("preview")
    assert "--apply starts it." in reader.does("import accounts")
    for name in ("accounts", "contacts", "leads", "opportunities"):
        assert "done" in reader.does(f"import {name} --apply")
    assert "Nothing is waiting and nothing has failed." in reader.does("errors list")
    assert "All is as it should be." in reader.does("check")
    imported = contact(people, "81000001")
    assert (imported["lastname"], bool(imported["associatedcompanyid"])) == ("Lang", True)
    assert contact(people, "81000002")["lastname"] == "Berg"
    (deal,) = people.hubspot.crm.deals.basic_api.get_page(properties=["dealname"]).results
    assert deal.properties["dealname"] == "Big"

    people.hubspot.crm.contacts.basic_api.update("81000001", {"properties": {"phone": "+49 30 1"}})
    stack.settle()
    (person,) = people.salesforce.query("SELECT Id, Phone FROM Contact WHERE LastName = 'Lang'")[
        "records"
    ]
    assert person["Phone"] == "+49 30 1"
    people.salesforce.Contact.update(person["Id"], {"Phone": "+49 30 2"})
    stack.advance(60)
    assert contact(people, "81000001")["phone"] == "+49 30 2"

    assert "linked, active" in reader.does("explain hubspot contact 81000001")
    assert "MAP-3" in reader.does("history hubspot contact 81000001")
    assert f"salesforce:Contact:{person['Id']}" in reader.does(
        "links show hubspot contact 81000001"
    )
    assert "done" in reader.does("resync --side hubspot --object contact --id 81000001 --apply")
    assert "--apply starts it." in reader.does("resync --all")

    (tmp_path / FILE).write_text(SETTINGS.replace("leads_and_contacts", "never"))
    assert "Version 2 is in force." in reader.does("settings push settings.toml --apply")
    assert reader.does("settings history").count("\nversion") == 1
    assert 'create_in_hubspot = "never"' in reader.does("settings show")
    assert "This would be version 3" in reader.does("settings rollback 1")
    assert "Version 3 is in force." in reader.does("settings rollback 1 --apply")
    assert "Nothing needs attention." in reader.does("status")
    assert reader.left == []


def test_the_secrets_have_the_keys_that_are_read(stack: Stack) -> None:
    """What the guide stores is what the laptop stack stores, but for where the CRMs are."""
    shown = [set(json.loads(code)) for code in GUIDE.blocks("json")]
    client = stack.cloud.aws.client("secretsmanager")
    names = ("crmsync/acme/hubspot", "crmsync/acme/salesforce", "admin/crmsync/acme/salesforce")
    stored = [
        set(json.loads(client.get_secret_value(SecretId=name)["SecretString"])) for name in names
    ]

    hubspot, signing, *others = shown
    # The laptop keeps what the webhook reads beside the token.
    assert [hubspot | signing, *others] == [keys - {"api_url", "login_url"} for keys in stored]
    assert signing == {"app_id", "client_secret"}


def test_the_costs_add_up() -> None:
    """Each cost is its units times the price of a million, and the last line of each table is its sum."""
    tables = GUIDE.rows("What it costs")
    *rows, (*_, batches_together, alone_together) = [row for row in tables if len(row) == 6]
    sums = [0.0, 0.0]
    for what, batches, alone, price, *costs in rows:
        for place, units in enumerate((batches, alone)):
            cost = float(units) * float(price) / 1e6
            assert abs(cost - float(costs[place])) < 0.006, what
            sums[place] += float(costs[place])
    assert [f"**{total:.2f}**" for total in sums] == [batches_together, alone_together]
    *monthly, (_, together) = [row for row in tables if len(row) == 2]
    assert f"**{sum(float(cost) for _, cost in monthly):.2f}**" == together
