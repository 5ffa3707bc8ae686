"""Settling and advancing, with movers made for the purpose."""

from local.stack.runner import MOST_ROUNDS, Runner, RunResult
from simulators.clock import Clock


class Errands:
    """Does one errand at each of its times; what it does may make another mover's errand due."""

    def __init__(self, clock: Clock, *due_ms: int, starts: "Errands | None" = None) -> None:
        self._clock = clock
        self._starts = starts
        self.waiting = sorted(due_ms)
        self.done: list[int] = []

    def move(self) -> bool:
        """Do the errands that are due."""
        now = self._clock.now_ms()
        due = [when for when in self.waiting if when <= now]
        self.waiting = [when for when in self.waiting if when > now]
        for _ in due:
            self.done.append(now)
            if self._starts:
                self._starts.waiting.append(now)
        return bool(due)

    def next_ms(self) -> int | None:
        """When the next one is due."""
        return min(self.waiting, default=None)


class Restless:
    """Always finds something to do."""

    def move(self) -> bool:
        """Say that something was done."""
        return True

    def next_ms(self) -> int | None:
        """Nothing is planned."""
        return None


class Late:
    """Says that it is due and never does anything."""

    def move(self) -> bool:
        """Do nothing."""
        return False

    def next_ms(self) -> int | None:
        """Long ago."""
        return 0


def test_settling_goes_on_until_a_round_finds_nothing():
    """The first errand makes a second one due, for a mover that was asked before it."""
    clock = Clock()
    second = Errands(clock)
    first = Errands(clock, clock.now_ms(), starts=second)
    assert Runner(clock, [second, first]).settle() == RunResult(settled=True, rounds=2)
    assert (len(first.done), len(second.done)) == (1, 1)


def test_what_never_settles_is_said_to_be_unsettled():
    """Two rules that undo each other do not hang the stack."""
    assert Runner(Clock(), [Restless()]).settle() == RunResult(settled=False, rounds=MOST_ROUNDS)


def test_each_errand_is_done_in_its_own_time():
    """A jump of an hour stops at every errand on the way, and not at those behind it."""
    clock = Clock()
    now = clock.now_ms()
    job_messages = Errands(clock, now + 1_000_000, now + 2_000_000, now + 4_000_000)
    Runner(clock, [job_messages]).advance(3600)
    assert [round((when - now) / 100_000) for when in job_messages.done] == [10, 20]
    assert clock.now_ms() >= now + 3_600_000


def test_the_clock_alone_moves_when_nothing_is_to_settle():
    """Errands wait until somebody settles."""
    clock = Clock()
    job_messages = Errands(clock, clock.now_ms() + 1000)
    runner = Runner(clock, [job_messages])
    runner.advance(60, settle=False)
    assert job_messages.done == []
    runner.settle()
    assert len(job_messages.done) == 1


def test_work_that_is_never_done_does_not_stop_the_clock():
    """A mover that says the wrong time costs steps, not the end."""
    clock = Clock()
    now = clock.now_ms()
    Runner(clock, [Late()]).advance(10)
    assert clock.now_ms() >= now + 10_000
