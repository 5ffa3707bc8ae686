"""The history of a pair as people read it: names on both sides, authors, values, and rules in one
line each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import Category, Report
from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.links import Link
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.operations.overwritten import Overwrite, OverwrittenBatch, OverwrittenPair
from crmsync.model.records import Kind, Origin, Ref, Side
from crmsync.rules.preview.history import (
    MEANINGS,
    HistoryLine,
    lines_of_inbox,
    lines_of_link,
    properties_of,
    with_authors,
    with_values,
)
from tests.builders import LEAD_ID, NOON, OUR_APP, OUR_USER, a_connection, at
from tests.house.tree import ROOT

CONTACT = Ref(Side.HUBSPOT, "contact", "81")
LEAD = Ref(Side.SALESFORCE, "Lead", LEAD_ID)
CONNECTION = a_connection(
    field=(FieldRule("favourite_colour", "Favourite_Colour__c", Update.PREFER_SALESFORCE),)
)


def a_link(*decided: Decision) -> Link:
    """The link of the two, with decisions of noon."""
    return Link("acme", Kind.CONTACT, CONTACT, LEAD).deciding(*decided).announced_at(NOON)


def a_line(name: str = "Phone", minutes: float = 0) -> HistoryLine:
    """A phone number that was written to Salesforce."""
    return HistoryLine(
        at(minutes), "written", Side.SALESFORCE, name.lower(), name, "two_way", "MAP-3"
    )


@pytest.mark.rule("CH-29")
@pytest.mark.parametrize(
    ("side", "name", "names"),
    [
        (Side.SALESFORCE, "Phone", ("phone", "Phone")),
        (Side.HUBSPOT, "phone", ("phone", "Phone")),
        (None, "phone", ("phone", "Phone")),
        (Side.SALESFORCE, "Street", ("address", "Street")),
        (Side.SALESFORCE, "MailingStreet", ("address", "MailingStreet")),
        (Side.HUBSPOT, "favourite_colour", ("favourite_colour", "Favourite_Colour__c")),
        (Side.SALESFORCE, "OwnerId", ("hubspot_owner_id", "OwnerId")),
        (Side.HUBSPOT, "associatedcompanyid", ("associatedcompanyid", "AccountId")),
        (Side.HUBSPOT, "no_longer_mapped", ("no_longer_mapped", "")),
        (Side.SALESFORCE, "Gone__c", ("", "Gone__c")),
        (None, "", ("", "")),
    ],
)
def test_a_field_has_its_names_on_both_sides(
    side: Side | None, name: str, names: tuple[str, str]
) -> None:
    """Also where the pair had another Salesforce object then; a mapping that is gone names one."""
    decision = Decision(
        DecisionType.WRITTEN, side, name, "MAP-1", Update.PREFER_SALESFORCE, OUR_USER
    )
    assert lines_of_link(a_link(decision), CONNECTION) == (
        HistoryLine(NOON, "written", side, *names, "prefer_salesforce", "MAP-1", OUR_USER),
    )


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_its_own_names(kind: Kind) -> None:
    """The same field has another counterpart in another kind."""
    expected = {
        Kind.CONTACT: ("", "Name"),
        Kind.ACCOUNT: ("name", "Name"),
        Kind.OPPORTUNITY: ("dealname", "Name"),
        Kind.ACTIVITY: ("", "Name"),
    }
    decision = Decision(DecisionType.WRITTEN, Side.SALESFORCE, "Name")
    (line,) = lines_of_link(replace(a_link(decision), kind=kind), CONNECTION)
    assert (line.hubspot, line.salesforce) == expected[kind]


def test_a_kind_of_activity_has_the_operators_names_too() -> None:
    """Each kind's own row comes first, where two kinds map one field of tasks."""
    kinds = {
        kind: ActivityKindSettings(
            ActivitySync.TWO_WAY, field=(FieldRule(name, "Reason__c", objects=("Task",)),)
        )
        for kind, name in (("calls", "call_reason"), ("tasks", "task_reason"))
    }
    connection = replace(CONNECTION, activities=ActivitySettings(**kinds))
    decision = Decision(DecisionType.WRITTEN, Side.SALESFORCE, "Reason__c")
    shown = []
    for name in ("call", "task"):
        link = replace(
            a_link(decision),
            kind=Kind.ACTIVITY,
            hubspot=Ref(Side.HUBSPOT, name, "1"),
            salesforce=Ref(Side.SALESFORCE, "Task", "00T1"),
        )
        shown += [(one.hubspot, one.salesforce) for one in lines_of_link(link, connection)]
    assert shown == [("call_reason", "Reason__c"), ("task_reason", "Reason__c")]


