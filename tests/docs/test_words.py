"""The words that the pages list are those of the code: settings and their values, causes,
categories, stages, what outlives the stack.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from typing import Any, TypeAlias

import pytest
from pydantic.fields import FieldInfo

from crmsync.flows.engine.apply import STAGES
from crmsync.model.changes import Cause
from crmsync.model.effects import (
    Associate,
    Category,
    CreateRecord,
    DeleteRecord,
    Dissociate,
    DropLink,
    Effect,
    EndRole,
    OptOut,
    RollUp,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.kinds.activities import ActivityKind, ActivityKindSettings, ActivitySettings
from crmsync.model.kinds.campaign_settings import CampaignSettings
from crmsync.model.records import Side
from crmsync.model.settings import (
    AlertSettings,
    CompanySettings,
    ContactSettings,
    DealSettings,
    EmailTaskSettings,
    LifecycleSettings,
    SalesforceOrg,
    TaskTemplate,
    UndoSettings,
)
from crmsync.rules.email_tasks import PLACEHOLDERS
from crmsync.wire.settings.email import EMAIL_EVENT_KINDS, MAX_MINUTES
from crmsync.wire.settings.fields import FieldTable
from crmsync.wire.settings.file import LONGEST_HOLD, LONGEST_UNDO, TABLES
from crmsync.wire.settings.table import AUTO
from local.__main__ import _parser
from tests.docs.pages import ROOT, names, page
from tests.template.document import template_of_the_repository

PAGE = page("docs/settings.md")
TablePath: TypeAlias = tuple[str, ...]
OWNERS = ("connection", "owners")
UNSHOWN = {
    ("companies", "field"),
    ("deals", "field"),
    *(("activities", kind) for kind in ActivityKind if kind is not ActivityKind.CALL),
    *(("activities", kind, "field") for kind in ActivityKind),
}
"""Tables of which the whole file shows a sibling."""
OBJECTS = [("connection", name) for name in ("contacts", "companies", "deals")]
KINDS = [("connection", "activities", kind) for kind in ActivityKind]
SECTIONS: dict[str, list[TablePath]] = {
    "Connection": [("connection",)],
    "HubSpot": [("connection", "hubspot")],
    "Salesforce": [("connection", "salesforce")],
    "Contacts": [("connection", "contacts")],
    "Companies": [("connection", "companies")],
    "Deals": [("connection", "deals")],
    "Contacts, companies and deals": [*OBJECTS],
    "Field mappings": [(*path, "field") for path in (*OBJECTS, *KINDS)],
    "Lifecycle stages": [("connection", "lifecycle")],
    "E-mail tasks": [("connection", "email_tasks")],
    "Task templates": [("connection", "email_tasks", "template")],
    "Campaigns": [("connection", "campaigns")],
    "Activities": [("connection", "activities")],
    "Kinds of activity": [*KINDS],
    "Undo": [("connection", "undo")],
    "Alerts": [("alerts",)],
}
"""Which tables of the file a section of the page describes."""
DEFAULTS: dict[TablePath, object] = {
    ("connection", "salesforce"): SalesforceOrg("", ""),
    ("connection", "contacts"): ContactSettings(),
    ("connection", "companies"): CompanySettings(),
    ("connection", "deals"): DealSettings(),
    ("connection", "lifecycle"): LifecycleSettings(),
    ("connection", "email_tasks"): EmailTaskSettings(),
    ("connection", "email_tasks", "template"): TaskTemplate("CLICK"),
    ("connection", "campaigns"): CampaignSettings("42", "701000000000001AAA", "Sent"),
    ("connection", "activities"): ActivitySettings(),
    **dict.fromkeys(SECTIONS["Kinds of activity"], ActivityKindSettings()),
    ("connection", "undo"): UndoSettings(),
    ("alerts",): AlertSettings(),
    **dict.fromkeys(SECTIONS["Field mappings"], FieldTable(hubspot="a", salesforce="A")),
}
"""What holds where the file says nothing."""
VERBS: dict[type[Effect], str] = {
    CreateRecord: "create",
    UpdateRecord: "update",
    Associate: "associate",
    Dissociate: "take apart",
    EndRole: "end roles",
    RollUp: "add up",
    DeleteRecord: "delete",
    OptOut: "opt out",
    SaveLink: "save links",
    DropLink: "drop links",
}
PLACES = {Side.SALESFORCE: " in Salesforce", Side.HUBSPOT: " in HubSpot", None: ""}


def described(path: TablePath) -> dict[str, list[str]]:
    """The keys that the page describes for a table of the file: each with the cells for its
    default, its values and its meaning.
    """
    headings = [title for title, described in SECTIONS.items() if path in described]
    rows = [row for title in headings for row in PAGE.rows(title) if len(row) == 4]
    told = [names(row[0])[0] for row in rows]
    assert len(told) == len(set(told))
    return {key: row[1:] for key, row in zip(told, rows, strict=True)}


def keys_of(path: TablePath) -> dict[str, FieldInfo]:
    """The keys that a table of the file may have, but for those that are tables themselves."""
    return {
        key: field for key, field in TABLES[path].model_fields.items() if (*path, key) not in TABLES
    }


def value_of(cell: str) -> object:
    """A default as the model has it; the cell has it as the file would."""
    value = tomllib.loads(f"value = {cell.strip('`')}")["value"]
    return as_model(value)


def as_model(value: object) -> object:
    """A value of the file as the model has it."""
    return None if value == AUTO else tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(
    "path", sorted(path for path in TABLES if path and path != OWNERS), ids=".".join
)
def test_every_key_is_described(path: TablePath) -> None:
    """Settings: each key of each table, no other, with its default or as required, its values and
    its meaning.
    """
    told = described(path)
    assert set(told) == set(keys_of(path))
    assert [key for key, cells in told.items() if not all(cells)] == []
    for key, field in keys_of(path).items():
        default = "required" if field.is_required() else getattr(DEFAULTS[path], key)
        assert (
            told[key][0] if told[key][0] == "required" else value_of(told[key][0])
        ) == default, key


def test_every_word_of_a_choice_is_told() -> None:
    """Settings: beside a key that is one of several words stand exactly these words."""
    choices = {
        (path, key): field.annotation
        for path in TABLES
        for key, field in keys_of(path).items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, StrEnum)
    }
    assert {key for _, key in choices} >= {
        "create_in_salesforce",
        "create_in_hubspot",
        "repeat",
        "update",
    }
    for (path, key), words in choices.items():
        assert set(names(described(path)[key][1])) == set(words), key


def test_bounds_are_told() -> None:
    """Settings: how many hours and minutes a key may say."""
    told = {
        (path[-1], key): cells[1]
        for path in TABLES
        if path
        for key, cells in described(path).items()
    }
    assert told["deals", "hold_deletes_hours"] == f"0 to {LONGEST_HOLD}"
    assert told["undo", "hours"] == f"0 to {LONGEST_UNDO}"
    assert told["email_tasks", "wait_minutes"] == f"0 to {MAX_MINUTES}"


def test_placeholders_and_kinds_are_told() -> None:
    """Settings: a template may name these placeholders and no others, and tasks are made for these
    kinds of events.
    """
    (sentence,) = re.findall(
        r"^The placeholders are .+", PAGE.section("Task templates"), re.MULTILINE
    )
    assert tuple(name.strip("{}") for name in names(sentence)) == PLACEHOLDERS
    listed = re.search(r"The kinds are (.+?)\.", PAGE.section("E-mail tasks").replace("\n", " "))
    assert listed is not None
    assert tuple(names(listed[1])) == EMAIL_EVENT_KINDS


def test_every_table_of_the_settings_is_described() -> None:
    """Settings: the name of each table of the file stands in the section about it, and no other
    name does.
    """
    told = {name for name in PAGE.spans if name.startswith("[") and name.strip("[]")}
    tables = {path: ".".join(path) for path in TABLES if path}
    lists = {
        (),
        ("connection",),
        *(path for path in tables if path[-1] in {"field", "template", "campaigns"}),
    }
    assert told - {'["OPEN", "CLICK"]'} == {
        f"[[{name}]]" if path in lists else f"[{name}]" for path, name in tables.items()
    }


def test_the_whole_file_is_whole() -> None:
    """Settings: the file at the end has every key, each at its default where no example is
    needed.
    """
    whole = tomllib.loads(PAGE.blocks("toml")[0])
    (connection,) = whole["connection"]
    for path in (path for path in TABLES if path and path != OWNERS and path[1:] not in UNSHOWN):
        shown = whole
        for name in path:
            shown = shown[name][0] if isinstance(shown[name], list) else shown[name]
        values = {key: value for key, value in shown.items() if (*path, key) not in TABLES}
        assert set(values) == set(keys_of(path)), path
        if path[-1] != "field":
            optional = {
                key: as_model(it)
                for key, it in values.items()
                if not keys_of(path)[key].is_required()
            }
            assert optional == {key: getattr(DEFAULTS[path], key) for key in optional}
    assert connection["owners"]


def test_what_outlives_the_stack() -> None:
    """Deploy: the resources that stay after `sam delete` are those that the template retains, by id
    and by name.
    """
    kept = {
        name: resource
        for name, resource in template_of_the_repository().body["Resources"].items()
        if "DeletionPolicy" in resource
    }
    section = names(page("docs/deploy.md").section("Deploy again after a removal"))
    assert {name for name in section if re.fullmatch(r"(?:[A-Z][a-z]+)+", name)} == set(kept)
    assert {name for name in section if name.startswith("<stack>-")} == {
        _name(one["Properties"]) for one in kept.values()
    }


def _name(properties: Any) -> str:
    given = properties.get("TableName") or properties["Name"]
    return str(given["Fn::Sub"] if isinstance(given, dict) else given).replace(
        "${AWS::StackName}", "<stack>"
    )


def test_causes() -> None:
    """Stored data: the causes that a message may have."""
    listed = re.search(
        r"`cause` is (.+?);", page("docs/stored-data.md").section("Messages").replace("\n", " ")
    )
    assert listed is not None
    assert set(names(listed.group(1))) == set(Cause)


def test_categories() -> None:
    """Decision 18: the categories of the error inbox."""
    choice = page("docs/decisions/0018-parked-and-waiting.md").section("Choice").replace("\n", " ")
    listed = re.search(r"The categories are (.+?);", choice)
    assert listed is not None
    assert set(names(listed.group(1))) == set(Category)


def test_stages() -> None:
    """Sync: the stages of applying, in their order."""
    told = [VERBS[stage.kind] + PLACES[stage.side] for stage in STAGES]
    assert ", ".join(told) in page("docs/sync.md").section("Apply, stage by stage").replace(
        "\n", " "
    )


def test_what_serve_takes_by_itself() -> None:
    """Local: the files that `make serve` takes and writes when nothing else is said."""
    given = _parser().parse_args(["serve"])
    told = page("docs/local.md").text
    assert f"`{given.ready}`" in told
    for path in (given.settings, given.world):
        assert f"(../{path.relative_to(ROOT)})" in told
