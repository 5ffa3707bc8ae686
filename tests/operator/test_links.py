"""Links from the operator's side: shown, dropped, and made anew from the ids that both CRMs
keep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from crmsync.cli import main
from crmsync.errors import TryAgain
from crmsync.flows.backfill.link_rebuild import Rebuild, RebuildResult, RebuildSides
from crmsync.model.links import Link, LinkState
from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY, salesforce_key
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair.matching import named_by
from tests.builders import a_connection, a_contact, a_lead
from tests.config.files import MINIMAL
from tests.memory import MemoryLister
from tests.memory.world import MemoryWorld
from tests.operator.deployments import Deployment

BETA = MINIMAL.replace('"acme"', '"beta"').replace("555001", "555002")
PORTAL = 555001
LEAD_ID = "00Q000000000001EAA"


def said(
    deployment: Deployment, capture: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of the command."""
    status = main(words, operator=deployment.operator)
    printed = capture.readouterr()
    return status, printed.out, printed.err


def a_pair(contact: str = "81", lead: str = LEAD_ID, *, connection: str = "acme") -> Link:
    """A new link of a contact and a lead."""
    return Link(
        connection,
        Kind.CONTACT,
        Ref(Side.HUBSPOT, "contact", contact),
        Ref(Side.SALESFORCE, "Lead", lead),
    )


# -- one link --


