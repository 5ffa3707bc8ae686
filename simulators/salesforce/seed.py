"""The first rows of an org: what an administrator set up thirty days before the connection.

Defaults for what the world does not say are here. The world's records are written through `writes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulators.salesforce.objects.fields import Choice, Row
from simulators.salesforce.org import administration, writes
from simulators.salesforce.org.org import API_INTEGRATION, INTEGRATION, Org
from simulators.salesforce.org.transaction import Actor, Transaction
from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.resources.custom_fields import complete, metadata_of
from simulators.salesforce.times import DAY, full_second
from simulators.world_file import WorldError

World = Mapping[str, Any]
_PSL: Final = "SalesforceAPIIntegrationPsl"  # [M]
DAYS_BEFORE: Final = 30
"""How many days older than the connection the world's records are."""
STAGES: Final = (
    ("Prospecting", 10, "Pipeline"),
    ("Qualification", 10, "Pipeline"),
    ("Needs Analysis", 20, "Pipeline"),
    ("Value Proposition", 50, "Pipeline"),
    ("Id. Decision Makers", 60, "Pipeline"),
    ("Perception Analysis", 70, "Pipeline"),
    ("Proposal/Price Quote", 75, "Pipeline"),
    ("Negotiation/Review", 90, "Pipeline"),
    ("Closed Won", 100, "Closed"),
    ("Closed Lost", 0, "Omitted"),
)
"""The stages of a new org [M]: name, probability, forecast category."""
_NOT_COLUMNS: Final = frozenset({"type", "ref", "SobjectTypes"})
_QUEUED: Final = ("Lead",)


@dataclass(frozen=True, slots=True)
class SeededUsers:
    """The two users of every org here: the product's integration user and a person who works
    in it.
    """

    integration_user_id: str
    integration_username: str
    person_id: str


