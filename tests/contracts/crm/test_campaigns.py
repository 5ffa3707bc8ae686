"""Lists with all their members, and the members of campaigns, behind their ports."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmsync.errors import Gone, Refused
from crmsync.model.kinds.campaigns import (
    AddMember,
    CampaignMember,
    ChangedMember,
    ChangeStatus,
    FoundCampaign,
    MemberPosition,
    RemoveMember,
)
from crmsync.model.records import Ref
from tests.contracts.crm.backend import Backend
from tests.contracts.crm.test_lists import add_to_list

LONG_AGO = MemberPosition(datetime(2000, 1, 1, tzinfo=UTC))
MISSING = "701000000000999AAA"


def listed(hubspot: Backend, list_id: str) -> list[int]:
    """The numbers of all contacts in a list, sorted."""
    return sorted(one for page in hubspot.list_members.listed(list_id) for one in page)


def rows(salesforce: Backend, campaign: str, *people: Ref) -> list[tuple[Ref, str, bool]]:
    """Person, status and whether it is ours, of the members among some people."""
    found = salesforce.campaigns.members(campaign, people)
    return sorted((row.person, row.status, row.is_ours) for row in found)


def a_campaign(salesforce: Backend, name: str = "Fair") -> str:
    """A new campaign; on a live org there is nobody to make one."""
    if salesforce.campaign_editor is None:
        pytest.skip("make a campaign by hand in the sandbox")
    return str(salesforce.campaign_editor.make(name))


def member(salesforce: Backend, campaign: str, person: Ref) -> CampaignMember:
    """The one row of a person."""
    (row,) = salesforce.campaigns.members(campaign, [person])
    assert isinstance(row, CampaignMember)
    return row


def test_all_members_of_a_list_are_listed_on_any_number_of_pages(hubspot: Backend) -> None:
    """Those of another list, and former ones, are not; an empty list has none."""
    people = [hubspot.add(name) for name in ("ada", "bob", "cleo", "dan", "nobody")]
    ours, other, empty = (hubspot.list_editor.make() for _ in range(3))
    add_to_list(hubspot, ours, *people)
    add_to_list(hubspot, other, people[0])
    hubspot.list_editor.remove_from_list(ours, people[4])
    hubspot.update_index()

    assert listed(hubspot, ours) == sorted(int(ref.id) for ref in people[:4])
    assert (listed(hubspot, other), listed(hubspot, empty)) == ([int(people[0].id)], [])


def test_a_list_that_is_not_there_is_refused_and_has_no_mark(hubspot: Backend) -> None:
    """The refusal says which list it is."""
    ours = hubspot.list_editor.make()

    assert list(hubspot.list_members.marks([ours, "9999"])) == [ours]
    with pytest.raises(Refused, match="9999"):
        listed(hubspot, "9999")


def test_a_mark_changes_with_every_joining_and_leaving(hubspot: Backend) -> None:
    """Also when one joins and another leaves, so that the list has the same size; and not
    otherwise.
    """
    ada, bob = hubspot.add("ada"), hubspot.add("bob")
    ours, other = hubspot.list_editor.make(), hubspot.list_editor.make()
    editor = hubspot.list_editor

    def mark() -> str:
        hubspot.update_index()
        return str(hubspot.list_members.marks([ours])[ours])

    marks = [mark()]
    add_to_list(hubspot, other, bob)
    marks.append(mark())
    add_to_list(hubspot, ours, ada)
    marks.append(mark())
    editor.remove_from_list(ours, ada)
    add_to_list(hubspot, ours, bob)
    marks.append(mark())
    editor.remove_from_list(ours, bob)
    marks.append(mark())

    assert marks[0] == marks[1]
    assert len(set(marks)) == len(marks) - 1


def test_campaigns_are_found_by_id_or_name_with_their_statuses(salesforce: Backend) -> None:
    """In their order; one that is deleted is not there, and several may have one name."""
    fair = a_campaign(salesforce, "Ada's fair")
    salesforce.campaign_editor.add_status(fair, "Left")
    gone = a_campaign(salesforce, "Gone")
    salesforce.campaign_editor.delete(gone)
    twice = sorted(a_campaign(salesforce, "Twice") for _ in range(2))

    asked = [
        list(salesforce.campaigns.named(one))
        for one in (fair, "Ada's fair", "Twice", gone, "Gone", MISSING, "Missing")
    ]

    found = FoundCampaign(fair, ("Sent", "Responded", "Left"))
    both = [FoundCampaign(one, ("Sent", "Responded")) for one in twice]
    assert asked == [[found], [found], both, [], [], [], []]


def test_who_is_made_a_member_is_one_once(salesforce: Backend) -> None:
    """A second time counts as done and changes nothing; who made the row is known."""
    fair, other = a_campaign(salesforce), a_campaign(salesforce)
    ada, bob, cleo = (salesforce.add(name) for name in ("ada", "bob", "cleo"))
    salesforce.campaign_editor.add_member(fair, bob, "Responded")

    first = salesforce.campaigns.write(fair, [AddMember(ada, "Sent"), AddMember(bob, "Sent")])
    again = salesforce.campaigns.write(fair, [AddMember(ada, "Responded")])

    assert (list(first), list(again)) == ([None, None], [None])
    assert rows(salesforce, fair, ada, bob, cleo) == sorted(
        [(ada, "Sent", True), (bob, "Responded", False)]
    )
    assert rows(salesforce, fair, cleo) == rows(salesforce, other, ada, bob) == []
    assert rows(salesforce, fair) == []


def test_a_member_changes_its_status_and_is_removed(salesforce: Backend) -> None:
    """One outcome for each effect, in order, whatever comes first."""
    fair = a_campaign(salesforce)
    ada, bob, cleo = (salesforce.add(name) for name in ("ada", "bob", "cleo"))
    salesforce.campaigns.write(fair, [AddMember(ada, "Sent"), AddMember(bob, "Sent")])
    effects = [
        RemoveMember(member(salesforce, fair, ada).id),
        ChangeStatus(member(salesforce, fair, bob).id, "Responded"),
        AddMember(cleo, "Sent"),
    ]

    assert list(salesforce.campaigns.write(fair, effects)) == [None, None, None]
    assert rows(salesforce, fair, ada, bob, cleo) == sorted(
        [(bob, "Responded", True), (cleo, "Sent", True)]
    )


def test_a_person_or_a_row_that_is_gone_is_told(salesforce: Backend) -> None:
    """It affects no other effect."""
    fair = a_campaign(salesforce)
    ada, bob, cleo, dan = (salesforce.add(name) for name in ("ada", "bob", "cleo", "dan"))
    salesforce.campaigns.write(fair, [AddMember(one, "Sent") for one in (ada, bob)])
    removed, of_deleted = (member(salesforce, fair, one).id for one in (ada, bob))
    salesforce.campaigns.write(fair, [RemoveMember(removed)])
    for one in (bob, cleo):
        salesforce.person.delete(one)
    effects = [
        AddMember(cleo, "Sent"),
        AddMember(dan, "Sent"),
        ChangeStatus(removed, "Responded"),
        ChangeStatus(of_deleted, "Responded"),
        RemoveMember(removed),
    ]

    outcomes = salesforce.campaigns.write(fair, effects)

    assert [isinstance(one, Gone) for one in outcomes] == [True, False, True, True, True]
    assert outcomes[1] is None
    assert rows(salesforce, fair, ada, bob, cleo, dan) == [(dan, "Sent", True)]


def test_a_converted_member_is_found_as_lead_and_as_contact(salesforce: Backend) -> None:
    """It is one row, which can be changed, and nobody is made a member beside it."""
    fair, ada = a_campaign(salesforce), salesforce.add("ada")
    salesforce.campaigns.write(fair, [AddMember(ada, "Sent")])
    contact = salesforce.person.convert(ada)
    as_lead, as_contact = (member(salesforce, fair, one) for one in (ada, contact))

    outcomes = salesforce.campaigns.write(
        fair, [AddMember(contact, "Responded"), ChangeStatus(as_contact.id, "Responded")]
    )

    assert (as_lead.id, list(outcomes)) == (as_contact.id, [None, None])
    assert rows(salesforce, fair, contact) == [(contact, "Responded", True)]


def test_a_status_that_the_campaign_lacks_becomes_its_default(salesforce: Backend) -> None:
    """Without a refusal, which is why statuses are asked for first (CMP-7)."""
    fair, ada = a_campaign(salesforce), salesforce.add("ada")

    assert list(salesforce.campaigns.write(fair, [AddMember(ada, "Invented")])) == [None]
    assert rows(salesforce, fair, ada) == [(ada, "Sent", True)]


def test_more_people_than_one_call_takes_are_written_in_order(salesforce: Backend) -> None:
    """Each has the outcome at its own place."""
    if salesforce.is_live:
        pytest.skip("needs hundreds of records")
    fair, nobody = a_campaign(salesforce), salesforce.deleted_record()
    crowd = [salesforce.add(f"p{number}") for number in range(205)]
    people = [*crowd[:203], nobody, *crowd[203:]]

    outcomes = salesforce.campaigns.write(fair, [AddMember(one, "Sent") for one in people])

    assert [at for at, one in enumerate(outcomes) if one is not None] == [203]
    assert len(rows(salesforce, fair, *people)) == len(crowd)


def all_changed(salesforce: Backend, after: MemberPosition = LONG_AGO) -> list[ChangedMember]:
    """The members after a place, of all pages."""
    found: list[ChangedMember] = []
    while page := salesforce.campaigns.changed_after(after):
        found += page
        after = page[-1].position
    return found


def test_all_members_are_read_in_the_order_of_their_changes(salesforce: Backend) -> None:
    """On any number of pages, those of the same second too; then only what is newer, and nothing of
    members that were deleted.
    """
    fair, other = a_campaign(salesforce), a_campaign(salesforce)
    people = [salesforce.add(f"p{number}") for number in range(8)]
    for campaign, some in ((fair, people[:5]), (other, people[3:])):
        salesforce.campaigns.write(campaign, [AddMember(one, "Sent") for one in some])
    first = all_changed(salesforce)
    salesforce.campaigns.write(
        fair,
        [
            RemoveMember(member(salesforce, fair, people[0]).id),
            ChangeStatus(member(salesforce, fair, people[1]).id, "Responded"),
        ],
    )
    rest = all_changed(salesforce)

    assert [one.position for one in first] == sorted(one.position for one in first)
    assert sorted(ref for one in first for ref in one.people) == sorted(people[:5] + people[3:])
    assert sorted(ref for one in rest for ref in one.people) == sorted(people[1:5] + people[3:])
    assert all_changed(salesforce, rest[-1].position) == []


def test_a_converted_member_is_news_and_has_two_people(salesforce: Backend) -> None:
    """The lead that it was, and the contact that it is."""
    fair, ada = a_campaign(salesforce), salesforce.add("ada")
    salesforce.campaigns.write(fair, [AddMember(ada, "Sent")])
    contact = salesforce.person.convert(ada)

    (row,) = all_changed(salesforce)
    assert set(row.people) == {ada, contact}


def test_people_have_the_campaigns_that_they_are_in(salesforce: Backend) -> None:
    """Sorted; a contact has those of its lead, and who is in none is left out."""
    fair, other = a_campaign(salesforce), a_campaign(salesforce)
    ada, bob, cleo = (salesforce.add(name) for name in ("ada", "bob", "cleo"))
    salesforce.campaigns.write(other, [AddMember(one, "Sent") for one in (ada, bob)])
    salesforce.campaigns.write(fair, [AddMember(ada, "Sent")])
    contact = salesforce.person.convert(ada)

    found = salesforce.campaigns.campaigns_of([ada, contact, bob, cleo])
    assert {ref: list(some) for ref, some in found.items()} == {
        ada: sorted([fair, other]),
        contact: sorted([fair, other]),
        bob: [other],
    }
    assert salesforce.campaigns.campaigns_of([]) == {}
