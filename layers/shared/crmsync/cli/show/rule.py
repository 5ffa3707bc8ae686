"""``crmsync rule``: what a rule id means. The specification comes with the package, so neither AWS
nor the repository is needed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from crmsync.cli.answer import Answer, Subparsers, add_offline_command
from crmsync.cli.tables import wrapped
from crmsync.errors import Gone

_SOURCE = "Source"
"""The cell that names where a rule comes from, separated by commas."""


def add_commands(commands: Subparsers) -> None:
    """Add ``rule``."""
    text = "say what a rule of the specification means, by its id, and where it comes from"
    parser = add_offline_command(commands, "rule", _rule, text, "crmsync rule DUP-24 SET-2")
    parser.add_argument(
        "id", metavar="ID", nargs="+", help="its id, as decisions and errors show it"
    )


def _rule(arguments: argparse.Namespace) -> Answer:
    documents = [_document(one.strip("(),.").upper()) for one in arguments.id]
    text = "\n\n".join("\n".join(_lines(one)) for one in documents)
    return Answer(documents if len(documents) > 1 else documents[0], text)


@cache
def _specification() -> Mapping[str, Any]:
    """The file that `make rules` writes from the pages of the specification."""
    return json.loads(files(__package__).joinpath("specification.json").read_text("utf-8"))  # type: ignore[no-any-return]


def _document(identifier: str) -> dict[str, Any]:
    """A rule for programs. Raises `Gone` for an unknown id."""
    rules, sources = _specification()["rules"], _specification()["sources"]
    if identifier not in rules:
        raise Gone(f"There is no rule {identifier}.", hint=_known(identifier, list(rules)))
    rule = rules[identifier]
    cells = dict(rule["cells"])
    names = cells.pop(_SOURCE, "").split(", ")
    return {
        "id": identifier,
        "title": rule["title"],
        "text": cells,
        "sources": {name: sources.get(name, "") for name in names if name},
        "page": f"{rule['page']}#{identifier.lower()}",
    }


def _known(identifier: str, rules: Sequence[str]) -> str:
    """The ids of the same family, or all families."""
    family = identifier.partition("-")[0]
    same = [one for one in rules if one.partition("-")[0] == family]
    if same:
        return f"There are these: {', '.join(same)}."
    families = dict.fromkeys(one.partition("-")[0] for one in rules)
    return f"Ids begin with one of these: {', '.join(families)}."


def _lines(rule: Mapping[str, Any]) -> Iterator[str]:
    yield f"{rule['id']}: {rule['title']}"
    for name, text in rule["text"].items():
        yield wrapped(f"{name}: {text}", "  ")
    for name, address in rule["sources"].items():
        yield wrapped(f"Source: {name} {address}".rstrip(), "  ")
    yield f"  Page: {rule['page']}"
