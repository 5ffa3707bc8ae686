"""Plants mutations in a copy of the tree, one at a time, and runs the tests that must catch them.

Nothing is changed in the tree itself.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

from tests.house.tree import ROOT
from tests.mutations.recorder import ASSERTION, FILE, PASSED
from tests.mutations.table import Mutation, tests_of

LIMIT = 120.0
"""Seconds for the tests of one mutation."""

BASELINE_LIMIT = 900.0
"""Seconds for all named tests without a mutation."""


class Verdict(StrEnum):
    """What became of a mutation."""

    SURVIVED = "SURVIVED"
    """A test passed that must fail."""
    BROKEN = "BROKEN"
    """A test did not end by an assertion, so it is not known to have noticed the mistake."""
    CAUGHT = "caught"
    """Every named test failed by an assertion, or never ended where the table says so."""


@dataclass(frozen=True, slots=True)
class Result:
    """A mutation after its tests have run.

    Attributes:
        mutation: The mutation.
        verdict: What became of it.
        remark: Which test did not notice it, and how it ended; "" for none.
        seconds: How long the tests took.
    """

    mutation: Mutation
    verdict: Verdict
    remark: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Endings:
    """How some tests ended.

    Attributes:
        by_test: Test -> its endings, one per set of parameters.
        is_over: Whether they ended within the time limit.
        seconds: How long they took.
        output: What pytest printed.
    """

    by_test: Mapping[str, frozenset[str]]
    is_over: bool
    seconds: float
    output: str


def files_of(root: Path) -> list[str]:
    """The files under version control, and new ones that will be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted({name for name in listed.split("\0") if name and (root / name).is_file()})


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the tree, in which mutations are planted.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    @contextmanager
    def with_mutation(self, mutation: Mutation) -> Iterator[None]:
        """Plant a mutation, and take it out again afterwards. Raises `ValueError` if its old text
        does not occur once.
        """
        path = self.folder / mutation.path
        sound = path.read_text(encoding="utf-8")
        try:
            self._write(path, mutation.planted_in(sound))
            yield
        finally:
            self._write(path, sound)

    def run(self, tests: Sequence[str], limit: float) -> Endings:
        """Run tests, for at most so many seconds."""
        record = self.folder / "endings.jsonl"
        record.write_text("", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=short"]
        command += ["-p", "tests.mutations.recorder", "-p", "no:cacheprovider", "-p", "no:randomly"]
        paths = (self.folder / "layers" / "shared", self.folder)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            FILE: str(record),
        }
        began = time.monotonic()
        with subprocess.Popen(
            [*command, *tests],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            is_over = True
            try:
                output, _ = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                is_over = False
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                output, _ = process.communicate()
        return Endings(_read(record), is_over, time.monotonic() - began, output)

    @staticmethod
    def _write(path: Path, source: str) -> None:
        """Write a module, and remove its compiled form: that is found by size and whole second, and
        two mutations of one size may follow within a second.
        """
        path.write_text(source, encoding="utf-8")
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()


def _read(record: Path) -> Mapping[str, frozenset[str]]:
    endings: dict[str, set[str]] = defaultdict(set)
    for line in record.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        endings[row["test"]].add(row["end"])
    return {test: frozenset(ends) for test, ends in endings.items()}


@contextmanager
def copies_of(root: Path = ROOT, number: int = os.cpu_count() or 1) -> Iterator[list[Copy]]:
    """Copies of the tree in a temporary folder, one per processor unless `number` says so."""
    with TemporaryDirectory(prefix="crmsync-mutations-") as name:
        copies = [Copy(Path(name) / str(at)) for at in range(number)]
        for file in files_of(root):
            for copy in copies:
                target = copy.folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / file, target)
        yield copies


def baseline(copy: Copy, mutations: Sequence[Mutation]) -> list[str]:
    """Run all named tests without a mutation; returns a line per test that does not pass, or what
    pytest printed where none ran.
    """
    endings = copy.run(tests_of(mutations), BASELINE_LIMIT)
    if not endings.by_test:
        return endings.output.splitlines()[-10:] or ["no test ran"]
    return [
        f"{test}: {_ends(endings, test)}"
        for test in tests_of(mutations)
        if endings.by_test.get(test) != frozenset({PASSED})
    ]


def result_of(copy: Copy, mutation: Mutation, limit: float = LIMIT) -> Result:
    """Plant a mutation and run its tests."""
    with copy.with_mutation(mutation):
        endings = copy.run(mutation.caught_by, mutation.endless_after or limit)
    verdict, remark = judged(mutation, endings)
    return Result(mutation, verdict, remark, endings.seconds)


def results_of(copies: Sequence[Copy], mutations: Sequence[Mutation]) -> Iterator[Result]:
    """Plant mutations, one at a time in each of the copies; the results come in the order of
    `mutations`.
    """
    free: Queue[Copy] = Queue()
    for copy in copies:
        free.put(copy)

    def result(mutation: Mutation) -> Result:
        copy = free.get()
        try:
            return result_of(copy, mutation)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        yield from pool.map(result, mutations)


def judged(mutation: Mutation, endings: Endings) -> tuple[Verdict, str]:
    """What became of a mutation, and the test that did not notice it."""
    if not endings.is_over:
        expected = mutation.endless_after is not None
        return (Verdict.CAUGHT, "never ends") if expected else (Verdict.BROKEN, "never ends")
    for test in mutation.caught_by:
        ends = endings.by_test.get(test, frozenset())
        if ends == frozenset({PASSED}):
            return Verdict.SURVIVED, f"{test} passes"
        if not ends <= {PASSED, ASSERTION} or not ends:
            return Verdict.BROKEN, f"{test}: {_ends(endings, test)}"
    return Verdict.CAUGHT, ""


def _ends(endings: Endings, test: str) -> str:
    return ", ".join(sorted(endings.by_test.get(test, ()))) or "did not run"
