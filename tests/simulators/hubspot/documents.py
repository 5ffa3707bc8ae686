"""HubSpot's own API documents as a check of exchanges.

The documents are read from the folder named by HUBSPOT_OPENAPI_DIR or from the reference folder
next to the repository; without them nothing is checked. `DEPARTURES` lists every known difference
of the real API, each with its reason.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from tests.simulators.hubspot.running import Exchange

FOLDER = Path(
    os.environ.get("HUBSPOT_OPENAPI_DIR")
    or Path(__file__).parents[4] / "shared" / "reference" / "hubspot-openapi"
)
HOST = "https://api.hubapi.com"

DOCUMENTS: tuple[tuple[str, str], ...] = (
    (r"/crm/v3/objects/contacts(/|$)", "crm-objects-contacts-v3"),
    (r"/crm/v3/objects/companies(/|$)", "crm-objects-companies-v3"),
    (r"/crm/v3/objects/deals(/|$)", "crm-objects-deals-v3"),
    (r"/crm/v3/objects/emails(/|$)", "crm-engagements-emails-v3"),
    (r"/crm/v4/associations/[^/]+/[^/]+/labels", "crm-associations-schema-v4"),
    (r"/crm/v4/", "crm-associations-v4"),
    (r"/crm/v3/lists", "crm-lists-v3"),
    (r"/crm/v3/owners", "crm-owners-v3"),
    (r"/crm/v3/pipelines", "crm-pipelines-v3"),
    (r"/crm/v3/properties", "crm-properties-v3"),
    (r"/communication-preferences/v3", "communication-preferences-v3"),
    (r"/communication-preferences/v4", "communication-preferences-v4"),
)
"""Path pattern and document; the first match is used."""

DEPARTURES: Mapping[str, str] = {
    "a property without a value is null": "the documents say string, every real answer has null there",
    "an association label is null": "the documents say string, the plain type has no label",
    "a missing record is a page": "the single get of a missing record answers 404 with HTML, not with the Error schema",
    "a 204 has no body": "some documents give it a content type",
    "a response without description": "OpenAPI demands one, the old document of communication preferences has none",
    "errors are JSON": "the documents give them any content type",
    "listing property groups": "the client has it, the copy of the document at hand lacks the path",
    "the subCategory of an error row is a text": "the documents say object, the real rows of missing associations have a text",
    "security is not checked": "the documents name OAuth scopes, a static token has none to show",
    "a path with and without a slash at its end": "the documents list /, the clients send none (owners: the reverse)",
}
"""Where the real API differs from its documents, or the documents from OpenAPI, and why that is
accepted.
"""


UNDOCUMENTED = (("GET", r"/crm/v3/properties/[^/]+/groups$"),)
"""Calls of the client that are in no document at hand."""


def is_there() -> bool:
    """Return whether the documents can be read."""
    return FOLDER.is_dir()


def complaint(exchange: Exchange) -> str | None:
    """Return what is wrong with an exchange by its document, None if nothing is. Raises
    `LookupError` if no document covers the path.
    """
    name = next((name for pattern, name in DOCUMENTS if re.match(pattern, exchange.path)), None)
    if name is None:
        raise LookupError(exchange.path)
    if any(
        exchange.method == method and re.match(pattern, exchange.path)
        for method, pattern in UNDOCUMENTED
    ):
        return None
    if exchange.status == 404 and exchange.headers.get("Content-Type", "").startswith("text/html"):
        return None
    document = _document(name)
    request, response = _as_werkzeug(exchange, document)
    api = _api(name)
    try:
        api.validate_request(WerkzeugOpenAPIRequest(request))
        api.validate_response(WerkzeugOpenAPIRequest(request), WerkzeugOpenAPIResponse(response))
    except Exception as error:  # noqa: BLE001 - openapi-core raises many kinds; any is a complaint
        return f"{exchange.method} {exchange.path} {exchange.status}: {error!r} {error.__cause__!r}"
    return None


def _as_werkzeug(exchange: Exchange, document: Mapping[str, Any]) -> tuple[Request, Response]:
    base = document["servers"][0]["url"].removeprefix(HOST)
    path = exchange.path.rstrip("/")
    path += "/" if path == base and "/" in document["paths"] else ""
    headers = {
        key: value for key, value in exchange.request_headers.items() if key.lower() != "host"
    }
    builder = EnvironBuilder(
        method=exchange.method,
        path=path,
        base_url=HOST,
        query_string=exchange.query,
        headers=headers,
        data=exchange.request_body,
    )
    return Request(builder.get_environ()), Response(
        exchange.body, exchange.status, exchange.headers
    )


@functools.cache
def _api(name: str) -> OpenAPI:
    return OpenAPI.from_dict(_document(name))


@functools.cache
def _document(name: str) -> dict[str, Any]:
    return _relaxed(json.loads((FOLDER / f"{name}.json").read_text()))


def _relaxed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the departures applied."""
    for schema in document["components"]["schemas"].values():
        parts = schema.get("properties", {})
        values = parts.get("properties", {}).get("additionalProperties")
        if isinstance(values, dict):
            values["nullable"] = True
        if "typeId" in parts and "label" in parts:
            parts["label"]["nullable"] = True
    for response in document["components"].get("responses", {}).values():
        _as_json(response)
    document["components"]["schemas"].get("StandardError", {"properties": {}})["properties"].pop(
        "subCategory", None
    )
    document.pop("security", None)
    for path in document["paths"].values():
        for operation in (part for part in path.values() if isinstance(part, dict)):
            operation.pop("security", None)
            for status, response in operation["responses"].items():
                response.setdefault("description", "")
                _as_json(response)
                if status == "204":
                    response.pop("content", None)
    return document


def _as_json(response: dict[str, Any]) -> None:
    if "*/*" in response.get("content", {}):
        response["content"]["application/json"] = response["content"].pop("*/*")
