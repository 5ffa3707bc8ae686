"""Contact roles, record types and stages of opportunities in one Salesforce org, and which
opportunities are in the recycle bin.

Facts: docs/vendors.md#salesforce-objects. Only the UI API has the stages of a record type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crmsync.gateways.salesforce.deletion import delete
from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.objects import opportunity_queries as soql
from crmsync.gateways.salesforce.queries import Query, run
from crmsync.gateways.salesforce.rows import moment
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model import names
from crmsync.model.crm_names import (
    CLOSE_DATE,
    CONTACT_ROLE,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
    STAGE_NAME,
)
from crmsync.model.effects import EndRole
from crmsync.model.kinds.pipelines import OrgStage, RecordType
from crmsync.model.kinds.roles import RelatedOpportunity, Role
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Outcome
from crmsync.ports.deals import RoleStore

_STAGES_OF_TYPE = "ui-api/object-info/Opportunity/picklist-values/{id}/StageName"
_MASTER_LABEL = "Master"


class SalesforceOpportunities:
    """Implements `Opportunities` for one Salesforce org."""

    def __init__(self, session: SalesforceSession, memory: RoleStore) -> None:
        """Call through `session`; roles that are read are stored in `memory`."""
        self._session = session
        self._memory = memory
        self._currencies: bool | None = None

    def roles(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """Roles by their ids, including deleted ones; hundreds per query and five queries per call.
        Raises `SyncError`.

        A role that was deleted by itself is not in the recycle bin [D]; it is read from our memory.
        """
        asked = _by_id(refs)
        found = {
            role.ref: role
            for row in self._rows(soql.roles("Id", asked))
            if (role := _role(row)) is not None
        }
        self._keep(found.values())
        forgotten = [ref for one in asked if (ref := _ref(CONTACT_ROLE, one)) not in found]
        found |= {
            ref: replace(role, is_deleted=True) for ref, role in self._memory.of(forgotten).items()
        }
        return {asked[ref.id]: role for ref, role in found.items()}

    def roles_of(self, opportunities: Iterable[Ref]) -> Mapping[Ref, tuple[Role, ...]]:
        """The roles of each opportunity by id, including the recycle bin. Raises `SyncError`."""
        asked = _by_id(opportunities)
        found: dict[Ref, dict[Ref, Role]] = {}
        for role in map(_role, self._rows(soql.roles("OpportunityId", asked))):
            if role is not None:
                found.setdefault(asked[role.opportunity.id], {})[role.ref] = role
        self._keep(role for roles in found.values() for role in roles.values())
        return {ref: tuple(roles[one] for one in sorted(roles)) for ref, roles in found.items()}

    def remember_roles(self, roles: Iterable[Role]) -> None:
        """Store roles in our memory without reading them. Raises `TryAgain`."""
        self._keep(roles)

    def of_contacts(self, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[RelatedOpportunity, ...]]:
        """The opportunities in which each contact has a role, by id, with the labels of their
        stages. Raises `SyncError`.

        The roles are stored in our memory: each has been counted then, maybe before its own news,
        and if it is deleted its contact must be known.
        """
        asked = _by_id(contacts)
        if not asked:
            return {}
        labels: dict[str, str] = {}
        found: dict[Ref, dict[str, RelatedOpportunity]] = {}
        roles: list[Role | None] = []
        for query, rows in run(self._session, [soql.STAGES, *soql.ties(asked)]):
            if query is soql.STAGES:
                labels = {str(row["ApiName"]): str(row["MasterLabel"]) for row in rows}
                continue
            roles += map(_role, rows)
            for row in rows:
                if row.get(OPPORTUNITY):
                    tie = _tie(row, labels)
                    found.setdefault(asked[full(str(row["ContactId"]))], {})[tie.opportunity] = tie
        self._keep(role for role in roles if role is not None)
        return {ref: tuple(ties[one] for one in sorted(ties)) for ref, ties in found.items()}

    def end_roles(self, effects: Sequence[EndRole]) -> Sequence[Outcome]:
        """Delete roles, 200 per call; a role that does not exist or whose id cannot be one counts
        as deleted.
        """
        return delete(self._session, (effect.ref for effect in effects))

    def of_accounts(self, accounts: Iterable[Ref]) -> Sequence[Ref]:
        """The opportunities of the accounts, by id. Raises `SyncError`."""
        return sorted(
            {_ref(OPPORTUNITY, row["Id"]) for row in self._rows(soql.of_accounts(_by_id(accounts)))}
        )

    def deleted_at(self, opportunities: Iterable[Ref]) -> Mapping[Ref, datetime]:
        """When opportunities in the recycle bin were deleted, which is their last timestamp.

        Raises `SyncError`.
        """
        asked = _by_id(opportunities)
        rows = self._rows(soql.in_bin(asked))
        return {asked[full(str(row["Id"]))]: moment(row["SystemModstamp"]) for row in rows}

    def by_value(self, name: str, values: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """The opportunities that have each value in a text field, by id. Raises `SyncError`."""
        stripped = (value.strip().lower() for value in values if value)
        wanted = list(dict.fromkeys(one for one in stripped if one and one.isprintable()))
        found: dict[str, set[Ref]] = {}
        for row in self._rows(soql.by_value(name, wanted)):
            found.setdefault(str(row.get(name) or "").strip().lower(), set()).add(
                _ref(OPPORTUNITY, row["Id"])
            )
        return {value: tuple(sorted(found[value])) for value in wanted if value in found}

    def has_currencies(self) -> bool:
        """Whether opportunities have a currency of their own; one call the first time. Raises
        `SyncError`.
        """
        if self._currencies is None:
            self._currencies = any(
                row["name"] == "CurrencyIsoCode" for row in self._described()["fields"]
            )
        return self._currencies

    def record_types(self) -> Sequence[RecordType]:
        """The active record types with their stages, by id. If the org has none, or if an
        opportunity has none, the first one is "" (Q-25).

        One call; in an org with record types two more and one per type. Raises `SyncError`.
        """
        types, rows = (rows for _, rows in run(self._session, [soql.TYPES, soql.STAGES]))
        stages = tuple(_stage(row) for row in rows if row.get("IsActive"))
        retired = tuple(_stage(row) for row in rows if not row.get("IsActive"))
        if not types:
            return [RecordType("", _MASTER_LABEL, stages, is_default=True, others=retired)]
        default, available = self._types_of_the_user()
        named = [
            replace(one, is_default=one.id == default, is_available=one.id in available)
            for one in (self._record_type(row, stages, retired) for row in types)
        ]
        if not self._rows([soql.UNTYPED]):
            return named
        is_default = not any(one.is_default for one in named)
        return [
            RecordType("", _MASTER_LABEL, stages, is_default=is_default, others=retired),
            *named,
        ]

    def _record_type(
        self, row: Mapping[str, Any], stages: tuple[OrgStage, ...], retired: tuple[OrgStage, ...]
    ) -> RecordType:
        identifier = full(str(row["Id"]))
        answer = self._session.call("GET", _STAGES_OF_TYPE.format(id=identifier))
        names = {str(one["value"]) for one in answer["values"]}
        own = tuple(stage for stage in stages if stage.name in names)
        others = (*(stage for stage in stages if stage.name not in names), *retired)
        return RecordType(identifier, str(row["Name"]), own, others=others)

    def _types_of_the_user(self) -> tuple[str, frozenset[str]]:
        """The integration user's default record type, or "", and the record types that the user may
        give to an opportunity.
        """
        infos = self._described().get("recordTypeInfos") or ()
        default = next(
            (
                full(str(one["recordTypeId"]))
                for one in infos
                if one.get("defaultRecordTypeMapping")
            ),
            "",
        )
        return default, frozenset(
            full(str(one["recordTypeId"])) for one in infos if one.get("available")
        )

    def _described(self) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self._session.call("GET", f"sobjects/{OPPORTUNITY}/describe")
        return described

    def _keep(self, roles: Iterable[Role]) -> None:
        self._memory.keep([replace(role, key="") for role in roles if not role.is_deleted])

    def _rows(self, queries: Iterable[Query]) -> list[dict[str, Any]]:
        return [row for _, rows in run(self._session, list(queries)) for row in rows]


def _by_id(refs: Iterable[Ref]) -> dict[str, Ref]:
    """Records by their ids of 18 characters, which results have; texts that cannot be an id are
    left out.
    """
    return {full(ref.id): ref for ref in refs if is_id(ref.id)}


def _ref(name: str, identifier: object) -> Ref:
    return Ref(Side.SALESFORCE, name, full(str(identifier)))


def _role(row: Mapping[str, Any]) -> Role | None:
    """The role of a row; None if its contact or its opportunity is missing."""
    if not (row.get("OpportunityId") and row.get("ContactId")):
        return None
    opportunity, contact = (
        _ref(OPPORTUNITY, row["OpportunityId"]),
        _ref(SALESFORCE_CONTACT, row["ContactId"]),
    )
    key = str(row.get(names.SALESFORCE_KEY) or "")
    return Role(
        _ref(CONTACT_ROLE, row["Id"]),
        opportunity,
        contact,
        is_deleted=bool(row.get("IsDeleted")),
        key=key,
    )


def _tie(row: Mapping[str, Any], labels: Mapping[str, str]) -> RelatedOpportunity:
    parent = row[OPPORTUNITY]
    amount, name = parent.get("Amount"), str(parent.get(STAGE_NAME) or "")
    return RelatedOpportunity(
        full(str(row["OpportunityId"])),
        moment(parent["CreatedDate"]),
        date.fromisoformat(parent[CLOSE_DATE]),
        None if amount is None else Decimal(str(amount)),
        labels.get(name, name),
        is_closed=bool(parent.get("IsClosed")),
        is_won=bool(parent.get("IsWon")),
    )


def _stage(row: Mapping[str, Any]) -> OrgStage:
    return OrgStage(
        str(row["ApiName"]),
        str(row["MasterLabel"]),
        float(row.get("DefaultProbability") or 0),
        is_closed=bool(row.get("IsClosed")),
        is_won=bool(row.get("IsWon")),
    )
