"""Who is the same person (DUP-1, CH-13)."""

import itertools

import pytest

from crmsync.rules.pair.matching import choose_match
from tests.builders import a_lead, a_salesforce_contact

OLD_LEAD = a_lead(record_id="00Q000000000003AAA", created=-300)
LEAD = a_lead(record_id="00Q000000000002AAA", created=-200)
OLD_CONTACT = a_salesforce_contact(record_id="003000000000003AAA", created=-150)
CONTACT = a_salesforce_contact(record_id="003000000000002AAA", created=-100)


@pytest.mark.rule("CH-13")
@pytest.mark.parametrize(
    "order", list(itertools.permutations([OLD_LEAD, LEAD, OLD_CONTACT, CONTACT]))
)
def test_the_choice_among_several_does_not_depend_on_their_order(order):
    """Of several records with one address a contact comes before a lead, then the oldest."""
    assert choose_match(order, set()) == OLD_CONTACT
    assert choose_match(order, {OLD_CONTACT.ref, CONTACT.ref}) == OLD_LEAD


@pytest.mark.rule("CH-13")
def test_a_record_that_belongs_to_another_link_is_never_taken():
    """A link is lasting: its record is no candidate for another one."""
    assert choose_match([LEAD], {LEAD.ref}) is None
