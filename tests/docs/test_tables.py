"""The tables of the pages say what the code, the template and the project file say."""

from __future__ import annotations

import ast
import base64
import configparser
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crmsync import errors
from crmsync.cli.command import parser as parser_of_crmsync
from crmsync.config import load_settings
from crmsync.gateways.dynamodb.links.link_items import pointer, updated, whole
from crmsync.model.fields import Update
from crmsync.model.fingerprints import FINGERPRINT_BYTES, REVISION_BYTES, Base, tag, tags
from crmsync.model.links import Intent, Link, LinkState, LoopState
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.fields.maps import CONTACT_LEAD
from crmsync.rules.settings.scopes import scopes_of
from crmsync.rules.settings.subscriptions import (
    EVERY_COMPANY,
    EVERY_CONTACT,
    EVERY_DEAL,
    subscriptions_of,
)
from local.stack.dynamodb.capacity import WRITE_UNIT, item_size
from simulators.faults import KINDS
from simulators.hubspot.world_keys import PORTAL
from simulators.salesforce.world_keys import ORG
from tests.docs.pages import ROOT, names, page, pages
from tests.house.tree import tracked
from tests.template.document import Template, target, template_of_the_repository
from tests.template.wiring_reads import wiring_source

FEATURES = page("docs/features.md")
GUIDE = page("docs/deploy.md")
MONITORING = page("docs/metrics-and-alarms.md")
SETTINGS = page("docs/settings.md")
ARCHITECTURE = page("docs/architecture.md")
STORED = page("docs/stored-data.md")
TEMPLATE = template_of_the_repository()
PACKAGE = ROOT / "layers" / "shared" / "crmsync"
EACH_KIND = {
    "Contact": "Contacts",
    "Account": "Accounts",
    "Opportunity": "Opportunities",
    "Activity": "Activities",
}
"""What ``<Kind>`` stands for in the name of an alarm, and in that of a metric."""


def wakers(template: Template, function: str) -> set[str]:
    """What wakes a function: schedules by their expression, queues and rules by their logical id,
    "Function URL".
    """
    it = template.functions[function]
    found = {"Function URL"} if "FunctionUrlConfig" in it else set()
    for event in it.get("Events", {}).values():
        properties = event["Properties"]
        found.add(
            target(properties["Queue"])
            if event["Type"] == "SQS"
            else properties["ScheduleExpression"]
        )
    rules = template.of_type("AWS::Events::Rule").items()
    return found | {
        name
        for name, rule in rules
        if any(target(one["Arn"]) == function for one in rule["Targets"])
    }


def metric_patterns(source: str) -> set[str]:
    """The names of the metrics that a source counts, or gives at once as a `metric_set`, as
    patterns: a part that is worked out stands as ``*``.
    """
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    first = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add_metric"
    ]
    given = [
        key
        for call in calls
        for keyword in call.keywords
        if keyword.arg == "metric_set" and isinstance(keyword.value, ast.Dict)
        for key in keyword.value.keys
        if key is not None
    ]
    return {_pattern(node) for node in (*first, *given)}


def _pattern(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values
        )
    assert isinstance(node, ast.Constant)
    return str(node.value)


def statuses(source: str) -> set[str]:
    """The HTTP statuses of the receipts that intake gives."""
    calls = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args
    ]
    receipts = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "Receipt"
    ]
    return {str(node.value) for node in receipts if isinstance(node, ast.Constant)}


def layers(text: str, contract: str) -> set[str]:
    """The folders that an import contract knows."""
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return set(re.findall(r"\w+", parser[f"importlinter:contract:{contract}"]["layers"]))


def each_kind(rows: list[list[str]], kinds: Iterable[str]) -> list[str]:
    """The names in the first cells of a table; one with ``<Kind>`` stands for a name per kind."""
    told = [names(row[0])[0] for row in rows]
    return [
        name.replace("<Kind>", kind)
        for name in told
        for kind in (kinds if "<Kind>" in name else [""])
    ]


def test_lambdas() -> None:
    """Metrics and alarms: each Lambda of the template with its folder and what wakes it, and no
    other.
    """
    told = {
        names(row[1])[0]: (row[0], set(names(row[2])) | set(re.findall("Function URL", row[2])))
        for row in MONITORING.rows("Functions")
    }
    folders = {
        name: function["CodeUri"].split("/")[1] for name, function in TEMPLATE.functions.items()
    }
    assert told == {
        name: (f"[{folder}](../functions/{folder}/handler.py)", wakers(TEMPLATE, name))
        for name, folder in folders.items()
    }


def test_alarms() -> None:
    """Metrics and alarms: each alarm of the template has its line, and there is no line for
    another.
    """
    rows = MONITORING.rows("Alarms")
    assert sorted(each_kind(rows, EACH_KIND)) == sorted(TEMPLATE.of_type("AWS::CloudWatch::Alarm"))
    assert [row for row in rows if not all(row)] == []


