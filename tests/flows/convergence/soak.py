"""``make soak ARGS="whole-stack --seeds 500"``: random stories on the laptop stack, each with several
workers of every function and a stack of its own.

A seed decides the story, the faults, the number of workers and how their calls interleave. An
interrupted run goes on where it ended as long as the sources are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.flows.convergence.test_in_step_deals_stack import play_busy_deals
from tests.flows.convergence.test_in_step_stack import play_busy_contacts

STORIES: Mapping[str, Callable[[int, int], None]] = MappingProxyType(
    {"contacts": play_busy_contacts, "deals": play_busy_deals}
)
WORKERS = (2, 3)
ROOT = Path(__file__).parents[3]
STATE = ROOT / "build" / "soak" / "whole-stack.json"
SOURCES = ("layers/shared/crmsync", "functions", "local", "simulators", "tests/flows")
SEEDS = 500
TASKS_OF_A_PROCESS = 10


def kind_of(seed: int) -> tuple[str, int]:
    """What a seed plays: the story, and how many workers each function has."""
    names = sorted(STORIES)
    return names[seed % len(names)], WORKERS[seed // len(names) % len(WORKERS)]


def play_seed(seed: int) -> str:
    """Play one story; what went wrong, "" for nothing."""
    story, workers = kind_of(seed)
    try:
        STORIES[story](seed, workers)
    except Exception as error:  # noqa: BLE001 - whatever a story ends with is what the run has to tell
        where = traceback.extract_tb(error.__traceback__)[-1]
        what = str(error).partition("\n")[0]
        return f"{type(error).__name__}: {what} ({Path(where.filename).name}:{where.lineno})"
    return ""


def version() -> str:
    """The fingerprint of everything that decides how a seed ends."""
    digest = hashlib.blake2b(digest_size=8)
    for place in SOURCES:
        for one in sorted((ROOT / place).rglob("*.py")):
            digest.update(one.read_bytes())
    return digest.hexdigest()


@dataclass
class Stories:
    """What is played so far.

    Attributes:
        done: The seeds that were played.
        failures: Seed -> what went wrong.
        seconds: How long the runs took.
        state: The file that keeps this.
    """

    done: set[int] = field(default_factory=set)
    failures: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    state: Path = STATE

    def load(self) -> None:
        """Go on where a run of the same sources ended."""
        if not self.state.exists():
            return
        kept = json.loads(self.state.read_text(encoding="utf-8"))
        if kept["version"] == version():
            self.done, self.seconds = set(kept["done"]), kept["seconds"]
            self.failures = {int(seed): why for seed, why in kept["failures"].items()}

    def save(self) -> None:
        """Keep what is done."""
        self.state.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "version": version(),
            "done": sorted(self.done),
            "failures": self.failures,
            "seconds": self.seconds,
        }
        self.state.write_text(json.dumps(kept), encoding="utf-8")

    def run(self, first: int, seeds: int, jobs: int) -> None:
        """Play those of the seeds that are not done yet."""
        left = [seed for seed in range(first, first + seeds) if seed not in self.done]
        begin, before = time.monotonic(), self.seconds
        for played, (seed, why) in enumerate(_played(left, jobs), start=1):
            self.done.add(seed)
            if why:
                self.failures[seed] = why
            self.seconds = before + time.monotonic() - begin
            self.save()
            rest = (self.seconds - before) / played * (len(left) - played)
            story, workers = kind_of(seed)
            print(
                f"seed {seed} ({story}, {workers} workers): {why or 'in step'}; "
                f"{len(self.failures)} of {len(self.done)} failed, {rest / 60:.0f} minutes left",
                flush=True,
            )

    def tell(self) -> int:
        """Print the failures and the figures; the exit code."""
        for seed, why in sorted(self.failures.items()):
            story, workers = kind_of(seed)
            print(f"seed {seed} ({story}, {workers} workers): {why}")
        print(
            f"{len(self.done):,} stories on the whole stack with 2 or 3 workers of each function, "
            f"{len(self.failures)} failed, {self.seconds / 60:.0f} minutes"
        )
        return 1 if self.failures else 0


def _played(seeds: list[int], jobs: int) -> Iterator[tuple[int, str]]:
    """Play the seeds in processes; each seed with what went wrong, in the order they end.

    Every process ends after some ten stories, so that what they leave behind does not add up.
    (An executor with a limit of tasks for each process may wait for ever:
    https://github.com/python/cpython/issues/115634.)
    """
    size = TASKS_OF_A_PROCESS * jobs
    for start in range(0, len(seeds), size):
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
            running = {pool.submit(play_seed, one): one for one in seeds[start : start + size]}
            for one in as_completed(running):
                yield running[one], one.result()


def main(arguments: list[str]) -> int:
    """Play the seeds that the arguments name."""
    parser = argparse.ArgumentParser(
        "make soak ARGS=whole-stack",
        description="Plays random stories on the laptop stack with several workers.",
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--again", action="store_true", help="forget what earlier runs have done")
    options = parser.parse_args(arguments)
    stories = Stories()
    if not options.again:
        stories.load()
    stories.run(options.first, options.seeds, options.jobs)
    return stories.tell()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
