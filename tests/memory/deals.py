"""Opportunities and deals in memory, besides their records: record types, contact roles, pipelines,
values by which both are matched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from crmsync.errors import Gone, Refused
from crmsync.model.effects import EndRole
from crmsync.model.kinds.pipelines import (
    CreatePipeline,
    CreateStage,
    DealPipeline,
    DealStage,
    DeleteStage,
    OrgStage,
    PipelineMap,
    PipelineStep,
    RecordType,
    RenamePipeline,
    UpdateStage,
)
from crmsync.model.kinds.roles import RelatedOpportunity, Role
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Outcome, Written
from tests.memory.crm import MemoryCrm

STAGES = (
    OrgStage("Prospecting", "Prospecting", 10),
    OrgStage("Negotiation/Review", "Negotiation/Review", 90),
    OrgStage("Closed Won", "Closed Won", 100, is_closed=True, is_won=True),
    OrgStage("Closed Lost", "Closed Lost", 0, is_closed=True),
)
MASTER = RecordType("", "Master", STAGES, is_default=True)
"""The only record type of an org that has none of its own."""

SALES_PIPELINE = DealPipeline(
    "default",
    "Sales Pipeline",
    (
        DealStage("appointmentscheduled", "Appointment Scheduled", Decimal("0.2")),
        DealStage("qualifiedtobuy", "Qualified To Buy", Decimal("0.4")),
        DealStage("presentationscheduled", "Presentation Scheduled", Decimal("0.6")),
        DealStage("decisionmakerboughtin", "Decision Maker Bought-In", Decimal("0.8")),
        DealStage("contractsent", "Contract Sent", Decimal("0.9")),
        DealStage("closedwon", "Closed Won", Decimal(1)),
        DealStage("closedlost", "Closed Lost", Decimal(0)),
    ),
)
"""The pipeline of a new HubSpot account."""

_OPPORTUNITY, _ROLE = "Opportunity", "OpportunityContactRole"


class MemoryOpportunities:
    """Implements `Opportunities` for the records of `salesforce`; tests may change `types` and
    `currencies`.

    As in Salesforce, a new opportunity gets the default record type, and closed and won follow the
    stage.
    """

    def __init__(self, salesforce: MemoryCrm, types: Iterable[RecordType] = (MASTER,)) -> None:
        """An org with these record types; the type "" has all its stages."""
        self.types = list(types)
        self.currencies = False
        self._crm = salesforce
        self._memory = MemoryRoleStore()
        salesforce.after_write.append(self._follow)
        salesforce.checks.append(self._check)

    def roles(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """See the port."""
        self._crm.calls["roles"] += 1
        wanted, known = list(refs), self._all()
        self._memory.keep(
            known[ref] for ref in wanted if ref in known and not known[ref].is_deleted
        )
        ended = {
            ref: replace(role, is_deleted=True) for ref, role in self._memory.of(wanted).items()
        }
        found = {**ended, **known}
        return {ref: found[ref] for ref in wanted if ref in found}

    def roles_of(self, opportunities: Iterable[Ref]) -> Mapping[Ref, tuple[Role, ...]]:
        """See the port."""
        self._crm.calls["roles"] += 1
        found: dict[Ref, list[Role]] = {}
        for _, role in sorted(self._all().items()):
            found.setdefault(role.opportunity, []).append(role)
        wanted = list(opportunities)
        self._memory.keep(
            role for ref in wanted for role in found.get(ref, ()) if not role.is_deleted
        )
        return {ref: tuple(found[ref]) for ref in wanted if ref in found}

    def remember_roles(self, roles: Iterable[Role]) -> None:
        """See the port."""
        self._memory.keep(roles)

    def of_contacts(self, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[RelatedOpportunity, ...]]:
        """See the port."""
        self._crm.calls["of_contacts"] += 1
        found: dict[Ref, dict[str, RelatedOpportunity]] = {}
        wanted = list(contacts)
        roles = self._all()
        self._memory.keep(
            role for role in roles.values() if role.contact in wanted and not role.is_deleted
        )
        for _, role in sorted(roles.items()):
            if not role.is_deleted and self._crm.is_live(role.opportunity):
                found.setdefault(role.contact, {})[role.opportunity.id] = self._related_opportunity(
                    role.opportunity
                )
        return {
            ref: tuple(one for _, one in sorted(found[ref].items()))
            for ref in wanted
            if ref in found
        }

    def end_roles(self, effects: Sequence[EndRole]) -> Sequence[Outcome]:
        """See the port."""
        self._crm.calls["end_roles"] += 1
        outcomes: list[Outcome] = []
        for effect in effects:
            error = self._crm.refuse({"Id": effect.ref.id})
            if error is None and self._crm.is_live(effect.ref):
                self._crm.delete(effect.ref, ours=True)
            outcomes.append(error or Written(effect.ref, {}))
        return outcomes

    def of_accounts(self, accounts: Iterable[Ref]) -> Sequence[Ref]:
        """See the port."""
        self._crm.calls["of_accounts"] += 1
        ids = {ref.id for ref in accounts}
        return sorted(
            ref
            for ref in self._crm.refs(_OPPORTUNITY)
            if self._crm.fields(ref).get("AccountId") in ids
        )

    def deleted_at(self, opportunities: Iterable[Ref]) -> Mapping[Ref, datetime]:
        """See the port."""
        self._crm.calls["deleted_at"] += 1
        found = {
            ref: self._crm.deleted_time(ref) for ref in opportunities if ref.object == _OPPORTUNITY
        }
        return {ref: at for ref, at in found.items() if at is not None}

    def by_value(self, name: str, values: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """See the port."""
        self._crm.calls["by_value"] += 1
        return _by_value(self._crm, _OPPORTUNITY, name, values)

    def has_currencies(self) -> bool:
        """See the port."""
        return self.currencies

    def record_types(self) -> Sequence[RecordType]:
        """See the port."""
        self._crm.calls["record_types"] += 1
        named = sorted((one for one in self.types if one.id), key=lambda one: one.id)
        untyped = any(
            not self._crm.fields(ref).get("RecordTypeId") for ref in self._crm.refs(_OPPORTUNITY)
        )
        master = replace(self._master(), is_default=not any(one.is_default for one in named))
        return [master, *named] if untyped or not named else named

    def add_role(self, opportunity: Ref, contact: Ref) -> Ref:
        """Give a contact a role, as a person."""
        return self._crm.add(_ROLE, {"OpportunityId": opportunity.id, "ContactId": contact.id})

    def _all(self) -> dict[Ref, Role]:
        """Return every role but those that were deleted by themselves, of which Salesforce keeps
        nothing.
        """
        found = {}
        for ref in self._crm.refs(_ROLE, deleted_too=True):
            if not self._crm.is_live(ref) and self._crm.deleted_with(ref) is None:
                continue
            shown = self._crm.fields(ref, deleted_too=True)
            opportunity = Ref(Side.SALESFORCE, _OPPORTUNITY, str(shown["OpportunityId"]))
            contact = Ref(Side.SALESFORCE, "Contact", str(shown["ContactId"]))
            key = str(shown.get(SALESFORCE_KEY) or "")
            found[ref] = Role(
                ref, opportunity, contact, is_deleted=not self._crm.is_live(ref), key=key
            )
        return found

    def _related_opportunity(self, opportunity: Ref) -> RelatedOpportunity:
        shown = self._crm.fields(opportunity)
        record = self._crm.read([opportunity], {})[opportunity]
        amount = shown.get("Amount")
        stage = self._stage(shown.get("StageName"))
        return RelatedOpportunity(
            opportunity.id,
            record.created_at,
            date.fromisoformat(str(shown["CloseDate"])),
            None if amount is None else Decimal(str(amount)),
            stage.label,
            is_closed=stage.is_closed,
            is_won=stage.is_won,
        )

    def _master(self) -> RecordType:
        return next((one for one in self.types if not one.id), MASTER)

    def _stage(self, name: Value) -> OrgStage:
        stages = [stage for one in (self._master(), *self.types) for stage in one.stages]
        return next(
            (stage for stage in stages if stage.name == name), OrgStage(str(name), str(name))
        )

    def _check(self, ref: Ref | None, name: str, fields: Mapping[str, Value]) -> Gone | None:
        """Refuse a role whose opportunity or contact does not exist."""
        if name != _ROLE or ref is not None:
            return None
        ends = ((_OPPORTUNITY, "OpportunityId"), ("Contact", "ContactId"))
        gone = [
            by
            for kind, by in ends
            if not self._crm.is_live(Ref(Side.SALESFORCE, kind, str(fields.get(by))))
        ]
        return (
            Gone("entity is deleted", code="ENTITY_IS_DELETED", fieldname=gone[0]) if gone else None
        )

    def _follow(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        if ref.object != _OPPORTUNITY:
            return
        shown = self._crm.fields(ref)
        default = next((one.id for one in self.types if one.id and one.is_default), "")
        if "IsClosed" not in shown and not shown.get("RecordTypeId") and default:
            self._crm.fill_in(ref, {"RecordTypeId": default})
        if "StageName" in fields or "IsClosed" not in shown:
            stage = self._stage(shown.get("StageName"))
            self._crm.fill_in(ref, {"IsClosed": stage.is_closed, "IsWon": stage.is_won})


class MemoryRoleStore:
    """Implements `RoleStore`."""

    def __init__(self) -> None:
        """The store is empty."""
        self._roles: dict[Ref, Role] = {}

    def keep(self, roles: Iterable[Role]) -> None:
        """See the port."""
        self._roles.update((role.ref, replace(role, key="")) for role in roles)

    def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """See the port."""
        return {ref: self._roles[ref] for ref in refs if ref in self._roles}


class MemoryDeals:
    """Implements `Deals` for the records of `hubspot`; the account allows `most` pipelines."""

    def __init__(self, hubspot: MemoryCrm, most: int = 100) -> None:
        """The account has HubSpot's own pipeline only."""
        self.most = most
        self.steps: list[PipelineStep] = []
        self._crm = hubspot
        self._next = 740_000
        self._pipelines: dict[str, DealPipeline] = {SALES_PIPELINE.id: SALES_PIPELINE}
        hubspot.checks.append(self._check)

    def pipelines(self) -> Sequence[DealPipeline]:
        """See the port."""
        self._crm.calls["pipelines"] += 1
        return list(self._pipelines.values())

    def apply_step(self, step: PipelineStep) -> None:
        """See the port; `steps` has all steps."""
        self._crm.calls["apply_step"] += 1
        self.steps.append(step)
        if isinstance(step, CreatePipeline):
            if not any(one.label == step.label for one in self._pipelines.values()):
                self.make(step.label, step.stages)
            return
        if step.pipeline not in self._pipelines:
            raise Gone("The pipeline no longer exists in HubSpot.", code="OBJECT_NOT_FOUND")
        pipeline = self._pipelines[step.pipeline]
        if isinstance(step, RenamePipeline):
            self._pipelines[step.pipeline] = replace(pipeline, label=step.label)
        else:
            self._pipelines[step.pipeline] = replace(pipeline, stages=self._stepped(pipeline, step))

    def by_value(self, name: str, values: Iterable[str]) -> Mapping[str, Ref]:
        """See the port."""
        self._crm.calls["by_value"] += 1
        return {
            value: refs[0] for value, refs in _by_value(self._crm, "deal", name, values).items()
        }

    def make(self, label: str, stages: Iterable[DealStage]) -> DealPipeline:
        """Create a pipeline as a person; stages without ids get new ones."""
        if len(self._pipelines) >= self.most:
            raise Refused(
                "HubSpot allows no more pipelines of deals.", code="PIPELINE_LIMIT", hint="LIM-3"
            )
        made = DealPipeline(self._new_id(), label, tuple(self._with_id(stage) for stage in stages))
        self._pipelines[made.id] = made
        return made

    def change(self, pipeline: DealPipeline) -> None:
        """Change a pipeline's name and stages as a person."""
        self._pipelines[pipeline.id] = pipeline

    def drop(self, pipeline: str) -> None:
        """Delete a pipeline as a person."""
        del self._pipelines[pipeline]

    def _stepped(
        self, pipeline: DealPipeline, step: CreateStage | UpdateStage | DeleteStage
    ) -> tuple[DealStage, ...]:
        stages = [stage for stage in pipeline.stages if stage.id != step.stage.id]
        if isinstance(step, DeleteStage):
            users = (self._crm.fields(ref).get("dealstage") for ref in self._crm.refs("deal"))
            if step.stage.id in users:
                raise Refused("Deals are in this stage.", code="STAGE_ID_IN_USE", hint="Move them.")
            return tuple(stages)
        if isinstance(step, UpdateStage) and len(stages) == len(pipeline.stages):
            raise Gone("The stage no longer exists in HubSpot.", code="OBJECT_NOT_FOUND")
        if isinstance(step, CreateStage) and any(one.label == step.stage.label for one in stages):
            return pipeline.stages
        stages.insert(step.order, self._with_id(step.stage))
        return tuple(stages)

    def _check(self, ref: Ref | None, name: str, fields: Mapping[str, Value]) -> Refused | None:
        """Refuse a stage that is not in the deal's pipeline."""
        if name != "deal" or not (fields.get("dealstage") or fields.get("pipeline")):
            return None
        shown = {**(self._crm.fields(ref) if ref else {}), **fields}
        pipeline = self._pipelines.get(str(shown.get("pipeline") or SALES_PIPELINE.id))
        if pipeline is None:
            return Refused(
                "There is no such pipeline.", code="INVALID_PIPELINE", fieldname="pipeline"
            )
        if shown.get("dealstage") not in {stage.id for stage in pipeline.stages}:
            return Refused(
                "The pipeline has no such stage.", code="INVALID_OPTION", fieldname="dealstage"
            )
        return None

    def _with_id(self, stage: DealStage) -> DealStage:
        return stage if stage.id else replace(stage, id=self._new_id())

    def _new_id(self) -> str:
        self._next += 1
        return str(self._next)


class MemoryPipelineMaps:
    """Implements `PipelineMaps`."""

    def __init__(self) -> None:
        """There are no maps."""
        self.kept: dict[str, PipelineMap] = {}

    def load(self, connection: str) -> PipelineMap | None:
        """See the port."""
        return self.kept.get(connection)

    def save(self, connection: str, known: PipelineMap) -> None:
        """See the port."""
        self.kept[connection] = known


def _by_value(
    crm: MemoryCrm, name: str, field: str, values: Iterable[str]
) -> dict[str, tuple[Ref, ...]]:
    found: dict[str, list[Ref]] = {}
    for ref in sorted(crm.refs(name)):
        found.setdefault(str(crm.fields(ref).get(field) or "").strip().lower(), []).append(ref)
    wanted = dict.fromkeys(value.strip().lower() for value in values)
    return {value: tuple(found[value]) for value in wanted if value and value in found}
