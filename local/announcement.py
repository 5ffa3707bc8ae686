"""What `serve` and `demo` print about a running stack: where everything is, what to try, and what
happens.

Law: prints only. On a terminal the lines have colours; anywhere else they say the same, plainly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local.live_log import Line

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "arrived": "cyan",
        "planned": "dim",
        "decided": "magenta",
        "written": "green",
        "held": "yellow",
        "parked": "red",
        "waits": "yellow",
        "warned": "bold red",
    }
)
"""The colour of each word of a line."""


def places(ready: Mapping[str, Any], file: Path | None) -> list[tuple[str, str]]:
    """Return what there is and where, from the content of the ready `file`."""
    rows = [
        ("Playground", str(ready["playground_url"])),
        ("Console", f"{ready['playground_url']}/console (opens it, signed in)"),
    ]
    rows += [
        ("HubSpot " + str(portal["portal_id"]), str(portal["base_url"]))
        for portal in ready["portals"]
    ]
    rows += [
        ("Salesforce", str(ready["salesforce"]["instance_url"])),
        ("Control URL", str(ready["control_url"])),
        ("AWS endpoint", f"{ready['aws_endpoint_url']} ({ready['aws_region']})"),
    ]
    return rows + ([("Ready file", str(file))] if file else [])


def commands(ready: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the next three commands to try: what each does, and its lines."""
    control = ready["control_url"]
    variables = (
        f"AWS_ENDPOINT_URL={ready['aws_endpoint_url']} "
        f"AWS_DEFAULT_REGION={ready['aws_region']} \\\n"
        "  AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any"
    )
    return [
        ("Let fifteen minutes pass:", f"curl -s {control}/advance -d '{{\"seconds\": 900}}'"),
        ("Count the calls:", f"curl -s {control}/stats -d '{{}}'"),
        ("Run the operator's command:", f"{variables} .venv/bin/crmsync status"),
    ]


def print_places(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    """Print what there is and where."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, place in rows:
        table.add_row(name, Text(place))
    console.print(Padding(table, (0, 2)))


def print_commands(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    """Print commands; none is broken anew, so that it can be copied."""
    for number, (does, command) in enumerate(rows, start=1):
        console.print(f"\n  {number}. {does}", markup=False)
        for line in command.splitlines():
            console.print(f"     {line}", markup=False, soft_wrap=True)
    console.print()


def print_lines(console: Console, lines: Iterable[Line]) -> None:
    """Print what happened, a row each."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True, min_width=max(map(len, COLOURS)))
    table.add_column(overflow="fold")
    for line in lines:
        said = f"{line.record}: {line.text}" if line.record else line.text
        table.add_row(line.time, Text(line.word, COLOURS[line.word]), Text(said))
    if table.rows:
        console.print(table)
