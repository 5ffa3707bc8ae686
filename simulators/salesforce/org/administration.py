"""What an administrator defines in Setup and no REST resource writes: the stages of opportunities,
their record types, the statuses of tasks, and the types of custom fields.

Law: definitions only, when the org is created and later. Each shows its time of change as every row
does; change events report none of them [D].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simulators.salesforce.objects.fields import Choice, Row
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.org.org import Org
from simulators.salesforce.org.stamps import stamped
from simulators.salesforce.org.transaction import Transaction
from simulators.salesforce.refusals import RefusalError

_CATEGORY: Final = {"Best Case": "BestCase", "Commit": "Forecast"}
_STAGE: Final = "OpportunityStage"
_RECORD_TYPE: Final = "RecordType"
_TASK_STATUS: Final = "TaskStatus"


def stage_row(given: Mapping[str, Any], number: int) -> Row:
    """Return a stage with defaults for everything that is not given: at this place of the order,
    open, in the pipeline.
    """
    name = given.get("ApiName") or given["MasterLabel"]
    forecast = given.get("ForecastCategoryName") or "Pipeline"
    defaults = {
        "ApiName": name,
        "MasterLabel": name,
        "IsActive": True,
        "SortOrder": number,
        "IsClosed": False,
        "IsWon": False,
        "DefaultProbability": 0.0,
        "ForecastCategoryName": forecast,
        "ForecastCategory": _CATEGORY.get(forecast, forecast),
    }
    return defaults | dict(given)


def record_type_row(given: Mapping[str, Any]) -> Row:
    """Return a record type of opportunities with defaults for everything that is not given."""
    name = str(given["Name"])
    defaults = {"DeveloperName": name.replace(" ", "_"), "SobjectType": "Opportunity"}
    return defaults | {"IsActive": True, "IsPersonType": False} | dict(given)


def show_stages(org: Org) -> None:
    """Update the picklist of opportunities to the present stages."""
    rows = sorted(org.store.tables[_STAGE], key=lambda row: row["SortOrder"])
    choices = tuple(
        Choice(row["ApiName"], row["MasterLabel"], active=row["IsActive"]) for row in rows
    )
    org.schema.replace_field("Opportunity", "StageName", choices=choices)


def show_task_statuses(org: Org) -> None:
    """Update the picklist of tasks to the present statuses."""
    rows = sorted(org.store.tables[_TASK_STATUS], key=lambda row: row["SortOrder"])
    default = next((row["ApiName"] for row in rows if row["IsDefault"]), rows[0]["ApiName"])
    choices = tuple(
        Choice(row["ApiName"], row["MasterLabel"], default=row["ApiName"] == default)
        for row in rows
    )
    org.schema.replace_field("Task", "Status", choices=choices, default=default)


def define_stage(org: Org, transaction: Transaction, action: Mapping[str, Any]) -> dict[str, Any]:
    """Change the stage with that ``ApiName``, or add it at the end; a deactivated one stays in the
    opportunities that have it [D].
    """
    given = _columns(org, _STAGE, action)
    rows = list(org.store.tables[_STAGE])
    before = next((row for row in rows if row["ApiName"] == given["ApiName"]), None)
    last = max((row["SortOrder"] for row in rows), default=0)
    stage_id = _put(
        org, transaction, _STAGE, before, given if before else stage_row(given, last + 1)
    )
    show_stages(org)
    return {"id": stage_id}


def define_task_status(
    org: Org, transaction: Transaction, action: Mapping[str, Any]
) -> dict[str, Any]:
    """Change the status of tasks with that ``ApiName``, or add it at the end. Whether tasks that
    have it are closed changes when they are saved [M].
    """
    given = _columns(org, _TASK_STATUS, action)
    rows = list(org.store.tables[_TASK_STATUS])
    before = next((row for row in rows if row["ApiName"] == given["ApiName"]), None)
    last = max((row["SortOrder"] for row in rows), default=0)
    new = {"MasterLabel": given["ApiName"], "SortOrder": last + 1} | given
    status_id = _put(org, transaction, _TASK_STATUS, before, given if before else new)
    show_task_statuses(org)
    return {"id": status_id}


def define_record_type(
    org: Org, transaction: Transaction, action: Mapping[str, Any]
) -> dict[str, Any]:
    """Change the record type of opportunities with that ``Name``, or add it; ``stages`` are those
    of its sales process.

    The first one becomes the default for everybody.
    """
    given = _columns(org, _RECORD_TYPE, action)
    before = next(
        (row for row in org.store.tables[_RECORD_TYPE] if _is_named(row, given["Name"])), None
    )
    type_id = _put(
        org, transaction, _RECORD_TYPE, before, given if before else record_type_row(given)
    )
    set_process(org, type_id, action.get("stages"))
    return {"id": type_id}


def change_type(org: Org, action: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the custom ``field`` of an ``object`` into a restricted picklist of ``values``, or into
    a text if there are none. Values that records have stay [D].
    """
    owner, name = str(action["object"]), str(action["field"])
    found = _object(org, owner).field(name)
    if found is None or not found.custom:
        raise RefusalError("INVALID_FIELD", f"{owner} has no custom field {name}", [name])
    choices = tuple(Choice(value, value) for value in action.get("values") or ())
    org.schema.replace_field(
        owner,
        name,
        type="picklist" if choices else "string",
        choices=choices,
        restricted=bool(choices),
    )
    org.schema.changed_ms[owner] = org.now_ms()
    return {"field": name}


def set_process(org: Org, type_id: str, stages: Sequence[str] | None) -> None:
    """Set the stages of a record type's sales process. None changes nothing; at first a process has
    all stages.
    """
    row = org.store.get(_RECORD_TYPE, type_id)
    if row and row["IsActive"]:
        org.default_record_type.setdefault("Opportunity", type_id)
    if stages:
        org.stages_of_type[type_id] = tuple(stages)


def _is_named(row: Row, name: object) -> bool:
    return bool(row["SobjectType"] == "Opportunity" and row["Name"] == name)


def _columns(org: Org, sobject: str, action: Mapping[str, Any]) -> Row:
    """Return the row's columns that the action gives. Raises `RefusalError` for an unknown
    column.
    """
    given = {name: value for name, value in action.items() if name not in {"side", "do", "stages"}}
    strange = [name for name in given if _object(org, sobject).field(name) is None]
    if strange:
        raise RefusalError("INVALID_FIELD", f"{sobject} has no {', '.join(strange)}", strange)
    return given


def _put(org: Org, transaction: Transaction, sobject: str, before: Row | None, given: Row) -> str:
    described = _object(org, sobject)
    new: Row = {
        field.name: field.default for field in described.fields if field.default is not None
    }
    row = (before or new | {"Id": org.ids.make(described.prefix)}) | given
    transaction.put(sobject, row["Id"], stamped(transaction, before, row))
    return str(row["Id"])


def _object(org: Org, name: str) -> SObject:
    return org.schema.objects[name.lower()]
