"""The HubSpot API version that we use, and its paths. No other module knows them.

The official client uses /crm/v3 and v4, whose support ends in September 2026 and on 30 March 2027.
HubSpot's date-based versions have the same bodies under other paths, so the path of each call is
rewritten just before it is sent, which the client allows through its ``api_factory``. Another
version is set by ``api_version`` in the connection's secret (decision 14). Facts:
docs/vendors.md#hubspot-client.

No path of OAuth v1 (off from 16 February 2027) or of the pipelines API v1 (off from 4 December
2026) is ever called; a test checks this.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from crmsync.errors import Refused
from crmsync.model.crm_names import (
    COMPANY,
    DEAL,
    HUBSPOT_CALL,
    HUBSPOT_CONTACT,
    HUBSPOT_MAIL,
    HUBSPOT_MEETING,
    HUBSPOT_NOTE,
    HUBSPOT_TASK,
)
from crmsync.rules.refusals.table import hint_of

CLIENT_PATHS = ""
"""The version that keeps the client's own /v3 and /v4 paths."""

DEFAULT = "2026-03"
"""The version unless the secret's ``api_version`` names another one; it has every endpoint that we
call. From 2026-09 on HubSpot applies an administrator's validation rules to writes, so that version
is for accounts that want them.
"""

OLD_PATHS = "v3"
"""The name of `CLIENT_PATHS` in a secret."""

_DATE = re.compile(r"\d{4}-\d{2}")

TIMEOUT = (3.05, 30.0)
"""Seconds to connect and to wait for a response; the client itself would wait for ever."""

UNSUBSCRIBE = "/communication-preferences/v4/statuses/{email}/unsubscribe-all"
UNSUBSCRIBE_BATCH = "/communication-preferences/v4/statuses/batch/unsubscribe-all"
"""Not in the client, which only has communication preferences v3."""

MAIL_EVENTS = "/email/public/v1/events"
CAMPAIGN = "/email/public/v1/campaigns/{id}"
"""The e-mail event log: v1, unsupported from September 2027, without a date-based successor so far
(docs/vendors.md#dates-to-know). Its successor will implement the port `MailLog`, too.
"""

MEMBERSHIPS_BATCH = "/crm/lists/2026-03/records/memberships/batch/read"
"""Only date-based versions have it."""

ASSOCIATIONS_BATCH = "/crm/v4/associations/{from}/{to}/batch/{verb}"
"""`verb` is read, create or archive."""

PIPELINE_LIMITS = "/crm/v3/limits/pipelines"
PIPELINES = "/crm/v3/pipelines/{object}"
PIPELINE = "/crm/v3/pipelines/{object}/{id}"
PIPELINE_STAGES = "/crm/v3/pipelines/{object}/{id}/stages"
PIPELINE_STAGE = "/crm/v3/pipelines/{object}/{id}/stages/{stage}"

PLURALS = {
    HUBSPOT_CONTACT: "contacts",
    COMPANY: "companies",
    DEAL: "deals",
    HUBSPOT_CALL: "calls",
    HUBSPOT_MAIL: "emails",
    HUBSPOT_MEETING: "meetings",
    HUBSPOT_NOTE: "notes",
    HUBSPOT_TASK: "tasks",
}
"""Our object names -> the names in paths; other objects (custom ones, ids such as 0-1) keep
theirs.
"""

_DATED = (
    (re.compile(r"^/crm/v[34]/objects/"), "/crm/objects/{version}/"),
    (re.compile(r"^/crm/v4/associations/"), "/crm/associations/{version}/"),
    (
        re.compile(r"^/crm/v3/(properties|pipelines|limits|lists|owners)(?=/|$)"),
        r"/crm/\g<1>/{version}",
    ),
    (re.compile(r"^/crm/lists/\d{4}-\d{2}/"), "/crm/lists/{version}/"),
    (re.compile(r"^/communication-preferences/v[34]/"), "/communication-preferences/{version}/"),
    (re.compile(r"^/account-info/v3/"), "/account-info/{version}/"),
)


def version_of(word: str | None) -> str:
    """The version for a secret's ``api_version``. Raises `Refused` for any other text."""
    if not word:
        return DEFAULT
    if word == OLD_PATHS:
        return CLIENT_PATHS
    if not _DATE.fullmatch(word):
        text = "The secret's api_version is neither a date such as 2026-03 nor v3."
        raise Refused(
            text,
            code="API_VERSION",
            hint=hint_of("API_VERSION"),
        )
    return word


def path_in(version: str, path: str) -> str:
    """The client's `path` in `version`: unchanged for `CLIENT_PATHS`, else date-based and without a
    slash at its end.
    """
    if version == CLIENT_PATHS:
        return path
    for pattern, dated in _DATED:
        moved, count = pattern.subn(dated.format(version=version), path)
        if count:
            return moved.rstrip("/")
    return path


def api_factory(version: str) -> Callable[[Any, str, dict[str, Any]], Any]:
    """A factory for the client's API objects, whose calls have a timeout, the right paths and
    undecoded responses.

    Responses are not decoded (`_preload_content=False`), because the client's models take more time
    than all the rest of a sync and drop what they do not know, such as the trace id of a failed
    row.
    """

    def make(package: Any, name: str, config: dict[str, Any]) -> Any:
        settings = package.Configuration()
        settings.access_token = config["access_token"]
        settings.host = config["host"]
        settings.retries = False  # the client must not repeat calls behind our back
        api = getattr(package, name)(api_client=package.ApiClient(configuration=settings))
        call = api.api_client.call_api

        def call_api(path: str, method: str, *args: Any, **options: Any) -> Any:
            options.update(_request_timeout=TIMEOUT, _preload_content=False)
            return call(path_in(version, path), method, *args, **options)

        api.api_client.call_api = call_api
        return api

    return make
