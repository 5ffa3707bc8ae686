"""Plays many seeds on all cores, goes on where an earlier run ended, and tells of problems first."""

from __future__ import annotations

import gc
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation import coverage
from tests.simulation.histories.generate import generate
from tests.simulation.histories.shrink import shrink
from tests.simulation.histories.steps import History
from tests.simulation.play import play

BLOCK = 100
COLLECTED = 10
"""Histories after which garbage is collected."""
ROOT = Path(__file__).parents[2]
STATE = ROOT / "build" / "soak" / "simulation.json"
SOURCES = ("layers/shared/crmsync", "tests/simulation", "tests/memory", "tests/builders.py")
MAX_TOLD = 10
EVERY = 15.0
"""Seconds between two lines of progress."""


@dataclass
class Block:
    """What a block of seeds came to.

    Attributes:
        first: Its first seed.
        histories: How many histories were played.
        cpu: Seconds of one core.
        virtual: Seconds of virtual time.
        seen: What was exercised how often.
        failures: Seed -> what is wrong.
    """

    first: int
    histories: int = 0
    cpu: float = 0.0
    virtual: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    failures: dict[int, list[str]] = field(default_factory=dict)

    def add(self, other: Block) -> None:
        """Count another block in."""
        self.histories += other.histories
        self.cpu += other.cpu
        self.virtual += other.virtual
        self.seen += other.seen
        self.failures |= other.failures


def play_block(first: int, size: int = BLOCK) -> Block:
    """Play a block of seeds. Garbage is collected between histories alone: what was there before
    them is never garbage, and need not be looked through again and again.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        return _played_one_by_one(first, size)
    finally:
        gc.enable()
        gc.unfreeze()


def _played_one_by_one(first: int, size: int) -> Block:
    block, begin = Block(first), time.process_time()
    for at, seed in enumerate(range(first, first + size), 1):
        result = play(generate(seed))
        if at % COLLECTED == 0:
            gc.collect()
        block.histories += 1
        block.virtual += result.seconds
        block.seen += result.seen + coverage.pairs(result.seen)
        if result.problems:
            block.failures[seed] = result.problems
    block.cpu = time.process_time() - begin
    return block


def version() -> str:
    """The fingerprint of everything that decides what a seed comes to."""
    digest = hashlib.blake2b(digest_size=8)
    for place in SOURCES:
        path = ROOT / place
        for one in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(one.read_bytes())
    return digest.hexdigest()


@dataclass
class Soak:
    """A run over seeds that may be interrupted: what is done already is kept in a file."""

    total: Block = field(default_factory=lambda: Block(0))
    done: set[int] = field(default_factory=set)
    state: Path = STATE

    def load(self) -> None:
        """Go on where a run of the same sources ended."""
        if not self.state.exists():
            return
        kept = json.loads(self.state.read_text(encoding="utf-8"))
        if kept["version"] != version():
            return
        self.done = set(kept["done"])
        self.total = Block(
            0,
            kept["histories"],
            kept["cpu"],
            kept["virtual"],
            Counter(kept["seen"]),
            {int(seed): found for seed, found in kept["failures"].items()},
        )

    def save(self) -> None:
        """Keep what is done."""
        self.state.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "version": version(),
            "done": sorted(self.done),
            "histories": self.total.histories,
            "cpu": self.total.cpu,
            "virtual": self.total.virtual,
            "seen": self.total.seen,
            "failures": self.total.failures,
        }
        self.state.write_text(json.dumps(kept), encoding="utf-8")

    def run(self, first: int, seeds: int, jobs: int) -> None:
        """Play the blocks of these seeds that are not done yet."""
        left = [at for at in range(first, first + seeds, BLOCK) if at not in self.done]
        if not left:
            return
        begin = told = time.monotonic()
        for block in _played(left, jobs):
            self.done.add(block.first)
            self.total.add(block)
            for seed, problems in block.failures.items():
                print(f"seed {seed}: {problems[0]}", flush=True)
            if time.monotonic() - told > EVERY:
                told = time.monotonic()
                played = len(self.done.intersection(left))
                rest = (told - begin) / played * (len(left) - played)
                print(
                    f"{self.total.histories:,} histories, {len(self.total.failures)} failed, "
                    f"{rest / 60:.0f} minutes left",
                    flush=True,
                )
                self.save()
        self.save()

    def summary(self) -> list[str]:
        """Problems first, then what was never exercised, then the figures."""
        total = self.total
        lines = [f"{total.histories:,} histories, {len(total.failures)} failed"]
        by_name: dict[str, list[int]] = {}
        for seed, problems in sorted(total.failures.items()):
            by_name.setdefault(problems[0].partition(":")[0], []).append(seed)
        lines += [
            f"  {name}: {len(seeds)}, seeds {', '.join(map(str, seeds[:MAX_TOLD]))}"
            for name, seeds in sorted(by_name.items())
        ]
        if total.cpu:
            lines.append(
                f"{total.histories / total.cpu * 60:,.0f} histories a minute and core; "
                f"{total.virtual / total.cpu:,.0f} times as fast as real time on one"
            )
        return [*lines, *coverage.report(total.seen)]


def _played(blocks: list[int], jobs: int) -> Iterator[Block]:
    if jobs == 1:
        yield from map(play_block, blocks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting: set[Future[Block]] = set()
        todo = iter(blocks)
        for first in todo:
            waiting.add(pool.submit(play_block, first))
            if len(waiting) < 2 * jobs:
                continue
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in done)
        for one in waiting:
            yield one.result()


def kept(seed: int, history: History) -> str:
    """A history as a row of `test_kept.KEPT`."""
    steps = "".join(f"            {step!r},\n" for step in history.steps)
    return f'    "seed {seed}": History(\n        {history.setting!r},\n        (\n{steps}        ),\n    ),'


def smallest(seed: int) -> History:
    """The failing history of a seed, shrunk."""
    history = generate(seed)
    names = play(history).names
    return shrink(history, lambda one: bool(play(one).names & names))


def tell(soak: Soak, most: int) -> int:
    """Print the summary and the smallest failing histories; the exit code."""
    print("\n".join(soak.summary()))
    by_name: dict[str, int] = {}
    for seed, problems in sorted(soak.total.failures.items()):
        by_name.setdefault(problems[0].partition(":")[0], seed)
    for name, seed in list(by_name.items())[:most]:
        history = smallest(seed)
        print(f"\n# {name}\n# {play(history).problems[0]}\n{kept(seed, history)}", flush=True)
    return 1 if soak.total.failures else 0


def trace_of(seed: int) -> None:
    """Print a history step by step, with every call."""
    result = play(generate(seed), tracing=True)
    sys.stdout.writelines(f"{line}\n" for line in (*result.trace, *result.problems))