def test_every_alarm_that_is_named_is_there() -> None:
    """All pages: an alarm that running text names is one of the template."""
    alarms = set(TEMPLATE.of_type("AWS::CloudWatch::Alarm"))
    told = {
        span
        for one in pages()
        for span in one.spans
        if re.fullmatch(r"(?:<Kind>)?[A-Z]\w+Alarm", span)
    }
    assert {name for name in told if name.replace("<Kind>", "Contact") not in alarms} == set()


def test_metrics() -> None:
    """Metrics and alarms: each metric that the wiring counts, under its exact name, and no
    other.
    """
    patterns = metric_patterns(wiring_source())
    told = each_kind(MONITORING.rows("Metrics"), EACH_KIND.values())
    assert len(told) == len(set(told))
    matched = {
        name: [p for p in patterns if re.fullmatch(p.replace("*", r"\w+"), name)] for name in told
    }
    assert [name for name, found in matched.items() if len(found) != 1] == []
    assert {found[0] for found in matched.values()} == patterns
    answers = statuses((PACKAGE / "flows" / "intake" / "push.py").read_text(encoding="utf-8"))
    assert {name for name in told if name.startswith("Webhook")} == {
        f"Webhook{status}" for status in answers
    }
    outcomes = {f"contacts{error.__name__}".lower() for error in errors.SyncError.__subclasses__()}
    assert outcomes <= {name.lower() for name in told}


def test_metrics_are_read_from_code() -> None:
    """Constant names and those that are put together are found, statuses likewise."""
    source = 'metrics.add_metric("A", unit=u)\nm.add_metric(f"B{x.y()}C", unit=u)\nadd("D")\nReceipt(200, "w")\nReceipt(n)\nE(metric_set={"D": 1}, other={"E": 1})\n'
    assert metric_patterns(source) == {"A", "B*C", "D"}
    assert statuses(source) == {"200"}


def test_subscriptions() -> None:
    """Deploy: the webhooks that a connection with everything switched on needs."""
    (connection,) = load_settings(SETTINGS.blocks("toml")[0]).connections
    told = {
        name
        for name in names(GUIDE.section("Scopes and webhooks"))
        if name.startswith(
            (
                "contact.",
                "company.",
                "deal.",
                "deal_",
                "dealstage",
                "hs_",
                "hubspot_",
                "lifecyclestage",
                "pipeline",
            )
        )
    }
    assert told == {kind for kind, _ in subscriptions_of(connection)} | {
        *EVERY_CONTACT,
        *EVERY_COMPANY,
        *EVERY_DEAL,
    }


def test_scopes() -> None:
    """Deploy: the scopes that a connection with everything switched on and a list needs."""
    (connection,) = load_settings(SETTINGS.blocks("toml")[0]).connections
    listed = replace(connection, contacts=replace(connection.contacts, inclusion_list="77"))
    told = [
        name
        for name in names(GUIDE.section("Scopes and webhooks"))
        if name.startswith(("crm.", "communication_", "content"))
    ]
    assert sorted(told) == list(scopes_of(listed))


def test_policies() -> None:
    """Settings: the update policies that a field may have, each with what crosses."""
    told = [
        name for row in SETTINGS.rows("Field mappings") if len(row) == 2 for name in names(row[0])
    ]
    assert sorted(told) == sorted(Update)


def test_words_of_the_command() -> None:
    """Features: the words of the operator's command."""
    (words,) = [action.choices for action in parser_of_crmsync()._actions if action.choices]
    told = [name for row in FEATURES.rows("For the operator") for name in names(row[0])]
    assert sorted(told) == sorted(words)


def test_folders_of_the_repository() -> None:
    """Architecture: every folder at the top of the repository is described, and no other."""
    told = re.findall(r"^\| \[(\w+)/\]", ARCHITECTURE.section("In the repository"), re.MULTILINE)
    folders = {path.parts[0] for path in tracked() if len(path.parts) > 1}
    assert sorted(told) == sorted(name for name in folders if not name.startswith("."))


@pytest.mark.parametrize(
    ("title", "contract"),
    [
        ("In the package", "rooms"),
        ("Inside rules", "rules"),
        ("Inside flows", "flows"),
        ("Inside gateways", "gateways"),
    ],
)
def test_folders(title: str, contract: str) -> None:
    """Architecture: every folder of the import contracts is described, and no other."""
    told = [name.strip("/") for row in ARCHITECTURE.rows(title) for name in names(row[0])]
    folders = layers((ROOT / ".importlinter").read_text(encoding="utf-8"), contract)
    assert sorted(set(told) - {"functions"}) == sorted(folders)
    assert len(told) == len(set(told))


def test_errors() -> None:
    """Architecture: every error that a gateway may raise, with what happens then."""
    told = [names(row[0])[0] for row in ARCHITECTURE.rows("Errors") if names(row[0])]
    general = errors.SyncError.__subclasses__()
    special = [error for one in general for error in one.__subclasses__()]
    assert sorted(told) == sorted(error.__name__ for error in (*general, *special))


