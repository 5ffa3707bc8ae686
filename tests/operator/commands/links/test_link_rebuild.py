"""`crmsync links rebuild`: links are created again from the ids that both CRMs store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from crmsync.errors import TryAgain
from crmsync.flows.backfill.link_rebuild import Rebuild, RebuildResult, RebuildSides
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.links import Link, LinkState
from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY, salesforce_key
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair.matching import named_by
from tests.builders import a_connection, a_contact, a_lead
from tests.config.files import MINIMAL
from tests.memory import MemoryLister
from tests.memory.world import MemoryWorld
from tests.operator.commands.pairs import LEAD_ID, PORTAL
from tests.operator.deployments import Deployment
from tests.operator.shell import run_command


def test_a_rebuild_is_shown_before_it_is_done(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links are found, then created, then found to exist; neither CRM is written to."""
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
    status, out, err = run_command(deployment, capsys, *rebuild)
    assert (status, err) == (0, "")
    assert out.splitlines() == [counts.format(0, 1, "to make"), "--apply makes them."]
    assert deployment.links.all == []
    deployment.clock.advance(1)  # HubSpot counts four times a second
    assert run_command(deployment, capsys, *rebuild, "--apply")[1].splitlines()[0] == counts.format(
        0, 1, "made"
    )
    assert [(link.hubspot, link.salesforce) for link in deployment.links.all] == [
        (Ref(Side.HUBSPOT, "contact", contact["id"]), Ref(Side.SALESFORCE, "Lead", made["id"]))
    ]
    deployment.clock.advance(1)
    assert run_command(deployment, capsys, *rebuild, "--apply")[1].splitlines()[0] == counts.format(
        1, 0, "made"
    )
    assert deployment.writes == before


class LostLinks:
    """A world whose links are lost, and their rebuild."""

    def __init__(self) -> None:
        """The world is empty."""
        self.world = MemoryWorld()
        self.progress: list[int] = []
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
        """Make a record name another one."""
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

    def rebuild(
        self, *, apply: bool = True, activities: ActivitySettings | None = None
    ) -> RebuildResult:
        """Rebuild the links."""
        connection = replace(a_connection(), activities=activities or ActivitySettings())
        sides = RebuildSides(self.listers, {side: self.world.crm(side) for side in Side})
        report = lambda found: self.progress.append(found.read)  # noqa: E731 - a callback
        return Rebuild(connection, sides, self.world.links, apply, report).run()

    @property
    def links(self) -> set[tuple[Ref, Ref]]:
        """The pairs in the store."""
        return {(link.hubspot, link.salesforce) for link in self.world.links.all}

    def contradictions(self, found: RebuildResult) -> dict[Ref, str]:
        """Return the text of each contradiction by its record."""
        return {one.ref: one.text for one in found.contradictions}


@pytest.fixture
def lost() -> LostLinks:
    """An empty world."""
    return LostLinks()


def test_records_that_name_each_other_are_linked(lost: LostLinks) -> None:
    """They are linked even if only one names the other, or if the lead names a contact of another
    account.
    """
    mutual = lost.pair("ada")
    asked = lost.lead("bob")
    hubspot_only = lost.contact("bob", asked), asked
    named = lost.contact("cleo")
    salesforce_only = named, lost.lead("cleo", named)
    shared = lost.lead("dan", Ref(Side.HUBSPOT, "contact", "5"), portal=555002)
    second = lost.contact("dan", shared), shared
    lost.contact("eve"), lost.lead("finn")

    found = lost.rebuild()

    assert lost.links == {mutual, hubspot_only, salesforce_only, second}
    assert (found.read, found.made, found.existing, found.gone, found.contradictions) == (
        10,
        4,
        0,
        0,
        [],
    )
    assert lost.progress == [0, 0, 2, 4, 5, 5, 7, 9, 10, 10, 10]


def test_contradicting_records_are_listed_and_not_linked(lost: LostLinks) -> None:
    """A record that names one record and is named by another gets no link, nor does one that two
    records name.
    """
    ada, lead = lost.pair("ada")
    lost.name(lead, bob := lost.contact("bob"))
    cleo, hers = lost.pair("cleo")
    rival = lost.lead("rival", cleo)
    dan = lost.contact("dan")
    twins = lost.lead("dan", dan), lost.lead("dan", dan, portal=555002)
    lost.name(twins[1], dan)

    found = lost.rebuild()

    assert lost.links == set()
    assert lost.contradictions(found) == {
        ada: f"names {lead}, which names {bob}",
        bob: f"is named by {lead}, which {ada} names",
        cleo: f"names {hers}, but {rival} names it",
        dan: f"is named by {twins[0]} and by {twins[1]}",
    }


