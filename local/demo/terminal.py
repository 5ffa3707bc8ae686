"""Tells the story on the terminal: what people did, what both CRMs show, which rule decided, and
what it cost in calls.

Law: only looks and prints; judging is the story's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.demo.story import Sight, Step, Story
from local.stack import Stack

HERE = Path(__file__).parent
CRMS = ("hubspot", "salesforce")


def demo() -> int:
    """Play the story; 0 when everything that it shows came out right, else 1."""
    console = Console(highlight=False)
    console.print(
        "[bold]crmsync[/] on this machine: the Lambdas of template.yaml as processes, and two simulated CRMs."
    )
    with console.status("Starting the stack"):
        stack = Stack(
            (HERE / "settings.toml").read_text(), json.loads((HERE / "world.json").read_text())
        )
    with stack:
        watch = Watch(stack)
        wrong = 0
        for number, play in enumerate(Story(stack).steps(), 1):
            step = play()
            _tell(console, number, step, watch.decisions(), watch.calls())
            wrong += sum(not sight.right for sight in step.sights)
    if wrong:
        console.print(f"\n[bold red]{wrong} of these did not come out right.[/]")
        return 1
    console.print(
        "\n[bold green]Everything came out right.[/] Play with it yourself: [bold]make serve[/]"
    )
    return 0


class Watch:
    """What the product logged and called since the last look."""

    def __init__(self, stack: Stack) -> None:
        """Watch from now on."""
        self._stack = stack
        self._told = 0
        self._calls = self._count()

    def calls(self) -> dict[str, int]:
        """API calls per CRM since the last look."""
        before, self._calls = self._calls, self._count()
        return {name: self._calls[name] - before[name] for name in CRMS}

    def decisions(self) -> list[str]:
        """What was decided since the last look, a line each, with the ids of the rules."""
        lines = [
            line
            for decision in self._logged()
            for line in [*decision["effects"], *decision["conflicts"]]
        ]
        fresh, self._told = lines[self._told :], len(lines)
        return fresh

    def _logged(self) -> Iterator[Mapping[str, Any]]:
        for line in self._stack.output("contact_sync").splitlines():
            if '"decision"' in line:
                yield json.loads(line)["decision"]

    def _count(self) -> dict[str, int]:
        stats = self._stack.stats()
        return {name: stats[name]["calls"] for name in CRMS}


def _tell(
    console: Console, number: int, step: Step, decisions: list[str], calls: Mapping[str, int]
) -> None:
    console.print()
    console.print(Rule(Text(f"{number}. {step.title}", "bold"), align="left", style="dim"))
    for deed in step.deeds:
        console.print(Padding(deed, (0, 2)))
    table = Table.grid(padding=(0, 2))
    table.add_column(width=7, style="dim")
    table.add_column()
    for sight in step.sights:
        table.add_row("shows", _sight(sight))
    for line in decisions or ["nothing"]:
        table.add_row("decided", Text(line))
    table.add_row(
        "cost",
        f"{_calls(calls['hubspot'], 'HubSpot')}, {_calls(calls['salesforce'], 'Salesforce')}",
    )
    console.print(Padding(table, (0, 2)))


def _sight(sight: Sight) -> Text:
    text = Text.assemble(
        ("✓ " if sight.right else "✗ ", "green" if sight.right else "bold red"),
        f"{sight.place}: ",
        _plain(sight.seen),
    )
    return text if sight.right else text.append(f"\n  expected {_plain(sight.expected)}", "red")


def _plain(shown: Any) -> str:
    """What a person would read out: names with their values, blanks left out."""
    if isinstance(shown, list):
        return " and ".join(_plain(one) for one in shown) or "none"
    if isinstance(shown, dict):
        return ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)
    return str(shown)


def _calls(number: int, side: str) -> str:
    """So many calls of a side, as people say it."""
    return f"{number} {side} call{'s' * (number != 1)}"
