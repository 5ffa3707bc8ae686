"""Leads and contacts in Salesforce whose HubSpot contact is gone. They stay, and a new contact of
the address is linked with what is left.

Not if both happen while a worker makes the lead: it has read the contact before, and another worker
makes one of the new contact. So a record that was made a moment ago is looked at once more when
every worker of that moment has ended. If its address then belongs to a contact of another pair that
was made at that time, it is reported until it no longer does (CH-13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import (
    ADDITIONAL_EMAILS,
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    LEAD,
    SALESFORCE_CONTACT,
    SALESFORCE_EMAIL,
)
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.links import LONGEST_WRITE, LinkState
from crmsync.model.records import Kind, Record, Ref
from crmsync.plans.contact import ContactFacts, address_of, left_alone
from crmsync.rules.pair.email_moves import addresses_of
from crmsync.rules.pair.reports import privacy_place

_AFTER_OTHERS_END = round(LONGEST_WRITE.total_seconds())
"""Seconds after which every worker of now has ended."""

_HUBSPOT = {HUBSPOT_CONTACT: (HUBSPOT_EMAIL, ADDITIONAL_EMAILS)}
_SALESFORCE = dict.fromkeys((LEAD, SALESFORCE_CONTACT), (SALESFORCE_EMAIL,))


def with_contacts_of_the_address(
    facts: Sequence[ContactFacts], context: SyncContext
) -> list[ContactFacts]:
    """The facts of what is left in Salesforce, with the linked contacts that have its address: when
    its link ends, at the second look, and while there is a report. After a privacy deletion another
    report says what is to be done. Costs nothing where nothing is left. Raises `SyncError`.
    """
    left = {at: record for at, one in enumerate(facts) if (record := left_alone(one))}
    if not left:
        return list(facts)
    places = [place for one in left.values() for place in (one.ref, privacy_place(one.ref))]
    reported = set(context.inbox.reported(context.connection.name, places))
    asked = {
        at: address
        for at, record in left.items()
        if _is_asked(facts[at]) or record.ref in reported
        if privacy_place(record.ref) not in reported
        if (address := normalise_email(address_of(record)))
    }
    if not asked:
        return list(facts)
    found = context.hubspot.find(sorted(set(asked.values())), _HUBSPOT)
    others = _counterparts(found, context)
    sharing = {
        at: tuple(
            sorted(
                contact.ref
                for contact in found
                if address in addresses_of(contact)
                and (other := others.get(contact.ref))
                and (left[at].ref in reported or _may_be_of_others(other, left[at]))
            )
        )
        for at, address in asked.items()
    }
    return [replace(one, sharing=sharing.get(at, ())) for at, one in enumerate(facts)]


def _is_asked(facts: ContactFacts) -> bool:
    """Whether this is the second look, or the first that finds the contact gone and comes late: the
    pair was never linked, or not synced since.
    """
    link = facts.link
    is_new = link is None or (link.state is LinkState.ACTIVE and link.version == 1)
    return is_new or facts.change.cause is Cause.LEFT


def _counterparts(contacts: Sequence[Record], context: SyncContext) -> dict[Ref, Record]:
    """Contact -> its lead or contact in Salesforce, for those that are linked."""
    refs = [one.ref for one in contacts]
    links = context.links.find(context.connection.name, refs) if refs else {}
    places = {
        ref: link.salesforce
        for ref, link in links.items()
        if link.state is LinkState.ACTIVE and isinstance(link.salesforce, Ref)
    }
    shown = context.salesforce.read(list(places.values()), _SALESFORCE) if places else {}
    return {ref: shown[place] for ref, place in places.items() if place in shown}


def _may_be_of_others(other: Record, left: Record) -> bool:
    """Whether a worker that had looked for the address before `left` was made may have made the
    other record. One that was made later was made by somebody who could see what was there.
    """
    return other.created_at < left.created_at + LONGEST_WRITE


def look_again(facts: Sequence[ContactFacts], context: SyncContext) -> None:
    """Queue what is left in Salesforce and was made a moment ago, for the second look. Usually
    there is nothing. Raises `TryAgain`.
    """
    name, now = context.connection.name, context.now()
    again = [
        Change(name, Kind.CONTACT, record.ref, Cause.LEFT, now)
        for one in facts
        if one.change.cause is not Cause.LEFT
        if (record := left_alone(one)) and now - record.created_at < LONGEST_WRITE
    ]
    if again:
        context.outbox.again([(change, _AFTER_OTHERS_END) for change in again])
