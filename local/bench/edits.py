"""What edits of a thousand contacts use: the figures that are measured at every size of an axis.

Law: all figures are for a thousand changes. The process of the contact function is warm: its first
calls, which fetch descriptions and owners, and its imports count as memory only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from local.bench.contacts import HOUR, Contacts
from local.bench.counts import FUNCTION, Reading
from local.stack import Stack

EDITS: Mapping[str, str] = MappingProxyType(
    {
        "Edits in HubSpot": "calls",
        "Edits in Salesforce": "calls",
        "Processor time": "ms of the contact function",
        "Memory": "MiB, peak of the contact function",
        "Writes of an update": "units",
        "Reads of an update": "units",
    }
)
"""The figures of `measure_edits`, and their units."""


def measure_edits(
    stack: Stack, contacts: Contacts, first: int, *, every: int = 1
) -> dict[str, float]:
    """Edit every so many-th contact in HubSpot, once with a new process and once more, then in
    Salesforce; returns the figures of `EDITS`.

    `first` is the number of the first of the three edits. Raises `BenchError`.
    """
    stack.cloud.lambdas.close()  # the next call starts a process
    changes = len(contacts.ids[::every])

    def to_salesforce(edit: int) -> Reading:
        contacts.edit_in_hubspot(edit, every=every)
        used = settled(stack, contacts)
        contacts.check_salesforce(edit, every=every)
        return used

    to_salesforce(first)
    forward = to_salesforce(first + 1)
    contacts.edit_in_salesforce(first + 2, every=every)
    back = settled(stack, contacts)
    contacts.check_hubspot(first + 2, every=every)
    each = 1000 / changes
    return {
        "Edits in HubSpot": forward.calls * each,
        "Edits in Salesforce": back.calls * each,
        "Processor time": forward.processor[FUNCTION] * 1000 * each,
        "Memory": stack.cloud.lambdas.memory_mib()[FUNCTION],
        "Writes of an update": max(forward.writes, back.writes) * each,
        "Reads of an update": max(forward.reads, back.reads) * each,
    }


def settled(
    stack: Stack, contacts: Contacts, reading: Callable[[Stack], Reading] = Reading.of
) -> Reading:
    """Let everything sync; returns what that used. An hour later nothing of it counts towards the
    limits of an hour.
    """
    before = reading(stack)
    contacts.settle()
    used = reading(stack) - before
    stack.advance(HOUR, settle=False)
    return used
