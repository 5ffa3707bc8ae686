"""Which HubSpot API version is spoken, and where its paths are. The only module that knows.

The official client speaks /crm/v3 and v4, whose support ends in September and on 30 March 2027.
HubSpot's date-based versions have the same bodies under other paths, so `DEFAULT` is reached by
rewriting the path of each call just before it is sent, which the client allows through its
``api_factory``. Another version is one word in the connection's secret (decision 14). Facts:
docs/vendors.md#hubspot-client.

No path of OAuth v1 (off from 16 February 2027) or of the pipelines API v1 (off from 4 December
2026) is ever called; a test holds to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from crmsync.errors import Refused
from crmsync.model.crm_names import COMPANY, DEAL, HUBSPOT_CONTACT

CLIENT_PATHS = ""
"""The version that keeps the client's own /v3 and /v4 paths."""

DEFAULT = "2026-03"
"""What is spoken unless the secret's ``api_version`` says otherwise: each endpoint that we call is
in HubSpot's index. From 2026-09 on HubSpot enforces an administrator's rules on writes, so that one
is for accounts that want these.
"""

OLD_PATHS = "v3"
"""The word for `CLIENT_PATHS` in a secret."""

_DATE = re.compile(r"\d{4}-\d{2}")

TIMEOUT = (3.05, 30.0)
"""Seconds to connect and to wait for an answer; the client itself would wait for ever."""

UNSUBSCRIBE = "/communication-preferences/v4/statuses/{email}/unsubscribe-all"
UNSUBSCRIBE_BATCH = "/communication-preferences/v4/statuses/batch/unsubscribe-all"
"""Not in the client, which has communication preferences v3 only."""

MAIL_EVENTS = "/email/public/v1/events"
CAMPAIGN = "/email/public/v1/campaigns/{id}"
"""The e-mail event log: v1, unsupported from September 2027, without a date-based heir so far
(docs/vendors.md#dates-to-know). `MailLog` is the port behind which its heir will go.
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

PLURALS = {HUBSPOT_CONTACT: "contacts", COMPANY: "companies", DEAL: "deals"}
"""Our object names -> the names in paths; other objects (custom ones, ids such as 0-1) go by their
own.
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
    """The version that a secret's ``api_version`` asks for. Raises `Refused` for a word that is
    none.
    """
    if not word:
        return DEFAULT
    if word == OLD_PATHS:
        return CLIENT_PATHS
    if not _DATE.fullmatch(word):
        text = "The secret's api_version is neither a date such as 2026-03 nor v3."
        raise Refused(
            text,
            code="API_VERSION",
            hint="Correct api_version in the connection's HubSpot secret, or take it out.",
        )
    return word


def path_in(version: str, path: str) -> str:
    """The client's `path` as `version` has it: unchanged for `CLIENT_PATHS`, else date-based (and
    without a slash at its end).
    """
    if version == CLIENT_PATHS:
        return path
    for pattern, dated in _DATED:
        moved, count = pattern.subn(dated.format(version=version), path)
        if count:
            return moved.rstrip("/")
    return path


def api_factory(version: str) -> Callable[[Any, str, dict[str, Any]], Any]:
    """A factory for the client's api objects whose calls all have a time limit, the right paths,
    and undecoded answers.

    Undecoded (`_preload_content=False`), because the client's models cost more than the rest of a
    sync together, and drop what they do not know, such as the trace id of a failed row.
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
