"""The planner's figure counts only plans that do the work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.fingerprints import Fingerprinter
from crmsync.rules.kinds.contact.ruleset import contact_ruleset
from local.bench.figures import BenchError
from local.bench.planner import CONNECTION, OUR_APP, OUR_USER, edited_contact, seconds_of


def test_a_plan_without_the_write_is_no_measurement() -> None:
    """A contact whose phone number has not changed plans to nothing."""
    ruleset = contact_ruleset(CONNECTION, Fingerprinter(bytes(32)), OUR_USER, OUR_APP)
    edited = edited_contact(1, ruleset)
    assert seconds_of([edited], ruleset) > 0

    assert edited.hubspot
    assert edited.salesforce
    before = {**edited.hubspot.fields, "phone": edited.salesforce.fields["Phone"]}
    unchanged = replace(edited, hubspot=replace(edited.hubspot, fields=before))
    with pytest.raises(BenchError, match="does not write the phone number"):
        seconds_of([edited, unchanged], ruleset)
