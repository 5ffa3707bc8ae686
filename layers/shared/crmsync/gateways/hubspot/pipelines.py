"""The deal pipelines of a HubSpot account, read and changed, and deals by a unique property.

Facts: pipelines v3 and batch reads with ``idProperty`` (docs/vendors.md#hubspot-pipelines). Ids of
pipelines and stages are HubSpot's. All calls are safe to repeat: what an earlier call created is
found by its label, which is unique.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from crmsync.errors import Gone, Refused, SyncError
from crmsync.gateways.hubspot.client import HubspotClient, Reply
from crmsync.gateways.hubspot.errors import BAD_REQUEST, call_error
from crmsync.gateways.hubspot.versions import (
    PIPELINE,
    PIPELINE_LIMITS,
    PIPELINE_STAGE,
    PIPELINE_STAGES,
    PIPELINES,
    PLURALS,
)
from crmsync.gateways.retry import chunks
from crmsync.model.crm_names import DEAL
from crmsync.model.kinds.pipelines import (
    CreatePipeline,
    CreateStage,
    DealPipeline,
    DealStage,
    DeleteStage,
    PipelineStep,
    RenamePipeline,
    UpdateStage,
)
from crmsync.model.records import Ref, Side

BATCH = 100

PIPELINE_LIMIT = "PIPELINE_LIMIT"
STAGE_IN_USE = "STAGE_ID_IN_USE"
"""Our codes for an account that has as many pipelines as its tier allows, and for a stage that has
deals.
"""

_LIMIT_HINT = (
    "Delete a pipeline of deals in HubSpot, or move to a HubSpot tier that allows more of them "
    "(LIM-3)."
)
_IN_USE_HINT = "Move the deals of this stage to another one in HubSpot."

_DEAL_TYPE = "0-3"
_SEEN = frozenset({400, 403, 404, 409})
_MISSING = 404
_TAKEN = 409
_CHECKED = {"validateReferencesBeforeDelete": "true", "validateDealStageUsagesBeforeDelete": "true"}


class HubspotPipelines:
    """Implements `Deals` for one HubSpot account."""

    def __init__(self, client: HubspotClient) -> None:
        """Call through `client`."""
        self._client = client

    def pipelines(self) -> Sequence[DealPipeline]:
        """All deal pipelines with their stages, both in HubSpot's order. One call. Raises
        `SyncError`.
        """
        reply = self._client.ask("GET", PIPELINES, inside=_inside())
        return [_pipeline(row) for row in _in_order(reply.rows)]

    def apply_step(self, step: PipelineStep) -> None:
        """Do one step; a step that has been done before has no effect.

        Raises `Refused` with ``PIPELINE_LIMIT`` if HubSpot allows no more pipelines and with
        ``STAGE_ID_IN_USE`` for a stage that has deals, `Gone` if the pipeline or stage no longer
        exists, else `SyncError`.
        """
        match step:
            case CreatePipeline():
                self._make(step)
            case RenamePipeline():
                inside = _inside(id=step.pipeline)
                _done(
                    self._client.ask(
                        "PATCH", PIPELINE, inside=inside, body={"label": step.label}, see=_SEEN
                    )
                )
            case CreateStage():
                self._make_stage(step)
            case UpdateStage():
                inside = _inside(id=step.pipeline, stage=step.stage.id)
                body = _stage_row(step.stage, step.order)
                _done(
                    self._client.ask("PATCH", PIPELINE_STAGE, inside=inside, body=body, see=_SEEN)
                )
            case DeleteStage():
                inside = _inside(id=step.pipeline, stage=step.stage.id)
                reply = self._client.ask(
                    "DELETE", PIPELINE_STAGE, inside=inside, query=_CHECKED, see=_SEEN
                )
                if reply.status != _MISSING:
                    _done(reply)

    def by_value(self, name: str, values: Iterable[str]) -> Mapping[str, Ref]:
        """Deals by a unique property, read from the database and not from the search index, 100
        values per call.

        Raises `Refused` if HubSpot accepts none of the values, mostly because the property is
        missing or not unique, else `SyncError`.
        """
        wanted = dict.fromkeys(value.strip() for value in values if value and value.strip())
        found: dict[str, Ref] = {}
        refused: list[SyncError] = []
        for part in chunks(list(wanted), BATCH):
            for row in self._rows_by_value(name, part, refused):
                value = str((row.get("properties") or {}).get(name) or "").strip().lower()
                found[value] = Ref(Side.HUBSPOT, DEAL, str(row["id"]))
        if refused and len(refused) == len(wanted):
            raise refused[0]
        return {value: found[value] for value in (one.lower() for one in wanted) if value in found}

    def _make(self, step: CreatePipeline) -> None:
        existing = self.pipelines()
        if any(one.label == step.label for one in existing):
            return
        body = {
            "label": step.label,
            "displayOrder": len(existing),
            "stages": [_stage_row(stage, at) for at, stage in enumerate(step.stages)],
        }
        reply = self._client.ask("POST", PIPELINES, inside=_inside(), body=body, see=_SEEN)
        if reply.status == _TAKEN and any(one.label == step.label for one in self.pipelines()):
            return
        if reply.status in _SEEN and self._is_full():
            raise _limit()
        _done(reply)

    def _is_full(self) -> bool:
        """Whether the account has as many deal pipelines as it may have, as far as HubSpot says."""
        reply = self._client.ask("GET", PIPELINE_LIMITS, see=_SEEN)
        rows = reply.body.get("hubspotDefinedObjectTypes") or ()
        mine = [
            row
            for row in rows
            if row.get("objectTypeId") == _DEAL_TYPE and row.get("limit") is not None
        ]
        return any(int(row.get("usage") or 0) >= int(row["limit"]) for row in mine)

    def _make_stage(self, step: CreateStage) -> None:
        if step.stage.label in self._labels(step.pipeline):
            return
        body = _stage_row(step.stage, step.order)
        reply = self._client.ask(
            "POST", PIPELINE_STAGES, inside=_inside(id=step.pipeline), body=body, see=_SEEN
        )
        if reply.status not in {BAD_REQUEST, _TAKEN} or step.stage.label not in self._labels(
            step.pipeline
        ):
            _done(reply)

    def _labels(self, pipeline: str) -> set[str]:
        return {
            stage.label for one in self.pipelines() if one.id == pipeline for stage in one.stages
        }

    def _rows_by_value(
        self, name: str, values: list[str], refused: list[SyncError]
    ) -> list[dict[str, Any]]:
        """The rows with these values. If HubSpot refuses the batch because of one value, the batch
        is halved, so that the others are still found.
        """
        body = {
            "properties": [name],
            "propertiesWithHistory": [],
            "inputs": [{"id": value} for value in values],
            "idProperty": name,
        }
        reply = self._client.batch("read", DEAL, body, see=frozenset({BAD_REQUEST}))
        if reply.status != BAD_REQUEST:
            return reply.rows
        if len(values) == 1:
            refused.append(call_error(reply.status, reply.body))
            return []
        half = len(values) // 2
        return [
            row
            for part in (values[:half], values[half:])
            for row in self._rows_by_value(name, part, refused)
        ]


def _inside(**names: str) -> dict[str, str]:
    return {"object": PLURALS[DEAL], **names}


def _done(reply: Reply) -> None:
    """Raise the error of a failed step."""
    if reply.status in _SEEN:
        raise _refusal(reply)


def _refusal(reply: Reply) -> SyncError:
    """The error of a step. HubSpot documents no code for a limit [M], so the limit is recognised by
    its words if HubSpot does not return its numbers.
    """
    error = call_error(reply.status, reply.body)
    words = f"{reply.body.get('subCategory') or ''} {reply.body.get('message') or ''}".lower()
    if isinstance(error, Gone):
        return Gone("The pipeline or stage no longer exists in HubSpot.", code=error.code)
    if "in_use" in words or "in use" in words:
        return Refused(
            "HubSpot keeps a stage that deals are in.", code=STAGE_IN_USE, hint=_IN_USE_HINT
        )
    return _limit() if "limit" in words or "maximum" in words else error


def _limit() -> Refused:
    return Refused(
        "HubSpot allows no more pipelines of deals.", code=PIPELINE_LIMIT, hint=_LIMIT_HINT
    )


def _in_order(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that are not archived, in HubSpot's order; with the same display order, by label
    [V].
    """
    current = (row for row in rows if not row.get("archived"))
    return sorted(current, key=lambda row: (int(row.get("displayOrder") or 0), str(row["label"])))


def _pipeline(row: Mapping[str, Any]) -> DealPipeline:
    return DealPipeline(
        str(row["id"]), str(row["label"]), tuple(map(_stage, _in_order(row.get("stages") or ())))
    )


def _stage(row: Mapping[str, Any]) -> DealStage:
    return DealStage(
        str(row["id"]),
        str(row["label"]),
        _probability((row.get("metadata") or {}).get("probability")),
    )


def _probability(text: object) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)


def _stage_row(stage: DealStage, order: int) -> dict[str, Any]:
    return {
        "label": stage.label,
        "displayOrder": order,
        "metadata": {"probability": f"{stage.probability:.1f}"},
    }
