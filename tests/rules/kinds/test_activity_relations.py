"""Whom and what an activity is about on the other side."""

import pytest

from crmsync.model.kinds.activities import About
from crmsync.model.records import Ref, Side
from crmsync.rules.kinds.activity.relations import about_in_salesforce, associations_in_hubspot


def mine(kind: str, number: int) -> Ref:
    """Return a HubSpot record."""
    return Ref(Side.HUBSPOT, kind, str(number))


def theirs(kind: str, number: int) -> Ref:
    """Return a Salesforce record."""
    return Ref(Side.SALESFORCE, kind, f"{kind}-{number}")


ADA, MAX, ACME, DEAL = mine("contact", 9), mine("contact", 10), mine("company", 1), mine("deal", 1)
ADA_THERE, MAX_THERE = theirs("Contact", 9), theirs("Contact", 10)
LEAD, ACCOUNT, OPPORTUNITY = theirs("Lead", 10), theirs("Account", 1), theirs("Opportunity", 1)
LINKED = {ADA: ADA_THERE, ACME: ACCOUNT, DEAL: OPPORTUNITY}


@pytest.mark.parametrize(
    ("associated", "across", "about"),
    [
        ({ADA}, LINKED, About(ADA_THERE)),
        ({ADA, ACME}, LINKED, About(ADA_THERE, ACCOUNT)),
        ({ADA, ACME, DEAL}, LINKED, About(ADA_THERE, OPPORTUNITY)),
        ({ACME}, LINKED, About(None, ACCOUNT)),
        ({MAX, ACME}, LINKED | {MAX: LEAD}, About(LEAD)),
        ({ADA, MAX, DEAL}, LINKED | {MAX: LEAD}, About(ADA_THERE, OPPORTUNITY)),
        ({MAX, ADA}, LINKED | {MAX: MAX_THERE}, About(ADA_THERE, None, (MAX_THERE,))),
        ({MAX}, LINKED, About()),
        (set(), LINKED, About()),
    ],
)
def test_an_activity_is_about_the_best_that_is_linked(
    associated: set[Ref], across: dict[Ref, Ref], about: About
) -> None:
    """A contact comes before a lead, an opportunity before an account, the oldest before others,
    and beside a lead there is nothing.
    """
    assert about_in_salesforce(associated, across) == about


@pytest.mark.parametrize(
    ("present", "about"),
    [
        (About(MAX_THERE), About(MAX_THERE, None, (ADA_THERE,))),
        (About(theirs("Contact", 99)), About(ADA_THERE, None, (MAX_THERE,))),
    ],
)
def test_what_an_activity_is_about_stays_while_it_can(present: About, about: About) -> None:
    """A contact that is associated later moves nothing, one that is gone gives way."""
    across = LINKED | {MAX: MAX_THERE}
    assert about_in_salesforce({ADA, MAX}, across, present) == about


def test_a_converted_leads_activity_moves_to_the_contact() -> None:
    """Once its person is linked with a contact, the lead is no longer as good."""
    assert about_in_salesforce({ADA, DEAL}, LINKED, About(LEAD)) == About(ADA_THERE, OPPORTUNITY)


@pytest.mark.parametrize(
    ("about", "associated", "agreed", "expected"),
    [
        (About(ADA_THERE, ACCOUNT), set(), set(), ((ACME, ADA), ())),
        (About(ADA_THERE), {ADA}, {ADA}, ((), ())),
        (About(MAX_THERE), {ADA}, {ADA}, ((MAX,), (ADA,))),
        (About(MAX_THERE), {ADA, ACME}, {ADA}, ((MAX,), (ADA,))),
        (About(ADA_THERE, None, (MAX_THERE,)), {ADA}, {ADA}, ((MAX,), ())),
        (About(LEAD), {ADA}, set(), ((), ())),
    ],
)
def test_an_activitys_associations_follow_salesforce(
    about: About,
    associated: set[Ref],
    agreed: set[Ref],
    expected: tuple[tuple[Ref, ...], tuple[Ref, ...]],
) -> None:
    """What it is about there is associated; only what both sides had agreed on is taken away, and
    who is not linked changes nothing.
    """
    back = {there: here for here, there in (LINKED | {MAX: MAX_THERE}).items()}
    assert associations_in_hubspot(about, back, associated, agreed) == expected
