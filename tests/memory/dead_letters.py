"""Dead-letter queues in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from crmsync.errors import TryAgain
from crmsync.model.operations.dead_letters import DeadLetter

AT_ONCE = 10


class MemoryDeadLetters:
    """Implements `DeadLetterQueues`. While `is_down`, nothing can be sent."""

    def __init__(self, *letters: DeadLetter) -> None:
        """Begin with these dead letters."""
        self.letters = list(letters)
        self.hidden: set[str] = set()
        self.sent: list[tuple[str, str]] = []
        """Queue and body of each message that was moved."""

        self.is_down = False

    def counts(self) -> Mapping[str, int]:
        """See the port."""
        names = [one.queue for one in self.letters if one.id not in self.hidden]
        return {name: names.count(name) for name in names}

    def receive(self, queue: str, most: int) -> Iterator[Sequence[DeadLetter]]:
        """See the port."""
        left = most
        while left > 0:
            ready = [
                one for one in self.letters if one.queue == queue and one.id not in self.hidden
            ]
            some = [replace(one, handle=one.id) for one in ready[: min(AT_ONCE, left)]]
            if not some:
                return
            self.hidden |= {one.id for one in some}
            left -= len(some)
            yield some

    def release(self, letters: Sequence[DeadLetter]) -> None:
        """See the port."""
        self.hidden -= {one.id for one in letters}

    def move(self, letters: Sequence[tuple[DeadLetter, Sequence[str]]]) -> None:
        """See the port."""
        if letters and self.is_down:
            raise TryAgain("The queue could not do it now.", code="ServiceUnavailable")
        for letter, bodies in letters:
            queue = letter.queue.removesuffix("DeadLetters") + "Queue"
            self.sent += [(queue, body) for body in bodies]
        moved = {letter.id for letter, _ in letters}
        self.hidden -= moved
        self.letters = [one for one in self.letters if one.id not in moved]
