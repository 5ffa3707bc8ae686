"""The default map of companies and accounts: names, web addresses, and choices that the two CRMs
call by different names.
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


def crossed(name: str, to: Side, value: Value) -> Value:
    """What becomes of a value of the pair of that property."""
    return convert_mapped(RULES[name], to, value).value


def is_same(name: str, hubspot: Value, salesforce: Value) -> bool:
    """Whether both sides show the same."""
    rule = RULES[name]
    return canonical(compared_format(rule, H), hubspot) == canonical(
        compared_format(rule, S), salesforce
    )


def test_every_pair_exists_on_both_sides() -> None:
    """The map names properties and fields that a fresh account and a fresh org have, each once."""
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
    """HubSpot is given the bare domain; an account that spells it otherwise shows the same and is
    not overwritten.
    """
    assert crossed("domain", H, website) == "example.com"
    assert is_same("domain", "example.com", website)


def test_what_is_no_web_address_cannot_cross() -> None:
    """People write "n/a" into the field; that is told, and holds back nothing else (CH-8)."""
    with pytest.raises(IncompatibleValueError):
        crossed("domain", H, "n/a")


@pytest.mark.parametrize(
    ("hubspot", "salesforce"),
    [
        ("BANKING", "Banking"),
        ("HOSPITAL_HEALTH_CARE", "Healthcare"),
        ("COMPUTER_SOFTWARE", "Computer Software"),
    ],
)
def test_an_industry_goes_over_and_comes_back(hubspot: str, salesforce: str) -> None:
    """HubSpot's constant is Salesforce's value where that lists one, else its label, and neither
    flips back.
    """
    assert crossed("industry", S, hubspot) == salesforce
    assert crossed("industry", H, salesforce) == hubspot
    assert is_same("industry", hubspot, salesforce)


def test_industries_are_told_apart() -> None:
    """No two of HubSpot's become one in Salesforce, and every one that Salesforce lists has its
    own, all but "Other".
    """
    assert len(dict(INDUSTRIES)) == len({theirs for _, theirs in INDUSTRIES}) == len(INDUSTRIES)
    listed = next(field for field in ACCOUNT.fields if field.name == "Industry").choices
    assert [
        one.value for one in listed if one.value not in {theirs for _, theirs in INDUSTRIES}
    ] == ["Other"]


def test_a_choice_without_counterpart_stays_where_it_is() -> None:
    """A value of the org's own cannot cross to HubSpot; one of the account's own crosses as it is,
    for the picklist takes it.
    """
    with pytest.raises(IncompatibleValueError):
        crossed("industry", H, "Watchmaking")
    assert crossed("industry", S, "WATCHMAKING") == "WATCHMAKING"


@pytest.mark.parametrize(("hubspot", "salesforce"), ACCOUNT_TYPES)
def test_several_types_are_one_in_hubspot(hubspot: str, salesforce: str) -> None:
    """Whatever the account calls it, HubSpot's name for it says the same, so no look overwrites the
    finer word.
    """
    assert crossed("type", H, salesforce) == hubspot
    assert is_same("type", hubspot, salesforce)


def test_a_type_becomes_the_first_of_its_names() -> None:
    """A company that is made an account of gets the one value that stands for all."""
    assert [
        crossed("type", S, one) for one in dict.fromkeys(mine for mine, _ in ACCOUNT_TYPES)
    ] == [
        "Prospect",
        "Partner",
        "Channel Partner / Reseller",
        "Vendor",
        "Other",
    ]


@pytest.mark.rule("MAP-4")
def test_a_row_that_names_a_default_pair_changes_its_policy_alone() -> None:
    """Whoever does not want the industry to cross says so; its choices stay known."""
    row = FieldRule("industry", "Industry", Update.NEVER)
    (found,) = [
        rule
        for rule in with_custom_rows(DEFAULT_ACCOUNT_MAPS, [row])["Account"]
        if rule.hubspot == "industry"
    ]

    assert found == FieldRule(
        "industry", "Industry", Update.NEVER, FieldType.CHOICE, choices=INDUSTRIES
    )
