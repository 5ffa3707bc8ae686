"""Settling and advancing, with movers made for these tests."""

from local.stack.runner import MAX_ROUNDS, Runner, RunResult
from simulators.clock import Clock


class Jobs:
    """Does one job at each of its times; a job may make a job of another mover due."""

    def __init__(self, clock: Clock, *due_ms: int, starts: "Jobs | None" = None) -> None:
        self._clock = clock
        self._starts = starts
        self.waiting = sorted(due_ms)
        self.done: list[int] = []

    def move(self) -> bool:
        """Do the jobs that are due."""
        now = self._clock.now_ms()
        due = [when for when in self.waiting if when <= now]
        self.waiting = [when for when in self.waiting if when > now]
        for _ in due:
            self.done.append(now)
            if self._starts:
                self._starts.waiting.append(now)
        return bool(due)

    def next_ms(self) -> int | None:
        """Return when the next one is due."""
        return min(self.waiting, default=None)


class Restless:
    """Always finds something to do."""

    def move(self) -> bool:
        """Report that something was done."""
        return True

    def next_ms(self) -> int | None:
        """Nothing is planned."""
        return None


class Late:
    """Reports that it is due and never does anything."""

    def move(self) -> bool:
        """Do nothing."""
        return False

    def next_ms(self) -> int | None:
        """A moment long ago."""
        return 0


def test_settling_goes_on_until_a_round_finds_nothing():
    """The first job makes a second one due, for a mover that was asked before."""
    clock = Clock()
    second = Jobs(clock)
    first = Jobs(clock, clock.now_ms(), starts=second)
    assert Runner(clock, [second, first]).settle() == RunResult(settled=True, rounds=2)
    assert (len(first.done), len(second.done)) == (1, 1)


def test_endless_work_is_reported_as_unsettled():
    """Two rules that undo each other do not hang the stack."""
    assert Runner(Clock(), [Restless()]).settle() == RunResult(settled=False, rounds=MAX_ROUNDS)


def test_each_job_is_done_at_its_own_time():
    """The clock stops at every job of an hour, and not at later ones."""
    clock = Clock()
    now = clock.now_ms()
    job_messages = Jobs(clock, now + 1_000_000, now + 2_000_000, now + 4_000_000)
    Runner(clock, [job_messages]).advance(3600)
    assert [round((when - now) / 100_000) for when in job_messages.done] == [10, 20]
    assert clock.now_ms() >= now + 3_600_000


def test_without_settling_only_the_clock_moves():
    """Jobs wait until the next settle."""
    clock = Clock()
    job_messages = Jobs(clock, clock.now_ms() + 1000)
    runner = Runner(clock, [job_messages])
    runner.advance(60, settle=False)
    assert job_messages.done == []
    runner.settle()
    assert len(job_messages.done) == 1


def test_work_that_is_never_done_does_not_stop_the_clock():
    """A mover that reports a wrong time costs steps, but the end is reached."""
    clock = Clock()
    now = clock.now_ms()
    Runner(clock, [Late()]).advance(10)
    assert clock.now_ms() >= now + 10_000