class Seeder:
    """Writes the first rows of an org, all as the administrator and all thirty days ago."""

    def __init__(self, org: Org, world: World) -> None:
        """Prepare to fill `org`, which has no rows yet."""
        self._org = org
        self._world = world
        self._then = full_second(org.clock.now_ms()) - DAYS_BEFORE * DAY
        self._admin = org.ids.make("005")
        self._integration = ""
        self._known: dict[str, str] = {}
        self._transaction = Transaction(org.store, Actor(self._admin, trusted=True), self._then)

    def run(self) -> SeededUsers:
        """Write everything. Raises `ValueError` for a world that contradicts itself, `WorldError`
        for an impossible record.
        """
        full, free = (
            self._write_unchecked(
                "UserLicense", Name=name, MasterLabel=name, LicenseDefinitionKey=key
            )
            for name, key in (
                ("Salesforce", "SFDC"),
                (INTEGRATION, "PID_INTEGRATION"),
            )  # [M] the second key
        )
        profile = self._write_unchecked(
            "Profile", Name="System Administrator", UserType="Standard", UserLicenseId=full
        )
        standard = self._write_unchecked(
            "Profile", Name="Standard User", UserType="Standard", UserLicenseId=full
        )
        minimum = self._write_unchecked(
            "Profile",
            Name="Minimum Access - API Only Integrations",
            UserType="Standard",
            UserLicenseId=free,
        )
        for owner in (profile, standard, minimum):
            self._write_unchecked(
                "PermissionSet",
                Name=f"X{owner}",
                Label=f"Profile {owner}",
                ProfileId=owner,
                IsOwnedByProfile=True,
                PermissionsApiEnabled=True,
                PermissionsModifyAllData=owner == profile,
            )
        self._organization()
        is_minimum = self._world.get("integration_profile") == "minimum"
        users = self._people(profile, standard, minimum if is_minimum else profile)
        licence = self._write_unchecked(
            "PermissionSetLicense", DeveloperName=_PSL, MasterLabel=API_INTEGRATION, TotalLicenses=5
        )
        self._org.schema.integration_user = users.integration_user_id
        if is_minimum:
            self._org.limited.add(users.integration_user_id)
        if is_minimum and self._world.get("integration_licence", True):
            given = {
                "PermissionSetLicenseId": licence,
                "AssigneeId": users.integration_user_id,
            }
            self._write_unchecked("PermissionSetLicenseAssign", **given)
        if not self._world.get("integration_setup_rights", True):
            self._org.no_setup.add(users.integration_user_id)
        self._integration = users.integration_user_id
        self._custom_fields()
        self._validation_rules()
        self._queues()
        self._stages()
        self._task_settings()
        self._record_types()
        self._assignment()
        self._records(self._world.get("records") or ())
        return users

    def _write_unchecked(self, sobject: str, **values: Any) -> str:
        """Write a row unchecked."""
        prefix = self._org.schema.objects[sobject.lower()].prefix
        row_id = values.pop("Id", None) or self._org.ids.make(prefix)
        fields = self._org.schema.objects[sobject.lower()].fields
        defaults = {field.name: field.default for field in fields if field.default is not None}
        stamps = {
            "CreatedDate": self._then,
            "CreatedById": self._admin,
            "LastModifiedDate": self._then,
            "LastModifiedById": self._admin,
            "SystemModstamp": self._then,
        }
        self._transaction.put(sobject, row_id, defaults | stamps | values | {"Id": row_id})
        return row_id

    def _organization(self) -> None:
        self._org.org_id = self._write_unchecked(
            "Organization",
            Name="Example Organization",
            OrganizationType=self._org.edition,
            IsSandbox=bool(self._world.get("sandbox", False)),
            InstanceName="XX1",
            LanguageLocaleKey="en_US",
            TimeZoneSidKey="GMT",
            DefaultLocaleSidKey="en_US",
        )
        channel = self._org.ids.make("0YL")
        self._org.events.source = f"aws.partner/salesforce.com/{self._org.org_id}/{channel}"

    def _people(self, profile: str, standard: str, integrations: str) -> SeededUsers:
        username = "integration@acme.example.com"
        integration = self._user(
            {"Name": "Integration User", "Email": username}, integrations, None
        )
        self._user(
            {"Name": "Pat Person", "Email": "pat.person@acme.example.com"}, profile, self._admin
        )
        for given in self._world.get("users") or ():
            self._user(given, standard, None)
        return SeededUsers(integration, username, self._admin)

    def _user(self, given: Mapping[str, Any], profile: str, row_id: str | None) -> str:
        first, _, last = str(given["Name"]).rpartition(" ")
        values = {key: value for key, value in given.items() if key not in {"Name", *_NOT_COLUMNS}}
        email = given.get("Email") or f"{last.lower()}@acme.example.com"
        defaults = {
            "FirstName": first or None,
            "LastName": last,
            "Name": given["Name"],
            "Email": email,
            "Username": email,
            "IsActive": True,
            "UserType": "Standard",
            "ProfileId": profile,
            "Alias": last[:8],
            "TimeZoneSidKey": "GMT",
        }
        user_id = self._write_unchecked(
            "User", **(defaults | values | ({} if row_id is None else {"Id": row_id}))
        )
        self._remember(given, user_id)
        return user_id

    def _remember(self, given: Mapping[str, Any], row_id: str) -> None:
        """Remember the id for ``@ref``, which records, users and queues may have."""
        if given.get("ref"):
            self._known[str(given["ref"])] = row_id

    def _custom_fields(self) -> None:
        """Make the administrator's fields known to the Tooling API."""
        for owner, fields in (self._world.get("custom_fields") or {}).items():
            home = self._org.schema.objects[self._org.schema.homes(owner)[0].lower()]
            for field in (
                found
                for described in fields
                if (found := home.field(str(described["name"]))) is not None
            ):
                if not field.custom:
                    continue
                name = field.name.removesuffix("__c")
                metadata = complete(metadata_of(field))
                self._write_unchecked(
                    "CustomField",
                    TableEnumOrId=owner,
                    DeveloperName=name,
                    FullName=f"{owner}.{field.name}",
                    Metadata=metadata,
                )

    def _validation_rules(self) -> None:
        """Make the administrator's rules known to the Tooling API, except the world's rules that
        stand for a trigger.
        """
        for number, given in enumerate(self._world.get("validation_rules") or (), start=1):
            if not given.get("trigger"):
                name = f"Rule_{number}"
                self._write_unchecked(
                    "ValidationRule",
                    ValidationName=name,
                    EntityDefinitionId=given["object"],
                    ErrorMessage=given["message"],
                )

    def _queues(self) -> None:
        for given in self._world.get("queues") or ():
            name = given["Name"]
            values = {key: value for key, value in given.items() if key not in _NOT_COLUMNS}
            queue = self._write_unchecked(
                "Group",
                **({"DeveloperName": str(name).replace(" ", "_")} | values | {"Type": "Queue"}),
            )
            self._remember(given, queue)
            for sobject in given.get("SobjectTypes") or _QUEUED:
                self._write_unchecked("QueueSobject", QueueId=queue, SobjectType=sobject)

    def _stages(self) -> None:
        given: Sequence[Mapping[str, Any]] = self._world.get("stages") or _default_stages()
        for number, stage in enumerate(given, start=1):
            self._write_unchecked("OpportunityStage", **administration.stage_row(stage, number))
        administration.show_stages(self._org)

    def _task_settings(self) -> None:
        """Write what the statuses and priorities of tasks mean; the default comes from the
        picklists [M].
        """
        given = self._world.get("task_statuses") or [
            {
                "ApiName": one.value,
                "IsDefault": one.default,
                "IsClosed": one.value == "Completed",
            }
            for one in self._choices("Status")
        ]
        priorities = [
            {
                "ApiName": one.value,
                "IsDefault": one.default,
                "IsHighPriority": one.value == "High",
            }
            for one in self._choices("Priority")
        ]
        for sobject, rows in (("TaskStatus", given), ("TaskPriority", priorities)):
            for number, row in enumerate(rows, start=1):
                label = {"MasterLabel": row["ApiName"], "SortOrder": number}
                self._write_unchecked(sobject, **(label | dict(row)))
        administration.show_task_statuses(self._org)

    def _choices(self, name: str) -> tuple[Choice, ...]:
        field = self._org.schema.objects["task"].field(name)
        return field.choices if field is not None else ()

    def _record_types(self) -> None:
        for given in self._world.get("opportunity_record_types") or ():
            values = {
                key: value for key, value in given.items() if key not in {"stages", "assigned"}
            }
            type_id = self._write_unchecked("RecordType", **administration.record_type_row(values))
            if not given.get("assigned", True):
                self._org.unassigned_types.setdefault(self._integration, set()).add(type_id)
            administration.set_process(self._org, type_id, given.get("stages"))
        if self._org.schema.person_accounts:
            business = self._write_unchecked(
                "RecordType",
                Name="Business Account",
                DeveloperName="Business_Account",
                SobjectType="Account",
                IsPersonType=False,
            )
            self._write_unchecked(
                "RecordType",
                Name="Person Account",
                DeveloperName="PersonAccount",
                SobjectType="Account",
                IsPersonType=True,
            )
            self._org.default_record_type["Account"] = business

    def _assignment(self) -> None:
        wanted = self._world.get("lead_assignment_owner")
        if not wanted:
            return
        owners = [*self._org.store.tables["User"], *self._org.store.tables["Group"]]
        found = next(
            (row["Id"] for row in owners if wanted in {row.get("Email"), row.get("Name")}), None
        )
        if found is None:
            msg = f"lead_assignment_owner names nobody: {wanted!r}"
            raise ValueError(msg)
        self._org.lead_owner_id = found

    def _records(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Write the world's records; one whose ``@ref`` is unknown waits for it."""
        known = self._known
        waiting = list(records)
        while waiting:
            ready: list[Mapping[str, Any]] = []
            later: list[Mapping[str, Any]] = []
            for record in waiting:
                (ready if _needs(record) <= known.keys() else later).append(record)
            if not ready:
                msg = (
                    "records refer to unknown refs: "
                    f"{sorted(set().union(*map(_needs, waiting)) - known.keys())}"
                )
                raise ValueError(msg)
            for record in ready:
                row_id = self._record(
                    {key: _resolved(value, known) for key, value in record.items()}
                )
                self._remember(record, row_id)
            waiting = later

    def _record(self, record: Mapping[str, Any]) -> str:
        sobject = self._org.schema.get(str(record["type"]))
        if sobject is None:
            msg = f"unknown sObject in records: {record['type']!r}"
            raise ValueError(msg)
        values = {key: value for key, value in record.items() if key not in _NOT_COLUMNS}
        view = self._org.view(self._admin)
        try:
            return writes.create(self._org, self._transaction, view, sobject, values)
        except RefusalError as error:
            msg = f"the record {dict(record)} is refused: {error}"
            raise WorldError(msg) from error


def _default_stages() -> list[Row]:
    return [
        {
            "ApiName": name,
            "DefaultProbability": float(percent),
            "ForecastCategoryName": forecast,
            "IsClosed": name.startswith("Closed"),
            "IsWon": name == "Closed Won",
        }
        for name, percent, forecast in STAGES
    ]


def _needs(record: Mapping[str, Any]) -> set[str]:
    return {
        value[1:]
        for key, value in record.items()
        if key != "ref" and isinstance(value, str) and value.startswith("@")
    }


def _resolved(value: Any, known: Mapping[str, str]) -> Any:
    return (
        known.get(value[1:], value) if isinstance(value, str) and value.startswith("@") else value
    )
