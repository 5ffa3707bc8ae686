"""Template, function folders and event folders name the same Lambdas, and handlers have no
logic.
"""

from __future__ import annotations

import ast

import pytest

from tests.template.document import ROOT, template_of_the_repository

TEMPLATE = template_of_the_repository()
FOLDERS = sorted(
    folder.name for folder in (ROOT / "functions").iterdir() if (folder / "handler.py").exists()
)
BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.Try,
    ast.TryStar,
    ast.Match,
    ast.comprehension,
    ast.BoolOp,
)
LONGEST_HANDLER = 30


def camel(folder: str) -> str:
    """Return the logical id of the function in a folder."""
    return "".join(word.title() for word in folder.split("_")) + "Function"


def branches(source: str) -> list[str]:
    """Return the kinds of branch in a source, in order."""
    return [
        type(node).__name__ for node in ast.walk(ast.parse(source)) if isinstance(node, BRANCHES)
    ]


def test_functions_are_the_folders() -> None:
    """Every folder is a function, every function a folder; the logical id is the folder's name in
    camel case.
    """
    written = {
        name: (function["CodeUri"], function["Handler"])
        for name, function in TEMPLATE.functions.items()
    }
    assert written == {
        camel(folder): (f"functions/{folder}/", "handler.lambda_handler") for folder in FOLDERS
    }


def test_a_folder_holds_its_handler_alone() -> None:
    """Everything else is in the layer."""
    kept = {
        folder: sorted(
            path.name for path in (ROOT / "functions" / folder).glob("*") if path.is_file()
        )
        for folder in FOLDERS
    }
    assert kept == {folder: ["handler.py"] for folder in FOLDERS}


def test_events_belong_to_functions() -> None:
    """Every folder of events belongs to a function, and every function has events."""
    assert sorted(folder.name for folder in (ROOT / "events").iterdir()) == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_handler_decides_nothing(folder: str) -> None:
    """It has no branch, no loop and no try, and is short."""
    source = (ROOT / "functions" / folder / "handler.py").read_text(encoding="utf-8")
    assert branches(source) == []
    assert len(source.splitlines()) <= LONGEST_HANDLER


def test_branches_are_seen() -> None:
    """Every way to branch is found, at any depth."""
    source = "def handler(e, c):\n    try:\n        return [x for x in e if x] or None\n    finally:\n        c()\n"
    assert branches(source) == ["Try", "BoolOp", "comprehension"]