def test_a_link_is_shown_from_either_side(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plural names of objects and short Salesforce ids are accepted."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.links.save([a_pair()])

    line = f"acme  hubspot:contact:81  salesforce:Lead:{LEAD_ID}  active  not synced yet\n"
    assert said(deployment, capsys, "links", "show", "hubspot", "contacts", "81") == (0, line, "")
    assert said(deployment, capsys, "links", "show", "salesforce", "lead", LEAD_ID[:15]) == (
        0,
        line,
        "",
    )
    status, out, _ = said(deployment, capsys, "links", "show", "hubspot", "contact", "81", "--json")
    assert (status, json.loads(out)) == (
        0,
        [
            {
                "connection": "acme",
                "kind": "contact",
                "hubspot": "hubspot:contact:81",
                "salesforce": f"salesforce:Lead:{LEAD_ID}",
                "state": "active",
                "fields": {"hubspot": 0, "salesforce": 0},
                "owners": {"hubspot": None, "salesforce": None},
                "version": 1,
            }
        ],
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "hubspot", "contact", "82"), "hubspot:contact:82 has no link"),
        (("drop", "hubspot", "contact", "82", "--apply"), "hubspot:contact:82 has no link"),
        (
            ("show", "hubspot", "lead", "81"),
            "hubspot has no lead that could be linked; there are company, contact, deal.",
        ),
        (
            ("show", "hubspot", "contact", "81", "--connection", "beta"),
            "There is no connection beta.",
        ),
    ],
)
def test_a_link_that_cannot_be_shown_is_explained(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    """The command prints one sentence and ends with exit status 1."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.links.save([a_pair()])

    assert said(deployment, capsys, "links", *words) == (1, "", f"crmsync: {says}\n")


def test_a_link_is_dropped_with_apply_only(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown first; after --apply the records are not linked until one of them syncs."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    (link,) = deployment.links.save([a_pair()])

    assert said(deployment, capsys, "links", "drop", "hubspot", "contact", "81")[1].endswith(
        "--apply drops it.\n"
    )
    assert deployment.links.all == [link]
    assert said(deployment, capsys, "links", "drop", "hubspot", "contact", "81", "--apply")[0] == 0
    assert deployment.links.all == []


@pytest.mark.rule("TEN-1")
def test_equal_ids_of_two_accounts_are_two_links(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each HubSpot account numbers its own contacts: both links are shown, and none is dropped
    without --connection.
    """
    deployment.operator.settings.push(MINIMAL + BETA, apply=True)
    deployment.links.save([a_pair(), a_pair(connection="beta")])

    assert [
        line.split()[0]
        for line in said(deployment, capsys, "links", "show", "hubspot", "contact", "81")[
            1
        ].splitlines()
    ] == [
        "acme",
        "beta",
    ]
    drop = ("links", "drop", "hubspot", "contact", "81", "--apply")
    why = "crmsync: acme, beta have a link of that record. Name one with --connection.\n"
    assert said(deployment, capsys, *drop) == (1, "", why)
    assert said(deployment, capsys, *drop, "--connection", "beta")[0] == 0
    assert [link.connection for link in deployment.links.all] == ["acme"]


# -- all links anew --


def test_a_rebuild_is_shown_before_it_is_done(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links are found, then made, then found to exist; neither CRM is written to."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.setup.set_up(apply=True)
    contact = deployment.make_in_hubspot(
        "/crm/v3/objects/contacts", {"properties": {"email": "ada@example.com"}}
    )
    lead = {
        "LastName": "Lang",
        "Company": "Example",
        SALESFORCE_KEY: salesforce_key(PORTAL, contact["id"]),
    }
    made = deployment.make_in_salesforce("sobjects/Lead", lead)
    deployment.clock.advance(3600)
    before = deployment.writes

    rebuild = ("links", "rebuild")
    counts = "acme: 2 records, {} links exist, {} {}, 0 contradict, 0 name a record that is gone"
    status, out, err = said(deployment, capsys, *rebuild)
    assert (status, err) == (0, "")
    assert out.splitlines() == [counts.format(0, 1, "to make"), "--apply makes them."]
    assert deployment.links.all == []
    deployment.clock.advance(1)  # HubSpot counts four times a second
    assert said(deployment, capsys, *rebuild, "--apply")[1].splitlines()[0] == counts.format(
        0, 1, "made"
    )
    assert [(link.hubspot, link.salesforce) for link in deployment.links.all] == [
        (Ref(Side.HUBSPOT, "contact", contact["id"]), Ref(Side.SALESFORCE, "Lead", made["id"]))
    ]
    deployment.clock.advance(1)
    assert said(deployment, capsys, *rebuild, "--apply")[1].splitlines()[0] == counts.format(
        1, 0, "made"
    )
    assert deployment.writes == before


class Registry:
    """A world whose links are lost, and its rebuild."""

    def __init__(self) -> None:
        """Nobody lives there yet."""
        self.world = MemoryWorld()
        self.heard: list[int] = []
        self.listers = {side: MemoryLister(self.world.crm(side), 2) for side in Side}

    def contact(self, name: str, names: Ref | None = None) -> Ref:
        """A contact that names a Salesforce record, or none."""
        key = {HUBSPOT_KEY: names.id} if names else {}
        return self.world.new_contact(email=f"{name}@example.com", **key)

    def lead(self, name: str, names: Ref | None = None, portal: int = PORTAL) -> Ref:
        """A lead that names a HubSpot record, or none."""
        key = {SALESFORCE_KEY: salesforce_key(portal, names.id)} if names else {}
        return self.world.new_lead(Email=f"{name}@example.com", **key)

    def name(self, ref: Ref, names: Ref, portal: int = PORTAL) -> None:
        """Have a record name another one."""
        key = (
            {HUBSPOT_KEY: names.id}
            if ref.side is Side.HUBSPOT
            else {SALESFORCE_KEY: salesforce_key(portal, names.id)}
        )
        self.world.crm(ref.side).edit(ref, key)

    def pair(self, name: str) -> tuple[Ref, Ref]:
        """A contact and a lead that name each other."""
        lead = self.lead(name)
        contact = self.contact(name, lead)
        self.name(lead, contact)
        return contact, lead

    def rebuild(self, *, apply: bool = True) -> RebuildResult:
        """Run it."""
        sides = RebuildSides(self.listers, {side: self.world.crm(side) for side in Side})
        tell = lambda found: self.heard.append(found.read)  # noqa: E731 - a note
        return Rebuild(a_connection(), sides, self.world.links, apply, tell).run()

    @property
    def links(self) -> set[tuple[Ref, Ref]]:
        """The pairs in the table."""
        return {(link.hubspot, link.salesforce) for link in self.world.links.all}

    def told(self, found: RebuildResult) -> dict[Ref, str]:
        """The contradictions."""
        return {one.ref: one.text for one in found.contradictions}


@pytest.fixture
def registry() -> Registry:
    """An empty world."""
    return Registry()


def test_records_that_name_each_other_are_linked(registry: Registry) -> None:
    """Also if only one names the other, or if the lead names a contact of another account."""
    mutual = registry.pair("ada")
    asked = registry.lead("bob")
    hubspot_only = registry.contact("bob", asked), asked
    named = registry.contact("cleo")
    salesforce_only = named, registry.lead("cleo", named)
    shared = registry.lead("dan", Ref(Side.HUBSPOT, "contact", "5"), portal=555002)
    second = registry.contact("dan", shared), shared
    registry.contact("eve"), registry.lead("finn")

    found = registry.rebuild()

    assert registry.links == {mutual, hubspot_only, salesforce_only, second}
    assert (found.read, found.made, found.existing, found.gone, found.contradictions) == (
        10,
        4,
        0,
        0,
        [],
    )
    assert registry.heard == [0, 0, 2, 4, 5, 5, 7, 9, 10, 10, 10]


def test_a_contradiction_is_listed_and_not_decided(registry: Registry) -> None:
    """A record that names one record and is named by another gets no link, nor does one that two
    records name.
    """
    ada, lead = registry.pair("ada")
    registry.name(lead, bob := registry.contact("bob"))
    cleo, hers = registry.pair("cleo")
    rival = registry.lead("rival", cleo)
    dan = registry.contact("dan")
    twins = registry.lead("dan", dan), registry.lead("dan", dan, portal=555002)
    registry.name(twins[1], dan)

    found = registry.rebuild()

    assert registry.links == set()
    assert registry.told(found) == {
        ada: f"names {lead}, which names {bob}",
        bob: f"is named by {lead}, which {ada} names",
        cleo: f"names {hers}, but {rival} names it",
        dan: f"is named by {twins[0]} and by {twins[1]}",
    }


def test_an_existing_link_is_not_overwritten(registry: Registry) -> None:
    """A stored link or tombstone outweighs what the records name."""
    ada, lead = registry.pair("ada")
    bob, his = registry.pair("bob")
    other = registry.lead("other")
    registry.world.links.save([Link("acme", Kind.CONTACT, ada, other)])
    registry.world.links.save([Link("acme", Kind.CONTACT, bob, his, state=LinkState.TOMBSTONE)])
    before = registry.world.links.all

    found = registry.rebuild()

    assert registry.world.links.all == before
    assert (found.made, found.existing) == (0, 1)
    assert registry.told(found) == {ada: f"goes with {lead}, but {ada} is linked with {other}"}


def test_a_deleted_counterpart_makes_no_link(registry: Registry) -> None:
    """A record that names a deleted, merged or converted record is counted; its next sync finds the
    right one.
    """
    registry.world.crm(Side.SALESFORCE).delete(registry.pair("ada")[1])
    registry.world.crm(Side.HUBSPOT).delete(registry.pair("bob")[0])

    found = registry.rebuild()

    assert (registry.links, found.gone, found.contradictions) == (set(), 2, [])


def test_a_record_that_names_a_deleted_contact_contradicts_nobody(registry: Registry) -> None:
    """A lead keeps the id of a contact that was merged into another; the survivor's claim counts."""
    merged, lead = registry.pair("ada")
    registry.world.crm(Side.HUBSPOT).delete(merged)
    survivor = registry.contact("survivor", lead)

    found = registry.rebuild()

    assert (registry.links, found.gone, found.contradictions) == ({(survivor, lead)}, 1, [])


def test_an_interrupted_rebuild_is_started_again(registry: Registry) -> None:
    """What it made until then exists, and the rest is made."""
    pairs = {registry.pair(name) for name in ("ada", "bob", "cleo", "dan", "eve")}
    registry.listers[Side.HUBSPOT].down = {3: TryAgain("down")}

    with pytest.raises(TryAgain):
        registry.rebuild()

    assert len(registry.links) == 2
    again = registry.rebuild()
    assert (again.made, again.existing, registry.links) == (3, 2, pairs)


def test_a_rebuilt_link_has_no_base(registry: Registry) -> None:
    """The pair is merged as if it had met for the first time: a blank is filled from the other
    side, and of two values the newer one wins.
    """
    contact, lead = registry.pair("ada")
    world = registry.world
    world.crm(Side.HUBSPOT).edit(contact, {"phone": "+49 30 1", "lastname": "Older"})
    world.wait(5)
    world.crm(Side.SALESFORCE).edit(lead, {"LastName": "Newer", "Title": "Dr."})
    registry.rebuild()

    world.sync(contact)

    (link,) = world.links.all
    assert link.version == 2
    assert world.hubspot.fields(contact) | {
        "lastname": "Newer",
        "jobtitle": "Dr.",
    } == world.hubspot.fields(contact)
    assert world.salesforce.fields(lead)["Phone"] == "+49 30 1"
    writes = world.writes()
    world.sync(contact, lead)
    assert world.writes() == writes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("555001-81", Ref(Side.HUBSPOT, "contact", "81")),
        ("555002-81", None),
        ("5550019-81", None),
        ("555001-", None),
        ("", None),
    ],
)
def test_a_key_names_a_contact_of_its_own_account(text: str, expected: Ref | None) -> None:
    """An id of another account names nothing here, even if it looks the same."""
    assert named_by(a_lead(key=text), PORTAL, ("contact",)) == expected


def test_a_property_names_only_objects_of_its_kind() -> None:
    """A person can type anything into the property."""
    across = ("Lead", "Contact")
    texts: Mapping[str, Any] = {
        LEAD_ID: Ref(Side.SALESFORCE, "Lead", LEAD_ID),
        "001000000000001AAA": None,
        "-": None,
    }
    assert {
        text: named_by(a_contact(salesforce_id=text), PORTAL, across) for text in texts
    } == texts
