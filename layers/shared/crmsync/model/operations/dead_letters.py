"""Dead letters: messages that were delivered as often as their queue allows, or that the event bus
could not deliver at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in a dead-letter queue.

    Attributes:
        queue: The dead-letter queue, by its name in the template.
        id: The message's id.
        body: The message.
        receives: How often it was received, by its function and by this command.
        sent_at: When it was sent (UTC).
        undelivered: The event bus's code if the bus could not deliver it; "" for a message that
            failed in its queue.
        handle: By which the queue knows this receipt.
    """

    queue: str
    id: str
    body: str
    receives: int
    sent_at: datetime
    undelivered: str = ""
    handle: str = ""
