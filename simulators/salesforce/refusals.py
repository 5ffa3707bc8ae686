"""How the org refuses.

Law: one exception for every refusal, and one table that gives each error code its HTTP status; no
other module names a status for an error. A single call answers ``errorCode``, a row of a
Collections call ``statusCode`` with the same text [S].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "INVALID_SESSION_ID": 401,
        "REQUEST_LIMIT_EXCEEDED": 403,
        "API_DISABLED_FOR_ORG": 403,
        "INSUFFICIENT_ACCESS": 403,
        "NOT_FOUND": 404,
        "ENTITY_IS_DELETED": 404,
        "METHOD_NOT_ALLOWED": 405,
        "UNSUPPORTED_API_VERSION": 410,
        "PRECONDITION_FAILED": 412,
        "URI_TOO_LONG": 414,
        "UNKNOWN_EXCEPTION": 500,
        "SERVER_UNAVAILABLE": 503,
    }
)
"""Codes whose HTTP status is not 400."""


class RefusalError(Exception):
    """The org refuses: an error code, a message for people, and the fields concerned."""

    def __init__(
        self, code: str, message: str, fields: Sequence[str] | None = None, **details: Any
    ) -> None:
        """Keep the code, the message and the fields; `details` are added to the answer of a single
        call unchanged.
        """
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.details = details

    @property
    def status(self) -> int:
        """The HTTP status of a refused single call."""
        return STATUS.get(self.code, 400)

    def answer(self) -> list[dict[str, Any]]:
        """Return the body of a refused single call."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return [body | self.details]

    def row(self) -> dict[str, Any]:
        """Return the result row of a Collections call whose record is refused."""
        error = {
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields or ()),
        }
        return {"success": False, "errors": [error]}


def no_such_column(field: str, sobject: str) -> RefusalError:
    """Return the refusal of a field that does not exist or is hidden from the user [S]."""
    return RefusalError("INVALID_FIELD", f"No such column '{field}' on sobject of type {sobject}")


def no_such_resource() -> RefusalError:
    """Return the refusal of a path that leads nowhere."""
    return RefusalError("NOT_FOUND", "The requested resource does not exist")


def malformed_id(text: str) -> RefusalError:
    """Return the refusal of a text that cannot be an id."""
    return RefusalError("MALFORMED_ID", f"malformed id {text}", [])


def bad_json(message: str) -> RefusalError:
    """Return the refusal of a body that the resource cannot read."""
    return RefusalError("JSON_PARSER_ERROR", message)
