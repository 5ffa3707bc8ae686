"""Association labels v4 (crm-associations-schema-v4 [V])."""

from __future__ import annotations

from simulators.hubspot.api.call import NO_CONTENT, Answer, Call, text_of
from simulators.hubspot.associations import Spec
from simulators.hubspot.errors import invalid
from simulators.hubspot.schema.catalog import AssociationType


def _pair(call: Call) -> tuple[str, str]:
    return call.portal.of(call.ids["type"]).kind.type_id, call.portal.of(
        call.ids["to"]
    ).kind.type_id


def _row(spec: Spec, kind: AssociationType) -> dict[str, object]:
    return {"category": spec[0], "typeId": spec[1], "label": kind.label}


def list_all(call: Call) -> Answer:
    """GET the association types from one object type to another."""
    types = call.portal.associations.types(_pair(call))
    return Answer(200, {"results": [_row(spec, kind) for spec, kind in types.items()]})


def create(call: Call) -> Answer:
    """POST a label of the account."""
    inverse = call.row.get("inverseLabel")
    made = call.portal.associations.create_label(_pair(call), text_of(call.row, "label"), inverse)
    return Answer(200, {"results": [_row(spec, kind) for spec, kind in made]})


def update(call: Call) -> Answer:
    """PUT another text for a label."""
    type_id = int(text_of(call.row, "associationTypeId"))
    call.portal.associations.rename_label(_pair(call), type_id, text_of(call.row, "label"))
    return NO_CONTENT


def archive(call: Call) -> Answer:
    """DELETE a label of the account."""
    if not call.ids["id"].isdigit():
        raise invalid(f"Invalid association type: {call.ids['id']}")
    call.portal.associations.delete_label(_pair(call), int(call.ids["id"]))
    return NO_CONTENT
