"""The opt-out of a Salesforce record that is nobody's counterpart: a second lead of a person, or
one whose pair is over (OPT-4).

Nothing else of such a record reaches HubSpot, but consent is the person's and not the record's:
whichever lead or contact of theirs has the box ticked, HubSpot is told. Only the person's own,
later act in HubSpot outweighs it (OPT-6).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from crmsync.model.crm_names import HUBSPOT_EMAIL, HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT
from crmsync.model.effects import Because, Effect, OptOut, RequestSync
from crmsync.model.links import Base, Link
from crmsync.model.records import Kind, Record, Side
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.baseline import rebased, view
from crmsync.rules.merge.ruleset import Ruleset

_AT_BIRTH = timedelta(minutes=1)
"""What a contact shows since then, it showed when it was made; that is no act of the person."""


def is_opted_out(record: Record) -> bool:
    """Whether a record of either side says that the person wants no e-mail."""
    name = HUBSPOT_OPT_OUT if record.ref.side is Side.HUBSPOT else SALESFORCE_OPT_OUT
    return str(record.fields.get(name)).lower() == "true"


def any_opted_out(records: Iterable[Record]) -> bool:
    """Whether one of these records says so."""
    return any(is_opted_out(record) for record in records)


def takes_over(contact: Record, double: Record) -> bool:
    """Whether a contact is to be unsubscribed because of a record that is not its counterpart.

    Not if the person has come back since the record was last changed. Salesforce has no time per
    field: a record that was edited later, for whatever reason, opts out again. The ages of
    HubSpot's values must have been read; without them nobody came back.
    """
    return (
        is_opted_out(double) and not is_opted_out(contact) and not _came_back_since(contact, double)
    )


def _came_back_since(contact: Record, double: Record) -> bool:
    origin = contact.origins.get(HUBSPOT_OPT_OUT)
    if origin is None or is_blank(contact.fields.get(HUBSPOT_OPT_OUT)):
        return False
    return origin.at > max(contact.created_at + _AT_BIRTH, double.modified_at)


def unsubscribe(contact: Record, because: Because = ("OPT-4",)) -> tuple[Effect, ...]:
    """Unsubscribe a contact, and have it looked at, as nobody tells of our own writes: its own
    lead's box is ticked then (OPT-3).
    """
    address = str(contact.fields.get(HUBSPOT_EMAIL) or "")
    return (
        (OptOut(address, because), RequestSync(contact.ref, Kind.CONTACT, None, because))
        if address
        else ()
    )


def has_ticked_since(link: Link, salesforce: Record, ruleset: Ruleset) -> bool:
    """Whether somebody has ticked the box of a record since its pair was last in step, though that
    pair is over by now.
    """
    forms = {
        SALESFORCE_OPT_OUT: ruleset.mapping_of(salesforce).salesforce_forms[SALESFORCE_OPT_OUT]
    }
    return is_opted_out(salesforce) and bool(
        view(salesforce, forms, link, ruleset.fingerprinter).states[SALESFORCE_OPT_OUT].has_news
    )


def with_box(link: Link, salesforce: Record, ruleset: Ruleset) -> Base:
    """The link's base of Salesforce with the box as it is now: told once, it is no news any
    more.
    """
    forms = ruleset.mapping_of(salesforce).salesforce_forms
    shown = {SALESFORCE_OPT_OUT: salesforce.fields.get(SALESFORCE_OPT_OUT)}
    return rebased(link.salesforce_base, forms, shown, ruleset.fingerprinter.of(link.key))
