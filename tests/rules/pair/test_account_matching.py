"""Which account is a company's, and which company an account's (DUP-2, DUP-3, DUP-27, CH-15)."""

import itertools

import pytest

from crmsync.rules.pair.matching import choose_account
from tests.builders import a_company, an_account

OLD, MIDDLE, YOUNG = (
    an_account(record_id=f"00100000000000{n}AAA", created=at)
    for n, at in ((3, -300), (2, -200), (1, -100))
)
TWIN = an_account(record_id="001000000000009AAA", created=-300)
PERSON = an_account({"IsPersonAccount": True}, record_id="001000000000008AAA", created=-900)


@pytest.mark.rule("DUP-2")
@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize(
    ("votes", "taken", "chosen"),
    [
        pytest.param([(YOUNG, 2), (MIDDLE, 1), (OLD, 1)], [], YOUNG, id="the most contacts"),
        pytest.param([(YOUNG, 1), (MIDDLE, 1), (OLD, 1)], [], OLD, id="then the oldest"),
        pytest.param([(OLD, 1), (TWIN, 1)], [], OLD, id="then the smallest id"),
        pytest.param(
            [(YOUNG, 3), (OLD, 1)], [YOUNG], OLD, id="a taken one never, whatever speaks for it"
        ),
        pytest.param([(OLD, 2)], [OLD], None, id="the only one is taken"),
        pytest.param([(OLD, 0), (YOUNG, 1)], [], YOUNG, id="a contact goes before a domain"),
        pytest.param([], [], None, id="nobody"),
        pytest.param([(PERSON, 5), (YOUNG, 1)], [], YOUNG, id="a person account never"),
    ],
)
def test_which_account_is_paired_with_a_company(votes, taken, chosen):
    """The one with the most contacts in common and without a pair; then age and id decide, so the
    order of candidates does not matter. A candidate without a contact in common has no vote.
    """
    counts = {record.ref: count for record, count in votes if count}
    for order in itertools.permutations([record for record, _ in votes]):
        assert choose_account(order, counts, {one.ref for one in taken}) == chosen


@pytest.mark.rule("DUP-27")
@pytest.mark.rule("DUP-2")
def test_names_and_domains_do_not_count():
    """A company of the same name and domain has no preference."""
    namesake = a_company({"name": "Example AG", "domain": "example.com"}, record_id="92")
    other = a_company({"name": "Other"}, record_id="91")
    assert choose_account([namesake, other], {namesake.ref: 1, other.ref: 2}, set()) == other
