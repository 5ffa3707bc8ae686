"""The engine's figures count only runs that did the work."""

from __future__ import annotations

import pytest

from local.bench.contacts import CONTACTS_ONLY, WORLD, Contacts
from local.bench.engine import edit
from local.bench.figures import BenchError
from local.stack import Stack


@pytest.mark.long
def test_a_run_counts_only_if_every_lead_has_its_new_value() -> None:
    """Two edited contacts use processor time; a run in which Salesforce takes nothing is an error."""
    with Stack(CONTACTS_ONLY, WORLD) as stack:
        contacts = Contacts(stack, 2)
        processor, clock = edit(stack, contacts, 1)
        assert processor > 0
        assert clock > 0

        stack.faults([{"at": "salesforce", "kind": "lock_row", "object": "Lead", "seconds": 3600}])
        with pytest.raises(BenchError, match="2 of 2 leads"):
            edit(stack, contacts, 2)
