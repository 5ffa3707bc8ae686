"""The keys of the org in a world file.

Law: names only; `world` and `seed` know what the values mean. A new key is added here. A row that
becomes a record may have the fields of its sObject, standard and custom.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.salesforce.objects.activities import ACTIVITY_OBJECTS
from simulators.salesforce.objects.campaigns import CAMPAIGN_OBJECTS
from simulators.salesforce.objects.fields import Field
from simulators.salesforce.objects.people import PEOPLE_OBJECTS
from simulators.salesforce.objects.sales import SALES_OBJECTS
from simulators.salesforce.objects.schema import Schema
from simulators.salesforce.objects.setup import SETUP_OBJECTS
from simulators.salesforce.objects.sobject import SObject
from simulators.salesforce.resources.describe import describe_field
from simulators.salesforce.world import schema_of
from simulators.world_file import Each, Number, OneOf, Row, Shape, complaints, plain

_CHOICE = Row(plain("value", "label", "active", "defaultValue", "validFor"), required={"value"})
_FIELD = Row(
    plain(*describe_field(Field("Name", "string", "Name"))) | {"picklistValues": Each(_CHOICE)},
    required={"name"},
)
"""A field as describe shows it (docs/vendors.md#salesforce-objects)."""
_OWNERS = {
    name
    for item in (
        *(*PEOPLE_OBJECTS, *SALES_OBJECTS),
        *(*ACTIVITY_OBJECTS, *CAMPAIGN_OBJECTS, *SETUP_OBJECTS),
    )
    for name in (item.name, item.custom_fields_on)
    if name
}
_VALIDATION = Row(
    plain("object", "field", "contains", "message", "trigger"),
    required={"object", "field", "contains", "message"},
)
_DUPLICATE = Row(
    {**plain("object", "match"), "action": OneOf(("alert", "block"))},
    required={"object", "match", "action"},
)
ORG: Mapping[str, Shape] = {
    **plain("edition", "person_accounts", "integration_licence"),
    **plain("integration_setup_rights", "sandbox", "lead_assignment_owner"),
    **plain("state_country_picklists", "activity_external_ids"),
    **plain("shared_activities", "task_statuses"),
    **plain("users", "queues", "stages", "opportunity_record_types", "records"),
    "custom_fields": Row(dict.fromkeys(_OWNERS, Each(_FIELD))),
    "daily_api_limit": Number(),
    "integration_profile": OneOf(("minimum",)),
    "validation_rules": Each(_VALIDATION),
    "duplicate_rules": Each(_DUPLICATE),
}
"""``salesforce`` in a world file; `_rows` knows the shapes of what depends on the org's fields."""


def world_complaints(world: Mapping[str, Any] | None, place: str = "salesforce") -> list[str]:
    """Return what is wrong with the keys of the org, which stands at `place` in its file."""
    found = complaints(place, world, Row(ORG))
    return found if found or not world else _rows(place, world)


def _rows(place: str, world: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the rows, which may have the fields of their sObject."""
    schema = schema_of(world)

    def columns(sobject: str) -> dict[str, Shape]:
        return _columns(schema.objects[sobject.lower()])

    rows: dict[str, Shape] = {
        "users": Each(Row(columns("User") | plain("ref"), required={"Name"})),
        "queues": Each(Row(columns("Group") | plain("ref", "SobjectTypes"), required={"Name"})),
        "stages": Each(Row(columns("OpportunityStage"))),
        "task_statuses": Each(Row(columns("TaskStatus"), required={"ApiName"})),
        "opportunity_record_types": Each(
            Row(columns("RecordType") | plain("stages", "assigned"), required={"Name"})
        ),
    }
    found = [
        sentence
        for key, shape in rows.items()
        for sentence in complaints(f"{place}.{key}", world.get(key), shape)
    ]
    for at, record in enumerate(world.get("records") or ()):
        found += complaints(f"{place}.records[{at}]", record, _record(schema, record))
    return found


def _columns(sobject: SObject) -> dict[str, Shape]:
    """The names by which a row gives the fields of its sObject: its own, and those of parents."""
    names = (name for field in sobject.fields for name in (field.name, field.relationship) if name)
    return plain(*names)


def _record(schema: Schema, record: Any) -> Row:
    kind = record.get("type") if isinstance(record, Mapping) else None
    sobject = schema.get(str(kind))
    if sobject is None:
        names = sorted(item.name for item in schema.objects.values())
        return Row({"type": OneOf(names)}, required={"type"}, others=True)
    return Row(_columns(sobject) | plain("type", "ref"), required={"type"}, any_case=True)
