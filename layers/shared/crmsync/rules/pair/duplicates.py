"""The opt-out of a Salesforce record without a counterpart: a person's second lead, or a record
whose pair has ended (OPT-4).

Nothing else of such a record reaches HubSpot. But consent belongs to the person and not to the
record: whichever of the person's leads and contacts has the box ticked, HubSpot gets the opt-out.
Only a later act of the person in HubSpot outweighs it (OPT-6).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from crmsync.model.crm_names import HUBSPOT_EMAIL, HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT
from crmsync.model.effects import Because, Effect, OptOut, RequestSync
from crmsync.model.fingerprints import Base
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Side
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.baseline import rebased, view
from crmsync.rules.merge.ruleset import Ruleset

_AT_CREATION = timedelta(minutes=1)
"""A value that is set this soon after the contact was created is no act of the person."""


def is_opted_out(record: Record) -> bool:
    """Whether a record of either side shows an e-mail opt-out."""
    name = HUBSPOT_OPT_OUT if record.ref.side is Side.HUBSPOT else SALESFORCE_OPT_OUT
    return str(record.fields.get(name)).lower() == "true"


def any_opted_out(records: Iterable[Record]) -> bool:
    """Whether any of the records shows an e-mail opt-out."""
    return any(is_opted_out(record) for record in records)


def takes_over(contact: Record, duplicate: Record) -> bool:
    """Whether a contact is to be unsubscribed because of a record that is not its counterpart.

    It is not if the person resubscribed after the record was last edited. Salesforce keeps no time
    per field, so a later edit of any field opts the person out again. HubSpot's property history
    must have been read; without it nobody resubscribed.
    """
    return (
        is_opted_out(duplicate)
        and not is_opted_out(contact)
        and not _resubscribed_since(contact, duplicate)
    )


def _resubscribed_since(contact: Record, duplicate: Record) -> bool:
    origin = contact.origins.get(HUBSPOT_OPT_OUT)
    if origin is None or is_blank(contact.fields.get(HUBSPOT_OPT_OUT)):
        return False
    return origin.at > max(contact.created_at + _AT_CREATION, duplicate.modified_at)


def unsubscribe(contact: Record, because: Because = ("OPT-4",)) -> tuple[Effect, ...]:
    """Unsubscribe a contact and request its sync, as our own writes cause no events; the sync then
    ticks the box of its own lead (OPT-3). Empty for a contact without an address.
    """
    address = str(contact.fields.get(HUBSPOT_EMAIL) or "")
    return (
        (OptOut(address, because), RequestSync(contact.ref, Kind.CONTACT, None, because))
        if address
        else ()
    )


def has_ticked_since(link: Link, salesforce: Record, ruleset: Ruleset) -> bool:
    """Whether somebody has ticked the box of a record since the last sync of its pair, which has
    ended.
    """
    forms = ruleset.mapping_of(salesforce).salesforce_forms.only({SALESFORCE_OPT_OUT})
    shown = view(salesforce, forms, link, ruleset.fingerprinter)
    return is_opted_out(salesforce) and shown.state(SALESFORCE_OPT_OUT).has_news


def with_box(link: Link, salesforce: Record, ruleset: Ruleset) -> Base:
    """The Salesforce base of the link with the box as it is now, so that it counts as new only
    once.
    """
    forms = ruleset.mapping_of(salesforce).salesforce_forms
    shown = {SALESFORCE_OPT_OUT: salesforce.fields.get(SALESFORCE_OPT_OUT)}
    return rebased(link.salesforce_base, forms, shown, ruleset.fingerprinter.of(link.key))
