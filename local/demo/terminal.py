"""Prints the story on the terminal: what people did, what both CRMs show, which rule decided, and
how many calls it took.

Law: reads and prints only; the story decides whether something is as expected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.announcement import places, print_places
from local.demo.steps import Observation, Step
from local.demo.story import Story
from local.live_log import LiveLog
from local.playground import Playground
from local.serve import Shown, keep_moving, ready_of, stop_on_signals
from local.stack import Stack

HERE = Path(__file__).parent
CRMS = ("hubspot", "salesforce")
_SYNCS = ("contact_sync", "activity_sync")
"""The functions whose decisions are shown."""


def demo(*, keep: bool = False) -> int:
    """Play the story; return 0 when everything is as expected, else 1.

    With `keep` the stack stays open after the story, and runs by itself, until SIGINT or SIGTERM.
    """
    console = Console(highlight=False)
    console.print(
        "[bold]crmsync[/] on this machine: "
        "the Lambdas of template.yaml as processes, and two simulated CRMs."
    )
    with console.status("Starting the stack"):
        stack = Stack(
            (HERE / "settings.toml").read_text(), json.loads((HERE / "world.json").read_text())
        )
    with stack:
        activity = Activity(stack)
        wrong = 0
        for number, play in enumerate(Story(stack).steps(), 1):
            step = play()
            _print_step(console, number, step, activity.decisions(), activity.calls())
            wrong += sum(not observation.as_expected for observation in step.observations)
        _print_ending(console, wrong)
        if keep:
            _keep_open(console, stack)
    if not keep:
        console.print("[bold]KEEP=1 make demo[/] leaves the stack open at the end, with links.")
    return 1 if wrong else 0


def _print_ending(console: Console, wrong: int) -> None:
    if wrong:
        console.print(f"\n[bold red]{wrong} of these are not as expected.[/]")
    else:
        console.print(
            "\n[bold green]Everything is as expected.[/] Play with it yourself: [bold]make serve[/]"
        )


def _keep_open(console: Console, stack: Stack) -> None:
    """Say where everything is, and let the stack run by itself until it is stopped."""
    stop = stop_on_signals()
    console.print("\nThe stack stays open until Ctrl-C:\n")
    with closing(Playground(stack)) as playground:
        print_places(console, places(ready_of(stack, playground), None))
        console.print()
        log = LiveLog(stack)
        log.fresh()  # the story has been told
        keep_moving(stack, stop, live=True, shown=Shown(console, log))
    console.print("Stopping.")


class Activity:
    """What the product has logged and called, step by step."""

    def __init__(self, stack: Stack) -> None:
        """Start counting now."""
        self._stack = stack
        self._shown = dict.fromkeys(_SYNCS, 0)
        self._calls = self._count()

    def calls(self) -> dict[str, int]:
        """Return the API calls per CRM since the last step."""
        before, self._calls = self._calls, self._count()
        return {name: self._calls[name] - before[name] for name in CRMS}

    def decisions(self) -> list[str]:
        """Return what was decided since the last step, a line each, with the ids of the rules."""
        fresh: list[str] = []
        for function, shown in self._shown.items():
            lines = [
                line
                for decision in self._logged(function)
                for line in [*decision["effects"], *decision["conflicts"]]
            ]
            fresh += lines[shown:]
            self._shown[function] = len(lines)
        return fresh

    def _logged(self, function: str) -> Iterator[Mapping[str, Any]]:
        for line in self._stack.output(function).splitlines():
            if '"decision"' in line:
                yield json.loads(line)["decision"]

    def _count(self) -> dict[str, int]:
        stats = self._stack.stats()
        return {name: stats[name]["calls"] for name in CRMS}


def _print_step(
    console: Console, number: int, step: Step, decisions: list[str], calls: Mapping[str, int]
) -> None:
    console.print()
    console.print(Rule(Text(f"{number}. {step.title}", "bold"), align="left", style="dim"))
    for action in step.actions:
        console.print(Padding(action, (0, 2)))
    table = Table.grid(padding=(0, 2))
    table.add_column(width=7, style="dim")
    table.add_column()
    for observation in step.observations:
        table.add_row("shows", _observation(observation))
    for line in decisions or ["nothing"]:
        table.add_row("decided", Text(line))
    table.add_row(
        "cost",
        f"{_calls(calls['hubspot'], 'HubSpot')}, {_calls(calls['salesforce'], 'Salesforce')}",
    )
    console.print(Padding(table, (0, 2)))


def _observation(observation: Observation) -> Text:
    line = f"{observation.place}: {_plain(observation.seen)}"
    if observation.as_expected:
        return Text.assemble(("✓ ", "green"), line)
    expected = f"\n  expected {_plain(observation.expected)}"
    return Text.assemble(("✗ ", "bold red"), line, (expected, "red"))


def _plain(shown: Any) -> str:
    """Return a value as a person would say it: names with their values, blank ones left out."""
    if isinstance(shown, list):
        return " and ".join(_plain(one) for one in shown) or "none"
    if isinstance(shown, dict):
        return ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)
    return str(shown)


def _calls(number: int, side: str) -> str:
    """Return that many calls of a side, in words."""
    return f"{number} {side} call{'s' * (number != 1)}"
