"""Pipelines and their stages of one object type in one portal.

Definitions only; the caller checks whether records use a stage. Shapes: crm-pipelines-v3 [V];
default deal stages [M]. Labels are unique, and entries with the same display order are sorted by
label [V]; the status with which a taken label, or one pipeline too many, is refused is [M].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from simulators.hubspot.errors import conflict, invalid, not_found
from simulators.hubspot.stamps import iso

PROBABILITIES = frozenset(Decimal(tenth) / 10 for tenth in range(11))
DEFAULT_STAGES: tuple[tuple[str, str, str], ...] = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)


@dataclass(slots=True)
class Stage:
    """One stage of a pipeline."""

    id: str
    label: str
    display_order: int
    metadata: dict[str, str]
    created_ms: int
    updated_ms: int

    def shown(self) -> dict[str, Any]:
        """Return the stage as the API shows it."""
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": self.display_order,
            "metadata": self.metadata,
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }


@dataclass(slots=True)
class Pipeline:
    """One pipeline with its stages by id."""

    id: str
    label: str
    display_order: int
    created_ms: int
    updated_ms: int
    stages: dict[str, Stage] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return the pipeline as the API shows it, with stages in display order."""
        stages = sorted(self.stages.values(), key=_place)
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": self.display_order,
            "stages": [stage.shown() for stage in stages],
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "archived": False,
        }


class Pipelines:
    """All pipelines of one object type."""

    def __init__(self, now_ms: int, most: int = 100) -> None:
        """Begin with the default sales pipeline; `most` is the largest number of pipelines."""
        self.most = most
        self._next_id = 740_001
        default = Pipeline("default", "Sales Pipeline", 0, now_ms, now_ms)
        for order, (stage_id, label, probability) in enumerate(DEFAULT_STAGES):
            metadata = _complete({"probability": probability})
            default.stages[stage_id] = Stage(stage_id, label, order, metadata, now_ms, now_ms)
        self._pipelines = {default.id: default}

    def all(self) -> list[Pipeline]:
        """Return every pipeline in display order."""
        return sorted(self._pipelines.values(), key=_place)

    def one(self, pipeline_id: str) -> Pipeline:
        """Return a pipeline by id. Raises 404."""
        if pipeline_id not in self._pipelines:
            raise not_found(f"Pipeline {pipeline_id} does not exist")
        return self._pipelines[pipeline_id]

    def stage(self, pipeline_id: str, stage_id: str) -> Stage | None:
        """Return a stage, or None if the pipeline or the stage does not exist."""
        pipeline = self._pipelines.get(pipeline_id)
        return pipeline.stages.get(stage_id) if pipeline else None

    def stage_of(self, pipeline_id: str, stage_id: str) -> Stage:
        """Return a stage. Raises 404."""
        found = self.one(pipeline_id).stages.get(stage_id)
        if found is None:
            raise not_found(f"Stage {stage_id} does not exist")
        return found

    def create(self, row: Mapping[str, Any], now_ms: int) -> Pipeline:
        """Add a pipeline with its stages. Raises 400 for bad parts, 409 for a taken label."""
        label = _label(row)
        _free(label, self._pipelines.values(), "pipeline")
        if len(self._pipelines) >= self.most:
            raise invalid(f"The account has reached its limit of {self.most} pipelines.")
        pipeline_id = str(row.get("pipelineId") or self._new_id())
        pipeline = Pipeline(pipeline_id, label, int(row.get("displayOrder", 0)), now_ms, now_ms)
        for stage in self._made(row.get("stages") or (), now_ms):
            pipeline.stages[stage.id] = stage
        self._pipelines[pipeline.id] = pipeline
        return pipeline

    def change(self, pipeline_id: str, row: Mapping[str, Any], now_ms: int) -> Pipeline:
        """Change label or order (PATCH). Raises 404, or 409 for a taken label."""
        pipeline = self.one(pipeline_id)
        _free(
            row.get("label"),
            (one for one in self._pipelines.values() if one is not pipeline),
            "pipeline",
        )
        pipeline.label = row.get("label", pipeline.label)
        pipeline.display_order = row.get("displayOrder", pipeline.display_order)
        pipeline.updated_ms = now_ms
        return pipeline

    def replace(self, pipeline_id: str, row: Mapping[str, Any], now_ms: int) -> Pipeline:
        """Replace a whole pipeline: its stages become exactly those given (PUT). Raises 404
        or 400.
        """
        pipeline = self.one(pipeline_id)
        pipeline.label, pipeline.display_order = _label(row), int(row.get("displayOrder", 0))
        pipeline.stages = {stage.id: stage for stage in self._made(row.get("stages") or (), now_ms)}
        pipeline.updated_ms = now_ms
        return pipeline

    def delete(self, pipeline_id: str) -> None:
        """Remove a pipeline; unknown ids are ignored."""
        self._pipelines.pop(pipeline_id, None)

    def create_stage(self, pipeline_id: str, row: Mapping[str, Any], now_ms: int) -> Stage:
        """Add a stage. Raises 404 or 400, or 409 for a taken label."""
        pipeline = self.one(pipeline_id)
        _free(row.get("label"), pipeline.stages.values(), "stage")
        (stage,) = self._made([row], now_ms)
        pipeline.stages[stage.id] = stage
        return stage

    def change_stage(
        self, pipeline_id: str, stage_id: str, row: Mapping[str, Any], now_ms: int
    ) -> Stage:
        """Change parts of a stage. Raises 404 or 400, or 409 for a taken label."""
        stage = self.stage_of(pipeline_id, stage_id)
        _free(
            row.get("label"),
            (one for one in self.one(pipeline_id).stages.values() if one is not stage),
            "stage",
        )
        if "metadata" in row:
            stage.metadata = _complete(stage.metadata | dict(row["metadata"]))
        stage.label = row.get("label", stage.label)
        stage.display_order = row.get("displayOrder", stage.display_order)
        stage.updated_ms = now_ms
        return stage

    def delete_stage(self, pipeline_id: str, stage_id: str) -> None:
        """Remove a stage; unknown stages are ignored. Raises 404 for an unknown pipeline."""
        self.one(pipeline_id).stages.pop(stage_id, None)

    def _made(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> list[Stage]:
        made = []
        for place, row in enumerate(rows):
            metadata = _complete(row.get("metadata") or {})
            stage_id = str(row.get("stageId") or self._new_id())
            made.append(
                Stage(
                    stage_id,
                    _label(row),
                    int(row.get("displayOrder", place)),
                    metadata,
                    now_ms,
                    now_ms,
                )
            )
        return made

    def _new_id(self) -> str:
        self._next_id += 1
        return str(self._next_id - 1)


def _place(part: Pipeline | Stage) -> tuple[int, str]:
    return part.display_order, part.label


def _free(label: object, others: Iterable[Pipeline | Stage], what: str) -> None:
    if any(other.label == label for other in others):
        raise conflict(f"A {what} with the label '{label}' already exists.")


def _label(row: Mapping[str, Any]) -> str:
    if not row.get("label"):
        raise invalid("Invalid input: required fields were not set: [label]")
    return str(row["label"])


def _complete(metadata: Mapping[str, Any]) -> dict[str, str]:
    try:
        probability = Decimal(str(metadata.get("probability")))
    except InvalidOperation:
        probability = Decimal("NaN")
    if probability not in PROBABILITIES:
        raise invalid("Deal stages need a metadata.probability from 0.0 to 1.0 in steps of 0.1.")
    closed = probability in {Decimal(0), Decimal(1)}
    return {str(key): str(value) for key, value in metadata.items()} | {
        "isClosed": str(closed).lower()
    }