def a_link(fields: int) -> Link:
    """A link with ids of usual lengths and so many fields, all written last, that both sides have
    been written to.
    """
    seen = [f"field_{number}" for number in range(fields)]
    base = Base().with_fingerprints(dict.fromkeys(seen, bytes(FINGERPRINT_BYTES)))
    hubspot = Ref(Side.HUBSPOT, "contact", "123456789012")
    salesforce = Ref(Side.SALESFORCE, "Contact", "003000000000001AAA")
    return Link(
        "acme",
        Kind.CONTACT,
        hubspot,
        salesforce,
        base,
        base,
        tags(seen),
        version=12,
        hubspot_owner="12345678",
        salesforce_owner="005000000000001AAA",
        hubspot_intent=Intent(bytes(range(1, REVISION_BYTES + 1))),
        salesforce_intent=Intent(bytes(range(1, REVISION_BYTES + 1))),
    )


def test_link_items() -> None:
    """Stored data: the attributes of the two items of a link are those that are stored."""
    tying = Intent(replaces={tag("contacts"): frozenset({bytes(FINGERPRINT_BYTES)})})
    loops = {tag("phone"): LoopState(1, datetime(2026, 11, 2, tzinfo=UTC))}
    link = replace(a_link(3), state=LinkState.TOMBSTONE, tying=tying, loops=loops, key=2)
    ended = {"deleted_on": Side.HUBSPOT, "is_merged": True}
    link = replace(link, overtaken_owner="005000000000001AAA")
    link = replace(link, history="69567a00||wstMAP-3,Phone", **ended)
    written = [set(whole(link, 1)) - {"pk"}, set(pointer(link)) - {"pk"}]
    assert [set(names(row[1])) for row in STORED.rows("LinksTable")] == written


def test_link_sizes() -> None:
    """Stored data and decision 3: the bytes that a link takes, and how many fields one write unit
    has room for.
    """
    default, most = item_size(_wire(a_link(len(CONTACT_LEAD) + 1))), item_size(_wire(a_link(39)))
    for text in (
        STORED.section("LinksTable"),
        page("docs/decisions/0003-link-table.md").section("Choice"),
    ):
        assert {f"{default:,}", f"{most:,}"} <= set(re.findall(r"[\d,]*\d", text))
    assert most <= WRITE_UNIT < item_size(_wire(a_link(40)))


def _wire(link: Link) -> dict[str, dict[str, str]]:
    """The whole item after an update as it goes over the wire, where bytes are base64."""
    return {
        name: {
            kind: base64.b64encode(it).decode() if isinstance(it, bytes) else it
            for kind, it in value.items()
        }
        for name, value in {**whole(link, 1), **updated(link, link.version)}.items()
    }


def test_decisions_are_listed() -> None:
    """Decisions: the index is the folder's content, in order, each under its number and its own
    heading.
    """
    listed = [f"{row[0]} {row[1]}" for row in page("docs/decisions/README.md").rows("Decisions")]
    decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    headings = [
        path.read_text(encoding="utf-8").partition("\n")[0].partition(". ") for path in decisions
    ]
    assert listed == [
        f"[{path.name[:4]}]({path.name}) {title}"
        for path, (_, _, title) in zip(decisions, headings, strict=True)
    ]
    assert [number for number, _, _ in headings] == [
        f"# {int(path.name[:4])}" for path in decisions
    ]


def test_dependencies_have_reasons() -> None:
    """Decision 13: each package that the project file names has a line that says why, and no other
    has.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = page("docs/decisions/0013-dependencies.md").rows("Choice")
    assert sorted(names(row[0])[0] for row in rows) == sorted(
        [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    )
    assert [row for row in rows if not all(row)] == []


def test_kinds_of_tests() -> None:
    """Contributing: every folder of tests is in the table."""
    told = {
        name
        for row in page("CONTRIBUTING.md").rows("Tests")
        for name in re.findall(r"\[tests/(\w+)\]", row[0])
    }
    assert told == {
        path.relative_to(ROOT).parts[1] for path in (ROOT / "tests").glob("*/**/test_*.py")
    }


def test_faults() -> None:
    """Local: the table of faults is the list that the control URL takes."""
    rows = page("docs/local.md").rows("Faults")
    told = [(at, kind) for row in rows for at in names(row[0]) for kind in names(row[1])]
    assert sorted(told) == sorted((at, kind) for at, kinds in KINDS.items() for kind in kinds)


def test_world_files() -> None:
    """Local: each key that its tables name for a CRM is one that a world file may have for it, and stands there once."""
    rows = page("docs/local.md").rows("World file")
    told = [name.partition(":")[0].strip('"') for row in rows for name in names(row[0])]
    (example,) = [
        it for it in map(json.loads, page("docs/local.md").blocks("json")) if "set_up" in it
    ]
    shown = {*example["hubspot"][0], *example["salesforce"]}
    assert len(told) == len(set(told)) > 0
    assert {*told, *shown} <= PORTAL.keys.keys() | ORG.keys()
    assert PORTAL.keys.keys() - {*told, *shown} == set()


@pytest.mark.parametrize("title", ["Functions", "Metrics", "Alarms"])
def test_operators_tables_are_full(title: str) -> None:
    """Metrics and alarms: no row of an operator's table is a cell short."""
    rows = MONITORING.rows(title)
    assert rows
    assert {len(row) for row in rows} == {len(rows[0])}
