"""The whole way of a change: a thousand linked contacts edited in HubSpot, until Salesforce has the
new values, the links are stored, and Salesforce's thousand events about our own writes are read.
Then a thousand leads edited in Salesforce, for the invocations that their change events cause.

Law: the deployed functions on the laptop stack, with its simulated CRMs and its tables. A run
counts only if every record shows its new value afterwards and no error is left.

The processor time is that of the contact function's process. The clock time is that of its
invocations, with the laptop's tables and without the time in which the simulated CRMs answer. Other
work on the machine makes it longer, so the best of `ROUNDS` runs is the figure.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from local.bench.contacts import CONTACTS_ONLY, WORLD, Contacts
from local.bench.figures import Figure, figure
from local.stack import Stack

CONTACTS = 1_000
ROUNDS = 3
FUNCTION = "contact_sync"


def measure() -> Sequence[Figure]:
    """Return contacts per second of the function's processor time and of clock time, and the
    invocations for change events. Raises `BenchError`.
    """
    with Stack(CONTACTS_ONLY, WORLD) as stack:
        contacts = Contacts(stack, CONTACTS)
        contacts.rest()
        runs = [edit(stack, contacts, number) for number in range(ROUNDS)]
        invocations = change_event_invocations(stack, contacts, ROUNDS)
    for processor, clock in runs:
        print(f"{FUNCTION}: {processor:.2f} s processor, {clock:.2f} s clock", file=sys.stderr)
    processor, clock = (min(one) for one in zip(*runs, strict=True))
    return [
        figure("engine_contacts_per_second", CONTACTS / processor),
        figure("durable_records_per_second", CONTACTS / clock),
        figure("change_event_invocations_per_1000", invocations * 1000 / CONTACTS, 1),
    ]


def edit(stack: Stack, contacts: Contacts, number: int) -> tuple[float, float]:
    """Edit all contacts in HubSpot and sync them; returns the seconds of processor and of clock
    time that the function took. Raises `BenchError`.
    """
    contacts.edit_in_hubspot(number)
    before = _seconds(stack)
    contacts.settle()
    processor, clock = (now - then for now, then in zip(_seconds(stack), before, strict=True))
    contacts.check_salesforce(number)
    contacts.rest()
    return processor, clock


def change_event_invocations(stack: Stack, contacts: Contacts, number: int) -> int:
    """Edit all leads in Salesforce and sync them; returns how often the function of change events
    was called. Raises `BenchError`.
    """
    contacts.edit_in_salesforce(number)
    before = stack.output("salesforce_changes").count('"ChangesReceived":[')
    contacts.settle()
    contacts.check_hubspot(number)
    return stack.output("salesforce_changes").count('"ChangesReceived":[') - before


def _seconds(stack: Stack) -> tuple[float, float]:
    lambdas = stack.cloud.lambdas
    return lambdas.processor_seconds()[FUNCTION], lambdas.seconds()[
        FUNCTION
    ] - stack.crm_time.seconds
