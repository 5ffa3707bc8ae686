"""The mapping rows of the settings file, such as ``[[connection.contacts.field]]``: their keys, and
how they become field rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, Field

from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.rules.settings.mappings import is_pair
from crmsync.rules.settings.sections import DEFAULT_ROWS
from crmsync.wire.settings.table import Table, wrong

PROPERTY = re.compile(r"[a-z0-9_]+")
"""The internal name of a HubSpot property."""

FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""The API name of a Salesforce field."""


def _property_name(text: str) -> str:
    if not PROPERTY.fullmatch(text):
        raise wrong(
            f'hubspot is "{text}", must be the internal name of a property: '
            "small letters, digits, underscores"
        )
    return text


def _field_name(text: str) -> str:
    if not FIELD.fullmatch(text):
        raise wrong(
            f'salesforce is "{text}", must be the API name of a field such as "Favourite_Colour__c"'
        )
    return text


class FieldTable(Table):
    """``[[connection.contacts.field]]``."""

    hubspot: Annotated[str, AfterValidator(_property_name)]
    salesforce: Annotated[str, AfterValidator(_field_name)]
    update: Annotated[Update, Field(strict=False)] = Update.TWO_WAY


def rules_of(rows: Iterable[FieldTable], section: str) -> tuple[FieldRule, ...]:
    """The rows of a section as the model has them.

    A row that names a default pair takes everything but the policy from it; any other has the type
    text until both schemas are known.
    """
    return tuple(_rule(row, section) for row in rows)


def _rule(row: FieldTable, section: str) -> FieldRule:
    rule = FieldRule(row.hubspot, row.salesforce, row.update, FieldType.TEXT)
    default = next((known for known in DEFAULT_ROWS[section] if is_pair(known, rule)), None)
    return rule if default is None else replace(default, update=row.update)
