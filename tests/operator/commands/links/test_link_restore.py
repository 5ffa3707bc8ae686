"""`crmsync links restore`: links from a backup are brought up to date before anything syncs."""

from __future__ import annotations

from datetime import UTC, datetime

from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY, salesforce_key
from crmsync.model.records import Ref, Side
from tests.config.files import MINIMAL
from tests.operator.commands.pairs import PORTAL
from tests.operator.shell import Shell


def new_pair(shell: Shell, address: str) -> Ref:
    """A contact and a lead that name each other and show the same phone; the contact."""
    deployment = shell.deployment
    contact = deployment.make_in_hubspot(
        "/crm/v3/objects/contacts",
        {"properties": {"email": address, "lastname": "Lang", "company": "Example", "phone": "1"}},
    )
    lead = {"LastName": "Lang", "Company": "Example", "Email": address, "Phone": "1"}
    made = deployment.make_in_salesforce(
        "sobjects/Lead", {**lead, SALESFORCE_KEY: salesforce_key(PORTAL, contact["id"])}
    )
    edit(shell, contact["id"], **{HUBSPOT_KEY: made["id"]})
    return Ref(Side.HUBSPOT, "contact", contact["id"])


def edit(shell: Shell, contact: str, **properties: str) -> None:
    """Edit a contact."""
    row = {"properties": properties}
    shell.deployment.make_in_hubspot(f"/crm/v3/objects/contacts/{contact}", row, "PATCH")


def test_links_get_what_both_sides_agreed_on(shell: Shell) -> None:
    """Missing links are made, and the pair that differs gets a base; nothing is written to a CRM,
    and nothing at all without --apply or without a pause.
    """
    deployment = shell.deployment
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)
    same, edited = new_pair(shell, "ada@example.com"), new_pair(shell, "bob@example.com")
    deployment.clock.advance(60)
    moment = datetime.fromtimestamp(deployment.clock.now_ms() / 1000, UTC).isoformat()
    deployment.clock.advance(60)
    edit(shell, edited.id, phone="2")
    before = deployment.writes
    words = ("links", "restore", "--in-step-until", moment)
    deployment.clock.advance(3600)

    shown = shell.run(*words)
    refused = shell.run(*words, "--apply")
    made_before = list(deployment.links.all)
    shell.run("pause", "acme", "--apply")
    deployment.clock.advance(60)
    status, document = shell.json(*words, "--apply")
    links = {link.hubspot: link for link in deployment.links.all}

    counts = "acme: 4 records, 0 links exist, 2 to make, 0 contradict, 0 name a record that is gone"
    assert shown[1].splitlines() == [
        counts,
        "acme: 0 pairs, 0 differ, 0 of these would get what they agreed on then",
        "--apply does it.",
    ]
    assert refused == (
        1,
        "",
        "crmsync: acme is not paused. crmsync pause acme --apply, and wait a minute.\n",
    )
    assert made_before == []
    (row,) = document["connections"]
    assert (status, row["made"], row["pairs"], row["different"], row["dated"]) == (0, 2, 2, 1, 1)
    assert {ref: len(link.hubspot_base.fingerprints) for ref, link in links.items()} == {
        same: 0,
        edited: 1,
    }
    assert deployment.writes == before
