"""Facts of contacts for the plans' tests: pairs, newcomers and what they agreed on."""

from crmsync.model.effects import UpdateRecord
from crmsync.model.fingerprints import tag
from crmsync.model.links import Intent
from crmsync.model.records import Side
from crmsync.plans.contact import ContactFacts
from crmsync.rules.pair.plan import is_unchanged, view_alone
from tests.builders import LEAD_ID, a_change, a_contact, a_lead, a_link, a_ruleset

H, S = Side.HUBSPOT, Side.SALESFORCE
RULESET = a_ruleset()
KEY = "555001-81"


def linked(hubspot=None, salesforce=None, *, agreed=None, **link):
    """Facts of a pair that agreed on `agreed` (HubSpot record, Salesforce record) and now shows
    these two.
    """
    before_h, before_s = agreed or (a_contact(salesforce_id=LEAD_ID), a_lead(key=KEY))
    return ContactFacts(
        a_change(before_h.ref),
        a_link(before_h, before_s, RULESET, **link),
        hubspot or before_h,
        salesforce or before_s,
    )


def shows_nothing_new(record, link, ruleset):
    """Whether a linked record is unchanged, as far as it shows that alone."""
    shown = view_alone(record, link, ruleset)
    return shown is not None and is_unchanged(shown, link, ruleset)


def announcing(link, facts, *, hubspot=None, salesforce=None):
    """The link with what it announces for both sides: which values of these fields (None: a blank)
    the write replaces.
    """
    records = facts.hubspot, facts.salesforce
    revision = RULESET.fingerprinter.revision(
        f"{records[0].ref} {records[1].ref} {facts.link.version} {records[0].modified_at} {records[1].modified_at}"
    )
    mapping = RULESET.mapping_of(facts.salesforce)
    for side, fields in ((H, hubspot), (S, salesforce)):
        fingerprints = {
            name: RULESET.fingerprinter.fingerprint(
                name, mapping.forms(side)[name].canonical(fields[name])
            )
            for name in fields or ()
        }
        replaces = {
            tag(name): frozenset({fingerprint}) for name, fingerprint in fingerprints.items()
        }
        link = link.announcing(side, Intent(revision, replaces)) if fields else link
    return link


def making(side, link, ruleset):
    """The link of a record that is made on `side`, with the revision by which it will be known."""
    values = link.hubspot_base.to_bytes().hex(), link.salesforce_base.to_bytes().hex()
    owner = f" {link.hubspot_owner}" if side is S else ""
    text = f"{link.hubspot} {link.salesforce} {values}{owner}"
    return link.announcing(side, Intent(ruleset.fingerprinter.revision(text)))


def born_in_hubspot(contact, candidates=(), taken=frozenset()):
    return ContactFacts(
        a_change(contact.ref), hubspot=contact, candidates=tuple(candidates), taken=taken
    )


def born_in_salesforce(record, candidates=(), taken=frozenset()):
    return ContactFacts(
        a_change(record.ref), salesforce=record, candidates=tuple(candidates), taken=taken
    )


def remember(side, ref, **fields):
    """The write of a field of our own, which nothing depends on."""
    return UpdateRecord(ref, side, fields, ("DUP-24",), best_effort=True)


def pair(**fields):
    """A linked contact and lead that show the ids of each other."""
    return a_contact(fields.get("hubspot"), salesforce_id=LEAD_ID), a_lead(
        fields.get("salesforce"), key=KEY
    )
