"""One REST call and its reply, as values: no sockets, no WSGI. The API modules read a `Call` and
return a `Reply`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from simulators.salesforce.org.transaction import Actor
from simulators.salesforce.refusals import RefusalError, bad_json

INHERITED: Final = frozenset({"accept", "authorization", "content-type"})
"""The headers that the parts of a composite call have from the call, and may not give [D]."""

_BASE: Final = re.compile(r"/services/data/v(?P<version>\d+\.\d)(?P<path>/.*)?")


@dataclass(frozen=True, slots=True)
class Call:
    """A call below ``/services/data/vXX.X``. `path` is still percent-encoded; header names are in
    lowercase. `rows_beside` are the rows of all collections in the same composite call.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    version: str
    user_id: str
    product: bool = False
    rows_beside: int = 0

    @property
    def base(self) -> str:
        """The beginning of every URL in an answer."""
        return f"/services/data/v{self.version}"

    def json(self) -> Any:
        """Return the body as JSON. Raises `RefusalError` (JSON_PARSER_ERROR)."""
        try:
            return json.loads(self.body or b"null")
        except (ValueError, UnicodeDecodeError):
            raise bad_json(
                "The HTTP entity body is required, but this request has no readable JSON body"
            ) from None

    def record(self) -> dict[str, Any]:
        """Return the body as one JSON object. Raises `RefusalError`."""
        found = self.json()
        if not isinstance(found, dict):
            raise bad_json("The HTTP entity body must be a JSON object")
        return found

    def actor(self) -> Actor:
        """Return the author of this call's writes, with the options of the ``Sforce-*`` headers
        [D].
        """
        client = _options(self.headers.get("sforce-call-options", "")).get("client")
        origin = f"com/salesforce/api/rest/{self.version}" + (f";client={client}" if client else "")
        assign = self.headers.get("sforce-auto-assign", "TRUE").strip().upper() != "FALSE"
        save = (
            _options(self.headers.get("sforce-duplicate-rule-header", ""))
            .get("allowSave", "")
            .lower()
            == "true"
        )
        return Actor(self.user_id, origin, self.product, assign, save)

    def subcall(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> Call:
        """Return a call inside this one (composite), which inherits three of its headers [D].
        Raises `RefusalError` for a URL outside the REST API.
        """
        parts = urlsplit(
            url if url.startswith("/services") else f"/services/data/{url.lstrip('/')}"
        )
        found = _BASE.fullmatch(parts.path)
        if found is None:
            raise RefusalError("NOT_FOUND", "The requested resource does not exist")
        content = b"" if body is None else json.dumps(body).encode()
        return replace(
            self,
            method=method.upper(),
            path=found["path"] or "",
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={
                **{name: value for name, value in self.headers.items() if name in INHERITED},
                **{name.lower(): str(value) for name, value in headers.items()},
            },
            body=content,
            version=found["version"],
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `body` None is an empty one."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def split_base(path: str) -> tuple[str, str] | None:
    """Return the API version and the rest of a path below ``/services/data``, or None."""
    found = _BASE.fullmatch(path)
    return None if found is None else (found["version"], found["path"] or "")


def segment(text: str) -> str:
    """Return a decoded path segment."""
    return unquote(text)


def _options(header: str) -> dict[str, str]:
    """Return ``a=b; c=d`` (or with commas) as a dict."""
    pairs = (part.split("=", 1) for part in re.split(r"[;,]", header) if "=" in part)
    return {name.strip(): value.strip() for name, value in pairs}
