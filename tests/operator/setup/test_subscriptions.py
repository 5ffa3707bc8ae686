"""HubSpot sends events of mapped properties only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.fields import FieldRule, Update
from crmsync.model.settings import CompanySettings, Connection, DealSettings
from crmsync.rules.settings.subscriptions import subscriptions_of
from tests.builders import a_connection
from tests.config.files import MINIMAL
from tests.operator.deployments import Deployment

WHOLE = (
    ("contact.associationChange", None),
    ("contact.creation", None),
    ("contact.deletion", None),
    ("contact.merge", None),
    ("contact.privacyDeletion", None),
)
MAPPED = (
    *(
        "address",
        "annualrevenue",
        "city",
        "company",
        "country",
        "email",
        "fax",
        "firstname",
        "hs_email_optout",
    ),
    *(
        "hubspot_owner_id",
        "industry",
        "jobtitle",
        "lastname",
        "mobilephone",
        "phone",
        "salutation",
        "state",
        "website",
        "zip",
    ),
)
COMPANY_MAPPED = (
    *(
        "address",
        "annualrevenue",
        "city",
        "country",
        "description",
        "domain",
        "hubspot_owner_id",
        "industry",
    ),
    *("lifecyclestage", "name", "numberofemployees", "phone", "state", "type", "zip"),
)
COMPANY_WHOLE = tuple((f"company.{what}", None) for what in ("creation", "deletion", "merge"))
DEAL_MAPPED = (
    *(
        "amount",
        "closedate",
        "deal_currency_code",
        "dealname",
        "dealstage",
        "dealtype",
        "description",
    ),
    *("hubspot_owner_id", "pipeline"),
)
DEAL_WHOLE = tuple(
    (f"deal.{what}", None) for what in ("associationChange", "creation", "deletion", "merge")
)


def properties(**contacts: object) -> tuple[str | None, ...]:
    """Return the subscribed properties of contacts under these contact settings, with companies
    switched off.
    """
    found = subscriptions_of(
        replace(a_connection(**contacts), companies=CompanySettings(sync=False))
    )
    return tuple(name for kind, name in found if kind == "contact.propertyChange")


def test_a_connection_subscribes_to_record_events_and_mapped_properties(
    deployment: Deployment,
) -> None:
    """The events are creations, deletions, merges, restores, associations, and changes of each
    property of the default mappings, of the opt-out, owner and stage.
    """
    deployment.operator.settings.push(MINIMAL, apply=True)

    staged = sorted((*MAPPED, "lifecyclestage"))
    assert deployment.operator.setup.webhook_subscriptions(555001) == (
        *COMPANY_WHOLE,
        *(("company.propertyChange", name) for name in COMPANY_MAPPED),
        ("company.restore", None),
        *WHOLE,
        *(("contact.propertyChange", name) for name in staged),
        ("contact.restore", None),
        *DEAL_WHOLE,
        *(("deal.propertyChange", name) for name in DEAL_MAPPED),
        ("deal.restore", None),
    )
    assert deployment.operator.setup.webhook_subscriptions(555002) == ()


@pytest.mark.rule("TRG-15")
def test_a_property_that_is_not_mapped_triggers_nothing() -> None:
    """Our own properties are never subscribed, nor are those of a mapping that never
    syncs (MAP-4).
    """
    rows = (
        FieldRule("colour", "Colour__c"),
        FieldRule("size", "Size__c", Update.NEVER),
        FieldRule("fax", "Fax", Update.NEVER),
    )

    wanted = sorted({*MAPPED, "colour"} - {"fax"})
    assert properties(field=rows) == tuple(wanted)


def test_the_lifecycle_stage_is_subscribed_if_inclusion_depends_on_it() -> None:
    """With "all but subscribers" a new stage may include a contact (INC-4, TRG-10); otherwise the
    stage is not subscribed.
    """
    assert set(properties(inclusion_list="default")) - set(MAPPED) == {"lifecyclestage"}
    assert properties(inclusion_list="77") == MAPPED


@pytest.mark.rule("SET-4")
@pytest.mark.rule("SET-5")
def test_each_kind_has_its_own_subscriptions() -> None:
    """Without company sync nothing of companies or deals is subscribed, neither associations nor
    stages; likewise for contacts and deals.
    """
    both = a_connection()
    contacts = replace(both, companies=CompanySettings(sync=False))
    companies = a_connection(sync=False)

    def kinds(connection: Connection) -> set[str]:
        return {kind.partition(".")[0] for kind, _ in subscriptions_of(connection)}

    every = {"contact", "company", "deal"}
    assert (kinds(both), kinds(contacts), kinds(companies)) == (
        every,
        {"contact"},
        {"company", "deal"},
    )
    assert kinds(replace(both, deals=DealSettings(sync=False))) == {"contact", "company"}
    assert ("contact.associationChange", None) in subscriptions_of(both)
    assert ("contact.associationChange", None) not in subscriptions_of(contacts)
    assert subscriptions_of(replace(contacts, contacts=companies.contacts)) == ()


def test_mapped_properties_of_companies_are_subscribed() -> None:
    """A property that never syncs is not (MAP-4)."""
    rows = (FieldRule("rating", "Rating__c"), FieldRule("type", "Type", Update.NEVER))
    found = subscriptions_of(replace(a_connection(), companies=CompanySettings(field=rows)))
    names = tuple(name for kind, name in found if kind == "company.propertyChange")

    assert names == tuple(sorted({*COMPANY_MAPPED, "rating"} - {"type"}))


@pytest.mark.rule("FLD-10")
def test_mapped_properties_of_deals_are_subscribed() -> None:
    """The property by which deals are matched is, too (CH-14)."""
    deals = DealSettings(
        field=(FieldRule("region", "Region__c"),),
        match_hubspot="order_number",
        match_salesforce="No__c",
    )
    found = subscriptions_of(replace(a_connection(), deals=deals))
    names = tuple(name for kind, name in found if kind == "deal.propertyChange")

    assert names == tuple(sorted({*DEAL_MAPPED, "region", "order_number"}))
