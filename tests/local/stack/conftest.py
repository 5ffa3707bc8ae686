"""The fixture that starts a laptop stack of throwaway functions."""

import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.clock import Clock
from local.faults import Faults
from local.stack.cloud import Cloud
from local.stack.doors import Door
from local.stack.runner import Runner
from local.stack.turns import Turns
from tests.local.stack.laptop import PRINTS_THE_EVENT, TEMPLATE, Build, Laptop


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Build]:
    """Starts a stack; keyword arguments are the handlers' texts by function, the named ones replace what is usual."""
    with ExitStack() as owned:

        def build(
            *,
            template: str = TEMPLATE,
            parameters: dict[str, str] | None = None,
            turns: Turns | None = None,
            **handlers: str,
        ) -> Laptop:
            for name in ("toil", "tick", "door"):
                folder = tmp_path / "functions" / name
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "handler.py").write_text(textwrap.dedent(handlers.get(name, PRINTS_THE_EVENT)))
            (tmp_path / "template.yaml").write_text(template)
            clock = Clock()
            faults = Faults(clock)
            door = Door("door")
            owned.callback(door.close)
            deployed = tmp_path / "template.yaml"
            cloud = owned.enter_context(
                Cloud(deployed, clock=clock, faults=faults, parameters=parameters, doors=[door], turns=turns)
            )
            return Laptop(cloud, Runner(clock, cloud.movers), clock, faults, door)

        yield build
