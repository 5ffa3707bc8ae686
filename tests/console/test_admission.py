"""Who may sign in with an account, by the claims of the issuer (decision 64)."""

from __future__ import annotations

from typing import Any

import pytest

from crmsync.console.admission import SKEW, AllowedAccounts, fault_of, name_of, refusal_of
from crmsync.model.moments import epoch_seconds
from tests.builders import NOON

NOW = epoch_seconds(NOON)
TOKEN = {"aud": "console", "nonce": "n", "iat": NOW, "exp": NOW + 300}
ADA = {"sub": "00u1", "email": "ada@example.com", "email_verified": True}
DOMAIN = AllowedAccounts(frozenset({"example.com"}), frozenset(), "groups")
GROUP = AllowedAccounts(frozenset(), frozenset({"operators"}), "roles")
BOTH = AllowedAccounts(DOMAIN.domains, GROUP.groups, "roles")
NEITHER = AllowedAccounts(frozenset(), frozenset(), "groups")


@pytest.mark.parametrize(
    ("allowed", "claims", "reason"),
    [
        (DOMAIN, {}, None),
        (DOMAIN, {"email": "Ada@EXAMPLE.com"}, None),
        (DOMAIN, {"email_verified": "true"}, None),
        (DOMAIN, {"email_verified": None, "xms_edov": True}, None),
        (DOMAIN, {"email_verified": False, "xms_edov": True}, "address not verified"),
        (DOMAIN, {"email_verified": "false"}, "address not verified"),
        (DOMAIN, {"email": ["ada@example.com"]}, "address not verified"),
        (DOMAIN, {"email": "ada@sub.example.com"}, "foreign domain"),
        (GROUP, {"roles": ["operators"], "email": None}, None),
        (GROUP, {"roles": "operators"}, None),
        (GROUP, {"roles": ["Operators"]}, "no group"),
        (GROUP, {"roles": [["operators"]]}, "no group"),
        (GROUP, {"roles": {"operators": True}}, "no group"),
        (GROUP, {"groups": ["operators"]}, "no group"),
        (BOTH, {"roles": ["operators"]}, None),
        (BOTH, {}, "no group"),
        (BOTH, {"roles": ["operators"], "email": "ada@example.org"}, "foreign domain"),
        (NEITHER, {}, "nobody may"),
    ],
)
def test_who_may_sign_in(allowed: AllowedAccounts, claims: dict[str, Any], reason: str | None):
    """Each of the two that is given must be met; without either nobody may."""
    found = refusal_of({**ADA, **claims}, allowed)
    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, "ada@example.com"),
        ({"email_verified": False}, "00u1"),
        ({"email": None, "preferred_username": "ada"}, "ada (00u1)"),
        ({"email": "a\u202e\n@example.com"}, "a  @example.com"),
        ({"email": None, "sub": "x" * 500}, "x" * 200),
    ],
)
def test_what_a_person_is_called(claims: dict[str, Any], name: str):
    """By the verified address, else by the id that the issuer gives for ever; on one line."""
    assert name_of({**ADA, **claims}) == name


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"aud": ["console"], "azp": "console"}, None),
        ({"aud": ["console", "other"], "azp": "console"}, None),
        ({"aud": ["console", "other"]}, "wrong party"),
        ({"azp": "other"}, "wrong party"),
        ({"nonce": "other"}, "wrong nonce"),
        ({"nonce": None}, "wrong nonce"),
        ({"exp": NOW - SKEW + 1}, None),
        ({"exp": NOW - SKEW}, "expired"),
        ({"iat": NOW + SKEW}, None),
        ({"iat": NOW + SKEW + 1}, "clock"),
        ({"nbf": NOW + SKEW + 1}, "clock"),
        ({"exp": None}, "no times"),
        ({"exp": True}, "no times"),
        ({"exp": float("nan")}, "no times"),
        ({"iat": "now"}, "no times"),
    ],
)
def test_which_token_counts(changes: dict[str, Any], reason: str | None):
    """One for this sign-in and this client, of this time, give or take two minutes."""
    found = fault_of({**TOKEN, **changes}, client="console", nonce="n", now=NOON)
    assert (found.reason if found else None) == reason
