"""Whether deals and opportunities can be matched by what the settings name (CH-14): pure, settings
and both schemas in, objections out.

A name that several records may share would pair strangers, so both sides must see to it that
nothing holds it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crmsync.model.schema import HubspotProperty, SalesforceField
from crmsync.model.settings import DealSettings


def object_to_match(
    deals: DealSettings,
    properties: Mapping[str, HubspotProperty],
    fields: Mapping[str, SalesforceField],
) -> Iterator[tuple[str, str]]:
    """The key of the settings at fault and a sentence; `fields` are by their names in small
    letters. None where none is wanted.
    """
    if not deals.match_hubspot:
        return
    mine, theirs = properties.get(deals.match_hubspot), fields.get(deals.match_salesforce.lower())
    if mine is None:
        yield "match_hubspot", f"HubSpot's deals have no property {deals.match_hubspot}"
    elif not mine.is_unique:
        sentence = "deals need a property that demands unique values, which is said when a property is made"
        yield (
            "match_hubspot",
            f"{deals.match_hubspot} may hold one value in several deals: to be matched, {sentence}",
        )
    if theirs is None:
        seen = "or the integration user may not see it"
        yield "match_salesforce", f"Opportunity has no field {deals.match_salesforce}, {seen}"
    elif not theirs.is_external_id:
        yield (
            "match_salesforce",
            f"{theirs.name} is no external id: mark it as one, and as unique, in Salesforce's Object Manager",
        )
