"""How the account of a web domain is found behind the port."""

from __future__ import annotations

import pytest

from crmsync.gateways.salesforce_accounts import host_of
from tests.contracts.stages import Stage


def an_account(stage: Stage, website: str | None, name: str = "Example Works") -> str:
    """A person makes an account; its id."""
    return stage.person.add("Account", {"Name": name, "Website": website}).id


@pytest.mark.parametrize(
    "website",
    [
        "example.com",
        "www.example.com",
        "http://example.com",
        "HTTPS://www.Example.com/about?us=1",
        "https://example.com:8443",
        "example.com/team",
    ],
)
def test_the_account_whose_website_is_at_the_domain_is_found(salesforce: Stage, website: str) -> None:
    """However people have typed it (CH-12)."""
    account = an_account(salesforce, website)

    assert salesforce.accounts.accounts_by_domain([" Example.COM ", "example.org"]) == {"example.com": account}


@pytest.mark.parametrize(
    "website", [None, "example.com.test", "shop.example.com", "https://example.community", "not-example.com", "example"]
)
def test_an_account_at_another_host_is_not_meant(salesforce: Stage, website: str | None) -> None:
    """A host that begins or ends with the domain is another host."""
    an_account(salesforce, website)

    assert salesforce.accounts.accounts_by_domain(["example.com"]) == {}


def test_a_domain_of_several_accounts_is_left_out(salesforce: Stage) -> None:
    """Nobody can say which one is meant."""
    an_account(salesforce, "example.com", "One")
    an_account(salesforce, "www.example.com", "Two")
    other = an_account(salesforce, "example.org")

    assert salesforce.accounts.accounts_by_domain(["example.com", "example.org"]) == {"example.org": other}


def test_a_domain_cannot_end_a_query_and_begin_another(salesforce: Stage) -> None:
    """Whatever stands behind the at sign of an address is no query; a wildcard means itself."""
    account = an_account(salesforce, "example.com")
    hostile = ["e%ample.com", "e_ample.com", "x' OR Name LIKE '%", "a\\.com", "", " ", "%", "example", "\x00.com"]

    assert salesforce.accounts.accounts_by_domain([*hostile, "example.com"]) == {"example.com": account}
    assert salesforce.accounts.accounts_by_domain(hostile) == {}
    assert salesforce.accounts.accounts_by_domain([]) == {}


def test_many_domains_are_asked_for_at_once(salesforce: Stage) -> None:
    """More than one query and more than one call hold."""
    accounts = {
        f"works{number}.example.com": an_account(salesforce, f"works{number}.example.com") for number in (3, 240)
    }

    found = salesforce.accounts.accounts_by_domain(f"works{number}.example.com" for number in range(250))

    assert found == accounts


@pytest.mark.parametrize("website", ["", "http://", "https://[", "ask the front desk", "mailto:a@example.com"])
def test_what_is_no_website_has_no_host_of_a_domain(website: str) -> None:
    """People type anything."""
    assert "." not in host_of(website) or host_of(website) == "example.com"
