"""What a pair agreed on at a moment in the past: HubSpot's history says it, and Salesforce's record
whether it has been edited since.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from crmsync.model.fingerprints import Base
from crmsync.model.links import Link
from crmsync.model.names import salesforce_revision
from crmsync.model.records import PastValue, Record, Value
from crmsync.rules.merge.intents import has_arrived
from crmsync.rules.merge.past_agreement import MOST_VERSIONS, out_of_step, with_base_of
from crmsync.rules.merge.record import merge_pair
from tests.builders import NOON, a_contact, a_lead, a_link, a_ruleset, at

RULESET = a_ruleset()
PERSON = "005000000000009AAA"


def pair(
    past: list[tuple[float, Value]], there: Value, edited: float, **more: Value
) -> tuple[Record, Record]:
    """A contact with the history of its phone (minutes from noon, value), and a lead that shows
    `there` and was last edited at `edited`.
    """
    values = tuple(PastValue(at(minutes), value) for minutes, value in past)
    contact = replace(
        a_contact({"phone": values[-1].value, "company": "example.com"}), past={"phone": values}
    )
    lead = replace(a_lead({"Phone": there, **more}, by=PERSON), modified_at=at(edited))
    return contact, lead


def old_link() -> Link:
    """Yesterday's link of the pair: both showed 1."""
    before = a_contact({"phone": "1", "company": "example.com"}), a_lead({"Phone": "1"})
    return a_link(*before, RULESET)


def merged(contact: Record, lead: Record, moment: datetime = NOON) -> tuple[Value, Value]:
    """What the phone is on both sides after a sync, if they were in step at noon."""
    link = old_link()
    rows = out_of_step(link, contact, lead, RULESET)
    link = with_base_of(link, contact, lead, rows, RULESET, moment)
    result = merge_pair(contact, lead, link, RULESET)
    return (
        result.to_hubspot.get("phone", contact.fields["phone"]),
        result.to_salesforce.get("Phone", lead.fields["Phone"]),
    )


@pytest.mark.parametrize(
    ("past", "there", "edited", "stands"),
    [
        pytest.param([(-90, "1"), (-60, "2"), (5, "3")], "2", -60, "3", id="hubspot"),
        pytest.param([(-90, "1"), (-60, "2"), (5, "3")], "2", 9, "3", id="other-field-there"),
        pytest.param([(-90, "1"), (-60, "2")], "3", 9, "3", id="salesforce"),
        pytest.param([(-90, "1"), (-60, "2")], "1", 9, "1", id="back-in-salesforce"),
        pytest.param([(-90, "1"), (-60, "2"), (5, "1")], "2", 9, "1", id="back-in-hubspot"),
        pytest.param([(-90, "1"), (-60, "2"), (5, None)], "2", 9, None, id="cleared-in-hubspot"),
        pytest.param([(-90, "1"), (-60, "2")], None, 9, None, id="cleared-in-salesforce"),
        pytest.param([(-90, "1"), (-60, "2"), (5, "3")], "4", 9, "4", id="both-salesforce-last"),
        pytest.param([(-90, "1"), (-60, "2"), (9, "3")], "4", 5, "3", id="both-hubspot-last"),
        pytest.param([(5, "3")], None, 9, "3", id="first-value"),
    ],
)
def test_the_edit_since_the_moment_stands(
    past: list[tuple[float, Value]], there: Value, edited: float, stands: Value
) -> None:
    """Yesterday's link has 1, the two had agreed on what HubSpot showed at noon, and only one of
    them was edited since; of two edits the later one stands.
    """
    contact, lead = pair(past, there, edited)
    if past[-1][0] > edited:
        contact = replace(contact, modified_at=at(past[-1][0]))
    assert merged(contact, lead) == (stands, stands)


def test_a_history_that_does_not_reach_back_leaves_nothing_agreed_on() -> None:
    """The field is then merged as at a first meeting: a blank is filled."""
    past = [(float(minutes), str(minutes)) for minutes in range(1, MOST_VERSIONS + 1)]
    contact, lead = pair(past, None, 30)

    assert merged(contact, lead) == (str(MOST_VERSIONS), str(MOST_VERSIONS))


def test_a_pair_that_shows_the_same_keeps_its_link() -> None:
    """No history is needed where both sides agree, whatever the old link has."""
    contact, lead = pair([(-90, "1"), (-60, "2")], "2", -60)

    assert out_of_step(old_link(), contact, lead, RULESET) == ()


def test_a_rebuilt_link_gets_a_base_for_what_differs_alone() -> None:
    """Everything else is agreed on by the next sync, without a write."""
    contact, lead = pair([(-60, "2"), (5, "3")], "2", 9)
    empty = replace(old_link(), hubspot_base=Base(), salesforce_base=Base())
    rows = out_of_step(empty, contact, lead, RULESET)

    link = with_base_of(empty, contact, lead, rows, RULESET, NOON)

    assert [rule.hubspot for rule in rows] == ["phone"]
    assert (len(link.hubspot_base.fingerprints), len(link.salesforce_base.fingerprints)) == (1, 1)
    assert merge_pair(contact, lead, link, RULESET).to_salesforce == {"Phone": "3"}


def test_no_write_is_in_flight_afterwards() -> None:
    """The link names the write that each record shows, not the one that the backup had announced."""
    contact, lead = pair(
        [(-60, "2"), (5, "3")], "2", 9, **{salesforce_revision(555001): "0123456789"}
    )
    link = old_link()
    rows = out_of_step(link, contact, lead, RULESET)

    dated = with_base_of(link, contact, lead, rows, RULESET, NOON)

    assert dated.salesforce_intent.revision.hex() == "0123456789"
    assert has_arrived(lead, dated, RULESET)
    assert has_arrived(contact, dated, RULESET)
