"""From the world file to an org as an administrator has set it up, older than the connection.

Law: only translates the settings of the whole org, and custom fields; `seed` writes its first rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce.objects.fields import Choice, Field
from simulators.salesforce.objects.places import code_fields
from simulators.salesforce.objects.schema import Schema
from simulators.salesforce.org.events import EventQueue
from simulators.salesforce.org.ids import IdMaker
from simulators.salesforce.org.org import DuplicateRule, Org, ValidationRule
from simulators.salesforce.org.store import Store
from simulators.salesforce.seed import SeededUsers, Seeder, World

_ALIASES: Final = {
    "defaultedOnCreate": "defaulted",
    "externalId": "external_id",
    "caseSensitive": "case_sensitive",
    "idLookup": "id_lookup",
    "restrictedPicklist": "restricted",
    "relationshipName": "relationship",
    "inlineHelpText": "help_text",
}
CURRENCY: Final = "CurrencyIsoCode"
"""The field that objects have if the org has several currencies; a world lists it among an object's
fields.
"""
_PLAIN: Final = (
    "name",
    "type",
    "label",
    "length",
    "precision",
    "scale",
    "nillable",
    "createable",
    "updateable",
    "calculated",
    "unique",
)


def build(world: World, clock: Clock, faults: Faults, seed: int) -> tuple[Org, SeededUsers]:
    """Build the org of a world. Raises `ValueError` for a world that contradicts itself,
    `WorldError` for an impossible record.
    """
    schema = schema_of(world)
    ids = IdMaker(seed)
    org = Org(
        schema, Store(schema.objects.values()), ids, clock, faults, EventQueue(clock, faults, seed)
    )
    org.edition = str(world.get("edition") or "Enterprise Edition")
    org.validation_rules = tuple(
        ValidationRule(r["object"], r["field"], r["contains"], r["message"])
        for r in world.get("validation_rules") or ()
    )
    org.duplicate_rules = tuple(
        DuplicateRule(r["object"], tuple(r["match"]), r["action"])
        for r in world.get("duplicate_rules") or ()
    )
    org.state_country_picklists = bool(world.get("state_country_picklists", False))
    org.shared_activities = bool(world.get("shared_activities", False))
    org.activity_external_ids = bool(world.get("activity_external_ids", True))
    return org, Seeder(org, world).run()


def schema_of(world: World) -> Schema:
    """Return the schema of a world: standard objects with what its administrator has added.

    Raises `ValueError` for custom fields of no sObject.
    """
    schema = Schema(
        person_accounts=bool(world.get("person_accounts", False)),
        shared_activities=bool(world.get("shared_activities", False)),
    )
    for sobject, fields in (world.get("custom_fields") or {}).items():
        homes = schema.homes(sobject)
        if not homes:
            msg = f"custom_fields names no sObject: {sobject!r}"
            raise ValueError(msg)
        for described in fields:
            for home, field in schema.places(sobject, field_as_described(described)):
                schema.add_field(home, field, guarded=False, now_ms=0)
        schema.changed_ms.clear()
    has_places = bool(world.get("state_country_picklists", False))
    for home in ("Lead", "Contact", "Account") if has_places else ():
        for field in code_fields(home):
            schema.add_field(home, field, guarded=False, now_ms=0)
    schema.changed_ms.clear()
    return schema


def field_as_described(described: Mapping[str, Any]) -> Field:
    """Return a field from the form in which describe shows it."""
    known: dict[str, Any] = {key: described[key] for key in _PLAIN if key in described}
    known |= {ours: described[theirs] for theirs, ours in _ALIASES.items() if theirs in described}
    known.setdefault("label", described["name"])
    kind = known.setdefault("type", "string")
    known.setdefault(
        "length",
        {
            "string": 255,
            "textarea": 32_000,
            "picklist": 255,
            "email": 80,
            "phone": 40,
            "url": 255,
        }.get(kind, 0),
    )
    if kind in {"double", "currency", "percent"}:
        known.setdefault("precision", 18)
        known.setdefault("scale", 2)
    values = described.get("picklistValues") or ()
    choices = tuple(
        Choice(
            str(v["value"]),
            str(v.get("label") or v["value"]),
            active=v.get("active", True),
            default=v.get("defaultValue", False),
        )
        for v in values
    )
    flag = (
        {"nillable": False, "defaulted": True, "default": bool(described.get("defaultValue"))}
        if kind == "boolean"
        else {}
    )
    known |= flag | (_currency(choices) if known["name"] == CURRENCY else {})
    custom = known["name"].endswith("__c")
    return Field(
        **known,
        custom=custom,
        choices=choices,
        reference_to=tuple(described.get("referenceTo") or ()),
    )


def _currency(choices: tuple[Choice, ...]) -> dict[str, Any]:
    """Restricted to the org's currencies; a create without one gets the default, here the same for
    all users [D].
    """
    default = next(
        (choice.value for choice in choices if choice.default),
        choices[0].value if choices else None,
    )
    return {"length": 3, "restricted": True, "defaulted": True, "default": default}
