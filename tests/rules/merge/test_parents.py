"""Whose parent a contact has: its company in HubSpot against its account in Salesforce (FLD-8,
DUP-4, CH-23, Q-29).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.records import Ref, Side
from crmsync.rules.merge.parents import (
    NO_CHANGE,
    ParentDecision,
    account_of,
    company_of,
    decide_parent,
)
from crmsync.rules.merge.policies import FieldState

H, S = Side.HUBSPOT, Side.SALESFORCE
A, B, FREE, DEAD = "81", "82", "83", "84"
ACC_A, ACC_B, ACC_FREE, ACC_DEAD = (f"00100000000000{number}AAA" for number in (1, 2, 3, 4))


def company(record_id: str) -> Ref:
    return Ref(H, "company", record_id)


def account(record_id: str) -> Ref:
    return Ref(S, "Account", record_id)


PARENTS: dict[Ref, Ref | None] = {
    company(A): account(ACC_A),
    account(ACC_A): company(A),
    company(B): account(ACC_B),
    account(ACC_B): company(B),
    company(DEAD): None,
    account(ACC_DEAD): None,
}
"""A goes with A, B with B; the counterparts of the dead ones were deleted, the free ones have none
yet.
"""

TO_ACCOUNT_B = ParentDecision(account=ACC_B, because=("FLD-8", "DUP-4"))
OPEN_COMPANY, OPEN_ACCOUNT = ParentDecision(unpaired=H), ParentDecision(unpaired=S)
TO_COMPANY_B = ParentDecision(company=B, because=("FLD-8", "FLD-9"))


def met(now: str | None) -> FieldState:
    """What a side shows that was never agreed on."""
    return FieldState(now, now, None)


def moved(now: str | None, before: str | None) -> FieldState:
    """What a side shows, against what was agreed on."""
    return FieldState(now, now, now != before)


def decide(
    mine: FieldState,
    theirs: FieldState,
    newest: Side = H,
    *,
    removes: bool = False,
    fixed: bool = False,
) -> ParentDecision:
    return decide_parent(mine, theirs, newest, PARENTS, removes=removes, fixed=fixed)


@pytest.mark.rule("FLD-4")
@pytest.mark.rule("FLD-8")
@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        pytest.param(met(None), met(None), NO_CHANGE, id="nobody has a parent"),
        pytest.param(met(A), met(ACC_A), NO_CHANGE, id="the two are a pair"),
        pytest.param(met(A), met(ACC_B), TO_COMPANY_B, id="they differ: the account stands"),
        pytest.param(met(None), met(ACC_B), TO_COMPANY_B, id="only Salesforce has one"),
        pytest.param(met(B), met(None), TO_ACCOUNT_B, id="only HubSpot has one"),
        pytest.param(
            met(FREE),
            met(None),
            ParentDecision(awaits=company(FREE)),
            id="HubSpot's has no account yet",
        ),
        pytest.param(
            met(A),
            met(ACC_FREE),
            ParentDecision(awaits=account(ACC_FREE)),
            id="Salesforce's has no company yet",
        ),
        pytest.param(met(DEAD), met(None), OPEN_COMPANY, id="the account of HubSpot's was deleted"),
        pytest.param(
            met(A), met(ACC_DEAD), OPEN_ACCOUNT, id="the company of Salesforce's was deleted"
        ),
    ],
)
@pytest.mark.parametrize("newest", Side)
def test_in_the_first_sync_the_account_wins(mine, theirs, expected, newest):
    """Salesforce's account wins if there is one, else HubSpot's company, whichever is newer; a
    parent without a counterpart is awaited.
    """
    assert decide(mine, theirs, newest) == expected


@pytest.mark.rule("FLD-8")
@pytest.mark.rule("DUP-4")
@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        pytest.param(moved(A, A), moved(ACC_A, ACC_A), NO_CHANGE, id="nobody moved"),
        pytest.param(moved(B, A), moved(ACC_A, ACC_A), TO_ACCOUNT_B, id="another company"),
        pytest.param(moved(A, A), moved(ACC_B, ACC_A), TO_COMPANY_B, id="another account"),
        pytest.param(moved(B, None), moved(None, None), TO_ACCOUNT_B, id="its first company"),
        pytest.param(moved(None, None), moved(ACC_B, None), TO_COMPANY_B, id="its first account"),
        pytest.param(
            moved(FREE, A),
            moved(ACC_A, ACC_A),
            ParentDecision(awaits=company(FREE)),
            id="a company that has no account yet",
        ),
        pytest.param(
            moved(A, A),
            moved(ACC_FREE, ACC_A),
            ParentDecision(awaits=account(ACC_FREE)),
            id="an account that has no company yet",
        ),
        pytest.param(
            moved(DEAD, A),
            moved(ACC_A, ACC_A),
            OPEN_COMPANY,
            id="a company whose account was deleted",
        ),
        pytest.param(
            moved(A, A),
            moved(ACC_DEAD, ACC_A),
            OPEN_ACCOUNT,
            id="an account whose company was deleted",
        ),
        pytest.param(
            moved(B, A),
            met(ACC_DEAD),
            TO_ACCOUNT_B,
            id="another company, beside an account whose company was always deleted",
        ),
        pytest.param(
            met(DEAD),
            moved(ACC_B, None),
            TO_COMPANY_B,
            id="its first account, beside a company whose account was always deleted",
        ),
        pytest.param(moved(B, A), moved(ACC_B, ACC_A), NO_CHANGE, id="both, to the same pair"),
        pytest.param(moved(A, A), moved(ACC_B, ACC_B), NO_CHANGE, id="left apart before"),
    ],
)
@pytest.mark.parametrize("newest", Side)
def test_later_the_side_that_changed_it_wins(mine, theirs, expected, newest):
    """The side that changed the parent wins, even if the other record was edited later."""
    assert decide(mine, theirs, newest) == expected


@pytest.mark.rule("Q-21")
@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (H, ParentDecision(account=ACC_B, because=("FLD-8", "DUP-4"), contested=True)),
        (S, ParentDecision(awaits=account(ACC_FREE), contested=True)),
    ],
)
def test_after_changes_on_both_sides_the_newest_wins(newest, expected):
    """The more recent change wins, and the decision is marked as contested."""
    assert decide(moved(B, A), moved(ACC_FREE, ACC_A), newest) == expected


@pytest.mark.rule("Q-29")
@pytest.mark.rule("CH-23")
@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        pytest.param(moved(None, A), moved(ACC_A, ACC_A), NO_CHANGE, id="no company any more"),
        pytest.param(moved(A, A), moved(None, ACC_A), NO_CHANGE, id="no account any more"),
        pytest.param(moved(None, A), moved(None, ACC_A), NO_CHANGE, id="neither any more"),
        pytest.param(
            moved(None, A), moved(ACC_B, ACC_A), TO_COMPANY_B, id="no company, and another account"
        ),
        pytest.param(
            moved(B, A), moved(None, ACC_A), TO_ACCOUNT_B, id="no account, and another company"
        ),
    ],
)
@pytest.mark.parametrize("newest", Side)
def test_a_parent_that_is_removed_stays_on_the_other_side(mine, theirs, expected, newest):
    """Only a new parent crosses; removing one never outweighs a parent that is set on the other
    side.
    """
    assert decide(mine, theirs, newest) == expected


@pytest.mark.rule("Q-29")
@pytest.mark.rule("CH-23")
@pytest.mark.parametrize(
    ("mine", "theirs", "newest", "expected"),
    [
        pytest.param(
            moved(A, A),
            moved(None, ACC_A),
            H,
            ParentDecision(leaves=A, because=("Q-29",)),
            id="no account any more",
        ),
        pytest.param(moved(None, A), moved(ACC_A, ACC_A), H, NO_CHANGE, id="no company any more"),
        pytest.param(
            moved(None, A),
            moved(ACC_B, ACC_A),
            H,
            TO_COMPANY_B,
            id="no company, and another account",
        ),
        pytest.param(
            moved(B, A),
            moved(None, ACC_A),
            S,
            ParentDecision(leaves=B, because=("Q-29",), contested=True),
            id="another company, then no account",
        ),
        pytest.param(
            moved(B, A),
            moved(None, ACC_A),
            H,
            ParentDecision(account=ACC_B, because=("FLD-8", "DUP-4"), contested=True),
            id="no account, then another company",
        ),
        pytest.param(
            met(A),
            met(None),
            S,
            ParentDecision(account=ACC_A, because=("FLD-8", "DUP-4")),
            id="first met",
        ),
    ],
)
def test_with_the_setting_a_company_is_removed_with_its_account(mine, theirs, newest, expected):
    """With remove_associations the company is removed when the account is; an account never is."""
    assert decide(mine, theirs, newest, removes=True) == expected


@pytest.mark.rule("PA-2")
@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        pytest.param(
            moved(A, B), moved(ACC_B, ACC_B), TO_COMPANY_B, id="moved in HubSpot: brought back"
        ),
        pytest.param(
            moved(None, B),
            moved(ACC_B, ACC_B),
            TO_COMPANY_B,
            id="taken away in HubSpot: brought back",
        ),
        pytest.param(moved(A, B), moved(ACC_B, ACC_A), TO_COMPANY_B, id="moved on both sides"),
        pytest.param(met(A), met(ACC_B), TO_COMPANY_B, id="first met"),
    ],
)
def test_a_person_account_keeps_its_contact(mine, theirs, expected):
    """A person account stays its contact's account, whatever HubSpot shows and however new
    that is.
    """
    assert decide(mine, theirs, H, fixed=True) == expected


COMPANIES = st.sampled_from([None, A, B, FREE, DEAD])
ACCOUNTS = st.sampled_from([None, ACC_A, ACC_B, ACC_FREE, ACC_DEAD])
SHOWS = st.sampled_from([None, False, True])


def shown(values):
    return st.builds(lambda now, changed: FieldState(now, now, changed), values, SHOWS)


@pytest.mark.rule("CH-23")
@pytest.mark.rule("FLD-8")
@given(shown(COMPANIES), shown(ACCOUNTS), st.sampled_from(Side), st.booleans(), st.booleans())
def test_no_account_is_ever_removed_and_decisions_end(mine, theirs, newest, removes, fixed):
    """No decision writes an empty parent or does two things; once it is carried out, the next one
    does nothing.
    """
    verdict = decide(mine, theirs, newest, removes=removes, fixed=fixed)
    assert verdict.account != ""
    assert verdict.company != ""
    assert sum(map(bool, (verdict.company, verdict.account, verdict.leaves, verdict.awaits))) <= 1
    if verdict.awaits:
        return
    now_h = verdict.company or (None if verdict.leaves else mine.value)
    now_s = verdict.account or theirs.value
    assert (
        decide(
            FieldState(now_h, now_h, False),
            FieldState(now_s, now_s, False),
            newest,
            removes=removes,
        )
        == NO_CHANGE
    )
    if verdict.company or verdict.account:
        assert PARENTS[company(str(now_h))] == account(str(now_s))


@pytest.mark.rule("ACC-21")
@given(shown(COMPANIES), shown(ACCOUNTS), st.sampled_from(Side), st.booleans(), st.booleans())
def test_an_awaited_parent_has_no_counterpart_and_is_shown(mine, theirs, newest, removes, fixed):
    """Only a parent that one of the two shows is awaited, and only while its counterpart is
    unknown.
    """
    awaited = decide(mine, theirs, newest, removes=removes, fixed=fixed).awaits
    assert (
        awaited is None
        or awaited in {company_of(mine.value), account_of(theirs.value)} - PARENTS.keys()
    )