def test_an_existing_link_is_not_overwritten(lost: LostLinks) -> None:
    """A stored link or tombstone counts, whatever the records name."""
    ada, lead = lost.pair("ada")
    bob, his = lost.pair("bob")
    other = lost.lead("other")
    lost.world.links.save([Link("acme", Kind.CONTACT, ada, other)])
    lost.world.links.save([Link("acme", Kind.CONTACT, bob, his, state=LinkState.TOMBSTONE)])
    before = lost.world.links.all

    found = lost.rebuild()

    assert lost.world.links.all == before
    assert (found.made, found.existing) == (0, 1)
    assert lost.contradictions(found) == {
        ada: f"goes with {lead}, but {ada} is linked with {other}"
    }


def test_a_link_of_a_record_that_is_gone_contradicts_nothing(lost: LostLinks) -> None:
    """Links from a backup may have the loser of a merge, or a lead that was converted: they move
    at their next sync.
    """
    ada, lead = lost.pair("ada")
    loser = lost.contact("loser")
    bob, old = lost.pair("bob")
    lost.world.links.save([Link("acme", Kind.CONTACT, loser, lead)])
    lost.world.links.save([Link("acme", Kind.CONTACT, bob, old)])
    lost.world.hubspot.delete(loser)
    new = lost.world.salesforce.convert(old)
    lost.name(bob, new)

    found = lost.rebuild()

    assert lost.links == {(loser, lead), (bob, old)}
    assert (found.made, found.existing, found.contradictions) == (0, 2, [])
    assert lost.world.hubspot.is_live(ada)


def test_a_record_that_names_a_deleted_one_is_not_linked(lost: LostLinks) -> None:
    """A record that names a deleted, merged or converted record is counted; its next sync finds the
    right one.
    """
    lost.world.crm(Side.SALESFORCE).delete(lost.pair("ada")[1])
    lost.world.crm(Side.HUBSPOT).delete(lost.pair("bob")[0])

    found = lost.rebuild()

    assert (lost.links, found.gone, found.contradictions) == (set(), 2, [])


def test_an_id_of_a_deleted_contact_is_no_contradiction(lost: LostLinks) -> None:
    """A lead keeps the id of a contact that was merged; the survivor's id counts."""
    merged, lead = lost.pair("ada")
    lost.world.crm(Side.HUBSPOT).delete(merged)
    survivor = lost.contact("survivor", lead)

    found = lost.rebuild()

    assert (lost.links, found.gone, found.contradictions) == ({(survivor, lead)}, 1, [])


def test_an_interrupted_rebuild_is_started_again(lost: LostLinks) -> None:
    """The links that exist are kept, and the rest is created."""
    pairs = {lost.pair(name) for name in ("ada", "bob", "cleo", "dan", "eve")}
    lost.listers[Side.HUBSPOT].down = {3: TryAgain("down")}

    with pytest.raises(TryAgain):
        lost.rebuild()

    assert len(lost.links) == 2
    again = lost.rebuild()
    assert (again.made, again.existing, lost.links) == (3, 2, pairs)


def test_a_rebuilt_link_has_no_base(lost: LostLinks) -> None:
    """Its next sync is like the first: a blank is filled from the other side, and of two values the
    newer one wins.
    """
    contact, lead = lost.pair("ada")
    world = lost.world
    world.crm(Side.HUBSPOT).edit(contact, {"phone": "+49 30 1", "lastname": "Older"})
    world.wait(5)
    world.crm(Side.SALESFORCE).edit(lead, {"LastName": "Newer", "Title": "Dr."})
    lost.rebuild()

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


def test_links_of_activities_are_rebuilt_kind_by_kind(lost: LostLinks) -> None:
    """A task names the call or the note that it was made for, and a call the task that it was made
    for. A task of another kind contradicts nothing and is not gone.
    """
    world = lost.world
    call, note = world.hubspot.add("call", {}), world.hubspot.add("note", {})
    of_call, of_note, alone = (world.salesforce.add("Task", {}) for _ in range(3))
    made = world.hubspot.add("call", {HUBSPOT_KEY: alone.id})
    lost.name(of_call, call)
    lost.name(of_note, note)
    on = ActivityKindSettings(ActivitySync.TWO_WAY)

    found = lost.rebuild(activities=ActivitySettings(calls=on, notes=on))

    assert lost.links == {(call, of_call), (note, of_note), (made, alone)}
    assert (found.made, found.gone, found.contradictions) == (3, 0, [])


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
    """An id of another account names no contact of this one, even if the number is the same."""
    assert named_by(a_lead(key=text), PORTAL, ("contact",)) == expected


def test_a_property_names_only_objects_of_its_kind() -> None:
    """A person can type any text into the property."""
    across = ("Lead", "Contact")
    texts: Mapping[str, Any] = {
        LEAD_ID: Ref(Side.SALESFORCE, "Lead", LEAD_ID),
        "001000000000001AAA": None,
        "-": None,
    }
    assert {
        text: named_by(a_contact(salesforce_id=text), PORTAL, across) for text in texts
    } == texts
