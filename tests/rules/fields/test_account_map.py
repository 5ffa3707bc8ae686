"""The default map of companies and accounts: names, web addresses, and choices with different names
in the two CRMs.
"""

from __future__ import annotations

import pytest

from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.records import Side, Value
from crmsync.rules.fields.maps import DEFAULT_ACCOUNT_MAP, DEFAULT_ACCOUNT_MAPS, with_custom_rows
from crmsync.rules.fields.standard_choices import ACCOUNT_TYPES, INDUSTRIES
from crmsync.rules.fields.values import (
    IncompatibleValueError,
    canonical,
    compared_format,
    convert_mapped,
)
from simulators.hubspot.schema.standard import properties_of
from simulators.salesforce.objects.people import ACCOUNT

RULES = {rule.hubspot: rule for rule in DEFAULT_ACCOUNT_MAP}
H, S = Side.HUBSPOT, Side.SALESFORCE


def converted(name: str, to: Side, value: Value) -> Value:
    """The value that the other side gets for a property."""
    return convert_mapped(RULES[name], to, value).value


def is_same(name: str, hubspot: Value, salesforce: Value) -> bool:
    """Whether both sides show equal values."""
    rule = RULES[name]
    return canonical(compared_format(rule, H), hubspot) == canonical(
        compared_format(rule, S), salesforce
    )


def test_every_pair_exists_on_both_sides() -> None:
    """The map names properties and fields that a new account and a new org have, each once."""
    fields = {field.name for field in ACCOUNT.fields}
    assert [str(rule) for rule in DEFAULT_ACCOUNT_MAP if rule.salesforce not in fields] == []
    properties = {row.name for row in properties_of("0-2", 0)}
    assert [str(rule) for rule in DEFAULT_ACCOUNT_MAP if rule.hubspot not in properties] == []
    assert (
        len(RULES)
        == len({rule.salesforce for rule in DEFAULT_ACCOUNT_MAP})
        == len(DEFAULT_ACCOUNT_MAP)
    )


@pytest.mark.parametrize(
    "website",
    [
        "example.com",
        "www.example.com",
        "https://www.Example.com/de?x=1",
        "http://example.com:8080/",
    ],
)
def test_a_website_is_its_domain(website: str) -> None:
    """HubSpot gets the bare domain, and an account with another spelling of it is equal and not
    overwritten.
    """
    assert converted("domain", H, website) == "example.com"
    assert is_same("domain", "example.com", website)


def test_a_text_that_is_no_web_address_is_not_synced() -> None:
    """A value such as "n/a" is reported and holds back no other field (CH-8)."""
    with pytest.raises(IncompatibleValueError):
        converted("domain", H, "n/a")


@pytest.mark.parametrize(
    ("hubspot", "salesforce"),
    [
        ("BANKING", "Banking"),
        ("HOSPITAL_HEALTH_CARE", "Healthcare"),
        ("COMPUTER_SOFTWARE", "Computer Software"),
    ],
)
def test_an_industry_is_the_same_after_both_conversions(hubspot: str, salesforce: str) -> None:
    """HubSpot's constant becomes Salesforce's value or else its label, and is converted back to the
    same constant.
    """
    assert converted("industry", S, hubspot) == salesforce
    assert converted("industry", H, salesforce) == hubspot
    assert is_same("industry", hubspot, salesforce)


def test_industries_are_distinguishable() -> None:
    """No two of HubSpot's industries share one of Salesforce's, and each of Salesforce's has a
    counterpart, except "Other".
    """
    assert len(dict(INDUSTRIES)) == len({theirs for _, theirs in INDUSTRIES}) == len(INDUSTRIES)
    listed = next(field for field in ACCOUNT.fields if field.name == "Industry").choices
    assert [
        one.value for one in listed if one.value not in {theirs for _, theirs in INDUSTRIES}
    ] == ["Other"]


def test_a_choice_without_a_counterpart_is_synced_only_to_salesforce() -> None:
    """A choice that only the org has does not fit HubSpot, while Salesforce's picklist takes one
    that only HubSpot has.
    """
    with pytest.raises(IncompatibleValueError):
        converted("industry", H, "Watchmaking")
    assert converted("industry", S, "WATCHMAKING") == "WATCHMAKING"


@pytest.mark.parametrize(("hubspot", "salesforce"), ACCOUNT_TYPES)
def test_several_account_types_equal_one_company_type(hubspot: str, salesforce: str) -> None:
    """HubSpot's type equals each of them, so that no sync overwrites the more specific one."""
    assert converted("type", H, salesforce) == hubspot
    assert is_same("type", hubspot, salesforce)


def test_a_company_type_becomes_the_first_account_type_it_equals() -> None:
    """A new account gets the one type that stands for all."""
    assert [
        converted("type", S, one) for one in dict.fromkeys(mine for mine, _ in ACCOUNT_TYPES)
    ] == [
        "Prospect",
        "Partner",
        "Channel Partner / Reseller",
        "Vendor",
        "Other",
    ]


@pytest.mark.rule("MAP-4")
def test_a_row_for_a_default_pair_changes_only_its_policy() -> None:
    """An industry that is not to be synced keeps its known choices."""
    row = FieldRule("industry", "Industry", Update.NEVER)
    (found,) = [
        rule
        for rule in with_custom_rows(DEFAULT_ACCOUNT_MAPS, [row])["Account"]
        if rule.hubspot == "industry"
    ]

    assert found == FieldRule(
        "industry", "Industry", Update.NEVER, FieldType.CHOICE, choices=INDUSTRIES
    )
