"""The keys of a portal in a world file.

Law: names only; the modules that read them know what the values mean. A new key is added here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulators.hubspot.limits import TIERS
from simulators.hubspot.schema.catalog import BY_NAME
from simulators.world_file import Each, Either, Number, OneOf, Row, complaints, plain

_OPTION = Row(plain("label", "value", "displayOrder", "hidden", "description"))
_MARKS = Row(plain("archivable", "readOnlyDefinition", "readOnlyOptions", "readOnlyValue"))
_DEFINITION = Row(
    plain(
        *("name", "label", "type", "fieldType", "groupName", "description", "displayOrder"),
        *("hasUniqueValue", "hidden", "formField", "calculated", "externalOptions"),
        *("referencedObjectType", "calculationFormula", "hubspotDefined", "dataSensitivity"),
        *("sensitiveDataCategories", "showCurrencySymbol", "currencyPropertyName"),
        *("numberDisplayHint", "textDisplayHint", "dateDisplayHint"),
        *("archived", "archivedAt", "createdAt", "updatedAt", "createdUserId", "updatedUserId"),
    )
    | {"options": Each(_OPTION), "modificationMetadata": _MARKS},
    required={"name"},
)
"""A property as the API shows it (docs/vendors.md#hubspot-properties)."""
_CONDITION = Row(plain("when", "is"), required={"when", "is"})
_RULE = Row(
    {**plain("object", "property"), "rule": Either("required", _CONDITION)},
    required={"object", "property", "rule"},
)
_CAMPAIGN = Row(
    plain(
        *("id", "appId", "appName", "name", "subject", "contentId", "groupId", "type", "subType"),
        *("counters", "numIncluded", "numQueued", "processingState"),
        *("lastProcessingStartedAt", "lastProcessingFinishedAt", "lastProcessingStateChangeAt"),
    ),
    required={"id"},
)
_OWNER = Row(
    plain("id", "userId", "email", "firstName", "lastName", "type", "archived"),
    required={"email"},
)
_LIST = Row(
    plain("listId", "name", "objectTypeId", "processingType", "filterBranch"), required={"name"}
)
_NUMBERS = ("portal_id", "app_id", "opt_out_delay_seconds", "pipelines_allowed")
PORTAL = Row(
    {
        **plain("scopes", "previous_client_secret", "vendor_calendar", "time_zone"),
        **plain("auto_create_and_associate_companies"),
        **dict.fromkeys(_NUMBERS, Number()),
        "tier": OneOf(TIERS),
        "owners": Each(_OWNER),
        "lists": Each(_LIST),
        "properties": Row(dict.fromkeys(BY_NAME, Each(_DEFINITION)), any_case=True),
        "campaigns": Each(_CAMPAIGN),
        "association_limits": Each(Row(plain("from", "to", "max"), required={"from", "to", "max"})),
        "brands": Each(Row(plain("id", "name"), required={"id", "name"})),
        "write_rules": Each(_RULE),
    }
)
"""One entry of ``hubspot`` in a world file."""


def world_complaints(portals: Sequence[Any] | None, place: str = "hubspot") -> list[str]:
    """Return what is wrong with the keys of the portals, which stand at `place` in their file."""
    return complaints(place, portals, Each(PORTAL))
