"""The command that plays random stories on the whole stack, with stories that take no time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.convergence import soak
from tests.flows.convergence.soak import Stories, kind_of


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Replaces the stories; what was played, in order. Deals of seed 3 end out of step."""
    calls: list[tuple[str, int, int]] = []

    def contacts(seed: int, workers: int) -> None:
        calls.append(("contacts", seed, workers))

    def deals(seed: int, workers: int) -> None:
        calls.append(("deals", seed, workers))
        assert seed != 3, "a deal was lost"

    monkeypatch.setattr(soak, "STORIES", {"contacts": contacts, "deals": deals})
    monkeypatch.setattr(
        soak, "_played", lambda seeds, _: ((one, soak.play_seed(one)) for one in seeds)
    )
    return calls


def test_seeds_take_turns_in_stories_and_numbers_of_workers() -> None:
    """Every story is played with every number of workers."""
    assert [kind_of(seed) for seed in range(4)] == [
        ("contacts", 2),
        ("deals", 2),
        ("contacts", 3),
        ("deals", 3),
    ]


def test_an_interrupted_run_goes_on_and_tells_of_every_failure(
    tmp_path: Path, played: list[tuple[str, int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Seeds that were played are not played again, and their failures count to the end."""
    state = tmp_path / "soak" / "whole-stack.json"
    first = Stories(state=state)
    first.run(2, 2, jobs=1)
    second = Stories(state=state)
    second.load()
    second.run(2, 4, jobs=1)

    assert [seed for _, seed, _ in played] == [2, 3, 4, 5]
    assert list(second.failures) == [3]
    assert second.failures[3].startswith("AssertionError: a deal was lost")
    capsys.readouterr()
    assert second.tell() == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("seed 3 (deals, 3 workers): AssertionError: a deal was lost")
    assert told[1].startswith("4 stories on the whole stack")


def test_a_run_of_other_sources_begins_anew(
    tmp_path: Path, played: list[tuple[str, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older version of the code did says nothing about this one."""
    state = tmp_path / "whole-stack.json"
    Stories(state=state).run(0, 1, jobs=1)
    monkeypatch.setattr(soak, "version", lambda: "other")
    again = Stories(state=state)
    again.load()

    assert (again.done, len(played)) == (set(), 1)
