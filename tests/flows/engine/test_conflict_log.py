"""Conflicts that were settled are kept for people who ask, and cost nothing where there are none;
over a town in memory.
"""

from __future__ import annotations

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.model.changes import Cause
from crmsync.model.conflicts import ResolvedConflict
from crmsync.model.records import Ref, Side
from tests.memory.operator_view import explain
from tests.memory.worlds import Town


def linked(town: Town) -> tuple[Ref, Ref]:
    """A contact and its lead, in step."""
    ada = town.new_contact(phone="0100")
    town.sync(ada)
    (lead,) = town.salesforce.refs("Lead")
    town.wait()
    return ada, lead


def quarrel(town: Town, ada: Ref, lead: Ref, first: str = "0200", second: str = "0300") -> None:
    """Both sides change the number, Salesforce last."""
    town.hubspot.edit(ada, {"phone": first})
    town.wait()
    town.salesforce.edit(lead, {"Phone": second})
    town.wait()


@pytest.mark.rule("CH-28")
def test_a_settled_conflict_is_shown_afterwards() -> None:
    """From either side: when, which field, by which policy and who won, newest first; no value."""
    town = Town()
    ada, lead = linked(town)
    quarrel(town, ada, lead)
    first = town.now
    town.sync(ada)
    town.wait()
    quarrel(town, ada, lead, "0400", "0500")
    second = town.now
    town.sync(lead)
    expected = tuple(
        ResolvedConflict(at, "phone", "Phone", "two_way", Side.SALESFORCE) for at in (second, first)
    )
    assert explain(town, ada).settled == explain(town, lead).settled == expected
    assert explain(town, ada).plan.conflicts == ()


def test_a_first_meeting_is_kept_under_the_new_pair() -> None:
    """Two that find each other and differ are a conflict of the pair that they become, whichever
    side was synced.
    """
    town = Town()
    ada = town.new_contact(phone="0200")
    town.wait()
    lead = town.new_lead(Phone="0300")
    town.sync(lead)
    (settled,) = [one for one in explain(town, ada).settled if one.hubspot == "phone"]
    assert settled == ResolvedConflict(town.now, "phone", "Phone", "two_way", Side.SALESFORCE)


def test_a_batch_without_conflicts_costs_nothing_more() -> None:
    """New pairs, echoes and edits of one side: the ledger is not asked at all, and an update writes
    its link once.
    """
    town = Town()
    ada, lead = linked(town)
    town.hubspot.edit(ada, {"phone": "0200"})
    before = town.links.writes
    town.sync(ada)
    assert town.salesforce.fields(lead)["Phone"] == "0200"
    town.sync(lead)
    assert (town.links.writes - before, town.conflict_log.calls) == (1, 0)


def test_the_conflicts_of_a_batch_are_kept_in_one_call() -> None:
    """However many pairs had one."""
    town = Town()
    people = [
        town.new_contact(email=f"person{number}@example.com", phone="0100") for number in range(30)
    ]
    town.sync(*people)
    town.wait()
    for ada in people:
        quarrel(town, ada, town.counterpart(ada))
    town.sync(*people)
    assert town.conflict_log.calls == 1
    assert len(town.conflict_log.last("acme", people)) == 30


def test_a_conflict_is_kept_once_though_the_winners_value_is_refused_at_first() -> None:
    """It is decided when the link is saved; the look that writes the value again finds no
    conflict.
    """
    town = Town()
    ada, lead = linked(town)
    quarrel(town, ada, lead)
    town.hubspot.refuse = lambda _fields: Refused("was refused", code="VALIDATION")
    town.sync(ada)
    town.hubspot.refuse = lambda _fields: None
    town.sync(ada)
    assert town.hubspot.fields(ada)["phone"] == town.salesforce.fields(lead)["Phone"]
    assert [one.hubspot for one in explain(town, ada).settled] == ["phone"]


def test_a_winner_that_cannot_cross_settles_nothing() -> None:
    """People get a report about the field instead (CH-8)."""
    town = Town()
    ada, lead = linked(town)
    town.salesforce.edit(lead, {"Phone": "0300"})
    town.wait()
    town.hubspot.edit(ada, {"phone": "1" * 50, "jobtitle": "Countess"})
    town.wait()
    town.sync(ada)
    told = explain(town, ada)
    assert (told.settled, [one.fieldname for one in told.parked]) == ((), ["phone"])
    assert town.salesforce.fields(lead)["Title"] == "Countess"


def test_a_privacy_deletion_leaves_no_conflict_behind() -> None:
    """Also when the ledger could not be reached at first, and the link is gone by then; an ordinary
    deletion keeps them.
    """
    for cause, left in ((Cause.FORGOTTEN, 0), (Cause.EDITED, 1)):
        town = Town()
        ada, lead = linked(town)
        quarrel(town, ada, lead)
        town.sync(ada)
        town.hubspot.delete(ada)
        town.conflict_log.down = TryAgain("is busy")
        town.sync(ada, cause=cause)
        town.conflict_log.down = None
        town.drain()
        assert len(town.conflict_log.last("acme", [ada])) == left


def test_a_conflict_log_that_is_down_stops_no_record() -> None:
    """The pair is in step, nothing is put off, and the log says that the conflict was not kept."""
    town = Town()
    ada, lead = linked(town)
    quarrel(town, ada, lead)
    town.conflict_log.down = TryAgain("is busy", code="UnprocessedItems")
    summary = town.sync(ada)
    assert (town.hubspot.fields(ada)["phone"], town.outbox.delayed) == ("0300", [])
    assert {
        "ledger": "conflicts not kept",
        "outcome": "TryAgain",
        "code": "UnprocessedItems",
        "reason": "is busy",
    } in summary.decisions
