"""The specification as the package ships it, for ``crmsync rule``: made of the pages in docs/, one
rule per line.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

SHIPPED = "layers/shared/crmsync/cli/show/specification.json"

_ROW = re.compile(r'^\| <a id="[^"]*"></a>([A-Z]{1,5}-\d+) \| (.*) \|$')
_SOURCE = re.compile(r"^\[([^\]]+)\]: (\S+)", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\](?:\([^)]*\))?")
_MARKS = re.compile(r"(?<!\w)\*{1,2}([^*]+)\*{1,2}(?!\w)|`([^`]+)`")


def shipped(root: Path) -> str:
    """The file for the specification of a repository."""
    rules: dict[str, object] = {}
    sources: dict[str, str] = {}
    for path in sorted((root / "docs" / "specification").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for name, address in _SOURCE.findall(text):
            if sources.setdefault(name, address) != address:
                raise ValueError(f"{path.name}: [{name}] has two addresses")
        title, heading = "", [""]
        for line in text.splitlines():
            if line.startswith("#"):
                title = line.lstrip("# ").partition(" (")[0]
            elif line.startswith("| Id |"):
                heading = [cell.strip() for cell in line.strip("| ").split(" | ")][1:]
            elif row := _ROW.match(line):
                cells = [cell.strip() for cell in row[2].split(" | ")]
                if len(cells) != len(heading):
                    raise ValueError(f"{path.name}: {row[1]} has {len(cells)} cells")
                rules[row[1]] = {
                    "title": title,
                    "page": f"docs/specification/{path.name}",
                    "cells": [
                        [name, _plain(cell)] for name, cell in zip(heading, cells, strict=True)
                    ],
                }
    return _lines("rules", rules, "sources", dict(sorted(sources.items())))


def _plain(cell: str) -> str:
    """A cell without the marks of Markdown."""
    return _MARKS.sub(lambda found: found[1] or found[2], _LINK.sub(r"\1", cell))


def _lines(*parts: object) -> str:
    """One JSON document with a line for each entry, so that a change of a rule is a changed line."""
    texts = []
    for name, entries in zip(parts[::2], parts[1::2], strict=True):
        assert isinstance(entries, dict)
        rows = ",\n".join(f"{json.dumps(key)}: {_json(entry)}" for key, entry in entries.items())
        texts.append(f"{json.dumps(name)}: {{\n{rows}\n}}")
    return "{" + ",\n".join(texts) + "}\n"


def _json(entry: object) -> str:
    return json.dumps(entry, ensure_ascii=False)
