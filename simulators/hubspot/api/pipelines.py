"""Pipelines v3 (crm-pipelines-v3 [V]), and how many an account may have (limits tracking [D])."""

from __future__ import annotations

from simulators.hubspot.api.call import NO_CONTENT, Answer, Call
from simulators.hubspot.errors import invalid
from simulators.hubspot.pipelines import Pipelines
from simulators.hubspot.schema.catalog import OBJECT_TYPES

CHECKS = ("validateReferencesBeforeDelete", "validateDealStageUsagesBeforeDelete")
UNASKED = frozenset({"v3", "2026-03"})
"""Versions that check nothing unless asked to; later ones check unless told not to [D: changelog,
July 2026].
"""


def _pipelines(call: Call) -> Pipelines:
    writes = call.portal.of(call.ids["type"])
    found = call.portal.pipelines.get(writes.kind.type_id)
    if found is None:
        raise invalid(f"{writes.kind.plural} have no pipelines.")
    return found


def list_all(call: Call) -> Answer:
    """GET every pipeline."""
    return Answer(200, {"results": [row.shown() for row in _pipelines(call).all()]})


def create(call: Call) -> Answer:
    """POST a pipeline."""
    return Answer(201, _pipelines(call).create(call.row, call.portal.clock.now_ms()).shown())


def read(call: Call) -> Answer:
    """GET one pipeline."""
    return Answer(200, _pipelines(call).one(call.ids["id"]).shown())


def replace(call: Call) -> Answer:
    """PUT a whole pipeline; its stages become exactly those given."""
    _refuse_use(call, "pipeline", call.ids["id"])
    return Answer(
        200, _pipelines(call).replace(call.ids["id"], call.row, call.portal.clock.now_ms()).shown()
    )


def update(call: Call) -> Answer:
    """PATCH label or order."""
    return Answer(
        200, _pipelines(call).change(call.ids["id"], call.row, call.portal.clock.now_ms()).shown()
    )


def delete(call: Call) -> Answer:
    """DELETE a pipeline; refused while records use it, if the caller asks for the check."""
    _refuse_use(call, "pipeline", call.ids["id"])
    _pipelines(call).delete(call.ids["id"])
    return NO_CONTENT


def list_stages(call: Call) -> Answer:
    """GET the stages of a pipeline."""
    return Answer(200, {"results": _pipelines(call).one(call.ids["id"]).shown()["stages"]})


def create_stage(call: Call) -> Answer:
    """POST a stage."""
    return Answer(
        201,
        _pipelines(call).create_stage(call.ids["id"], call.row, call.portal.clock.now_ms()).shown(),
    )


def read_stage(call: Call) -> Answer:
    """GET one stage."""
    return Answer(200, _pipelines(call).stage_of(call.ids["id"], call.ids["stage"]).shown())


def update_stage(call: Call) -> Answer:
    """PATCH or PUT a stage."""
    now = call.portal.clock.now_ms()
    return Answer(
        200, _pipelines(call).change_stage(call.ids["id"], call.ids["stage"], call.row, now).shown()
    )


def delete_stage(call: Call) -> Answer:
    """DELETE a stage."""
    _refuse_use(call, "dealstage", call.ids["stage"])
    _pipelines(call).delete_stage(call.ids["id"], call.ids["stage"])
    return NO_CONTENT


def limits(call: Call) -> Answer:
    """GET how many pipelines each type may have, and how many it has."""
    names = {kind.type_id: kind for kind in OBJECT_TYPES}
    rows = [
        {
            "objectTypeId": type_id,
            "singularLabel": names[type_id].name.capitalize(),
            "pluralLabel": names[type_id].plural.capitalize(),
            "usage": len(found.all()),
            "limit": found.most,
            "percentage": 100 * len(found.all()) / found.most,
        }
        for type_id, found in call.portal.pipelines.items()
    ]
    custom = {"byObjectType": [], "overallLimit": 0, "overallPercentage": 0, "overallUsage": 0}
    return Answer(200, {"customObjectTypes": custom, "hubspotDefinedObjectTypes": rows})


def _refuse_use(call: Call, name: str, value: str) -> None:
    if not _asks_to_check(call):
        return
    table = call.portal.of(call.ids["type"]).table
    if any(record.archived_ms is None and record.value(name) == value for record in table.walk()):
        raise invalid(
            f"{value} is in use by records.", sub_category="PipelineError.STAGE_ID_IN_USE"
        )


def _asks_to_check(call: Call) -> bool:
    said = [call.query[check].lower() for check in CHECKS if check in call.query]
    unasked = bool(UNASKED & set(call.base_url.split("/")))
    return "true" in said or not (unasked or said)
