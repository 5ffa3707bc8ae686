"""The codes of what crmsync itself finds wrong, without a CRM's refusal. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.errors import Refused, TryAgain
from crmsync.model.effects import Category
from crmsync.rules.refusals.refusal import Fixer, Refusal


def _finding(category: Category, cause: str, who: Fixer, hint: str) -> Refusal:
    """It stays until somebody does something."""
    return Refusal(Refused, category, cause, who, hint)


def _later(cause: str, wait: float) -> Refusal:
    """It passes by itself."""
    return Refusal(TryAgain, Category.UNAVAILABLE, cause, Fixer.NOBODY, "", wait)


FINDINGS: Mapping[str, Refusal] = MappingProxyType(
    {
        # HubSpot
        "ASSOCIATION_LIMIT": _finding(
            Category.ASSOCIATIONS,
            "The record has as many associations as HubSpot allows.",
            Fixer.HUBSPOT_ADMIN,
            "Remove or move associations of the record in HubSpot, or raise the limit in HubSpot's "
            "settings (ERR-2).",
        ),
        "STILL_SUBSCRIBED": _finding(
            Category.VALIDATION,
            "HubSpot accepted an opt-out and left some subscriptions on.",
            Fixer.HUBSPOT_ADMIN,
            "Unsubscribe the contact by hand in HubSpot, from every brand, and look at who may "
            "change its subscriptions.",
        ),
        "LIST_NOT_FOUND": _finding(
            Category.VALIDATION,
            "HubSpot does not have the inclusion list.",
            Fixer.OPERATOR,
            "Name a list that exists as contacts.inclusion_list in the settings (SET-9).",
        ),
        "API_VERSION": _finding(
            Category.VALIDATION,
            "The secret's api_version is neither a date nor v3.",
            Fixer.OPERATOR,
            "Correct api_version in the connection's HubSpot secret, or take it out.",
        ),
        # the connection
        "SECRET": _finding(
            Category.PERMISSIONS,
            "A secret is missing or lacks a part.",
            Fixer.OPERATOR,
            "Store the secret again.",
        ),
        "LOGIN_HOST": _finding(
            Category.VALIDATION,
            "The secret names a login address that is not Salesforce's.",
            Fixer.OPERATOR,
            "Store Salesforce's login address in the secret.",
        ),
        "NEEDED_FIELD": _finding(
            Category.PERMISSIONS,
            "A side does not have, or no longer shows, a field that crmsync needs.",
            Fixer.OPERATOR,
            "Run crmsync check, then crmsync setup --apply.",
        ),
        # our own stores
        "CLAIMED": _later("Another HubSpot account is creating a record with this address.", 5),
        "BUSY": _later("Several workers count changes at once.", 5),
        "LINK_KEY": _later("A link was stored with a key that is too new.", 5),
    }
)
