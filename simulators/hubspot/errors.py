"""What HubSpot answers when it refuses: one exception, and the refusals that several endpoints
share.

Law: texts and categories only; the state decides when to refuse, and no HTTP is here beyond the
status number. Categories and shapes are those of the error envelope
(docs/vendors.md#hubspot-errors); texts tagged [M] are from memory and in our own words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


class ApiError(Exception):
    """A refusal with HubSpot's status, category and message, ready to become an error envelope or a
    row of a 207 answer.
    """

    def __init__(
        self,
        status: int,
        category: str,
        message: str,
        *,
        sub_category: str | None = None,
        details: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, Sequence[str]] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the parts; `details` becomes ``errors``, `extra` is added to the envelope unchanged.

        `headers`, empty at first, are sent with the answer.
        """
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.sub_category = sub_category
        self.details = tuple(dict(detail) for detail in details)
        self.context = {name: list(values) for name, values in (context or {}).items()}
        self.extra = dict(extra or {})
        self.headers: dict[str, str] = {}

    def envelope(self, correlation_id: str) -> dict[str, Any]:
        """Return the body of a refused call; like HubSpot it leaves out what is empty."""
        body: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            "category": self.category,
        }
        if self.sub_category:
            body["subCategory"] = self.sub_category
        if self.details:
            body["errors"] = list(self.details)
        if self.context:
            body["context"] = self.context
        return body | self.extra

    def row(self, **context: Sequence[str]) -> dict[str, Any]:
        """Return the error as one entry of ``errors`` in a 207 answer."""
        merged = self.context | {name: list(values) for name, values in context.items()}
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": merged,
            "links": {},
            "errors": list(self.details),
        }


class MissingPageError(Exception):
    """A 404 that HubSpot answers with an HTML page instead of JSON: an unknown path, or a missing
    record on a single get.
    """


def invalid(message: str, **options: Any) -> ApiError:
    """Return a 400 VALIDATION_ERROR."""
    return ApiError(400, "VALIDATION_ERROR", message, **options)


def not_found(message: str = "resource not found", **options: Any) -> ApiError:
    """Return a 404 OBJECT_NOT_FOUND in JSON, as for a write to a missing record [M]."""
    return ApiError(404, "OBJECT_NOT_FOUND", message, **options)


def conflict(message: str, **options: Any) -> ApiError:
    """Return a 409 CONFLICT."""
    return ApiError(409, "CONFLICT", message, **options)


def invalid_values(problems: Sequence[tuple[str, str, str]]) -> ApiError:
    """Return the 400 for bad property values: `problems` are (property, code, text), all of one
    record; the message holds them as JSON.
    """
    rows = [
        {
            "isValid": False,
            "message": text,
            "error": code,
            "name": name,
            "localizedErrorMessage": text,
        }
        for name, code, text in problems
    ]
    details = [
        {"message": text, "code": code, "context": {"propertyName": [name]}}
        for name, code, text in problems
    ]
    return invalid(
        "Property values were not valid: " + json.dumps(rows, separators=(",", ":")),
        details=details,
    )


def required_missing(label: str, names: Sequence[str]) -> ApiError:
    """Return the 400 for a create without a required property [S, of other objects]."""
    text = f"Error creating {label}. Some required properties were not set."
    return invalid(text, context={"properties": names})


def already_exists(kind: str, record_id: str) -> ApiError:
    """Return the 409 for an e-mail address that another contact has; only the text has the
    id [S].
    """
    return conflict(f"{kind.capitalize()} already exists. Existing ID: {record_id}")


def non_unique(type_id: str) -> ApiError:
    """Return the 400 for an ``idProperty`` that does not name a unique property [S]."""
    return invalid(f"Unable to perform update/upsert by non-unique {type_id} property")
