"""The examples of the pages work: settings load_changes, messages are read, commands and control calls are
taken.
"""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from crmsync.cli.command import parser as parser_of_crmsync
from crmsync.config import ConfigError, load_settings
from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.queue_messages import load_changes
from local.__main__ import _parser as parser_of_local
from local.stack.control import Control
from simulators.clock import Clock
from simulators.faults import Faults
from tests.docs.pages import ROOT, page, pages

SETTINGS = [(str(one.path), code) for one in pages() for code in one.blocks("toml")]
COMMANDS = [(str(one.path), line) for one in pages() for line in one.commands()]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
_UNSET = re.compile(r"\$\((?:or \$\(\w+\),)?([^()$]*)\)")
LOCAL = [(name, line) for name, line in COMMANDS if "-m local " in line] + [
    ("Makefile", _UNSET.sub(lambda found: "" if found[1].isupper() else found[1], line.strip()))
    for line in MAKEFILE.splitlines()
    if "-m local " in line
]
CRMSYNC = [(name, line) for name, line in COMMANDS if line.split()[0].endswith("bin/crmsync")]
PATHS = set(Control(cast("Any", None))._paths)
CURL = [(name, line) for name, line in COMMANDS if line.startswith("curl ")]
_ASSIGNED = re.compile(r"^(?:[A-Z_]+=\S+\s+)+")


def given(line: str) -> list[str]:
    """The arguments of ``python -m local``, with optional ones (in brackets) taken."""
    words = shlex.split(_ASSIGNED.sub("", line).replace("[", "").replace("]", ""), comments=True)
    return words[words.index("local") + 1 :]


def control_call(line: str) -> tuple[str, object]:
    """The path and the body of a curl command to the control URL."""
    words = shlex.split(line)
    body = json.loads(words[words.index("-d") + 1])
    (path,) = [
        word.rpartition("}")[2].rpartition("CONTROL")[2] for word in words if "CONTROL" in word
    ]
    return path, body


def smaller(code: str) -> list[str]:
    """The settings file without one of its keys, for each key."""
    lines = code.splitlines()
    return ["\n".join(lines[:at] + lines[at + 1 :]) for at, line in enumerate(lines) if "=" in line]


@pytest.mark.parametrize(("name", "code"), SETTINGS)
def test_settings_load(name: str, code: str) -> None:
    """Every settings file shown is one that is accepted, and names at least one connection."""
    assert load_settings(code).connections, name


def test_wrong_settings_would_be_seen() -> None:
    """A key that does not exist is refused, so an example with one would fail above."""
    assert SETTINGS
    with pytest.raises(ConfigError):
        load_settings(page("README.md").blocks("toml")[0] + '\nfavourite = "yes"\n')


def test_the_smallest_file_is_the_smallest() -> None:
    """README: the settings file that it calls the smallest one is accepted, and without any of its
    keys it is not.
    """
    (code,) = page("README.md").blocks("toml")
    assert len(load_settings(code).connections) == 1
    assert len(smaller(code)) == 5
    for less in smaller(code):
        with pytest.raises(ConfigError):
            load_settings(less)


def test_the_message_is_read() -> None:
    """The message among the stored data is one of ours."""
    (text,) = page("docs/stored-data.md").blocks("json")
    ref = Ref(Side.HUBSPOT, "contact", "81")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert load_changes(text) == [Change("acme", Kind.CONTACT, ref, Cause.EDITED, at)]


@pytest.mark.parametrize(("name", "line"), LOCAL)
def test_local_commands_are_taken(name: str, line: str) -> None:
    """Every ``python -m local`` command that is shown, or that a make target runs when nothing else
    is said, is understood.
    """
    assert parser_of_local().parse_args(given(line)).command, name


@pytest.mark.parametrize(("name", "line"), CRMSYNC)
def test_operators_commands_are_taken(name: str, line: str) -> None:
    """Every ``crmsync`` command shown has words and options that exist."""
    assert parser_of_crmsync().parse_args(shlex.split(line, comments=True)[1:]).run, name


@pytest.mark.parametrize(("name", "line"), CURL)
def test_control_calls_are_taken(name: str, line: str) -> None:
    """Every control call shown goes to a path that there is, with a body of its kind; faults are
    ones that exist.
    """
    path, body = control_call(line)
    assert path in PATHS, name
    assert isinstance(body, list if path == "/faults" else dict)
    if path == "/faults":
        Faults(Clock()).replace(body)


def test_there_are_commands_to_check() -> None:
    """The laptop stack's page shows how to start it and calls to each path of the control URL; the
    guide how to set up.
    """
    assert [name for name, _ in CRMSYNC if name == "docs/deploy.md"]
    assert [name for name, _ in LOCAL if name == "docs/local.md"]
    assert {control_call(line)[0] for _, line in CURL} == PATHS


def test_calls_are_read_from_commands() -> None:
    """Options in brackets and assignments in front are understood, paths and bodies are found."""
    assert given("A=1 .venv/bin/python -m local serve --ready r.json [--seed 3]  # why") == [
        *("serve", "--ready", "r.json", "--seed", "3")
    ]
    assert control_call("""curl -s "$CONTROL/faults" -d '[{"at": "x"}]'""") == (
        "/faults",
        [{"at": "x"}],
    )
