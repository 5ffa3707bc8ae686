"""Which of several changes of one pair in a batch is planned."""

from __future__ import annotations

from itertools import permutations

import pytest

from crmsync.flows.engine.loader import one_plan_per_record
from crmsync.model.changes import Cause, Change
from crmsync.plans.contact import ContactFacts
from tests.builders import a_change, a_contact, a_lead, a_link, a_ruleset

CONTACT, LEAD = a_contact(), a_lead()
LINK = a_link(CONTACT, LEAD, a_ruleset())


def planned(*changes: Change) -> list[Change]:
    """The changes of one pair that are planned or wait."""
    facts = [ContactFacts(one, LINK, CONTACT, LEAD) for one in changes]
    firsts, not_yet = one_plan_per_record(facts, lambda one: one.link and one.link.hubspot)
    return [*(one.change for one in firsts), *not_yet]


@pytest.mark.rule("CH-9")
@pytest.mark.parametrize("other", [Cause.EDITED, Cause.AGAIN, Cause.DELETED, Cause.RESTORED])
def test_a_privacy_deletion_is_planned_whatever_else_happened_to_the_pair(other: Cause) -> None:
    """The contact was deleted for privacy while its lead was edited, deleted or undeleted."""
    forgotten = a_change(CONTACT.ref, Cause.FORGOTTEN)
    changes = (a_change(LEAD.ref, other), forgotten)
    assert [planned(*order) for order in permutations(changes)] == [[forgotten]] * 2


def test_what_the_operator_decided_is_planned_although_the_other_record_was_edited() -> None:
    """A held change that the operator drops stays dropped."""
    dropped = a_change(LEAD.ref, Cause.DROPPED)
    assert planned(a_change(CONTACT.ref), dropped) == [dropped]