def test_hubspot_says_who_made_an_edit() -> None:
    """The newest version of the property that was there when it was decided; HubSpot is asked only
    about values that were taken from it.
    """
    taken = replace(a_line("Title"), side=Side.HUBSPOT, by=OUR_USER)
    lines = [a_line(minutes=10), a_line(minutes=-10), taken]
    origins = {
        "phone": [
            Origin(at(11), "IMPORT"),
            Origin(at(9), "CRM_UI/userId:7"),
            Origin(at(0), OUR_APP),
        ],
        "title": [Origin(at(-1), "CRM_UI/userId:8")],
    }
    assert properties_of(lines) == ("phone",)
    assert list(with_authors(lines, origins)) == [
        replace(a_line(minutes=10), by="CRM_UI/userId:7"),
        a_line(minutes=-10),
        taken,
    ]


def a_batch(minutes: float, side: Side, old: str, *, contact: Ref = CONTACT) -> OverwrittenBatch:
    """What a write of a phone number overwrote."""
    one = Overwrite(side, "phone", "Phone", old, "new")
    pair = OverwrittenPair(contact, LEAD if contact == CONTACT else replace(LEAD, id="1"), (one,))
    return OverwrittenBatch("acme", Kind.CONTACT, at(minutes), (pair,))


@pytest.mark.rule("CH-3")
def test_a_decision_has_the_values_that_were_kept_of_it() -> None:
    """Those that were kept last before it, of this pair, field and side; not of an earlier write."""
    batches = [
        a_batch(-5, Side.SALESFORCE, "long before"),
        a_batch(-0.5, Side.SALESFORCE, "before"),
        a_batch(-0.1, Side.SALESFORCE, "last"),
        a_batch(-0.05, Side.HUBSPOT, "another side"),
        a_batch(-0.05, Side.SALESFORCE, "another pair", contact=replace(CONTACT, id="82")),
        a_batch(1, Side.SALESFORCE, "later"),
    ]
    lines = [a_line(), a_line("Title"), a_line(minutes=-30)]
    assert list(with_values(lines, a_link(), batches)) == [
        replace(a_line(), is_valued=True, old="last", new="new"),
        *lines[1:],
    ]


def test_values_are_in_no_repr() -> None:
    """So they cannot get into a log."""
    assert "secret" not in repr(replace(a_line(), old="secret", new="secret"))


@pytest.mark.parametrize(("ref", "names"), [(CONTACT, ("phone", "")), (LEAD, ("", "phone"))])
def test_an_open_report_is_a_line(ref: Ref, names: Sequence[str]) -> None:
    """As of the last attempt, with category, code and text."""
    report = Report(ref, Category.VALIDATION, "No.", "phone", "Mend it.", ("CH-8",), code="STRING")
    entry = InboxEntry(report, NOON, NOON + timedelta(minutes=5), 2)
    assert list(lines_of_inbox([entry])) == [
        HistoryLine(at(5), "parked", None, *names, because="CH-8", text="validation: STRING No.")
    ]


DECIDING = (
    "rules/merge/policies.py",
    "rules/merge/owners.py",
    "rules/merge/opt_out.py",
    "rules/merge/change_limits.py",
    "rules/pair/refused_fields.py",
    "rules/pair/successors.py",
    "rules/pair/undo.py",
)
"""Modules that give rules to decisions as texts."""


def test_each_rule_behind_a_decision_has_a_meaning_in_one_line() -> None:
    """Every rule that these modules name as a text, and each line fits a terminal."""
    package = ROOT / "layers/shared/crmsync"
    named = {
        rule
        for module in DECIDING
        for rule in re.findall(
            r'"([A-Z]{2,4}-\d+)"', (package / module).read_text(encoding="utf-8")
        )
    }
    assert len(named) > 15
    assert named - set(MEANINGS) == set()
    assert [rule for rule, line in MEANINGS.items() if len(f"{rule}: {line}") > 80] == []
