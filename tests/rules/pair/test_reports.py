"""The reports about what crmsync itself finds wrong."""

from __future__ import annotations

import pytest

from crmsync.errors import TryAgain
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.effects import Category, Report
from crmsync.model.records import Ref, Side
from crmsync.rules.pair import reports
from crmsync.rules.refusals.findings import FINDINGS

ADA, LEAD = Ref(Side.HUBSPOT, "contact", "81"), Ref(Side.SALESFORCE, "Lead", "00Q1")
EVERY = [
    reports.waiting(ADA),
    reports.duplicate_of_linked(ADA, [LEAD]),
    reports.opted_out_duplicate(ADA, [LEAD]),
    reports.address_taken(LEAD, ADA),
    reports.opt_out_not_shown(ADA),
    reports.unnamed(ADA, "LastName"),
    reports.incompatible(ADA, "phone"),
    reports.truncated(ADA, "phone"),
    reports.deletion_limited(ADA),
    reports.change_limited(
        ADA,
        [Hold(Side.HUBSPOT, ChangeLimit.CHANGES)],
        {Side.HUBSPOT: ["phone"], Side.SALESFORCE: []},
    ),
    reports.looping(ADA, ["phone"]),
    reports.unfinished_deal(ADA, "StageName"),
    reports.same_value(ADA, [LEAD]),
    reports.deletion_deferred(ADA, 24),
    reports.deleted_for_privacy(LEAD),
    reports.waiting_for_account(ADA, LEAD),
]


@pytest.mark.rule("ERR-1")
@pytest.mark.parametrize("report", EVERY, ids=[one.code for one in EVERY])
def test_each_report_has_a_code_and_a_text_of_its_own(report: Report) -> None:
    """The table explains the code: it has the same category, and what passes by itself is tried
    again.
    """
    known = FINDINGS[report.code]

    assert known.category is report.category
    assert [one.code for one in EVERY].count(report.code) == 1
    assert [one.text for one in EVERY].count(report.text) == 1
    assert (known.error is TryAgain) == (report.category is Category.UNAVAILABLE)
    assert report.hint
