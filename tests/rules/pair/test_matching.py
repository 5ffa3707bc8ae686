"""Who is the same person (DUP-1, CH-13)."""

import itertools

import pytest

from crmsync.model.records import Ref, Side
from crmsync.rules.pair.matching import choose_match, named_by
from tests.builders import a_contact, a_lead, a_salesforce_contact

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


@pytest.mark.rule("DUP-24")
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("00Q000000000002AAA", Ref(Side.SALESFORCE, "Lead", "00Q000000000002AAA")),
        ("003000000000002AAA", Ref(Side.SALESFORCE, "Contact", "003000000000002AAA")),
        ("001000000000002AAA", None),
        ("ask Bob", None),
        ("", None),
        (None, None),
    ],
)
def test_a_hubspot_contact_names_its_lead_or_contact(text, named):
    """The first characters of the id say which object it is; an account, or what somebody has
    typed, is no counterpart of a contact.
    """
    contact = a_contact(salesforce_id=text)
    assert named_by(contact, 555001, ("Lead", "Contact")) == named


@pytest.mark.rule("DUP-24")
@pytest.mark.rule("TEN-1")
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("555001-81", Ref(Side.HUBSPOT, "contact", "81")),
        ("555002-81", None),
        ("555001-", None),
        ("81", None),
        (None, None),
    ],
)
def test_a_lead_names_the_contact_of_its_own_portal(text, named):
    """The id of another portal's contact, or a part of an id, names nobody."""
    assert named_by(a_lead(key=text), 555001, ("contact",)) == named
