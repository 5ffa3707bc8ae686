"""The words that the pages list are those of the code: settings and their values, causes, categories, stages, what outlives the stack."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from typing import Any, cast

import pytest

from crmsync.flows.apply import _stages
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
from crmsync.model.records import Side
from crmsync.model.settings import (
    ContactSettings,
    CreateInHubspot,
    CreateInSalesforce,
    EmailTaskSettings,
    OutsideInclusionList,
    Repeat,
    TaskTemplate,
)
from crmsync.rules.email_tasks import PLACEHOLDERS
from crmsync.wire.settings_cells import AUTO
from crmsync.wire.settings_email import EmailTasksTable, TemplateTable
from crmsync.wire.settings_file import TABLES, ContactsTable
from local.__main__ import _parser
from tests.docs.pages import ROOT, names, page
from tests.template.document import template_of_the_repository

README = page("README.md")
ARCHITECTURE = page("docs/architecture.md")
SETTINGS = README.blocks("toml")[0]
CHOICES: dict[str, type[StrEnum]] = {
    "create_in_salesforce": CreateInSalesforce,
    "create_in_hubspot": CreateInHubspot,
    "outside_inclusion_list": OutsideInclusionList,
    "repeat": Repeat,
}
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


def comment_on(key: str) -> str:
    """What the README's settings say beside a key."""
    (line,) = [line for line in SETTINGS.splitlines() if line.startswith(f"{key} =")]
    return line.partition("#")[2]


@pytest.mark.parametrize("key", CHOICES)
def test_every_value_of_a_setting_is_told(key: str) -> None:
    """README: beside a setting that is one of several words stand exactly these words."""
    assert set(re.findall(r"\w+", comment_on(key))) == set(CHOICES[key])


def test_every_setting_of_contacts_is_told() -> None:
    """README: the settings show every key of contacts but the switch, each with its default."""
    (connection,) = tomllib.loads(SETTINGS)["connection"]
    shown = {key: value for key, value in connection["contacts"].items() if key != "field"}
    assert set(shown) == set(ContactsTable.model_fields) - {"sync", "field"}
    assert (
        ContactSettings(**{key: None if value == AUTO else value for key, value in shown.items()}) == ContactSettings()
    )


def test_every_setting_of_email_tasks_is_told() -> None:
    """README: the settings show every key of e-mail tasks and of their templates, each with its default."""
    (connection,) = tomllib.loads(SETTINGS)["connection"]
    shown = {key: value for key, value in connection["email_tasks"].items() if key != "template"}
    (template,) = connection["email_tasks"]["template"]
    assert set(shown) == set(EmailTasksTable.model_fields) - {"template"}
    assert EmailTaskSettings(**shown | {"kinds": tuple(shown["kinds"])}) == EmailTaskSettings()
    assert set(template) == set(TemplateTable.model_fields)
    assert TaskTemplate(**template) == TaskTemplate("CLICK")


def test_placeholders_are_told() -> None:
    """README: a template may name these placeholders and no others."""
    (line,) = [line for line in SETTINGS.splitlines() if "placeholders:" in line]
    assert tuple(line.partition("placeholders:")[2].split()) == PLACEHOLDERS


def test_every_table_of_the_settings_is_told() -> None:
    """README: each table of the file is in the example or among those that do nothing yet."""
    idle = {name.strip("[]").rpartition(".")[2] for name in names(README.section("What it does today"))}
    (connection,) = tomllib.loads(SETTINGS)["connection"]
    tables = {path[1] for path in TABLES if len(path) > 1}
    assert tables - set(connection) - idle == set()


def test_what_outlives_the_stack() -> None:
    """README: the resources that stay after `sam delete` are those that the template retains, by id and by name."""
    kept = {
        name: resource
        for name, resource in template_of_the_repository().body["Resources"].items()
        if "DeletionPolicy" in resource
    }
    section = names(README.section("Delete it, and deploy it again"))
    assert {name for name in section if re.fullmatch(r"(?:[A-Z][a-z]+)+", name)} == set(kept)
    assert {name for name in section if name.startswith("<stack>-")} == {
        _name(one["Properties"]) for one in kept.values()
    }


def _name(properties: Any) -> str:
    given = properties.get("TableName") or properties["Name"]
    return str(given["Fn::Sub"] if isinstance(given, dict) else given).replace("${AWS::StackName}", "<stack>")


def test_causes() -> None:
    """Architecture: the causes that a message may have."""
    listed = re.search(r"`cause` is (.+?);", ARCHITECTURE.section("Messages").replace("\n", " "))
    assert listed is not None
    assert set(names(listed.group(1))) == set(Cause)


def test_categories() -> None:
    """Decision 18: the categories of the error inbox."""
    choice = page("docs/decisions/0018-parked-and-waiting.md").section("Choice").replace("\n", " ")
    listed = re.search(r"The categories are (.+?);", choice)
    assert listed is not None
    assert set(names(listed.group(1))) == set(Category)


def test_stages() -> None:
    """Architecture: the stages of applying, in their order."""
    stages = _stages(cast("Any", None), cast("Any", None))
    told = [VERBS[stage.kind] + PLACES[Side.HUBSPOT if stage.kind is OptOut else stage.side] for stage in stages]
    assert ", ".join(told) in ARCHITECTURE.section("Apply, stage by stage").replace("\n", " ")


def test_what_serve_takes_by_itself() -> None:
    """Local: the files that `make serve` takes and writes when nothing else is said."""
    given = _parser().parse_args(["serve"])
    told = page("docs/local.md").text
    assert f"`{given.ready}`" in told
    for path in (given.settings, given.world):
        assert f"(../{path.relative_to(ROOT)})" in told
