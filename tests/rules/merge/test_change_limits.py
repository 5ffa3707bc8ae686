"""What counts in a brake: only what a live change takes from a linked record."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import DeleteRecord, Effect, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.links import Link
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.rules.merge.change_limits import auto, counts
from tests.builders import NOON, a_contact, a_lead

pytestmark = pytest.mark.rule("Q-30")

CONTACT, LEAD = a_contact({"phone": "0100"}), a_lead({"Phone": "0100", "Title": None})
CHANGES, BLANKS = (
    Hold(Side.SALESFORCE, ChangeLimit.CHANGES),
    Hold(Side.SALESFORCE, ChangeLimit.BLANKS),
)
DELETES = Hold(Side.HUBSPOT, ChangeLimit.DELETES)


def facts(cause: Cause = Cause.EDITED, salesforce: Record = LEAD, version: int = 1) -> Facts:
    """A pair that is synced for some cause; a link of version 0 is not stored yet."""
    link = Link("acme", Kind.CONTACT, CONTACT.ref, salesforce.ref, version=version)
    return Facts(Change("acme", Kind.CONTACT, CONTACT.ref, cause, NOON), link, CONTACT, salesforce)


def write(
    fields: Mapping[str, Value], *, place: Ref = LEAD.ref, best_effort: bool = False
) -> UpdateRecord:
    """A write to Salesforce."""
    return UpdateRecord(place, Side.SALESFORCE, fields, best_effort=best_effort)


@pytest.mark.parametrize(
    ("effect", "holds"),
    [
        (write({"Phone": "0200"}), {CHANGES}),
        (write({"Phone": None}), {CHANGES, BLANKS}),
        (write({"Title": "Pilot"}), set()),
        (write({"Phone": "0100"}), set()),
        (write({"HasOptedOutOfEmail": True}), set()),
        (write({"Phone": "0200"}, best_effort=True), set()),
        (DeleteRecord(CONTACT.ref), {DELETES}),
    ],
)
def test_only_a_write_that_replaces_a_value_counts(effect: Effect, holds: set[Hold]) -> None:
    """Filling a blank, writing the same value, an opt-out and a best-effort write replace
    nothing.
    """
    assert counts(facts(), Plan((effect,))) == holds


def test_fields_of_a_person_account_count_by_the_accounts_names() -> None:
    """A person account is written under the account's field names (PA-3); its opt-out does not
    count either.
    """
    shown = {
        "Email": "ada@example.com",
        "Title": "Pilot",
        "HasOptedOutOfEmail": False,
        "IsPersonAccount": True,
    }
    person = Record(Ref(Side.SALESFORCE, "Contact", "0031"), shown, NOON, NOON)
    account = Ref(Side.SALESFORCE, "Account", "0011")

    def counted(**fields: Value) -> frozenset[Hold]:
        return counts(facts(salesforce=person), Plan((write(fields, place=account),)))

    assert counted(PersonTitle="Thief") == {CHANGES}
    assert counted(PersonTitle=None) == {CHANGES, BLANKS}
    assert counted(PersonHasOptedOutOfEmail=True) == set()


@pytest.mark.parametrize(
    ("cause", "version", "holds"),
    [
        (Cause.EDITED, 1, {CHANGES, DELETES}),
        (Cause.AGAIN, 1, {CHANGES, DELETES}),
        (Cause.RESYNC, 1, {DELETES}),
        (Cause.FORCED, 1, {DELETES}),
        (Cause.UNDONE, 1, {DELETES}),
        (Cause.RELEASED, 1, set()),
        (Cause.DROPPED, 1, set()),
        (Cause.EDITED, 0, set()),
    ],
)
def test_jobs_of_the_operator_and_new_pairs_do_not_count(
    cause: Cause, version: int, holds: set[Hold]
) -> None:
    """A job that deletes does count, as nobody checks each of its records."""
    plan = Plan((write({"Phone": "0200"}), DeleteRecord(CONTACT.ref)))

    assert counts(facts(cause, version=version), plan) == holds


@pytest.mark.parametrize(
    ("pairs", "changes", "blanks"),
    [
        (0, 2_000, 500),
        (10_000, 2_000, 500),
        (10_004, 2_000, 500),
        (10_005, 2_001, 500),
        (10_020, 2_004, 501),
    ],
)
def test_auto_is_the_larger_of_a_number_and_a_part_of_the_pairs(
    pairs: int, changes: int, blanks: int
) -> None:
    """Within an hour 2,000 or a fifth of the pairs may be changed, and 500 or a twentieth
    blanked.
    """
    assert (auto(ChangeLimit.CHANGES, pairs), auto(ChangeLimit.BLANKS, pairs)) == (changes, blanks)
