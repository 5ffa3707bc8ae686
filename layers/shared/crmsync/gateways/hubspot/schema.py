"""The schema of a HubSpot account: our own property groups and properties, read and created; all
properties of an object; the account and app of a token.

Properties v3 and account info v3 (docs/vendors.md#hubspot-properties); the call about a token has
no dated version. The operator's command uses all of these, a scheduled function the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmsync.errors import Refused, SyncError
from crmsync.gateways.aws.secrets import Content, Secret, part
from crmsync.gateways.hubspot.client import DETAILS, HubspotClient, Reply
from crmsync.gateways.hubspot.errors import call_error
from crmsync.gateways.hubspot.versions import PLURALS
from crmsync.gateways.retry import RetryPolicy, chunks
from crmsync.model.names import HUBSPOT_GROUP
from crmsync.model.schema import HubspotProperty, Option
from crmsync.rules.settings.scopes import App
from crmsync.rules.settings.set_up_parts import OwnProperty, Part, PropertyGroup

BATCH = 100
NOT_FOUND = frozenset({404})
CONFLICT = frozenset({409})

_WHOSE = "/oauth/v2/private-apps/get/access-token-info"
_GROUPS = "/crm/v3/properties/{object}/groups"
_GROUP = "/crm/v3/properties/{object}/groups/{name}"
_PROPERTIES = "/crm/v3/properties/{object}"
_BATCH_READ = "/crm/v3/properties/{object}/batch/read"


class HubspotSchema:
    """Implements `Schema` for one HubSpot account."""

    def __init__(
        self,
        secret: Secret,
        *,
        version: str | None = None,
        retry_policy: RetryPolicy | None = None,
        check_account: Callable[[str], None] | None = None,
    ) -> None:
        """Use API `version` (None: the secret's, else the default) with the token in `secret`;
        `check_account` is as for `HubspotClient`.
        """
        self._secret = secret
        self._client = HubspotClient(
            secret, version=version, retry_policy=retry_policy, check_account=check_account
        )

    def portal_id(self) -> int:
        """The account that the token belongs to. Raises `SyncError`."""
        return int(self._client.ask("GET", DETAILS).body["portalId"])

    def app(self) -> App:
        """The app that the token belongs to, and its scopes. Raises `SyncError`.

        This is the only call with the token in its body; its header has the token, too.
        """
        secret = self._secret.current()
        reply = self._whose(secret, see=NOT_FOUND)
        if reply.status in NOT_FOUND:
            # The token may just have been rotated: then the header had the new one and the body the
            # old one.
            secret = self._secret.renewed()
            reply = self._whose(secret)
        body = reply.body
        return App(
            str(body["appId"]),
            secret.get("app_id", ""),
            frozenset(map(str, body.get("scopes") or ())),
        )

    def _whose(self, secret: Content, *, see: frozenset[int] = frozenset()) -> Reply:
        return self._client.ask(
            "POST", _WHOSE, body={"tokenKey": part(secret, "access_token", "HubSpot")}, see=see
        )

    def properties(self, name: str) -> Mapping[str, HubspotProperty]:
        """All properties of an object ("contact"), by name, in one call. Raises `SyncError`."""
        reply = self._client.ask("GET", _PROPERTIES, inside={"object": PLURALS[name]})
        return {str(row["name"]): _definition(row) for row in reply.rows}

    def inspect(self, parts: Sequence[Part]) -> Mapping[Part, str]:
        """The parts that exist, each with what is wrong with it ("" = nothing). Raises
        `SyncError`.
        """
        groups = [part for part in parts if isinstance(part, PropertyGroup)]
        properties = [part for part in parts if isinstance(part, OwnProperty)]
        found: dict[Part, str] = {group: "" for group in groups if self._has(group)}
        for name in dict.fromkeys(one.object for one in properties):
            found.update(self._properties(name, [one for one in properties if one.object == name]))
        return found

    def make(self, part: Part) -> str:
        """Create a part; one that somebody created meanwhile counts as done. Raises `SyncError`."""
        if not isinstance(part, PropertyGroup | OwnProperty):
            msg = f"{part} is not HubSpot's"
            raise TypeError(msg)
        inside = {"object": PLURALS[part.object]}
        path, body = (
            (_GROUPS, _group_row(part))
            if isinstance(part, PropertyGroup)
            else (_PROPERTIES, _row(part))
        )
        reply = self._client.ask("POST", path, inside=inside, body=body, see=CONFLICT)
        if reply.status in CONFLICT and part not in self.inspect([part]):
            raise _archived(part, reply)
        return ""

    def _has(self, group: PropertyGroup) -> bool:
        inside = {"object": PLURALS[group.object], "name": group.name}
        return self._client.ask("GET", _GROUP, inside=inside, see=NOT_FOUND).status not in NOT_FOUND

    def _properties(self, name: str, wanted: Sequence[OwnProperty]) -> Mapping[Part, str]:
        rows: dict[str, Mapping[str, Any]] = {}
        for some in chunks([one.name for one in wanted], BATCH):
            body = {"archived": False, "inputs": [{"name": one} for one in some]}
            reply = self._client.ask(
                "POST", _BATCH_READ, inside={"object": PLURALS[name]}, body=body
            )
            rows |= {str(row["name"]): row for row in reply.rows}
        return {one: _difference(one, rows[one.name]) for one in wanted if one.name in rows}


def _definition(row: Mapping[str, Any]) -> HubspotProperty:
    """The property of a row. Hidden options are valid values, too; they are just not offered to
    people.
    """
    marks = row.get("modificationMetadata") or {}
    return HubspotProperty(
        str(row["name"]),
        str(row.get("type") or ""),
        str(row.get("fieldType") or ""),
        tuple(
            Option(str(one["value"]), str(one.get("label") or one["value"]))
            for one in _in_order(row)
        ),
        is_read_only=bool(marks.get("readOnlyValue") or row.get("calculated")),
        refers_to=str(row.get("referencedObjectType") or ""),
        is_unique=bool(row.get("hasUniqueValue")),
    )


def _in_order(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The options in HubSpot's order; those without a display order (-1) come last."""
    options = list(row.get("options") or ())
    return sorted(
        options,
        key=lambda one: order if (order := one.get("displayOrder", -1)) >= 0 else len(options),
    )


def _group_row(group: PropertyGroup) -> dict[str, Any]:
    return {"name": group.name, "label": group.label}


def _row(part: OwnProperty) -> dict[str, Any]:
    return {
        "name": part.name,
        "label": part.label,
        "description": part.description,
        "groupName": HUBSPOT_GROUP,
        "type": part.type,
        "fieldType": part.field_type,
        "hasUniqueValue": part.unique,
        "formField": False,
    }


def _difference(part: OwnProperty, row: Mapping[str, Any]) -> str:
    """Why we cannot use the property, or ""; its label and description may differ."""
    if row.get("type") != part.type:
        return (
            f"is of type {row.get('type')}, must be {part.type}: "
            "remove it in HubSpot and run this again"
        )
    if part.unique and not row.get("hasUniqueValue"):
        return (
            "does not demand unique values, which is said when a property is made: "
            "remove it and run this again"
        )
    return ""


def _archived(part: Part, reply: Reply) -> SyncError:
    error = call_error(reply.status, reply.body)
    return Refused(
        f"{part}: {error.text}",
        code=error.code,
        hint="Restore the archived property of that name in HubSpot.",
    )
