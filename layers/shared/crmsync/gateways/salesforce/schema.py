"""The schema of a Salesforce org: our own fields, the permission set and its assignment, read and
created; the org itself; the fields of an object.

Fields are created with the Tooling API, permissions are ordinary records
(docs/vendors.md#salesforce-rows; ObjectPermissions in the Object Reference). Fields are also read
with the Tooling API, as describe does not return a field that nobody may access yet. Only the
operator's command uses this module, never a sync.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias
from urllib.parse import quote

from crmsync.errors import Refused, SyncError
from crmsync.gateways.aws.secrets import Secret
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.describe import field_of
from crmsync.gateways.salesforce.errors import set_up_error
from crmsync.gateways.salesforce.hosts import LoginUrl
from crmsync.gateways.salesforce.relay import creation_of, inspect_relay
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import API_VERSION, Login, RefusedCall, SalesforceSession
from crmsync.model.kinds.activities import TaskStatus
from crmsync.model.schema import SalesforceField
from crmsync.rules.settings.licences import Licences, needs_api_integration
from crmsync.rules.settings.prerequisites import Org
from crmsync.rules.settings.relay_parts import RelayPart
from crmsync.rules.settings.set_up_parts import (
    Assignment,
    CountField,
    FieldAccess,
    KeyField,
    ObjectAccess,
    ObjectReading,
    Part,
    PermissionSet,
    TextField,
)

_FIELDS = (
    "SELECT Id, TableEnumOrId, DeveloperName FROM CustomField"
    " WHERE DeveloperName IN {names} AND TableEnumOrId IN {objects}"
)
_SETS = "SELECT Id, Name FROM PermissionSet WHERE Name IN {names}"
_ACCESS = "SELECT ParentId, Field, PermissionsEdit FROM FieldPermissions WHERE ParentId IN {sets}"
_OBJECTS = (
    "SELECT Id, ParentId, SobjectType, PermissionsCreate, PermissionsEdit,"
    " PermissionsModifyAllRecords, PermissionsViewAllRecords"
    " FROM ObjectPermissions WHERE ParentId IN {sets}"
)
_ASSIGNED = (
    "SELECT PermissionSetId FROM PermissionSetAssignment"
    " WHERE AssigneeId = {user} AND PermissionSetId IN {sets}"
)
_LICENCE = "SELECT Profile.UserLicense.Name FROM User WHERE Id = {user}"
_LICENCES = (
    "SELECT PermissionSetLicense.MasterLabel FROM PermissionSetLicenseAssign"
    " WHERE AssigneeId = {user}"
)
_LICENCE_CALLED = "SELECT Id FROM PermissionSetLicense WHERE MasterLabel = {label}"
_OTHER_ORG = "The administrator's secret leads to another org than the connection's."
_STATUSES = "SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder"
_ORGANIZATION = "SELECT Id, Name, OrganizationType, IsSandbox FROM Organization"

OwnField: TypeAlias = KeyField | TextField | CountField
Granted: TypeAlias = ObjectAccess | ObjectReading | FieldAccess | Assignment
"""What a permission set grants."""

_EXISTS = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})
_BAD_REQUEST = frozenset({400})
_SUFFIX = "__c"
_PLAIN = (
    "a field like any other, as Salesforce will not have an external id there; "
    "what it is for works all the same"
)
_READ_ONLY = "allows reading only: allow editing in the permission set"
_TOO_LITTLE = "is not Create and Modify All: allow both in the permission set (PERM-1)"
_NOT_ALL = "is not View All: allow it in the permission set (PERM-1)"
_READING = ("Read", "ViewAllRecords")
_RIGHTS = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
"""Modify All requires all the others but Create. It allows editing records of any owner; we never
delete a record of these objects.
"""


class SalesforceSchema:
    """Implements `Schema` for one Salesforce org."""

    def __init__(
        self,
        login_url: str | LoginUrl,
        secret: Secret,
        *,
        now: Callable[[], float],
        version: str = API_VERSION,
        retry_policy: RetryPolicy | None = None,
        administrator: Secret | None = None,
    ) -> None:
        """Log in at `login_url` with `secret`; `now` gives seconds since the epoch.

        With an `administrator`'s secret, that user reads and creates the parts of set-up; the
        integration user is only asked for its identity and its visible fields.
        """
        self._user = SalesforceSession(
            Login(login_url, secret, now=now), version=version, retry_policy=retry_policy
        )
        self._session = self._user
        if administrator is not None:
            login = Login(login_url, administrator, now=now, takes_tokens=True)
            self._session = SalesforceSession(login, version=version, retry_policy=retry_policy)

    def org(self) -> Org:
        """The org. Raises `SyncError`; `Refused` if the administrator's secret is for another
        org.
        """
        row = _ask(self._user, _ORGANIZATION)[0]
        if self._session is not self._user and self._query(_ORGANIZATION)[0]["Id"] != row["Id"]:
            raise Refused(
                _OTHER_ORG,
                code="SECRET",
                hint="Store the credentials of an administrator of this org.",
            )
        return Org(row["Id"], row["Name"], row["OrganizationType"], bool(row["IsSandbox"]))

    def licences(self) -> Licences:
        """The licences of the integration user; those for permission sets are only read if they
        matter. Raises `SyncError`.
        """
        user = self._user.identity().user_id
        profile = self._query(format_soql(_LICENCE, user=user))[0].get("Profile") or {}
        licences = Licences(str((profile.get("UserLicense") or {}).get("Name") or ""))
        if not needs_api_integration(licences):
            return licences
        rows = self._query(format_soql(_LICENCES, user=user))
        return replace(
            licences,
            for_permission_sets=frozenset(
                str(row["PermissionSetLicense"]["MasterLabel"]) for row in rows
            ),
        )

    def give_licence(self, label: str) -> None:
        """Assign a permission set licence to the integration user. Raises `SyncError`; `Refused` if
        the org has none with that label.
        """
        rows = self._query(format_soql(_LICENCE_CALLED, label=label))
        if not rows:
            raise Refused(f"This org has no permission set licence {label}.", code="LICENSE")
        row = {"AssigneeId": self._user.identity().user_id, "PermissionSetLicenseId": rows[0]["Id"]}
        if refused := self._post("POST", "sobjects/PermissionSetLicenseAssign", row):
            raise refused

    def fields(self, name: str) -> Sequence[SalesforceField]:
        """The fields of an object ("Lead") that the integration user sees. Raises `SyncError`."""
        rows = self._user.call("GET", f"sobjects/{name}/describe")["fields"]
        return [field_of(row) for row in rows]

    def task_statuses(self) -> Sequence[TaskStatus]:
        """The statuses of tasks, in the order of the picklist. Raises `SyncError`."""
        return [
            TaskStatus(str(row["ApiName"]), bool(row["IsClosed"]), bool(row["IsDefault"]))
            for row in _ask(self._user, _STATUSES)
        ]

    def inspect(self, parts: Sequence[Part]) -> Mapping[Part, str]:
        """The parts that exist, each with what is wrong with it ("" = nothing). Raises
        `SyncError`.
        """
        found: dict[Part, str] = dict(
            self._fields([part for part in parts if isinstance(part, OwnField)])
        )
        found |= dict(
            inspect_relay([part for part in parts if isinstance(part, RelayPart)], self._query)
        )
        sets = self._set_ids(parts)
        found |= {
            part: "" for part in parts if isinstance(part, PermissionSet) and part.name in sets
        }
        if sets:
            access, given, objects = self._access(sets), self._given(sets), self._objects(sets)
            for part in parts:
                if isinstance(part, ObjectAccess | ObjectReading):
                    granted = objects.get((part.permission_set, part.object))
                    if _exists(part, granted):
                        found[part] = _objection(part, granted)
                if (
                    isinstance(part, FieldAccess)
                    and (part.permission_set, f"{part.object}.{part.field}") in access
                ):
                    found[part] = access[part.permission_set, f"{part.object}.{part.field}"]
                if isinstance(part, Assignment) and part.permission_set in given:
                    found[part] = ""
        return found

    def make(self, part: Part) -> str:
        """Create a part; one that somebody created meanwhile counts as done. Returns a remark if a
        field could not become an external id, else "". Raises `SyncError`.
        """
        path, row = self._creation(part)
        method = "POST"
        if isinstance(part, ObjectAccess) and (
            granted := self._objects(self._set_ids([part])).get((part.permission_set, part.object))
        ):
            # Accounts were not synced so far, so the set only allows reading them.
            method, path = "PATCH", f"{path}/{granted['Id']}"
            row = {
                name: value
                for name, value in row.items()
                if name not in {"ParentId", "SobjectType"}
            }
        refused = self._post(method, path, row)
        if refused and isinstance(part, KeyField) and part.can_be_plain:
            plain = {
                name: value
                for name, value in row["Metadata"].items()
                if name not in {"externalId", "unique"}
            }
            if self._post(method, path, {**row, "Metadata": plain}) is None:
                return f"{_PLAIN} ({refused.text})"
        if refused:
            raise refused
        return ""

    def _post(self, method: str, path: str, row: Mapping[str, Any]) -> SyncError | None:
        """Create or update a row. Returns the refusal, if any, unless the row already exists."""
        answer = self._session.call(method, path, body=row, writes=True, see=_BAD_REQUEST)
        error = (
            set_up_error(answer.status, answer.content) if isinstance(answer, RefusedCall) else None
        )
        return None if error is None or error.code in _EXISTS else error

    def _creation(self, part: Part) -> tuple[str, dict[str, Any]]:
        """The resource and the row that create a part."""
        if isinstance(part, OwnField):
            return "tooling/sobjects/CustomField", {
                "FullName": f"{part.object}.{part.name}",
                "Metadata": _metadata(part),
            }
        if isinstance(part, RelayPart):
            return creation_of(part)
        if isinstance(part, PermissionSet):
            row: dict[str, Any] = {
                "Name": part.name,
                "Label": part.label,
                "Description": part.description,
            }
            return "sobjects/PermissionSet", row
        if isinstance(part, ObjectAccess | ObjectReading):
            rights = {
                f"Permissions{right}": True
                for right in (_RIGHTS if isinstance(part, ObjectAccess) else _READING)
            }
            return "sobjects/ObjectPermissions", {
                "ParentId": self._set_id(part),
                "SobjectType": part.object,
                **rights,
            }
        if isinstance(part, FieldAccess):
            return "sobjects/FieldPermissions", {
                "ParentId": self._set_id(part),
                "SobjectType": part.object,
                "Field": f"{part.object}.{part.field}",
                "PermissionsRead": True,
                "PermissionsEdit": True,
            }
        if isinstance(part, Assignment):
            row = {
                "PermissionSetId": self._set_id(part),
                "AssigneeId": self._user.identity().user_id,
            }
            return "sobjects/PermissionSetAssignment", row
        msg = f"{part} is not Salesforce's"
        raise TypeError(msg)

    def _fields(self, wanted: Sequence[OwnField]) -> Iterator[tuple[Part, str]]:
        if not wanted:
            return
        names = sorted({part.name.removesuffix(_SUFFIX) for part in wanted})
        soql = format_soql(_FIELDS, names=names, objects=sorted({part.object for part in wanted}))
        ids = {
            (row["TableEnumOrId"], f"{row['DeveloperName']}{_SUFFIX}"): row["Id"]
            for row in self._query(soql, "tooling/")
        }
        for part in wanted:
            if (part.object, part.name) in ids:
                row = self._session.call(
                    "GET", f"tooling/sobjects/CustomField/{ids[part.object, part.name]}"
                )
                yield part, _difference(part, row["Metadata"])

    def _set_ids(self, parts: Sequence[Part]) -> Mapping[str, str]:
        """Name -> id of the existing permission sets that the parts refer to."""
        names = {part.name for part in parts if isinstance(part, PermissionSet)}
        names |= {part.permission_set for part in parts if isinstance(part, Granted)}
        rows = self._query(format_soql(_SETS, names=sorted(names))) if names else ()
        return {row["Name"]: row["Id"] for row in rows}

    def _set_id(self, part: Granted) -> str:
        found = self._set_ids([part])
        if part.permission_set not in found:
            hint = "Make the permission set first."
            raise Refused(
                f"There is no permission set {part.permission_set}.",
                code="PERMISSION_SET",
                hint=hint,
            )
        return found[part.permission_set]

    def _access(self, sets: Mapping[str, str]) -> Mapping[tuple[str, str], str]:
        """Permission set and ``Object.Field`` of each granted field, with what is wrong with it."""
        names = {identifier: name for name, identifier in sets.items()}
        rows = self._query(format_soql(_ACCESS, sets=sorted(names)))
        return {
            (names[row["ParentId"]], row["Field"]): "" if row["PermissionsEdit"] else _READ_ONLY
            for row in rows
        }

    def _objects(self, sets: Mapping[str, str]) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """Permission set and object -> the rights that it grants."""
        names = {identifier: name for name, identifier in sets.items()}
        rows = self._query(format_soql(_OBJECTS, sets=sorted(names))) if names else ()
        return {(names[row["ParentId"]], row["SobjectType"]): row for row in rows}

    def _given(self, sets: Mapping[str, str]) -> frozenset[str]:
        names = {identifier: name for name, identifier in sets.items()}
        soql = format_soql(_ASSIGNED, user=self._user.identity().user_id, sets=sorted(names))
        return frozenset(names[row["PermissionSetId"]] for row in self._query(soql))

    def _query(self, soql: str, api: str = "") -> list[dict[str, Any]]:
        return _ask(self._session, soql, api)


def _ask(session: SalesforceSession, soql: str, api: str = "") -> list[dict[str, Any]]:
    """The rows of a short query; set-up only reads a few."""
    answer = session.call("GET", f"{api}query/?q={quote(soql, safe='')}")
    return list(answer["records"])


def _exists(part: ObjectAccess | ObjectReading, granted: Mapping[str, Any] | None) -> bool:
    """Whether the right exists, even if it is too small. A right to read only was created by set-up
    before the object was synced; it does not count, as it is to be extended.
    """
    if granted is None:
        return False
    is_reading = not granted["PermissionsCreate"] and not granted["PermissionsEdit"]
    return isinstance(part, ObjectReading) or not (
        is_reading and granted["PermissionsViewAllRecords"]
    )


def _objection(part: ObjectAccess | ObjectReading, granted: Mapping[str, Any] | None) -> str:
    rights = granted or {}
    if isinstance(part, ObjectReading):
        return "" if rights["PermissionsViewAllRecords"] else _NOT_ALL
    is_enough = rights["PermissionsCreate"] and rights["PermissionsModifyAllRecords"]
    return "" if is_enough else _TOO_LITTLE


def _metadata(part: OwnField) -> dict[str, Any]:
    common: dict[str, Any] = {
        "label": part.label,
        "description": part.description,
        "required": False,
    }
    if isinstance(part, CountField):
        return {**common, "type": "Number", "precision": part.digits, "scale": 0}
    if isinstance(part, TextField):
        return {**common, "type": "Text", "length": part.length}
    # Only unique fields have a setting for case.
    unique = {"unique": True, "caseSensitive": False} if part.unique else {"unique": False}
    return {**common, "type": "Text", "length": part.length, "externalId": True, **unique}


def _difference(part: OwnField, metadata: Mapping[str, Any]) -> str:
    """Why we cannot use the field, or ""; its label and length may differ."""
    wanted = "Number" if isinstance(part, CountField) else "Text"
    if metadata.get("type") != wanted:
        return (
            f"is of type {metadata.get('type')}, must be {wanted}: "
            "remove it in Salesforce and run this again"
        )
    if isinstance(part, CountField | TextField) or part.can_be_plain:
        return ""
    demands = (("an external id", "externalId", True), ("unique", "unique", part.unique))
    missing = [word for word, key, demanded in demands if demanded and not metadata.get(key)]
    if not missing:
        return ""
    return f"must be {' and '.join(missing)}: set that in Salesforce's Object Manager"
