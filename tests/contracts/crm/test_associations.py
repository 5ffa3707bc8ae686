"""HubSpot's associations behind the port."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from crmsync.errors import Gone, SyncError
from crmsync.model.effects import Associate, Dissociate
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome, Written
from tests.contracts.crm.backend import Backend


def a_company(backend: Backend, name: str = "Example Works") -> Ref:
    """A person creates a company."""
    return backend.person.add("company", {"name": name})


def primary_of(backend: Backend, contact: Ref) -> object:
    """The id of the contact's primary company, as the contact itself shows it."""
    names = ["associatedcompanyid"]
    return backend.crm.read([contact], {"contact": names})[contact].fields["associatedcompanyid"]


def kinds(outcomes: Iterable[Outcome]) -> list[object]:
    """The outcome of each: the record, or the type of error."""
    return [type(one) if isinstance(one, SyncError) else one.ref for one in outcomes]


def test_associations_are_read_from_both_ends_in_the_order_of_ids(hubspot: Backend) -> None:
    """A record without associations is left out, and so is an invalid id."""
    ada, bob, cleo = (hubspot.add(name) for name in ("ada", "bob", "cleo"))
    one, two = a_company(hubspot, "One"), a_company(hubspot, "Two")
    for contact, company in ((ada, two), (ada, one), (bob, two)):
        hubspot.association_editor.add_association(contact, company)
    typed = [Ref(Side.HUBSPOT, "contact", text) for text in ("see above", "", "987654321987")]

    pairs = hubspot.associations

    assert pairs.of([*typed, ada, bob, cleo, ada], "company") == {ada: (one, two), bob: (two,)}
    assert pairs.of([one, two], "contact") == {one: (ada,), two: (ada, bob)}
    assert pairs.of([ada], "deal") == {}
    assert pairs.of([], "company") == {}


def test_a_primary_company_is_the_one_that_the_contact_shows(hubspot: Backend) -> None:
    """The former one stays associated, and repeating the call changes nothing."""
    ada, one, two = hubspot.add("ada"), a_company(hubspot, "One"), a_company(hubspot, "Two")
    hubspot.association_editor.add_association(ada, one)
    effect = Associate(ada, two, primary=True)

    outcomes = [hubspot.associations.associate([effect]) for _ in range(2)]

    assert outcomes == [[Written(ada, {})]] * 2
    assert primary_of(hubspot, ada) == two.id
    assert hubspot.associations.of([ada], "company") == {ada: (one, two)}


def test_the_first_company_is_primary_and_a_second_one_is_not(hubspot: Backend) -> None:
    """A second one is primary only if requested, from either end
    (docs/vendors.md#hubspot-associations).
    """
    ada, one, two = hubspot.add("ada"), a_company(hubspot, "One"), a_company(hubspot, "Two")

    hubspot.associations.associate([Associate(one, ada)])
    hubspot.associations.associate([Associate(ada, two)])
    first = primary_of(hubspot, ada)
    hubspot.associations.associate([Associate(two, ada, primary=True)])

    assert (first, primary_of(hubspot, ada)) == (one.id, two.id)


def test_the_contact_s_own_property_moves_its_association(hubspot: Backend) -> None:
    """If a person sets it, the company becomes primary; if a person clears it, the association is
    removed.
    """
    ada, one, two = hubspot.add("ada"), a_company(hubspot, "One"), a_company(hubspot, "Two")
    hubspot.association_editor.add_association(ada, one)

    hubspot.person.edit(ada, {"associatedcompanyid": two.id})
    moved = hubspot.associations.of([ada], "company"), primary_of(hubspot, ada)
    hubspot.person.edit(ada, {"associatedcompanyid": None})

    assert moved == ({ada: (one, two)}, two.id)
    assert (hubspot.associations.of([ada], "company"), primary_of(hubspot, ada)) == (
        {ada: (one,)},
        None,
    )


def test_of_several_primary_companies_the_last_one_wins(hubspot: Backend) -> None:
    """Effects are applied in order, though HubSpot does not document the order within a batch."""
    ada, bob = hubspot.add("ada"), hubspot.add("bob")
    one, two = a_company(hubspot, "One"), a_company(hubspot, "Two")
    effects = [
        Associate(contact, company, primary=True)
        for company in (one, two, one)
        for contact in (ada, bob)
    ]

    outcomes = hubspot.associations.associate(effects[:-1])

    assert kinds(outcomes) == [ada, bob] * 2 + [ada]
    assert [primary_of(hubspot, contact) for contact in (ada, bob)] == [one.id, two.id]


