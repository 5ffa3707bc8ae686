"""Where Salesforce credentials go: to Salesforce's hosts, to those that the stack's owner added,
and to where the secret itself says.
"""

from __future__ import annotations

import pytest

from crmsync.errors import Refused
from crmsync.gateways.salesforce.hosts import SALESFORCE_HOSTS, LoginUrl

ADDED = (*SALESFORCE_HOSTS, "crm-proxy.example.com", ".partners.example.com")


@pytest.mark.parametrize(
    "url",
    [
        "https://login.salesforce.com",
        "https://test.salesforce.com",
        "https://acme.my.salesforce.com",
        "https://acme--uat.sandbox.my.salesforce.com:443",
        "https://agency.my.salesforce.mil",
        "https://crm-proxy.example.com",
        "https://one.partners.example.com",
    ],
)
def test_a_known_host_may_be_named(url: str) -> None:
    """Production, sandboxes, Government Cloud, and what the owner of the stack added."""
    assert LoginUrl(url, ADDED).sign_in_at("") == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com",
        "https://salesforce.com.example.com",
        "https://acme.my.salesforce.com.example.com",
        "https://notsalesforce.com",
        "https://login.salesforce.com@evil.example.com",
        "https://acme@login.salesforce.com",
        "https://login.salesforce.com:8443",
        "https://login.salesforce.com:port",
        "https://169.254.169.254",
        "http://login.salesforce.com",
        "http://127.0.0.1:19500",
        "https://[::1",
        "",
    ],
)
def test_settings_send_credentials_nowhere_else(url: str) -> None:
    """Whatever looks like one of the hosts and is none, is not encrypted, or names a user or a
    port.
    """
    with pytest.raises(Refused, match="no host of Salesforce's") as refusal:
        LoginUrl(url, ADDED).sign_in_at("")
    assert "SalesforceLoginHosts" in refusal.value.hint


@pytest.mark.parametrize(
    "of_secret", ["https://sso.example.com", "http://127.0.0.1:8080", "http://localhost:8080"]
)
def test_the_secret_may_name_any_host(of_secret: str) -> None:
    """Whoever can write there has the credentials anyway; in clear they go nowhere but to the
    machine itself.
    """
    assert (
        LoginUrl("https://login.salesforce.com", SALESFORCE_HOSTS).sign_in_at(of_secret)
        == of_secret
    )


@pytest.mark.parametrize(
    "of_secret", ["http://sso.example.com", "ftp://sso.example.com", "sso.example.com"]
)
def test_the_secret_names_no_host_in_clear(of_secret: str) -> None:
    """A credential crosses no network unencrypted."""
    with pytest.raises(Refused, match="no https address"):
        LoginUrl("https://login.salesforce.com", SALESFORCE_HOSTS).sign_in_at(of_secret)


@pytest.mark.parametrize(
    ("answered", "of_secret"),
    [
        ("https://acme.my.salesforce.com", ""),
        ("https://acme.my.salesforce.com", "https://sso.example.com"),
        ("https://sso.example.com", "https://sso.example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_answer_to_a_sign_in_leads_to_salesforce_or_back(answered: str, of_secret: str) -> None:
    """To one of its hosts, or to where the sign-in was."""
    assert (
        LoginUrl("https://login.salesforce.com", SALESFORCE_HOSTS).instance_at(answered, of_secret)
        == answered
    )


@pytest.mark.parametrize(
    ("answered", "of_secret"),
    [
        ("https://evil.example.com", ""),
        ("http://acme.my.salesforce.com", ""),
        ("https://evil.example.com", "https://sso.example.com"),
        ("http://127.0.0.1:9", "http://127.0.0.1:8080"),
    ],
)
def test_the_answer_to_a_sign_in_leads_nowhere_else(answered: str, of_secret: str) -> None:
    """The token that came with it is not sent there."""
    with pytest.raises(Refused, match="leads to"):
        LoginUrl("https://login.salesforce.com", SALESFORCE_HOSTS).instance_at(answered, of_secret)
