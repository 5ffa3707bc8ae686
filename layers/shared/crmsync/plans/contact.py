"""Plan one contact: facts and ruleset in, a `Plan` out.

The plan is made from what both sides show now, never from the content of a message. So an echo, a
duplicate or a late event leads to an empty plan. Effects are in the order in which they must be
applied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from crmsync.model.changes import Cause
from crmsync.model.crm_names import (
    HUBSPOT_EMAIL,
    HUBSPOT_OPT_OUT,
    LEAD,
    PRIMARY_COMPANY,
    SALESFORCE_CONTACT,
    SALESFORCE_EMAIL,
)
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import OptOut, RequestSync, SaveLink
from crmsync.model.facts import Facts
from crmsync.model.links import Link, LinkState
from crmsync.model.plan import Note, Plan, no_effects
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.model.settings import CreateInHubspot, CreateInSalesforce, OutsideInclusionList
from crmsync.rules.fields.values import is_blank
from crmsync.rules.kinds.contact.companies import with_companies, with_company
from crmsync.rules.kinds.contact.creation import (
    MAKES_A_CONTACT,
    hubspot_creation,
    salesforce_creation,
)
from crmsync.rules.kinds.contact.inclusion import is_frozen, new_record_qualifies, qualifies
from crmsync.rules.merge.change_limits import with_holds, without_held_deletions
from crmsync.rules.merge.parents import company_of
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair import reports
from crmsync.rules.pair.adoption import Creations, adopted, shows_creation
from crmsync.rules.pair.creation import Creation
from crmsync.rules.pair.duplicates import (
    any_opted_out,
    has_ticked_since,
    is_opted_out,
    takes_over,
    unsubscribe,
    with_box,
)
from crmsync.rules.pair.ended_pairs import released, with_late_writes
from crmsync.rules.pair.matching import KEY_OF, choose_match
from crmsync.rules.pair.plan import plan_existing, plan_pair
from crmsync.rules.pair.successors import (
    follow_moves,
    forget,
    plan_counterpart_gone,
    plan_missing,
    replacing_tombstones,
    without_id,
)


@dataclass(frozen=True, slots=True)
class ContactFacts(Facts):
    """What was gathered about one contact.

    Attributes:
        account: The id of the Salesforce account of the address's domain, "" = none; gathered where
            the settings need it (CH-12).
        holder: The contact that has, and keeps, the address that the pair's HubSpot record should
            get.
        sharing: For a Salesforce record whose contact is gone: the contacts of other pairs that
            have its address.
        made_again: It was made once more of its contact, whose first counterpart has been deleted.
        other_companies: The companies for which the contact decides from now on: it loses its
            primary one, or may have joined the inclusion list.
    """

    account: str = ""
    holder: Ref | None = None
    sharing: tuple[Ref, ...] = ()
    made_again: bool = False
    other_companies: tuple[Ref, ...] = ()


def left_alone(facts: ContactFacts) -> Record | None:
    """The Salesforce record of a pair, or of one that was never linked, whose contact is gone.

    Not after a privacy deletion, which is reported in any case (CH-9). What the record was
    converted to, or merged into, is read by itself.
    """
    link, record = facts.link, facts.salesforce
    if record is None or facts.hubspot or facts.survivor_is_linked:
        return None
    if link is None:
        return record if facts.counterpart_is_gone else None
    is_private = LinkState.FORGOTTEN is link.state or facts.change.cause is Cause.FORGOTTEN
    return record if record.ref == link.salesforce and not is_private else None


def lacks_id(facts: ContactFacts, ruleset: Ruleset) -> bool:
    """Whether the lead of a pair that was linked before does not show the id of its contact."""
    if facts.link is None or facts.hubspot is None or facts.salesforce is None:
        return False
    is_lead = facts.salesforce.ref.object == LEAD
    return is_lead and bool(ruleset.outdated_id(facts.salesforce, facts.hubspot.ref))


def plan_contact(facts: ContactFacts, ruleset: Ruleset) -> Plan:
    """Plan what happens for one contact."""
    plan = _plan(facts, ruleset)
    return with_companies(plan, facts.other_companies) if facts.other_companies else plan


def _plan(facts: ContactFacts, ruleset: Ruleset) -> Plan:
    if facts.link is not None:
        return _plan_linked(facts, facts.link, ruleset)
    if facts.named is None:
        return no_effects("the record is gone and was never linked")
    if facts.named.successor:
        return no_effects("was converted; its contact is read instead", "DUP-26")
    if facts.counterpart_is_gone:
        return _with_duplicate(facts, plan_counterpart_gone(facts, ruleset, "DEL-1"))
    return _without_id_of_others(facts, _plan_unlinked(facts, facts.named, ruleset), ruleset)


def _without_id_of_others(facts: ContactFacts, plan: Plan, ruleset: Ruleset) -> Plan:
    """The plan for a record without a link that shows the id of one that was linked with another
    record: both CRMs allow an id only once, so that record gets it as soon as this one shows
    another id, or none where it stays unlinked (DUP-24).
    """
    record, other = facts.named, facts.names_that_of
    side = facts.change.ref.side
    if record is None or other is None or not record.fields.get(KEY_OF[side]):
        return plan
    request = RequestSync(other, Kind.CONTACT, None, ("DUP-24",))
    if plan.new_link or any(isinstance(one, SaveLink) for one in plan.effects):
        return replace(plan, effects=(request, *plan.effects))
    return replace(plan, effects=(without_id(record, ruleset), request, *plan.effects))


def _plan_unlinked(facts: ContactFacts, named: Record, ruleset: Ruleset) -> Plan:
    match = facts.named_counterpart or choose_match(facts.candidates, facts.taken)
    if match is None and facts.candidates:
        return _plan_duplicate(facts, named, ruleset)
    if not _may_pair(facts, named, match, ruleset):
        return no_effects("is outside the inclusion list", "INC-2")
    if match is not None:
        match = released(match, facts.tombstones, ruleset)
        return replacing_tombstones(facts, match, _plan_new_pair(facts, named, match, ruleset))
    if facts.made is not None:
        return Plan((reports.counterpart_taken(named.ref, facts.made),))
    if is_blank(address_of(named)):
        return Plan((reports.waiting(named.ref),))
    return _plan_creation(named, facts.account, ruleset)


def _plan_duplicate(facts: ContactFacts, named: Record, ruleset: Ruleset) -> Plan:
    """A second record with the address of a linked one stays unlinked and is reported (CH-13). Its
    opt-out applies to the person (OPT-4).

    A Salesforce record is reported even if that contact is outside the inclusion list: it may join
    the list at any time, and then only its own pair is read. The opt-out does not reach a contact
    outside the list (OPT-7); the report says so.
    """
    out = [
        one
        for one in facts.candidates
        if named.ref.side is Side.SALESFORCE and takes_over(one, named)
    ]
    frozen = [one for one in out if is_frozen_outside(one, ruleset)]
    opt_outs = tuple(effect for one in out if one not in frozen for effect in unsubscribe(one))
    if named.ref.side is Side.HUBSPOT and not _may_pair(facts, named, None, ruleset):
        return no_effects("is outside the inclusion list", "INC-2")
    report = reports.opted_out_duplicate if frozen else reports.duplicate_of_linked
    return Plan((*opt_outs, report(named.ref, facts.taken)), undecided=bool(out))


def is_frozen_outside(contact: Record, ruleset: Ruleset) -> bool:
    """Whether a linked contact stays as it is because it is outside the inclusion list. By default
    there is no list.
    """
    contacts = ruleset.connection.contacts
    return bool(contacts.inclusion_list) and is_frozen(
        contacts, included=qualifies(contact, contacts, ruleset.contact.members)
    )


def address_of(record: Record) -> Value:
    """The e-mail address of a record, by which people are matched (DUP-1)."""
    return record.fields.get(HUBSPOT_EMAIL if record.ref.side is Side.HUBSPOT else SALESFORCE_EMAIL)


def _may_pair(facts: ContactFacts, named: Record, match: Record | None, ruleset: Ruleset) -> bool:
    """Whether an unlinked record may be linked or get a counterpart at all.

    A HubSpot contact outside the inclusion list may not (INC-2). A Salesforce record may (INC-6),
    unless the settings ignore records whose contact is outside the list (CH-17). With creation
    switched off, or for an object that makes no contact, it is still linked to a matching contact
    in the list (Q-38). One that names its contact was made for it, or became what was.
    """
    contacts = ruleset.connection.contacts
    contact = named if named.ref.side is Side.HUBSPOT else match
    included = (
        new_record_qualifies(contacts)
        if contact is None
        else qualifies(contact, contacts, ruleset.contact.members)
    )
    if included:
        return True
    setting = contacts.create_in_hubspot
    was_paired = facts.named_counterpart is not None and setting is not CreateInHubspot.NEVER
    creates = was_paired or named.ref.object in MAKES_A_CONTACT[setting]
    return (
        named.ref.side is Side.SALESFORCE
        and creates
        and contacts.outside_inclusion_list is not OutsideInclusionList.IGNORE
    )


def _plan_linked(facts: ContactFacts, link: Link, ruleset: Ruleset) -> Plan:
    if facts.change.cause is Cause.FORGOTTEN and link.state is not LinkState.FORGOTTEN:
        left = (reports.deleted_for_privacy(facts.salesforce.ref),) if facts.salesforce else ()
        ended = forget(facts, link, ruleset)
        return Plan((*left, ended), notes=(Note("the contact asked to be forgotten"),))
    if facts.hubspot is None or facts.salesforce is None or facts.survivor_is_linked:
        deletes = {Side.HUBSPOT} if ruleset.connection.contacts.delete_in_hubspot else set()
        gone = plan_missing(
            facts,
            link,
            ruleset,
            deletes=deletes,
            recreate=lambda record: _plan_unlinked(facts, record, ruleset),
        )
        gone = _with_duplicate(facts, with_company(facts, link, gone, ruleset))
        return _with_late_opt_out(facts, link, gone, ruleset)
    here = link
    if not link.joins(facts.hubspot.ref, facts.salesforce.ref):
        here = follow_moves(link, facts.hubspot, facts.salesforce, ruleset)
    if is_frozen_outside(facts.hubspot, ruleset):
        here = without_held_deletions(here)
        saves = (SaveLink(here, ("DUP-26",)),) if here != link or not link.version else ()
        plan = Plan(saves, notes=(Note("is outside the inclusion list", ("INC-7",)),))
    else:
        plan = plan_existing(
            link,
            with_holds(here, facts),
            facts.hubspot,
            facts.salesforce,
            ruleset,
            change=facts.change,
            holder=facts.holder,
        )
    return replacing_tombstones(facts, facts.salesforce, plan) if facts.tombstones else plan


def _with_duplicate(facts: ContactFacts, plan: Plan) -> Plan:
    """The plan for a Salesforce record whose contact is gone, with a report if it is the second
    record of an address: its contact was deleted while it was made (CH-13); or the second one of
    its contact, as the first one was deleted meanwhile (DEL-1).
    """
    record = left_alone(facts)
    if record is None or not (facts.sharing or facts.made_again):
        return plan
    report = (
        reports.duplicate_of_linked(record.ref, facts.sharing)
        if facts.sharing
        else reports.made_again(record.ref)
    )
    return replace(plan, effects=(*plan.effects, report))


def _with_late_opt_out(facts: ContactFacts, link: Link, plan: Plan, ruleset: Ruleset) -> Plan:
    """A lead whose contact was merged into the contact of another pair is left alone (MRG-3), but
    if its box is ticked, the surviving contact is unsubscribed (OPT-4).
    """
    contact, lead = facts.hubspot, facts.salesforce
    if (
        contact is None
        or lead is None
        or contact.ref == link.hubspot
        or lead.ref != link.salesforce
    ):
        return plan
    if (
        not has_ticked_since(link, lead, ruleset)
        or is_opted_out(contact)
        or is_frozen_outside(contact, ruleset)
    ):
        return plan
    tombstone = next((one.link for one in plan.effects if isinstance(one, SaveLink)), link)
    known = SaveLink(replace(tombstone, salesforce_base=with_box(link, lead, ruleset)), ("OPT-4",))
    return replace(plan, effects=(*unsubscribe(contact), known))


def _plan_new_pair(facts: ContactFacts, named: Record, match: Record, ruleset: Ruleset) -> Plan:
    hubspot, salesforce = (named, match) if named.ref.side is Side.HUBSPOT else (match, named)
    link = Link(
        ruleset.connection.name,
        Kind.CONTACT,
        hubspot.ref,
        salesforce.ref,
        key=ruleset.fingerprinter.number,
        decided=(Decision(DecisionType.LINKED, because="DUP-1"),),
    )
    link = with_late_writes(link, facts, match.ref, salesforce, ruleset)
    if is_frozen_outside(hubspot, ruleset):
        return Plan((SaveLink(link, ("DUP-1", "INC-7")),))
    others = (one for one in facts.candidates if one.ref not in {match.ref, *facts.taken})
    if not is_opted_out(hubspot) and not is_opted_out(salesforce) and any_opted_out(others):
        # The person has several leads or contacts. An opt-out of one of them is enough (OPT-4,
        #
        out = OptOut(str(address_of(hubspot)), ("OPT-4", "Q-12"))
        opted_out = replace(hubspot, fields={**hubspot.fields, HUBSPOT_OPT_OUT: "true"})
        plan = plan_pair(
            opted_out, salesforce, link, ruleset, always_save=True, holder=facts.holder
        )
        return replace(plan, effects=(out, *plan.effects))
    if not shows_creation(hubspot, salesforce, ruleset):
        return plan_pair(hubspot, salesforce, link, ruleset, always_save=True, holder=facts.holder)
    creations = Creations(
        lambda contact, rules: salesforce_creation(contact, salesforce.ref.object, "", rules),
        hubspot_creation(salesforce, ruleset),
    )
    known = adopted(link, hubspot, salesforce, creations, ruleset)
    plan = plan_pair(
        hubspot, salesforce, known.link, ruleset, always_save=True, holder=facts.holder
    )
    return replace(plan, undecided=plan.undecided or known.needs_history)


def _plan_creation(record: Record, account: str, ruleset: Ruleset) -> Plan:
    contacts = ruleset.connection.contacts
    if record.ref.side is Side.SALESFORCE:
        if record.ref.object not in MAKES_A_CONTACT[contacts.create_in_hubspot]:
            return no_effects(
                "new Salesforce records of this kind make no HubSpot contact", "SET-1"
            )
        return _creation_plan(record, hubspot_creation(record, ruleset))
    if contacts.create_in_salesforce is CreateInSalesforce.NEVER:
        return no_effects("new HubSpot contacts make no Salesforce record", "SET-2")
    return _plan_salesforce_creation(record, account, ruleset)


def _plan_salesforce_creation(contact: Record, account: str, ruleset: Ruleset) -> Plan:
    """Create a lead, or a contact under the account of its company. An account that is still to be
    created comes first.

    The setting decides which of the two it is (SET-3), or whether there is an account already, by
    company or by domain (CH-12).
    """
    setting = ruleset.connection.contacts.create_in_salesforce
    company = (
        company_of(contact.fields.get(PRIMARY_COMPANY))
        if ruleset.connection.companies.sync
        else None
    )
    parent = ruleset.parents.get(company) if company else None
    under = parent.id if parent else account
    if setting is CreateInSalesforce.LEAD or (
        setting is CreateInSalesforce.CONTACT_IF_ACCOUNT and not under
    ):
        return _creation_plan(contact, salesforce_creation(contact, LEAD, "", ruleset))
    if setting is CreateInSalesforce.CONTACT and company and company not in ruleset.parents:
        return Plan((RequestSync(company, Kind.ACCOUNT, contact.ref, ("FLD-8",)),))
    return _creation_plan(contact, salesforce_creation(contact, SALESFORCE_CONTACT, under, ruleset))


def _creation_plan(record: Record, creation: Creation) -> Plan:
    if creation.missing:
        return Plan((reports.unnamed(record.ref, creation.missing),))
    return Plan((creation.create,), new_link=creation.link)
