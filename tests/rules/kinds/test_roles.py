"""The contacts of a deal and its opportunity: associated contacts against contact roles (OPP-9,
OPP-10, OPP-12, Q-27, Q-29).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.kinds.roles import Role
from crmsync.model.records import Ref, Side
from crmsync.rules.kinds.opportunity.roles import RoleDecision, decide_roles

OPPORTUNITY = Ref(Side.SALESFORCE, "Opportunity", "006000000000001AAA")
ADA, BEA, CAI = (Ref(Side.HUBSPOT, "contact", str(number)) for number in (81, 82, 83))
ADAS, BEAS, CAIS, DANS = (
    Ref(Side.SALESFORCE, "Contact", f"00300000000000{number}AAA") for number in (1, 2, 3, 4)
)
ACROSS = {ADA: ADAS, BEA: BEAS}
"""Ada and Bea sync with Salesforce contacts; Cai syncs with a lead, and Dan is not in HubSpot."""


def a_role(contact, number=1, *, deleted=False):
    ref = Ref(
        Side.SALESFORCE, "OpportunityContactRole", f"00K{contact.id[-4]}0000000000{number}AAA"
    )
    return Role(ref, OPPORTUNITY, contact, is_deleted=deleted)


def decide(associated=(), roles=(), tied=(), *, removes=False):
    """The decision about a deal; `roles` are contacts with one role each."""
    standing = [one if isinstance(one, Role) else a_role(one) for one in roles]
    return decide_roles(
        associated, standing, ACROSS, frozenset(one.id for one in tied), removes=removes
    )


def remembers(*contacts, **verdict):
    return RoleDecision(tied=frozenset(one.id for one in contacts), **verdict)


@pytest.mark.rule("OPP-9")
@pytest.mark.parametrize("removes", [False, True])
def test_a_contact_with_a_role_is_associated_with_the_deal(removes):
    """Every contact role of the opportunity has its HubSpot contact on the deal."""
    assert decide((), (ADAS, BEAS), removes=removes) == remembers(ADA, BEA, associate=(ADA, BEA))


@pytest.mark.rule("OPP-12")
@pytest.mark.parametrize("removes", [False, True])
def test_a_contact_of_the_deal_gets_a_role(removes):
    """Every contact of the deal has its Salesforce contact as a role in the opportunity."""
    assert decide((BEA, ADA), (), removes=removes) == remembers(
        ADA, BEA, add=((ADA, ADAS), (BEA, BEAS))
    )


@pytest.mark.rule("OPP-9")
@pytest.mark.rule("OPP-12")
@pytest.mark.parametrize("removes", [False, True])
def test_at_the_first_sync_each_side_gets_the_others_contacts(removes):
    """Nothing was agreed on before, so that nothing counts as removed."""
    assert decide((ADA,), (BEAS,), removes=removes) == remembers(
        ADA, BEA, associate=(BEA,), add=((ADA, ADAS),)
    )


@pytest.mark.parametrize("tied", [(), (ADA,), (ADA, BEA)])
@pytest.mark.parametrize("removes", [False, True])
def test_a_contact_on_both_sides_is_stored_and_nothing_is_written(tied, removes):
    """This holds even if people added it on both sides, and several roles of one contact count
    once.
    """
    roles = (a_role(ADAS, 1), a_role(ADAS, 2))
    assert decide((ADA,), roles, tied, removes=removes) == remembers(ADA)


@pytest.mark.rule("OPP-10")
@pytest.mark.parametrize("removes", [False, True])
def test_a_deleted_role_does_not_count(removes):
    """Only existing contact roles count."""
    assert decide((), (a_role(ADAS, deleted=True),), removes=removes) == remembers()


@pytest.mark.rule("Q-27")
@pytest.mark.parametrize("removes", [False, True])
def test_a_contact_that_syncs_with_a_lead_gets_no_role_yet(removes):
    """It is not stored either, so that its role is created once the lead is converted."""
    before = decide((CAI,), (DANS,), removes=removes)
    assert before == remembers()
    converted = {**ACROSS, CAI: CAIS}
    assert decide_roles((CAI,), (), converted, before.tied, removes=removes) == remembers(
        CAI, add=((CAI, CAIS),)
    )


@pytest.mark.rule("Q-29")
@pytest.mark.parametrize(
    ("associated", "roles"),
    [
        pytest.param((), (ADAS,), id="taken off the deal"),
        pytest.param((ADA,), (), id="its role deleted"),
        pytest.param((ADA,), (a_role(ADAS, deleted=True),), id="its role in the recycle bin"),
    ],
)
def test_a_contact_removed_on_one_side_stays_on_the_other(associated, roles):
    """By default only additions sync, and a removed contact is not added again."""
    assert decide(associated, roles, (ADA,)) == remembers(ADA)


@pytest.mark.rule("Q-29")
def test_with_the_setting_a_contact_removed_from_the_deal_loses_its_roles():
    """With `remove_associations` all its roles in the opportunity are deleted, and those of others
    stay.
    """
    roles = (a_role(ADAS, 2), a_role(BEAS, 1), a_role(ADAS, 1), a_role(ADAS, 3, deleted=True))
    assert decide((BEA,), roles, (ADA, BEA), removes=True) == remembers(
        BEA, end=(roles[2].ref, roles[0].ref)
    )


@pytest.mark.rule("Q-29")
def test_with_the_setting_a_contact_without_roles_is_removed_from_the_deal():
    """With `remove_associations` the association goes with the last role."""
    assert decide((ADA, BEA), (BEAS,), (ADA, BEA), removes=True) == remembers(BEA, leave=(ADA,))


@pytest.mark.rule("Q-29")
@pytest.mark.parametrize("removes", [False, True])
def test_a_contact_removed_on_both_sides_may_be_added_again(removes):
    """Nothing is left to do, and a later association is a new one."""
    verdict = decide((), (), (ADA,), removes=removes)
    assert verdict == remembers()
    assert decide((ADA,), (), (), removes=removes) == remembers(ADA, add=((ADA, ADAS),))


PEOPLE = dict(zip((ADA, BEA, CAI), (ADAS, BEAS, CAIS), strict=True))
ROLES = st.lists(
    st.builds(
        a_role, st.sampled_from((ADAS, BEAS, CAIS, DANS)), st.integers(1, 2), deleted=st.booleans()
    ),
    max_size=5,
)


@pytest.mark.rule("OPP-9")
@pytest.mark.rule("OPP-12")
@given(
    associated=st.frozensets(st.sampled_from(tuple(PEOPLE))),
    roles=ROLES,
    linked=st.frozensets(st.sampled_from(tuple(PEOPLE))),
    tied=st.frozensets(st.sampled_from(("81", "82", "83", "99"))),
    removes=st.booleans(),
)
def test_after_the_writes_nothing_is_left_to_do(associated, roles, linked, tied, removes):
    """Whatever both sides have, the decision's additions and removals make them agree for good."""
    across = {one: PEOPLE[one] for one in sorted(linked)}
    verdict = decide_roles(associated, roles, across, tied, removes=removes)
    added = [a_role(contact, 9) for _, contact in verdict.add]
    now_associated = (associated | set(verdict.associate)) - set(verdict.leave)
    now_roles = [one for one in (*roles, *added) if one.ref not in verdict.end]

    again = decide_roles(now_associated, now_roles, across, verdict.tied, removes=removes)
    assert again == RoleDecision(tied=verdict.tied)
    assert not (
        set(verdict.associate) | {one for one, _ in verdict.add} | set(verdict.leave)
    ) - set(across)
    assert removes or not (verdict.leave or verdict.end)
    if removes:
        on_opportunity = {one.contact for one in now_roles if not one.is_deleted}
        assert all(
            (one in now_associated) == (contact in on_opportunity)
            for one, contact in across.items()
        )