def test_a_missing_record_does_not_affect_the_others(hubspot: Backend) -> None:
    """Each row has its own outcome, in order (fault 6)."""
    ada, bob, nobody, company = (
        hubspot.add("ada"),
        hubspot.add("bob"),
        hubspot.deleted_record(),
        a_company(hubspot),
    )
    never = Ref(Side.HUBSPOT, "company", "987654321987")
    typed = Ref(Side.HUBSPOT, "company", "see above")
    pairs = [(ada, company), (nobody, company), (ada, never), (bob, typed), (bob, company)]

    outcomes = hubspot.associations.associate([Associate(one, other) for one, other in pairs])

    assert kinds(outcomes) == [ada, Gone, Gone, Gone, bob]
    assert hubspot.associations.of([company], "contact") == {company: (ada, bob)}


def test_removing_an_association_succeeds_whether_or_not_it_existed(hubspot: Backend) -> None:
    """A primary association is removed, too, and no other company becomes primary (Q-29)."""
    ada, bob, nobody = hubspot.add("ada"), hubspot.add("bob"), hubspot.deleted_record()
    one, two = a_company(hubspot, "One"), a_company(hubspot, "Two")
    for contact, company in ((ada, one), (ada, two), (bob, two)):
        hubspot.association_editor.add_association(contact, company)
    effects = [
        Dissociate(ada, one),
        Dissociate(bob, one),
        Dissociate(two, bob),
        Dissociate(nobody, one),
    ]

    outcomes = [hubspot.associations.dissociate(effects) for _ in range(2)]

    assert outcomes == [[Written(ref, {}) for ref in (ada, bob, two, nobody)]] * 2
    assert hubspot.associations.of([ada, bob], "company") == {ada: (two,)}
    assert [primary_of(hubspot, contact) for contact in (ada, bob)] == [None, None]


def test_deals_have_contacts_and_a_primary_company(hubspot: Backend) -> None:
    """They use the types of HubSpot's own associations."""
    ada, bob, one, two = (
        hubspot.add("ada"),
        hubspot.add("bob"),
        a_company(hubspot, "One"),
        a_company(hubspot, "Two"),
    )
    deal = hubspot.person.add("deal", {"dealname": "A deal", "dealstage": "appointmentscheduled"})
    pairs = [(deal, ada), (bob, deal), (deal, one)]

    hubspot.associations.associate(
        [*(Associate(*pair) for pair in pairs), Associate(deal, two, primary=True)]
    )

    assert hubspot.associations.of([deal], "contact") == {deal: (ada, bob)}
    assert hubspot.associations.of([deal], "company") == {deal: (one, two)}


@pytest.mark.parametrize(
    "effect",
    [
        Associate(Ref(Side.HUBSPOT, "deal", "1"), Ref(Side.HUBSPOT, "contact", "2"), primary=True),
        Associate(Ref(Side.HUBSPOT, "ticket", "1"), Ref(Side.HUBSPOT, "contact", "2")),
    ],
)
def test_an_association_that_hubspot_does_not_have_is_a_type_error(
    hubspot: Backend, effect: Associate
) -> None:
    """A deal has no primary contact."""
    with pytest.raises(TypeError):
        hubspot.associations.associate([effect])


def test_nothing_to_associate_is_nothing_done(hubspot: Backend) -> None:
    """There is no call and no error."""
    assert list(hubspot.associations.associate([])) == []
    assert list(hubspot.associations.dissociate([])) == []


def test_a_deleted_company_has_no_contacts_and_they_show_none(hubspot: Backend) -> None:
    """HubSpot removes the associations with the record."""
    ada, company = hubspot.add("ada"), a_company(hubspot)
    hubspot.association_editor.add_association(ada, company)

    hubspot.person.delete(company)

    assert hubspot.associations.of([ada], "company") == {}
    assert primary_of(hubspot, ada) is None


def test_the_survivor_of_merged_companies_has_the_contacts_of_both(hubspot: Backend) -> None:
    """It is primary where either was."""
    ada, bob, one, two = (
        hubspot.add("ada"),
        hubspot.add("bob"),
        a_company(hubspot, "One"),
        a_company(hubspot, "Two"),
    )
    hubspot.association_editor.add_association(ada, one)
    hubspot.association_editor.add_association(bob, two)

    survivor = hubspot.person.merge(one, two)

    assert hubspot.associations.of([survivor], "contact") == {survivor: (ada, bob)}
    assert [primary_of(hubspot, contact) for contact in (ada, bob)] == [survivor.id] * 2
    assert hubspot.crm.survivors([one, two]) == {
        ref: survivor for ref in (one, two) if ref != survivor
    }
