"""`crmsync rule`: the specification, rule by rule."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crmsync.cli import main
from tests.house.rules.index import entries_in
from tests.house.tree import ROOT


def test_a_rule_is_told_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    """Its sentence and where it comes from are shown; the id may be in any case, and come with the
    brackets that a message has around it.
    """
    assert main(["rule", "(dup-24),", "Q-2"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "DUP-24: Duplicates",
        "  Rule: After the first match by address, the stored Salesforce id decides.",
        "  Source: Merge guide https://www.revblack.com/guides/how-to-merge-hubspot-contacts-in-salesforce",
        "  Page: docs/specification/contacts.md#dup-24",
        "",
        "Q-2: Questions",
        "  Question: LIFE-8 speaks of the deal's lifecycle stage, but deals have none.",
        "  Answer: The contact's stage is meant: Opportunity for an open one, Customer for a won one, never",
        "    backwards (LIFE-20). The contact also shows the stage of the opportunity that was created last.",
        "  Page: docs/specification/answers.md#q-2",
    ]


def test_a_rule_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One rule is one document."""
    assert main(["rule", "MAP-2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {**found, "sources": list(found["sources"])} == {
        "id": "MAP-2",
        "title": "Field mappings",
        "text": {
            "Rule": (
                "Always use Salesforce: HubSpot's value never crosses, not even into an empty "
                "field. Salesforce's value, or its deletion, always crosses."
            )
        },
        "sources": ["Mappings 2026"],
        "page": "docs/specification/fields.md#map-2",
    }


def test_an_unknown_rule_is_answered_with_those_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those of its family, or the families."""
    ends = [main(["rule", "INS-99"]), main(["rule", "FOO-1"])]
    first, second = capsys.readouterr().err.splitlines()
    assert (ends, first) == (
        [1, 1],
        "crmsync: There is no rule INS-99. There are these: INS-1, INS-2, INS-3, INS-4, INS-5.",
    )
    assert second.startswith("crmsync: There is no rule FOO-1. Ids begin with one of these: TASK, ")


def test_every_rule_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """None is missing, each has a text, and each page that a rule cites has its address."""
    ids = [one.id for one in entries_in(ROOT)]
    assert main(["rule", *ids, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in found] == ids
    assert [one["id"] for one in found if not all(one["text"].values())] == []
    unknown = {name for one in found for name, address in one["sources"].items() if not address}
    assert unknown == {
        "crmsync",
        "implied",
        "Not found",
        "Connector properties",
        "A public export",
        "A public property export",
    }


def test_it_works_without_the_repository_and_without_aws(tmp_path: Path) -> None:
    """In an empty folder, with an empty environment."""
    done = subprocess.run(
        [sys.executable, "-m", "crmsync.cli", "rule", "DUP-24"],
        env={"PYTHONPATH": str(ROOT / "layers" / "shared")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "DUP-24: Duplicates")
