"""Who joins and leaves a campaign, and what becomes of the rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.kinds.campaign_settings import CampaignSettings, OnLeave
from crmsync.model.kinds.campaigns import (
    AddMember,
    CampaignMember,
    ChangeStatus,
    ListProgress,
    MemberEffect,
    RemoveMember,
)
from crmsync.model.records import Ref, Side
from crmsync.rules.campaigns import (
    LONGEST_TEXT,
    compared,
    is_to_be_read,
    join_effects,
    leave_effects,
    shown_text,
    standings,
    unknown_statuses,
)
from tests.builders import CONTACT_ID, LEAD_ID, NOON, a_connection, at

LEAD = Ref(Side.SALESFORCE, "Lead", LEAD_ID)
CONTACT = Ref(Side.SALESFORCE, "Contact", CONTACT_ID)
KEEP = CampaignSettings("42", "701000000000001AAA", "Sent")
REMOVE = replace(KEEP, on_leave=OnLeave.REMOVE)
STATUS = replace(KEEP, on_leave=OnLeave.STATUS, left_status="Left")


def a_member(person: Ref = LEAD, status: str = "Sent", *, is_ours: bool = True) -> CampaignMember:
    """Return a row of the campaign."""
    return CampaignMember("00v000000000001AAA", person, status, is_ours)


@pytest.mark.rule("CMP-3")
@pytest.mark.parametrize(
    "progress",
    [
        ListProgress(),
        ListProgress("6 a -", NOON),
        ListProgress("7 a b", NOON - timedelta(days=1)),
    ],
)
def test_a_list_is_read_when_it_has_changed_and_once_a_day(progress: ListProgress) -> None:
    """HubSpot's mark of the list tells that it has changed."""
    assert is_to_be_read(progress, "7 a b", NOON)


@pytest.mark.rule("CMP-3")
@pytest.mark.parametrize("ago", [timedelta(), timedelta(hours=23, minutes=59)])
def test_a_list_that_has_not_changed_is_not_read(ago: timedelta) -> None:
    """Not within a day."""
    assert not is_to_be_read(ListProgress("7 a b", NOON - ago), "7 a b", NOON)


@pytest.mark.rule("CMP-3")
@pytest.mark.rule("CMP-5")
@pytest.mark.parametrize(
    ("campaign", "leaving"), [(KEEP, set()), (REMOVE, {2, 4}), (STATUS, {2, 4})]
)
def test_a_list_is_compared_with_those_whose_joining_is_done(
    campaign: CampaignSettings, leaving: set[int]
) -> None:
    """Who came back before the leaving was done joins again; refusals are tried again; nobody is
    both in and out.
    """
    before = ListProgress(
        "old",
        at(-60),
        members=frozenset({1, 2}),
        waiting=frozenset({3}),
        leaving=frozenset({4, 5}),
        refused=frozenset({3, 5}),
        refusal="CODE: text",
        version=7,
    )

    assert compared(before, [1, 3, 5, 6], campaign, "new", NOON) == ListProgress(
        "new",
        NOON,
        members=frozenset({1}),
        waiting=frozenset({3, 5, 6}),
        leaving=frozenset(leaving),
        version=7,
    )


JOINS: dict[str, tuple[CampaignSettings, list[CampaignMember], MemberEffect | None]] = {
    "nobody's row": (KEEP, [], AddMember(LEAD, "Sent")),
    "somebody else's row": (KEEP, [a_member(CONTACT)], AddMember(LEAD, "Sent")),
    "a row with another status": (KEEP, [a_member(status="Responded")], None),
    "a row that a person made": (REMOVE, [a_member(is_ours=False)], None),
    "a row of somebody who left": (
        STATUS,
        [a_member(status="Left")],
        ChangeStatus("00v000000000001AAA", "Sent"),
    ),
    "a status that means nothing": (REMOVE, [a_member(status="Left")], None),
}


@pytest.mark.rule("CMP-4")
@pytest.mark.rule("CMP-6")
@pytest.mark.parametrize("name", JOINS)
def test_who_joins_has_one_row(name: str) -> None:
    """It is made where there is none; an existing one keeps its status, unless it says that the
    person left.
    """
    campaign, rows, effect = JOINS[name]
    assert join_effects(campaign, {81: LEAD}, rows) == {81: effect}


LEAVES: dict[str, tuple[CampaignSettings, list[CampaignMember], MemberEffect | None]] = {
    "remove, ours": (REMOVE, [a_member()], RemoveMember("00v000000000001AAA")),
    "remove, a person's": (REMOVE, [a_member(is_ours=False)], None),
    "remove, no row": (REMOVE, [], None),
    "status": (
        STATUS,
        [a_member(is_ours=False)],
        ChangeStatus("00v000000000001AAA", "Left"),
    ),
    "status, already": (STATUS, [a_member(status="Left")], None),
    "keep": (KEEP, [a_member()], None),
}


@pytest.mark.rule("CMP-5")
@pytest.mark.rule("CMP-6")
@pytest.mark.parametrize("name", LEAVES)
def test_who_leaves_loses_the_row_or_gets_a_status(name: str) -> None:
    """As the settings say; a row that a person made is never deleted."""
    campaign, rows, effect = LEAVES[name]
    assert leave_effects(campaign, {81: LEAD}, rows) == {81: effect}


@pytest.mark.rule("CMP-7")
def test_statuses_that_the_campaign_lacks_are_named() -> None:
    """Both those of joining and of leaving count."""
    assert unknown_statuses(KEEP, ["Sent", "Left"]) == ()
    assert unknown_statuses(STATUS, ["sent"]) == ("Sent", "Left")


@pytest.mark.rule("CMP-1")
def test_the_ids_of_campaigns_are_one_text() -> None:
    """Sorted, each once. What is too long ends with how many are left out."""
    ids = [f"70100000000000{number}AAA" for number in range(4)]

    assert shown_text([ids[1], ids[0], ids[1]]) == f"{ids[0]};{ids[1]}"
    assert shown_text([]) == ""
    assert shown_text(ids, len(";".join(ids))) == ";".join(ids)
    assert shown_text(ids, len(";".join(ids)) - 1) == ";".join([*ids[:3], "and 1 more"])
    assert shown_text(ids, 60) == f"{ids[0]};{ids[1]};and 2 more"
    assert len(shown_text(f"701{number:015}" for number in range(4_000))) <= LONGEST_TEXT


@pytest.mark.rule("CMP-4")
@pytest.mark.parametrize(
    ("progress", "is_linked", "text"),
    [
        (ListProgress(), True, "the list was not read yet"),
        (
            ListProgress(waiting=frozenset({7})),
            False,
            "is in the list, and waits for a lead or contact to be linked with",
        ),
        (
            ListProgress(leaving=frozenset({7})),
            True,
            "has left the list, and leaves the campaign with the next sweep",
        ),
        (
            ListProgress(waiting=frozenset({7}), refused=frozenset({7}), refusal="CODE: Not now."),
            True,
            "Salesforce refuses the member; the last refusal was CODE: Not now. Tried again daily.",
        ),
    ],
)
def test_why_a_contact_is_no_member_is_said(
    progress: ListProgress,
    is_linked: bool,  # noqa: FBT001 - a row of the table
    text: str,
) -> None:
    """As far as the last sweep knows."""
    connection = replace(a_connection(), campaigns=(CampaignSettings("42", "701A", "Sent"),))
    (found,) = standings(connection, {("42", "701A"): progress}, 7, is_linked=is_linked)
    assert found.text == text
