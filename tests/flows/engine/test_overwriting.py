"""What is kept of a batch before it overwrites anything, and what it costs where no values are kept;
over a town in memory.
"""

from __future__ import annotations

from datetime import timedelta

from crmsync.errors import TryAgain
from crmsync.flows.operator.undo import UndoResult
from crmsync.model.overwritten import Overwrite, OverwrittenPair
from crmsync.model.records import Kind, Side
from tests.flows.undo.test_undo import GOOD, a_town, mistake, pair, shown, undo
from tests.memory.worlds import Town


def test_nothing_is_kept_unless_the_connection_keeps_values() -> None:
    """By default no value is stored, and a command that finds none says how it would."""
    town = Town()
    ada, _ = pair(town)
    since = mistake(town, ada)

    done = undo(town, since)

    told = "acme: nothing that was overwritten since then is kept ([connection.undo] hours = 0)."
    assert (town.overwritten.batches, done) == ([], UndoResult(since, True, remarks=(told,)))


def test_what_cannot_be_kept_is_not_overwritten() -> None:
    """The batch waits until the store answers again."""
    town = a_town()
    ada, lead = pair(town)
    town.overwritten.down = TryAgain("The key is switched off.")

    since = mistake(town, ada)

    assert town.salesforce.fields(lead)["LastName"] == "Lang"
    town.overwritten.down = None
    town.drain()
    assert town.salesforce.fields(lead)["LastName"] == "HACKED"
    undo(town, since)
    town.drain()
    assert shown(town, ada, lead) == GOOD


def test_only_what_stood_before_is_kept() -> None:
    """One entry per batch, however many records it has; what we made ourselves a moment ago is not
    among it.
    """
    town = a_town()
    contacts = [town.new_contact(email=f"c{n}@example.com", phone="0100") for n in range(3)]
    town.sync(*contacts)
    assert town.overwritten.batches == []

    mistake(town, *contacts, phone="0200")

    ((batch, until),) = town.overwritten.batches
    assert (batch.kind, len(batch.pairs), until - batch.at) == (
        Kind.CONTACT,
        3,
        timedelta(hours=72),
    )
    leads_ = dict(zip(contacts, town.salesforce.refs("Lead"), strict=True))
    phone = Overwrite(Side.SALESFORCE, "phone", "Phone", "0100", "0200")
    assert set(batch.pairs) == {OverwrittenPair(one, leads_[one], (phone,)) for one in contacts}
