"""Contacts in HubSpot show the campaigns of their leads and contacts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from crmsync.errors import OutOfTime, Refused
from crmsync.flows.campaigns.shown import ShownContext, ShownSweep, show_campaigns
from crmsync.model.kinds.campaigns import AddMember, RemoveMember
from crmsync.model.links import Link, LinkState
from crmsync.model.names import HUBSPOT_CAMPAIGNS
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection, ContactSettings, OutsideInclusionList
from tests.builders import NOON, a_connection
from tests.memory import MemoryCrm, MemoryLinks, MemoryLists
from tests.memory.campaigns import MemoryCampaignMembers, MemoryCampaigns

pytestmark = pytest.mark.rule("CMP-1")


@dataclass
class Sides:
    """Both CRMs in memory; a sweep every quarter of an hour."""

    page: int = 2_000
    contacts: ContactSettings = field(default_factory=lambda: ContactSettings(show_campaigns=True))

    def __post_init__(self) -> None:
        """Empty CRMs at noon."""
        self.now = NOON
        self.hubspot = MemoryCrm(Side.HUBSPOT, now=lambda: self.now)
        self.salesforce = MemoryCrm(Side.SALESFORCE, now=lambda: self.now)
        self.campaigns = MemoryCampaignMembers(
            self.salesforce, now=lambda: self.now, page=self.page
        )
        self.lists = MemoryLists(now=lambda: self.now)
        self.links = MemoryLinks()
        self.store = MemoryCampaigns()

    @property
    def connection(self) -> Connection:
        """The connection."""
        return replace(a_connection(), contacts=self.contacts)

    def sweep(self, *, minutes: float = 15, left: frozenset[int] = frozenset()) -> ShownSweep:
        """Let time pass and sweep."""
        self.now += timedelta(minutes=minutes)
        context = ShownContext(
            connection=self.connection,
            hubspot=self.hubspot,
            lists=self.lists,
            members=self.campaigns,
            links=self.links,
            store=self.store,
            now=lambda: self.now,
        )
        return show_campaigns(context, left)

    def pair(self, *, linked: bool = True) -> tuple[Ref, Ref]:
        """A contact and a lead, linked."""
        contact = self.hubspot.add("contact", {"lastname": "Lang"})
        lead = self.salesforce.add("Lead", {"LastName": "Lang", "Company": "Example"})
        if linked:
            self.link(contact, lead)
        return contact, lead

    def link(self, contact: Ref, person: Ref, state: LinkState = LinkState.ACTIVE) -> None:
        """Link two records, in the place of any link that the contact has."""
        self.links.drop(list(self.links.find("acme", [contact]).values()))
        self.links.save([Link("acme", Kind.CONTACT, contact, person, state=state)])

    def add(self, campaign: str, *people: Ref) -> None:
        """Make people members, as a person."""
        for one in people:
            self.campaigns.add_member(campaign, one, "Sent")

    def shown(self, contact: Ref) -> str:
        """What a contact shows."""
        return str(self.hubspot.fields(contact).get(HUBSPOT_CAMPAIGNS) or "")


def test_a_contact_shows_all_campaigns_of_its_lead() -> None:
    """Whoever made it a member; a contact in none shows nothing, and somebody without a contact is
    no matter.
    """
    sides = Sides()
    fair, webinar = sides.campaigns.make(), sides.campaigns.make()
    (ada, lead), (bob, _), (_, alone) = sides.pair(), sides.pair(), sides.pair(linked=False)
    sides.add(webinar, lead, alone)
    sides.campaigns.write(fair, [AddMember(lead, "Sent")])

    assert sides.sweep().written == 1
    assert (sides.shown(ada), sides.shown(bob)) == (f"{fair};{webinar}", "")


def test_nothing_is_written_or_read_in_hubspot_without_news() -> None:
    """Rows that were changed lately are read once more, as Salesforce may show one late; a status
    that changes is read, and changes nothing.
    """
    sides = Sides()
    fair = sides.campaigns.make()
    contact, lead = sides.pair()
    sides.add(fair, lead)
    sides.sweep(minutes=1)
    before = sides.hubspot.calls.copy()
    sides.sweep()
    again = sides.hubspot.calls - before
    sides.sweep()
    sides.sweep()
    later = sides.hubspot.calls - before

    assert (dict(again), dict(later), sides.shown(contact)) == ({"read": 1}, {"read": 1}, fair)


def test_who_becomes_a_member_or_leaves_by_us_shows_it_at_the_next_sweep() -> None:
    """The contacts whose members were just deleted are named by the sweep that deleted them."""
    sides = Sides()
    fair, webinar = sides.campaigns.make(), sides.campaigns.make()
    contact, lead = sides.pair()
    sides.add(fair, lead)
    sides.sweep()
    sides.add(webinar, lead)
    sides.sweep()
    joined = sides.shown(contact)
    (row,) = sides.campaigns.members(fair, [lead])
    sides.campaigns.write(fair, [RemoveMember(row.id)])
    sides.sweep(left=frozenset({int(contact.id)}))

    assert (joined, sides.shown(contact)) == (f"{fair};{webinar}", webinar)


def test_a_member_that_a_person_deletes_is_gone_within_a_day() -> None:
    """Also where it was the only one, and where the campaign itself was deleted."""
    sides = Sides()
    fair, webinar = sides.campaigns.make(), sides.campaigns.make()
    (ada, one), (bob, two), (cleo, three) = (sides.pair() for _ in range(3))
    sides.add(fair, one, two)
    sides.add(webinar, one, three)
    sides.sweep()
    sides.campaigns.remove_member(fair, one)
    sides.campaigns.remove_member(fair, two)
    sides.campaigns.delete(webinar)
    sides.add(fair, three)
    sides.sweep()
    soon = [sides.shown(contact) for contact in (ada, bob, cleo)]
    sides.sweep(minutes=24 * 60)

    assert soon == [f"{fair};{webinar}", fair, fair]
    assert [sides.shown(contact) for contact in (ada, bob, cleo)] == ["", "", fair]


def test_a_contact_that_is_linked_later_shows_its_campaigns_within_a_day() -> None:
    """Nothing in Salesforce tells of the link."""
    sides = Sides()
    fair = sides.campaigns.make()
    contact, lead = sides.pair(linked=False)
    sides.add(fair, lead)
    sides.sweep()
    sides.link(contact, lead)
    sides.sweep(minutes=24 * 60)

    assert sides.shown(contact) == fair


def test_a_conversion_is_followed_whenever_the_link_moves() -> None:
    """Before, the campaigns of the lead count, and afterwards those of the contact that it has
    become, with what people add to it.
    """
    sides = Sides()
    fair, webinar = sides.campaigns.make(), sides.campaigns.make()
    contact, lead = sides.pair()
    sides.add(fair, lead)
    sides.sweep()
    person = sides.salesforce.convert(lead)
    sides.sweep()
    between = sides.shown(contact)
    sides.link(contact, person)
    sides.add(webinar, person)
    sides.sweep()

    assert (between, sides.shown(contact)) == (fair, f"{fair};{webinar}")


def test_a_contact_whose_link_has_ended_shows_none() -> None:
    """Within a day."""
    sides = Sides()
    fair = sides.campaigns.make()
    contact, lead = sides.pair()
    sides.add(fair, lead)
    sides.sweep()
    sides.link(contact, lead, LinkState.TOMBSTONE)
    sides.sweep(minutes=24 * 60)

    assert sides.shown(contact) == ""


def test_a_frozen_contact_stays_as_it_is() -> None:
    """Outside the inclusion list nothing is carried (INC-7), unless the settings say so."""
    sides = Sides()
    fair, list_id = sides.campaigns.make(), sides.lists.make()
    (ada, one), (bob, two) = sides.pair(), sides.pair()
    sides.lists.add_to_list(list_id, ada)
    sides.contacts = replace(sides.contacts, inclusion_list=list_id)
    sides.add(fair, one, two)
    sides.sweep()
    frozen = [sides.shown(contact) for contact in (ada, bob)]
    sides.contacts = replace(sides.contacts, outside_inclusion_list=OutsideInclusionList.SYNC)
    sides.sweep(minutes=24 * 60)

    assert (frozen, sides.shown(bob)) == ([fair, ""], fair)


def test_a_sweep_that_is_cut_short_goes_on_where_it_was() -> None:
    """Page by page; whoever was done is not read again."""
    sides = Sides(page=2)
    fair = sides.campaigns.make()
    pairs = [sides.pair() for _ in range(5)]
    sides.add(fair, *(lead for _, lead in pairs))
    left = 2

    def stop(_fields: object) -> OutOfTime | None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OutOfTime
        return None

    sides.hubspot.refuse = stop
    first = sides.sweep()
    sides.hubspot.refuse = lambda _fields: None
    before = sides.hubspot.calls["read"]
    second = sides.sweep()

    assert (first.written, first.progress.trouble, second.written) == (2, None, 3)
    assert sides.hubspot.calls["read"] - before == 2
    assert [sides.shown(contact) for contact, _ in pairs] == [fair] * 5


def test_a_refused_contact_stops_no_other_and_is_tried_again_once_a_day() -> None:
    """The refusal is kept with the counts."""
    sides = Sides()
    fair = sides.campaigns.make()
    (ada, one), (bob, two) = sides.pair(), sides.pair()
    sides.add(fair, one, two)
    refusal = Refused("Not now.", code="VALIDATION_ERROR")
    sides.hubspot.checks.append(lambda ref, _name, _fields: refusal if ref == ada else None)
    refused = sides.sweep()
    sides.hubspot.checks.clear()
    sides.sweep()
    soon = sides.shown(ada)
    sides.sweep(minutes=24 * 60)

    assert (refused.progress.refused, refused.progress.refusal) == (
        frozenset({int(ada.id)}),
        "VALIDATION_ERROR: Not now.",
    )
    assert (sides.shown(bob), soon, sides.shown(ada)) == (fair, "", fair)


def test_without_the_property_nothing_is_shown_and_that_is_told() -> None:
    """With the code and since when; it ends with its cause."""
    sides = Sides()
    fair = sides.campaigns.make()
    contact, lead = sides.pair()
    sides.add(fair, lead)
    sides.hubspot.missing_fields.add(("contact", HUBSPOT_CAMPAIGNS))
    stopped = sides.sweep()
    lasting = sides.sweep()
    sides.hubspot.missing_fields.clear()
    mended = sides.sweep()

    assert stopped.progress.trouble is not None
    assert stopped.progress.trouble.code == "PROPERTY_DOESNT_EXIST"
    assert lasting.progress.trouble == stopped.progress.trouble
    assert (mended.progress.trouble, sides.shown(contact)) == (None, fair)


def test_a_contact_that_is_deleted_is_forgotten() -> None:
    """Whoever has been in a campaign is no reason to look for it every day."""
    sides = Sides()
    fair = sides.campaigns.make()
    contact, lead = sides.pair()
    sides.add(fair, lead)
    known = sides.sweep().progress.members
    sides.hubspot.delete(contact)
    after = sides.sweep(minutes=24 * 60).progress

    assert (known, after.members, after.waiting) == (
        frozenset({int(contact.id)}),
        frozenset(),
        frozenset(),
    )
