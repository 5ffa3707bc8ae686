"""What a mapping of deals may not touch, each complaint with its line and its rule."""

from __future__ import annotations

import pytest

from crmsync.config import ConfigError, load_settings
from tests.config.files import MINIMAL


def complaints(text: str) -> list[str]:
    """What is said about a file that is refused."""
    with pytest.raises(ConfigError) as refused:
        load_settings(text)
    return [str(complaint) for complaint in refused.value.complaints]


def row(hubspot: str, salesforce: str) -> str:
    """A mapping of deals, of three lines."""
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
def test_what_has_a_rule_of_its_own_cannot_be_mapped(pair: tuple[str, str]) -> None:
    """A deal's stage, pipeline and currency follow their own rules, so no row may touch either half
    of them.
    """
    cell, sentence, rule = RULED[pair]
    line = {"hubspot": 10, "salesforce": 11}[cell]

    assert complaints(MINIMAL + row(*pair)) == [
        f"line {line}: {sentence}; no mapping can change that ({rule})"
    ]


@pytest.mark.rule("FLD-10")
def test_deals_are_mapped_like_contacts() -> None:
    """Own rows are fine; the account is a reference, the owner is fixed, our own properties are
    nobody's.
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
