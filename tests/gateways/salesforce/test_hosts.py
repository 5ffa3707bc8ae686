"""Where Salesforce credentials are sent: to Salesforce's hosts, to those that the stack's owner
added, and to the host in the secret.
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
    """Production, sandboxes, Government Cloud, and hosts that the stack's owner added."""
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
def test_settings_cannot_name_any_other_host(url: str) -> None:
    """Refused are hosts that only look like one of these, and URLs without encryption, with a user
    or with a port.
    """
    with pytest.raises(Refused, match="no host of Salesforce's") as refusal:
        LoginUrl(url, ADDED).sign_in_at("")
    assert "SalesforceLoginHosts" in refusal.value.hint


@pytest.mark.parametrize(
    "of_secret", ["https://sso.example.com", "http://127.0.0.1:8080", "http://localhost:8080"]
)
def test_the_secret_may_name_any_host(of_secret: str) -> None:
    """Whoever can write the secret has the credentials anyway; without encryption only this machine
    is allowed.
    """
    assert (
        LoginUrl("https://login.salesforce.com", SALESFORCE_HOSTS).sign_in_at(of_secret)
        == of_secret
    )


@pytest.mark.parametrize(
    "of_secret", ["http://sso.example.com", "ftp://sso.example.com", "sso.example.com"]
)
def test_the_secret_cannot_name_an_unencrypted_url(of_secret: str) -> None:
    """A credential is never sent over a network unencrypted."""
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
def test_a_login_leads_to_salesforce_or_to_its_own_host(answered: str, of_secret: str) -> None:
    """The org's URL has one of Salesforce's hosts, or the host of the login."""
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
def test_a_login_cannot_lead_to_another_host(answered: str, of_secret: str) -> None:
    """The token is not sent to any other host."""
    with pytest.raises(Refused, match="leads to"):
        LoginUrl("https://login.salesforce.com", SALESFORCE_HOSTS).instance_at(answered, of_secret)
