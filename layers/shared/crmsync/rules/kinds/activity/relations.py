"""Whom and what an activity is about on the other side.

In Salesforce a task or event has one person and one record: the linked contact, otherwise the lead;
the opportunity of the associated deal, otherwise the account of the company. A lead's activity has
no record beside it (docs/vendors.md#salesforce-activities). Only what is linked can be named.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crmsync.model.crm_names import ACCOUNT, LEAD, OPPORTUNITY, SALESFORCE_CONTACT
from crmsync.model.kinds.activities import About
from crmsync.model.records import Ref

PEOPLE = (SALESFORCE_CONTACT, LEAD)
"""Objects of a person, the better one first."""

RECORDS = (OPPORTUNITY, ACCOUNT)
"""Objects of a record, the better one first."""


NOTHING = About()
"""About nobody and nothing."""


def about_in_salesforce(
    associated: Collection[Ref], across: Mapping[Ref, Ref], present: About = NOTHING
) -> About:
    """Whom and what the task or event of a HubSpot activity is about.

    What it is about already stays, as long as it is as good as any other: so a contact that is
    associated later moves nothing. Otherwise the one with the lowest HubSpot id is first.

    Args:
        associated: The contacts, companies and deals of the activity.
        across: HubSpot record -> the Salesforce record that it is linked with.
        present: What the task or event is about now.
    """
    linked = [across[ref] for ref in sorted(associated, key=_age) if ref in across]
    who = _best(PEOPLE, linked, present.who)
    if who is not None and who.object == LEAD:
        return About(who)
    others = tuple(one for one in linked if one.object == SALESFORCE_CONTACT and one != who)
    return About(who, _best(RECORDS, linked, present.what), others)


def associations_in_hubspot(
    about: About, back: Mapping[Ref, Ref], associated: Collection[Ref], agreed: Collection[Ref]
) -> tuple[tuple[Ref, ...], tuple[Ref, ...]]:
    """Which associations a HubSpot activity gets and loses, so that it is about what its task or
    event is about.

    An association is lost only if both sides had agreed on it: what a person associates in HubSpot
    beyond what Salesforce can hold stays.

    Args:
        about: What the task or event is about.
        back: Salesforce record -> the HubSpot record that it is linked with.
        associated: The contacts, companies and deals of the activity.
        agreed: Those that both sides agreed on.

    Returns:
        The refs to associate and those to dissociate, each in their order.
    """
    named = [one for one in (about.who, about.what, *about.others) if one is not None]
    wanted = {back[one] for one in named if one in back}
    added = tuple(sorted(wanted - set(associated)))
    return added, tuple(sorted((set(associated) & set(agreed)) - wanted))


def _best(objects: Sequence[str], linked: Sequence[Ref], present: Ref | None) -> Ref | None:
    for name in objects:
        found = [one for one in linked if one.object == name]
        if found:
            return present if present in found else found[0]
    return None


def _age(ref: Ref) -> tuple[str, int, str]:
    return ref.object, int(ref.id) if ref.id.isdigit() else 0, ref.id
