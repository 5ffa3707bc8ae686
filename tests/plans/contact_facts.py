"""Facts of contacts for the plans' tests: pairs, newcomers and what they agreed on."""

from crmsync.model.effects import UpdateRecord
from crmsync.model.records import Side
from crmsync.plans.contact import ContactFacts
from tests.builders import LEAD_ID, a_book, a_change, a_contact, a_lead, a_link

H, S = Side.HUBSPOT, Side.SALESFORCE
BOOK = a_book()
KEY = "555001-81"


def linked(hubspot=None, salesforce=None, *, agreed=None, **link):
    """Facts of a pair that agreed on `agreed` (HubSpot record, Salesforce record) and now shows these two."""
    before_h, before_s = agreed or (a_contact(salesforce_id=LEAD_ID), a_lead(key=KEY))
    return ContactFacts(
        a_change(before_h.ref),
        a_link(before_h, before_s, BOOK, **link),
        hubspot or before_h,
        salesforce or before_s,
    )


def born_in_hubspot(contact, candidates=(), taken=frozenset()):
    return ContactFacts(a_change(contact.ref), hubspot=contact, candidates=tuple(candidates), taken=taken)


def born_in_salesforce(record, candidates=(), taken=frozenset()):
    return ContactFacts(a_change(record.ref), salesforce=record, candidates=tuple(candidates), taken=taken)


def remember(side, ref, **fields):
    """The write of a field of our own, which nothing depends on."""
    return UpdateRecord(ref, side, fields, ("DUP-24",), courtesy=True)


def pair(**fields):
    """A linked contact and lead that show the ids of each other."""
    return a_contact(fields.get("hubspot"), salesforce_id=LEAD_ID), a_lead(fields.get("salesforce"), key=KEY)
