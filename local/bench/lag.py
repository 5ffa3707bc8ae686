"""How long a single change takes by itself: from the webhook's arrival to the write to Salesforce.

Law: the product's own part on the laptop stack, one change at a time. The time in which the
simulated CRMs answer is left out, and so is the queue's batching window, which the stack does not
wait out. What is left is the webhook, the bus, the queue, the tables and the contact function.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from local.bench.contacts import CONTACTS_ONLY, WORLD, Contacts
from local.bench.figures import BenchError, Figure, figure, percentile
from local.stack import Stack

CONTACTS = 10
CHANGES = 200
WARM_UP = 10


def measure() -> Sequence[Figure]:
    """Return the lag of half and of 99 % of the changes. Raises `BenchError`."""
    with Stack(CONTACTS_ONLY, WORLD) as stack:
        contacts = Contacts(stack, CONTACTS)
        contacts.rest()
        watch = _Watch(stack)
        lags = [watch.lag_of_edit(contacts, number) for number in range(WARM_UP + CHANGES)]
    half, most = (percentile(lags[WARM_UP:], percent) for percent in (50, 99))
    print(f"lag: {min(lags):.0f} to {max(lags):.0f} ms", file=sys.stderr)
    return [figure("lag_p50_ms", half, 1), figure("lag_p99_ms", most, 1)]


class _Watch:
    """Notes when Salesforce applies a write of the product."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._written: list[float] = []
        self._pass_on = stack.salesforce.on_product_write
        stack.salesforce.on_product_write = self._note

    def lag_of_edit(self, contacts: Contacts, number: int) -> float:
        """Edit one contact and sync it; return the milliseconds until the write.

        Raises `BenchError` if nothing was written.
        """
        contacts.edit_in_hubspot(number, only=number % CONTACTS)
        self._written.clear()
        began = time.perf_counter() - self._stack.crm_time.seconds
        contacts.settle()
        if not self._written:
            raise BenchError("a change was not written to Salesforce")
        return (self._written[0] - began) * 1000

    def _note(self) -> None:
        self._written.append(time.perf_counter() - self._stack.crm_time.seconds)
        self._pass_on()
