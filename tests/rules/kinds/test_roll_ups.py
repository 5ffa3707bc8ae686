"""The roll-ups of a contact's opportunities (ROLL-1 to ROLL-7, Q-1 to Q-6), and the lifecycle stage
they set (LIFE-1, LIFE-20).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.kinds.roles import RelatedOpportunity
from crmsync.model.settings import RevenueBasis
from crmsync.rules.kinds.opportunity.roll_ups import ROLL_UPS, outdated, rolled_up, stage_reached
from crmsync.rules.settings.own_fields import HUBSPOT_PARTS
from crmsync.rules.settings.set_up_parts import OwnProperty

COUNT, FIRST, CLOSED, AMOUNT, REVENUE, STAGE = (
    "crmsync_num_associated_deals",
    "crmsync_first_deal_created_date",
    "crmsync_recent_deal_close_date",
    "crmsync_recent_deal_amount",
    "crmsync_total_revenue",
    "crmsync_opportunity_stage",
)
NOTHING = {COUNT: "0", FIRST: None, CLOSED: None, AMOUNT: None, REVENUE: "0", STAGE: None}
ALL, WON = RevenueBasis.ALL, RevenueBasis.WON


def a_tie(
    number=1,
    created="2026-03-01",
    closes="2026-06-30",
    amount="100",
    stage="Prospecting",
    *,
    closed=False,
    won=False,
):
    """An open opportunity of 100, or with `won` a won one."""
    return RelatedOpportunity(
        opportunity=f"00600000000000{number}AAA",
        created_at=datetime.fromisoformat(created).replace(tzinfo=UTC),
        close_date=date.fromisoformat(closes),
        amount=None if amount is None else Decimal(amount),
        stage="Closed Won" if won else stage,
        is_closed=closed or won,
        is_won=won,
    )


def shown(name, *ties, basis=ALL):
    """The value of one roll-up, for any order of the opportunities."""
    forwards, backwards = rolled_up(ties, basis)[name], rolled_up(ties[::-1], basis)[name]
    assert forwards == backwards
    return forwards


@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("Q-1")
def test_the_roll_ups_of_a_contact_with_one_open_opportunity():
    """It has five values and the stage, and the values that only a won opportunity has are
    blank.
    """
    assert rolled_up([a_tie(amount="1250.50")], ALL) == {
        COUNT: "1",
        FIRST: "2026-03-01",
        CLOSED: None,
        AMOUNT: None,
        REVENUE: "1250.5",
        STAGE: "Prospecting",
    }


@pytest.mark.rule("ROLL-1")
def test_a_won_opportunity_has_a_close_date_and_an_amount():
    """With a won opportunity all six roll-ups have a value."""
    assert rolled_up([a_tie(amount="2000.00", won=True)], ALL) == {
        COUNT: "1",
        FIRST: "2026-03-01",
        CLOSED: "2026-06-30",
        AMOUNT: "2000",
        REVENUE: "2000",
        STAGE: "Closed Won",
    }


@pytest.mark.rule("ROLL-1")
@pytest.mark.parametrize("basis", RevenueBasis)
def test_a_contact_without_opportunities_has_none_and_no_revenue(basis):
    """When its last role is gone, a contact has two zeros and blanks."""
    assert rolled_up([], basis) == NOTHING


@pytest.mark.rule("ROLL-2")
def test_associated_deals_are_all_the_opportunities():
    """Open, won and lost ones count."""
    assert shown(COUNT, a_tie(1), a_tie(2, won=True), a_tie(3, closed=True)) == "3"


@pytest.mark.rule("ROLL-3")
@pytest.mark.rule("Q-4")
def test_the_first_deal_is_the_one_created_first():
    """It is the date on which the earliest opportunity was created, whatever its stage."""
    assert (
        shown(
            FIRST,
            a_tie(1, "2026-03-02"),
            a_tie(2, "2026-03-01", closed=True),
            a_tie(3, "2026-04-01"),
        )
        == "2026-03-01"
    )


@pytest.mark.rule("ROLL-3")
def test_the_day_of_creation_is_that_of_the_accounts_time_zone():
    """Half an hour after midnight at UTC+2 is still the day before in an account in UTC."""
    east = timezone(timedelta(hours=2))
    early = RelatedOpportunity(
        "006",
        datetime(2026, 3, 2, 0, 30, tzinfo=east),
        date(2026, 6, 30),
        None,
        "",
        is_closed=False,
        is_won=False,
    )
    assert rolled_up([early], ALL)[FIRST] == "2026-03-01"
    assert rolled_up([early], ALL, east)[FIRST] == "2026-03-02"


@pytest.mark.rule("ROLL-4")
@pytest.mark.rule("Q-5")
def test_the_recent_close_date_is_the_latest_of_the_won_opportunities():
    """Lost and open ones do not count, however late they close."""
    won = (a_tie(1, closes="2026-05-01", won=True), a_tie(2, closes="2026-05-09", won=True))
    assert (
        shown(
            CLOSED, *won, a_tie(3, closes="2026-08-01", closed=True), a_tie(4, closes="2026-09-01")
        )
        == "2026-05-09"
    )


@pytest.mark.rule("ROLL-5")
@pytest.mark.rule("ROLL-7")
@pytest.mark.rule("Q-6")
def test_the_recent_amount_is_that_of_the_won_opportunity_created_last():
    """It is not that of the one closed last, nor of a later one that is not won."""
    older = a_tie(1, "2026-01-01", closes="2026-12-31", amount="1", won=True)
    newer = a_tie(2, "2026-02-01", closes="2026-02-02", amount="2", won=True)
    assert (
        shown(
            AMOUNT,
            older,
            newer,
            a_tie(3, "2026-03-01", amount="3"),
            a_tie(4, "2026-04-01", amount="4", closed=True),
        )
        == "2"
    )


@pytest.mark.rule("Q-5")
@pytest.mark.rule("ROLL-5")
def test_of_two_opportunities_created_at_once_the_greater_id_is_the_later():
    """The value does not depend on the order in which Salesforce returns them."""
    assert shown(AMOUNT, a_tie(1, amount="1", won=True), a_tie(2, amount="2", won=True)) == "2"


@pytest.mark.rule("ROLL-5")
@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        pytest.param((a_tie(),), None, id="nothing is won"),
        pytest.param(
            (a_tie(1, won=True), a_tie(2, "2026-04-01", amount=None, won=True)),
            None,
            id="it has no amount",
        ),
        pytest.param((a_tie(amount="0.00", won=True),), "0", id="an amount of nought is one"),
    ],
)
def test_the_recent_amount_may_be_blank(ties, expected):
    """It is blank without a won opportunity, and if the last won one has no amount."""
    assert shown(AMOUNT, *ties) == expected


@pytest.mark.rule("ROLL-6")
@pytest.mark.rule("Q-3")
@pytest.mark.parametrize(("basis", "expected"), [(ALL, "60.75"), (WON, "20.25")])
def test_total_revenue_is_of_all_opportunities_or_of_the_won_ones(basis, expected):
    """By default all count and with the setting the won ones; a missing amount counts as zero."""
    ties = (
        a_tie(1, amount="10.5"),
        a_tie(2, amount="20.25", won=True),
        a_tie(3, amount="30", closed=True),
        a_tie(4, amount=None, won=True),
    )
    assert shown(REVENUE, *ties, basis=basis) == expected


@pytest.mark.rule("LIFE-8")
@pytest.mark.rule("Q-2")
def test_the_stage_is_that_of_the_opportunity_created_last():
    """It may be open or closed, whichever was changed last."""
    ties = (a_tie(1, "2026-01-01", won=True), a_tie(2, "2026-02-01", stage="Qualification"))
    assert shown(STAGE, *ties) == "Qualification"


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (("1000",), "1000"),
        (("1E+3",), "1000"),
        (("0.10", "0.20"), "0.3"),
        (("0.005",), "0.005"),
        (("-5", "5.00"), "0"),
        (("999999999999999.99", "0.01"), "1000000000000000"),
    ],
)
def test_numbers_are_plain_and_exact(amounts, expected):
    """They have no exponents, no trailing zeros and no rounding."""
    assert (
        shown(REVENUE, *(a_tie(number, amount=amount) for number, amount in enumerate(amounts, 1)))
        == expected
    )


@pytest.mark.rule("ROLL-8")
def test_set_up_creates_every_roll_up_as_a_contact_property():
    """They are numbers and dates, so that lists and reports can use them."""
    made = {
        part.name: part.type
        for part in HUBSPOT_PARTS
        if isinstance(part, OwnProperty) and part.object == "contact"
    }
    assert {name: made.get(name) for name in ROLL_UPS} == {
        COUNT: "number",
        FIRST: "date",
        CLOSED: "date",
        AMOUNT: "number",
        REVENUE: "number",
        STAGE: "string",
    }


WANTED = {
    COUNT: "2",
    FIRST: "2026-03-01",
    CLOSED: None,
    AMOUNT: None,
    REVENUE: "1250.5",
    STAGE: "Prospecting",
}


@pytest.mark.rule("ROLL-1")
@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(WANTED, {}, id="as it is"),
        pytest.param(
            {**WANTED, REVENUE: "1250.50", COUNT: "2.0"},
            {},
            id="the same numbers in another spelling",
        ),
        pytest.param(
            {**WANTED, FIRST: "2026-03-01T00:00:00Z"}, {}, id="the same day in another spelling"
        ),
        pytest.param({**WANTED, FIRST: "1772323200000"}, {}, id="the same day in milliseconds"),
        pytest.param(
            {**WANTED, CLOSED: "", STAGE: " Prospecting "},
            {},
            id="blank is blank, and space does not count",
        ),
        pytest.param({**WANTED, REVENUE: "1250.4"}, {REVENUE: "1250.5"}, id="another number"),
        pytest.param({**WANTED, AMOUNT: "7"}, {AMOUNT: None}, id="something that must go"),
        pytest.param({**WANTED, COUNT: "many"}, {COUNT: "2"}, id="what no number is"),
        pytest.param(
            {},
            {COUNT: "2", FIRST: "2026-03-01", REVENUE: "1250.5", STAGE: "Prospecting"},
            id="nothing yet",
        ),
    ],
)
def test_only_what_differs_is_written(before, expected):
    """Numbers are compared as numbers and dates as days."""
    assert outdated(before, WANTED) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param({}, {}, id="it never had any"),
        pytest.param(dict.fromkeys(ROLL_UPS, ""), {}, id="it shows blanks"),
        pytest.param(NOTHING, {}, id="it shows noughts"),
        pytest.param(
            {STAGE: "Prospecting"},
            {COUNT: "0", REVENUE: "0", STAGE: None},
            id="it still shows something",
        ),
    ],
)
def test_a_contact_that_never_had_an_opportunity_is_left_alone(before, expected):
    """Zeros are written only over earlier roll-ups, so that most contacts are not touched."""
    assert outdated(before, NOTHING) == expected


@pytest.mark.rule("LIFE-1")
@pytest.mark.rule("LIFE-6")
@pytest.mark.rule("LIFE-20")
@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        pytest.param((), "", id="no role in any"),
        pytest.param((a_tie(closed=True),), "", id="only a lost one"),
        pytest.param((a_tie(),), "opportunity", id="an open one"),
        pytest.param(
            (a_tie(1), a_tie(2, closed=True)), "opportunity", id="an open one and a lost one"
        ),
        pytest.param((a_tie(won=True),), "customer", id="a won one"),
        pytest.param(
            (a_tie(1), a_tie(2, won=True), a_tie(3, closed=True)),
            "customer",
            id="a won one among others",
        ),
    ],
)
def test_a_won_opportunity_makes_a_customer_and_an_open_one_an_opportunity(ties, expected):
    """Lost opportunities set no stage, nor do those in which the contact has no role."""
    assert stage_reached(ties) == expected


@pytest.mark.rule("LIFE-24")
def test_an_opportunity_that_was_won_long_ago_counts_as_any_other():
    """A role given today in an opportunity won years ago makes a customer."""
    assert stage_reached([a_tie(created="2016-01-01", closes="2016-02-01", won=True)]) == "customer"


TIES = st.lists(
    st.builds(
        a_tie,
        st.integers(1, 9),
        st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(date.isoformat),
        st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(date.isoformat),
        st.none() | st.decimals(0, 10**12, places=2).map(str),
        st.sampled_from(("Prospecting", "Qualification")),
        closed=st.booleans(),
        won=st.booleans(),
    ),
    unique_by=lambda tie: tie.opportunity,
    max_size=6,
)


@given(
    ties=TIES,
    basis=st.sampled_from(RevenueBasis),
    before=st.dictionaries(st.sampled_from(ROLL_UPS), st.text(max_size=12)),
)
def test_after_the_write_no_roll_up_is_outdated(ties, basis, before):
    """Whatever a contact showed, it then has the values of its opportunities, or none if it never
    had any.
    """
    wanted = rolled_up(ties, basis)
    after = {**before, **outdated(before, wanted)}
    assert set(wanted) == set(ROLL_UPS)
    assert outdated(after, wanted) == {}
    if ties:
        assert outdated({}, wanted) == {
            name: value for name, value in wanted.items() if value is not None
        }
