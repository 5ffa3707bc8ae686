"""Announced associations of a deal: done if they show or were undone since, not done once no
notification can report them any more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.changes import TieEvent
from crmsync.model.kinds.roles import Role
from crmsync.model.links import Link
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.kinds.opportunity.roles import RoleDecision
from crmsync.rules.kinds.opportunity.tie_intents import (
    LATEST_EVENT_AFTER,
    ResolvedTies,
    Ties,
    announce_ties,
    announcing_ties,
    may_events_follow,
    resolve_announced_ties,
    role_key,
)
from tests.builders import FINGERPRINTER, NOON, at

PORTAL = 555001
DEAL, OPPORTUNITY = (
    Ref(Side.HUBSPOT, "deal", "7"),
    Ref(Side.SALESFORCE, "Opportunity", "006000000000001AAA"),
)
ADA, ADAS = (
    Ref(Side.HUBSPOT, "contact", "81"),
    Ref(Side.SALESFORCE, "Contact", "003000000000001AAA"),
)
ACROSS = {ADA: ADAS}
LINK = Link("acme", Kind.OPPORTUNITY, DEAL, OPPORTUNITY)


def a_role(number=1, *, ours=False):
    key = role_key(PORTAL, DEAL.id, ADA.id, ADAS.id) if ours else ""
    return Role(
        Ref(Side.SALESFORCE, "OpportunityContactRole", f"00K00000000000{number}AAA"),
        OPPORTUNITY,
        ADAS,
        key=key,
    )


OLD, OURS, NEW = a_role(1), a_role(2, ours=True), a_role(3)

ASSOCIATED = RoleDecision(associate=(ADA,))
GIVEN = RoleDecision(add=((ADA, ADAS),))
PARTED = RoleDecision(leave=(ADA,))
ENDED = RoleDecision(end=(OLD.ref,))


def ties(*roles, associated=False):
    return Ties(frozenset({ADA} if associated else ()), roles, ACROSS)


def announced(verdict, *, agreed=False):
    """The link of a worker that announced the decision at noon and then died."""
    link = replace(LINK, tied={ADA.id: ADAS.id} if agreed else {})
    return announcing_ties(link, announce_ties(verdict, ties(OLD), FINGERPRINTER), {}).announced_at(
        NOON
    )


def news(contact, minutes=1, *, gone=True):
    return TieEvent(contact, at(minutes), is_gone=gone)


TIED, UNTIED = frozenset({ADA.id}), frozenset[str]()


@pytest.mark.rule("OPP-9")
@pytest.mark.rule("OPP-12")
@pytest.mark.rule("Q-29")
@pytest.mark.parametrize(
    ("verdict", "now", "told", "agreed"),
    [
        pytest.param(
            ASSOCIATED, ties(OLD, associated=True), (), TIED, id="associated, as it shows"
        ),
        pytest.param(
            ASSOCIATED, ties(OLD), (news(ADA),), TIED, id="associated, and a person took it apart"
        ),
        pytest.param(
            ASSOCIATED,
            ties(associated=True),
            (news(ADA, gone=False),),
            UNTIED,
            id="never associated, and then by a person",
        ),
        pytest.param(GIVEN, ties(OURS, associated=True), (), TIED, id="given a role, as it shows"),
        pytest.param(
            GIVEN,
            ties(associated=True),
            (news(ADAS),),
            TIED,
            id="given a role, and a person ended it",
        ),
        pytest.param(GIVEN, ties(NEW), (), UNTIED, id="never given a role, and then by a person"),
        pytest.param(PARTED, ties(), (), UNTIED, id="parted, as it shows"),
        pytest.param(
            PARTED,
            ties(associated=True),
            (news(ADA, gone=False),),
            UNTIED,
            id="parted, and a person associated them again",
        ),
        pytest.param(ENDED, ties(), (), UNTIED, id="role ended, as it shows"),
        pytest.param(ENDED, ties(NEW), (), UNTIED, id="role ended, and a person gave another one"),
    ],
)
@pytest.mark.parametrize("is_open", [True, False], ids=["at once", "later"])
def test_an_announced_association_that_shows_or_was_undone_was_done(
    verdict, now, told, agreed, is_open
):
    """Associations that we added are stored, those that we removed are not, and nothing stays
    announced.
    """
    link = announced(verdict, agreed=verdict in {PARTED, ENDED})

    assert resolve_announced_ties(
        link, now, told, PORTAL, FINGERPRINTER, is_open=is_open
    ) == ResolvedTies(agreed)


@pytest.mark.parametrize(
    ("verdict", "now", "agreed"),
    [
        pytest.param(ASSOCIATED, ties(OLD), UNTIED, id="to be associated"),
        pytest.param(GIVEN, ties(associated=True), UNTIED, id="to be given a role"),
        pytest.param(PARTED, ties(associated=True), TIED, id="to be parted"),
        pytest.param(ENDED, ties(OLD), TIED, id="role to be ended"),
    ],
)
@pytest.mark.parametrize(
    "told",
    [(), (news(ADA, -1), news(ADAS, -1))],
    ids=["nothing was told", "only of what was before"],
)
def test_an_announced_association_that_does_not_show_is_in_doubt_first(verdict, now, agreed, told):
    """While a notification may still report it, the contact is left alone; then it counts as before
    the announcement.
    """
    link = announced(verdict, agreed=bool(agreed))
    in_doubt = ResolvedTies(agreed, frozenset({ADA}), link.tying.replaces)

    assert resolve_announced_ties(link, now, told, PORTAL, FINGERPRINTER, is_open=True) == in_doubt
    assert resolve_announced_ties(
        link, now, told, PORTAL, FINGERPRINTER, is_open=False
    ) == ResolvedTies(agreed)


def test_the_newest_notification_counts():
    """An association that was removed and added again after our announcement is a person's."""
    told = (news(ADA, 2, gone=False), news(ADA, 1))

    assert resolve_announced_ties(
        announced(ASSOCIATED), ties(associated=True), told, PORTAL, FINGERPRINTER, is_open=True
    ) == ResolvedTies(UNTIED)


def test_without_an_announcement_notifications_do_not_count():
    """Then the associations themselves show what people did."""
    link = replace(LINK, tied={ADA.id: ADAS.id})

    assert resolve_announced_ties(
        link, ties(), (news(ADA),), PORTAL, FINGERPRINTER, is_open=False
    ) == ResolvedTies(TIED)


def test_the_time_within_which_a_notification_may_arrive():
    """It is a quarter of an hour from the announcement, and without one there is no such time."""
    link = announced(GIVEN)
    end = NOON + LATEST_EVENT_AFTER

    assert [
        may_events_follow(link, moment) for moment in (NOON, end - timedelta(seconds=1), end)
    ] == [
        True,
        True,
        False,
    ]
    assert not may_events_follow(LINK, NOON)
