"""HubSpot tells of what is mapped, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.fields import FieldRule, Update
from crmsync.model.settings import CompanySettings
from crmsync.rules.subscriptions import subscriptions_of
from tests.builders import a_connection
from tests.config.files import MINIMAL
from tests.operator.stages import Stage

WHOLE = (
    ("contact.associationChange", None),
    ("contact.creation", None),
    ("contact.deletion", None),
    ("contact.merge", None),
    ("contact.privacyDeletion", None),
)
MAPPED = (
    *("address", "annualrevenue", "city", "company", "country", "email", "fax", "firstname", "hs_email_optout"),
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


def properties(**contacts: object) -> tuple[str | None, ...]:
    """The properties that a connection with these contact settings asks for."""
    found = subscriptions_of(a_connection(**contacts))
    return tuple(name for kind, name in found if kind == "contact.propertyChange")


def test_a_connection_needs_whole_events_and_its_mapped_properties(stage: Stage) -> None:
    """Births, deaths, merges, restores, associations, and each property of the default maps, the opt-out and the owner."""
    stage.operator.push_settings(MINIMAL, apply=True)

    changes = tuple(("contact.propertyChange", name) for name in MAPPED)
    assert stage.operator.webhook_subscriptions(555001) == (*WHOLE, *changes, ("contact.restore", None))
    assert stage.operator.webhook_subscriptions(555002) == ()


@pytest.mark.rule("TRG-15")
def test_a_property_that_is_not_mapped_triggers_nothing() -> None:
    """Only mapped properties are asked for, our own never; a mapping that never syncs is none (MAP-4)."""
    rows = (
        FieldRule("colour", "Colour__c"),
        FieldRule("size", "Size__c", Update.NEVER),
        FieldRule("fax", "Fax", Update.NEVER),
    )

    wanted = sorted({*MAPPED, "colour"} - {"fax"})
    assert properties(field=rows) == tuple(wanted)


def test_the_default_list_looks_at_the_lifecycle_stage() -> None:
    """With "all but subscribers" a new stage may let a contact in (INC-4, TRG-10); without, nobody asks for it."""
    assert set(properties(inclusion_list="default")) - set(MAPPED) == {"lifecyclestage"}
    assert properties(inclusion_list="77") == MAPPED


def test_associations_matter_only_where_companies_sync() -> None:
    """Without company sync no association is asked for; without contact sync nothing is."""
    alone = replace(a_connection(), companies=CompanySettings(sync=False))

    assert ("contact.associationChange", None) not in subscriptions_of(alone)
    assert subscriptions_of(a_connection(sync=False)) == ()
