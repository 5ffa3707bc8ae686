"""``[connection.activities]`` of the settings file and its tables, one for each kind of activity:
their keys, the types and ranges of values, and how they become `ActivitySettings` (ACT-1). A text
in place of a kind's table is its ``sync``: ``calls = "two_way"``.
"""

from __future__ import annotations

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from crmsync.model.kinds.activities import (
    ActivityKind,
    ActivityKindSettings,
    ActivityOwner,
    ActivitySettings,
    ActivitySync,
)
from crmsync.rules.kinds.activity.maps import SUBJECT_LENGTH
from crmsync.rules.kinds.activity.subjects import PLACEHOLDERS
from crmsync.wire.settings.fields import FieldTable, rules_of
from crmsync.wire.settings.table import Table, limit, wrong

_Limit = Annotated[int | None, BeforeValidator(limit)]


def _subject(text: str) -> str:
    try:
        names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        names = {""}
    if names - set(PLACEHOLDERS):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise wrong(
            f'subject is "{text[:70]}", must have no placeholders but {known}; a brace is written '
            "twice"
        )
    return text


def _owner_id(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise wrong(f'owners has "{text}", must be the ids of HubSpot owners (digits)')
    return text


class ActivityTable(Table):
    """``[connection.activities.calls]`` and its siblings."""

    sync: Annotated[ActivitySync, Field(strict=False)] = ActivitySync.OFF
    owner: Annotated[ActivityOwner, Field(strict=False)] = ActivityOwner.MATCHED
    subject: Annotated[str, Field(max_length=SUBJECT_LENGTH), AfterValidator(_subject)] = ""
    only_with_opportunity: bool = False
    owners: list[Annotated[str, AfterValidator(_owner_id)]] = Field(default_factory=list)
    types: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(default_factory=list)
    delete_in_hubspot: bool = False
    delete_in_salesforce: bool = False
    field: list[FieldTable] = Field(default_factory=list)

    def freeze(self, kind: ActivityKind) -> ActivityKindSettings:
        """The table of a kind as the model has it."""
        given = self.given()
        if "field" in given:
            given["field"] = rules_of(self.field, f"activities.{kind}")
        given |= {name: tuple(given[name]) for name in ("owners", "types") if name in given}
        return ActivityKindSettings(**given)


def _table(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    if value not in set(ActivitySync):
        raise wrong(
            f'{info.field_name} is "{value[:70]}", must be one of {", ".join(ActivitySync)}, or a '
            "table"
        )
    return {"sync": value}


_Kind = Annotated[ActivityTable, BeforeValidator(_table)]


class ActivitiesTable(Table):
    """``[connection.activities]``."""

    calls: _Kind = ActivityTable()
    emails: _Kind = ActivityTable()
    meetings: _Kind = ActivityTable()
    notes: _Kind = ActivityTable()
    tasks: _Kind = ActivityTable()
    max_deletes_per_hour: Annotated[int, Field(ge=0)] = 0
    max_changes_per_hour: _Limit = None
    max_blanks_per_hour: _Limit = None

    def freeze(self) -> ActivitySettings:
        """The tables as the model has them."""
        given = self.given()
        kinds = {kind: getattr(self, kind).freeze(kind) for kind in ActivityKind if kind in given}
        return ActivitySettings(**given | kinds)
