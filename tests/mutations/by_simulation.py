"""Which planted mutations the simulation finds by itself, without any of the tests written for them.

A mutation is found by the first history that fails with it and passes without it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from queue import Queue

from tests.mutations.runner import Copy, copies_of
from tests.mutations.table import Mutation

FIRST = 500_000
"""The first seed that is played."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How long the simulation took to find a mutation.

    Attributes:
        mutation: The mutation.
        histories: How many histories were played, the failing one included.
        problem: What is wrong in that one; "" if none failed.
    """

    mutation: Mutation
    histories: int
    problem: str

    def __str__(self) -> str:
        """A line of the report."""
        if not self.problem:
            return f"NOT FOUND in {self.histories:,} histories: {self.mutation.name}"
        return f"{self.mutation.name}: history {self.histories:,}, {self.problem[:120]}"


def find(mutations: Sequence[Mutation], seeds: int) -> Iterator[Finding]:
    """Play up to so many histories with each mutation, on all cores; in the table's order."""
    jobs = min(os.cpu_count() or 1, len(mutations))
    with ExitStack() as owned:
        pairs: Queue[Sequence[Copy]] = Queue()
        copies = owned.enter_context(copies_of(number=2 * jobs))
        for mine in zip(copies[:jobs], copies[jobs:], strict=True):
            pairs.put(mine)

        def found(mutation: Mutation) -> Finding:
            planted, sound = pairs.get()
            try:
                return _find(mutation, planted, sound, seeds)
            finally:
                pairs.put((planted, sound))

        pool = owned.enter_context(ThreadPoolExecutor(jobs))
        yield from pool.map(found, mutations)


def _find(mutation: Mutation, planted: Copy, sound: Copy, seeds: int) -> Finding:
    """The first history that only the mutation lets fail."""
    at, end = FIRST, FIRST + seeds
    with planted.with_mutation(mutation):
        while at < end:
            seed, problem = _first_failure(planted, at, end)
            if not problem:
                break
            if not _first_failure(sound, seed, seed + 1)[1]:
                return Finding(mutation, seed - FIRST + 1, problem)
            at = seed + 1
    return Finding(mutation, seeds, "")


def _first_failure(copy: Copy, first: int, end: int) -> tuple[int, str]:
    """The first failing seed of a range in a copy and its problem, in a process of its own."""
    paths = (copy.folder / "layers" / "shared", copy.folder)
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutations.by_simulation", str(first), str(end)],
        cwd=copy.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        check=True,
        capture_output=True,
        text=True,
    )
    seed, _, problem = done.stdout.strip().partition(" ")
    return int(seed), problem


def _play(first: int, end: int) -> str:
    """Play the seeds until one fails: the seed and its problem, or `end`."""
    from tests.simulation.soak import play_block  # noqa: PLC0415 - what it imports is mutated

    for seed in range(first, end):
        for problems in play_block(seed, 1).failures.values():
            return f"{seed} {problems[0]}"
    return f"{end} "


if __name__ == "__main__":
    sys.stdout.write(_play(int(sys.argv[1]), int(sys.argv[2])))
