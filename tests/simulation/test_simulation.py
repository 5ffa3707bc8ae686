"""The simulation plays a few hundred histories without a problem, and is what it says: the same in
every process, and merciless.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.simulation.histories.generate import generate
from tests.simulation.play import play
from tests.simulation.soak import BLOCK, ROOT, play_block

SOME = BLOCK
MANY = 18 * BLOCK

SAME = (40, 41, 42, 43, 44, 1_750_002)
"""Seeds whose traces are compared. In the last one a batch returns both of what it may change and
what it may blank.
"""


@pytest.mark.parametrize("first", range(0, SOME, BLOCK))
def test_histories_end_well(first: int) -> None:
    """A hundred histories hold every invariant."""
    assert play_block(first).failures == {}


@pytest.mark.long
@pytest.mark.parametrize("first", range(SOME, MANY, BLOCK))
def test_many_histories_end_well(first: int) -> None:
    """More than a thousand histories hold every invariant."""
    assert play_block(first).failures == {}


def test_a_seed_is_the_same_in_every_process() -> None:
    """The same seeds leave the same bytes of trace, whatever the order of sets."""
    code = (
        "from tests.simulation.histories.generate import generate\n"
        "from tests.simulation.play import play\n"
        f"print([play(generate(seed), tracing=True).digest for seed in {SAME}])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": number, "PYTHONPATH": f"{ROOT}"},
            text=True,
        ).stdout
        for number in ("1", "6")
    }

    here = [play(generate(seed), tracing=True).digest for seed in SAME]
    assert outputs == {f"{here}\n"}
