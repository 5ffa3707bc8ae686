"""What workers with the same layers share, and what each of them has for itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from local.worker import READ_BY_ALL
from local.worker_pool import WorkerSpec, worker_pool

IMPORTED = """
import os
pid = os.getpid()
read = os.environ.get({name!r})
"""

ANSWERS = """
import os, imported
def lambda_handler(event, context): return [imported.pid == os.getpid(), imported.read]
"""


def answer_of(folder: Path, name: str, environment: dict[str, str]) -> Any:
    """Whether a worker with `environment` has imported its layer's module itself, and what that
    module read from the variable `name`.
    """
    layer = folder / f"layer-{name}"
    layer.mkdir(exist_ok=True)
    (layer / "imported.py").write_text(IMPORTED.format(name=name))
    (folder / "handler.py").write_text(ANSWERS)
    spec = WorkerSpec(
        name="one",
        paths=[str(folder), str(layer)],
        layers=[str(layer)],
        handler="handler.lambda_handler",
        directory=str(folder),
        environment=environment,
        output=str(folder / "output"),
        added_ms=0,
        function={"name": "one", "arn": "", "memory_mb": "0"},
    )
    call = {"event": {}, "request_id": "1", "added_ms": 0, "budget_ms": 60_000}
    with closing(worker_pool().start(spec)) as worker:
        return worker.call(call, 60)["answer"]


def test_workers_share_what_reads_a_variable_that_nearly_every_module_reads(tmp_path: Path) -> None:
    """Workers that agree about it share the module; another value gets modules of its own."""
    (name,) = READ_BY_ALL
    given: list[dict[str, str]] = [{}, {name: "1"}, {name: "2"}, {"OTHER": "1"}]
    assert [answer_of(tmp_path, name, environment) for environment in given] == [
        [False, None],
        [False, "1"],
        [False, "2"],
        [False, None],
    ]


def test_each_worker_imports_what_reads_another_variable_itself(tmp_path: Path) -> None:
    """A module that reads the environment sees the worker's own."""
    given: list[dict[str, str]] = [{"OTHER": "1"}, {"OTHER": "2"}, {}]
    assert [answer_of(tmp_path, "OTHER", environment) for environment in given] == [
        [True, "1"],
        [True, "2"],
        [True, None],
    ]
