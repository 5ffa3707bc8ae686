"""What a vendor's refusal means to the operator: the drawer of the error inbox, by the vendor's own
code.

Data first, one question after.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.model.effects import Category

_DRAWERS: Mapping[Category, frozenset[str]] = MappingProxyType(
    {
        Category.DUPLICATES: frozenset(
            {"DUPLICATES_DETECTED", "DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID", "CONFLICT"}
        ),
        Category.ASSOCIATIONS: frozenset({"ASSOCIATION_LIMIT"}),
        Category.PERMISSIONS: frozenset(
            {
                "INSUFFICIENT_ACCESS_OR_READONLY",
                "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
                "INSUFFICIENT_ACCESS",
            }
            | {
                "INVALID_FIELD",
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                "INVALID_TYPE",
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            }
            | {"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "INVALID_SESSION_ID"}
            | {"401", "403", "SECRET", "invalid_grant", "invalid_client", "invalid_client_id"}
            | {
                "MISSING_SCOPES",
                "INVALID_AUTHENTICATION",
                "EXPIRED_AUTHENTICATION",
                "TRANSFER_REQUIRES_READ",
            }
        ),
        Category.UNAVAILABLE: frozenset(
            {"UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "RATE_LIMITS", "SERVER_UNAVAILABLE"}
        ),
    }
)


def category_of(code: str) -> Category:
    """The category under which a refusal is kept; whatever is not named here is about the record's
    own values (ERR-1 to ERR-7).
    """
    return next(
        (category for category, codes in _DRAWERS.items() if code in codes), Category.VALIDATION
    )
