"""What the app was allowed when it was installed: its scopes, and which of them a call needs.

Law: names and their checks only. The scopes of an endpoint are those of HubSpot's OpenAPI documents
[V], and for the mail log those of its page [D]. These documents let associations use any object's
scope, so associations are not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from simulators.hubspot.errors import ApiError
from simulators.hubspot.schema.catalog import BY_NAME, EMAIL, OBJECT_TYPES

EMAIL_CONTENT = "sales-email-read"
"""Opens e-mails by itself, and without it their content is hidden."""

GRANTED = frozenset(
    {
        *(
            f"crm.{what}.{kind.scope}.{verb}"
            for what in ("objects", "schemas")
            for kind in OBJECT_TYPES
            for verb in ("read", "write")
        ),
        "crm.objects.owners.read",
        "crm.lists.read",
        "crm.lists.write",
        "communication_preferences.read_write",
        "communication_preferences.statuses.batch.read",
        "communication_preferences.statuses.batch.write",
        "content",
        "oauth",
        EMAIL_CONTENT,
    }
)
"""Every scope that an endpoint here needs: the scopes of an app whose world file names none."""

_OBJECT = ("crm.objects.{type}.{verb}",)
_SCHEMA = ("crm.schemas.{type}.{verb}",)
_FREE_READS = ("crm.schemas.{type}.read", "crm.objects.{type}.read", "crm.objects.{type}.write")
_STATUS = ("communication_preferences.read_write", "communication_preferences.{verb}")
_BATCH_STATUS = ("communication_preferences.statuses.batch.{verb}",)

_WANTED: tuple[tuple[re.Pattern[str], tuple[str, ...], tuple[str, ...]], ...] = (
    (re.compile(r"/associations(/|$)"), (), ()),
    (
        re.compile(r"/crm/(v\d/objects|objects/[\d-]+)/(?P<type>emails?|0-49)(/|$)"),
        (*_OBJECT, EMAIL_CONTENT),
        (*_OBJECT, EMAIL_CONTENT),
    ),
    (re.compile(r"/crm/(v\d/objects|objects/[\d-]+)/(?P<type>\w[\w-]*)"), _OBJECT, _OBJECT),
    (
        re.compile(r"/crm/(v\d/)?(properties|pipelines)/([\d-]+/)?(?P<type>[a-z0-9][\w-]*)"),
        _FREE_READS,
        _SCHEMA,
    ),
    (re.compile(r"/crm/(v\d/)?lists"), ("crm.lists.read",), ("crm.lists.write",)),
    (re.compile(r"/crm/(v\d/)?owners"), ("crm.objects.owners.read",), ()),
    (re.compile(r"/communication-preferences/.*/statuses/batch/"), _BATCH_STATUS, _BATCH_STATUS),
    (re.compile(r"/communication-preferences/"), _STATUS, _STATUS),
    (re.compile(r"/email/public/v1/"), ("content",), ("content",)),
)
"""The beginning of a path, and the scopes of which its reads and its writes need any one."""


def check(scopes: Iterable[str], path: str, *, reads: bool) -> None:
    """Refuse a call that needs a scope the app does not have: 403 MISSING_SCOPES [S: text and
    shape].
    """
    wanted = _wanted(path, "read" if reads else "write", reads=reads)
    if wanted and not set(wanted) & set(scopes):
        text = (
            "This app hasn't been granted all required scopes to make this call. Read more about "
            "required scopes here: "
            "https://developers.hubspot.com/scopes."
        )
        inner = {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": list(wanted)},
        }
        links = {"links": {"scopes": "https://developers.hubspot.com/scopes"}}
        raise ApiError(403, "MISSING_SCOPES", text, details=[inner], extra=links)


def without_content(body: Any) -> Any:
    """Return an answer about e-mails as an app without `EMAIL_CONTENT` sees it [S, of the older
    engagements API; M here].
    """
    if not isinstance(body, Mapping):
        return body
    shown = dict(body)
    if isinstance(body.get("results"), list):
        shown["results"] = [without_content(row) for row in body["results"]]
    for part in ("properties", "propertiesWithHistory"):
        if isinstance(body.get(part), Mapping):
            shown[part] = {
                name: value if name not in _CONTENT or value is None else _hidden(value)
                for name, value in body[part].items()
            }
    return shown


_CONTENT = frozenset({"hs_email_html", "hs_email_text", "hs_email_subject", "hs_email_headers"})
_SENTENCE = (
    "The content of this email has been redacted. To include it in the response, your app must "
    "require the sales-email-read scope."
)


def _hidden(value: Any) -> Any:
    versions = value if isinstance(value, list) else None
    return _SENTENCE if versions is None else [{**one, "value": _SENTENCE} for one in versions]


def is_about_emails(type_name: str) -> bool:
    """Return whether a path names the e-mails."""
    return BY_NAME.get(type_name.lower()) is EMAIL


def _wanted(path: str, verb: str, *, reads: bool) -> tuple[str, ...]:
    for pattern, reading, writing in _WANTED:
        found = pattern.search(path)
        if found is not None:
            name = found.groupdict().get("type") or ""
            known = BY_NAME[name].scope if name in BY_NAME else name
            return tuple(
                one.format(type=known, verb=verb) for one in (reading if reads else writing)
            )
    return ()
