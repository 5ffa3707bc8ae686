"""Mappings of deals that are refused, each complaint with its line and its rule."""

from __future__ import annotations

import pytest

from tests.config.files import MINIMAL, complaints


def row(hubspot: str, salesforce: str) -> str:
    """Return a mapping of deals, of three lines."""
    return f'[[connection.deals.field]]\nhubspot = "{hubspot}"\nsalesforce = "{salesforce}"\n'


RULED = {
    ("dealstage", "Stage__c"): (
        "hubspot",
        "dealstage goes with StageName, by the pipelines that crmsync keeps in step",
        "OPP-5",
    ),
    ("stage", "StageName"): (
        "salesforce",
        "StageName goes with dealstage, by the pipelines that crmsync keeps in step",
        "OPP-5",
    ),
    ("pipeline", "Pipeline__c"): ("hubspot", "pipeline goes with RecordTypeId", "OPP-6"),
    ("kind", "recordtypeid"): ("salesforce", "RecordTypeId goes with pipeline", "OPP-6"),
    ("deal_currency_code", "Currency__c"): (
        "hubspot",
        "deal_currency_code goes with CurrencyIsoCode where the org has several currencies",
        "CUR-1",
    ),
}


@pytest.mark.rule("FLD-10")
@pytest.mark.parametrize("pair", RULED)
def test_fields_with_their_own_rules_cannot_be_mapped(pair: tuple[str, str]) -> None:
    """A deal's stage, pipeline and currency have their own rules, so no row may contain either half
    of them.
    """
    cell, sentence, rule = RULED[pair]
    line = {"hubspot": 10, "salesforce": 11}[cell]

    assert complaints(MINIMAL + row(*pair)) == [
        f"line {line}: {sentence}; no mapping can change that ({rule})"
    ]


@pytest.mark.rule("FLD-10")
def test_deals_are_mapped_like_contacts() -> None:
    """Custom rows are accepted; the account is a reference, the owner is fixed, and our own
    properties cannot be mapped.
    """
    rows = (
        row("next_step", "NextStep"),
        row("account", "AccountId"),
        row("hubspot_owner_id", "Seller__c"),
        row("crmsync_error", "Error__c"),
    )

    assert complaints(MINIMAL + "".join(rows)) == [
        "line 14: AccountId refers to an account record; account cannot be written to it (FLD-5)",
        "line 16: hubspot_owner_id goes with OwnerId and with nothing else (MAP-5)",
        "line 19: crmsync_error is one of crmsync's own properties and cannot be mapped (MAP-8)",
    ]
