"""Lifecycle stages between companies and their contacts (LIFE-7, SET-8)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.effects import UpdateRecord
from crmsync.model.records import Ref, Side
from crmsync.rules.kinds.contact.lifecycle import (
    ORDER,
    CompanyGroup,
    Staged,
    furthest,
    is_forward,
    spread,
)

COMPANY = Ref(Side.HUBSPOT, "company", "7")
ADA, BEA, CAI = (Ref(Side.HUBSPOT, "contact", str(number)) for number in (81, 82, 83))


def group(stage="", *contacts, is_news=False):
    """The company with this stage, and contacts as (ref, stage) or, with a new stage, (ref, stage,
    True).
    """
    return CompanyGroup(COMPANY, stage, is_news, tuple(Staged(*one) for one in contacts))


def to_company(stage):
    return UpdateRecord(COMPANY, Side.HUBSPOT, {"lifecyclestage": stage}, ("LIFE-7",))


def to_contact(ref, stage):
    return UpdateRecord(ref, Side.HUBSPOT, {"lifecyclestage": stage}, ("SET-8", "LIFE-25"))


@pytest.mark.rule("LIFE-25")
def test_stages_have_hubspots_order():
    """Each stage comes after the one before it and not after itself, and a blank comes first."""
    assert ORDER[:5] == (
        "subscriber",
        "lead",
        "marketingqualifiedlead",
        "salesqualifiedlead",
        "opportunity",
    )
    assert ORDER[5:] == ("customer", "evangelist", "other")
    assert all(
        is_forward(one, two) and not is_forward(two, one) for one, two in pairwise(("", *ORDER))
    )
    assert not any(is_forward(stage, stage) for stage in ("", *ORDER))


@pytest.mark.rule("LIFE-25")
@pytest.mark.parametrize(
    ("now", "to"), [("12345", "customer"), ("lead", "12345"), ("", "12345"), ("12345", "67890")]
)
def test_a_custom_stage_is_neither_before_nor_after_another(now, to):
    """A stage that an administrator added is neither overwritten nor spread."""
    assert not is_forward(now, to)


@pytest.mark.rule("LIFE-7")
@pytest.mark.parametrize(
    ("company", "contact", "expected"),
    [
        ("lead", "customer", (to_company("customer"),)),
        ("", "lead", (to_company("lead"),)),
        ("customer", "lead", ()),
        ("lead", "lead", ()),
        ("12345", "customer", ()),
        ("lead", "12345", ()),
        ("lead", "", ()),
    ],
)
def test_a_contacts_new_stage_goes_to_its_company(company, contact, expected):
    """The company follows its contact's change, but never backwards and never without a change."""
    assert spread([group(company, (ADA, contact, True))], to_contacts=False) == expected


@pytest.mark.rule("SET-8")
@pytest.mark.rule("LIFE-4")
def test_a_contacts_new_stage_goes_to_all_contacts_of_its_company():
    """With the setting on, the stage also goes to the company's other contacts that are behind
    it.
    """
    people = ((ADA, "opportunity", True), (BEA, "lead"), (CAI, "customer"))

    assert spread([group("lead", *people)], to_contacts=True) == (
        to_company("opportunity"),
        to_contact(BEA, "opportunity"),
    )
    assert spread([group("lead", *people)], to_contacts=False) == (to_company("opportunity"),)


@pytest.mark.rule("SET-8")
@pytest.mark.parametrize("company", ["customer", "12345"])
def test_colleagues_follow_even_if_the_company_does_not_move(company):
    """A company that is ahead or has a custom stage is left alone, and its contacts follow their
    colleague.
    """
    people = ((ADA, "opportunity", True), (BEA, "lead"))
    assert spread([group(company, *people)], to_contacts=True) == (to_contact(BEA, "opportunity"),)


@pytest.mark.rule("LIFE-26")
@pytest.mark.rule("LIFE-25")
def test_a_companys_new_stage_goes_to_its_contacts_by_the_setting():
    """A company set to Lead advances its subscribers but not an opportunity, and without the
    setting no contact.
    """
    home = group("lead", (ADA, "subscriber"), (BEA, "opportunity"), (CAI, ""), is_news=True)

    assert spread([home], to_contacts=True) == (to_contact(ADA, "lead"), to_contact(CAI, "lead"))
    assert spread([home], to_contacts=False) == ()


@pytest.mark.rule("LIFE-25")
def test_only_new_stages_spread():
    """A contact that is behind its company, or was set back by a person, is left where it is."""
    assert spread([group("customer", (ADA, "lead", True), (BEA, "lead"))], to_contacts=True) == ()
    assert spread([group("customer", (ADA, ""))], to_contacts=True) == ()


def test_of_several_new_stages_the_furthest_counts():
    """Company and contacts that changed together get the furthest stage, in whatever order they are
    given.
    """
    news = ((ADA, "customer", True), (BEA, "opportunity", True), (CAI, "12345", True))
    expected = (to_company("customer"), to_contact(BEA, "customer"))

    assert spread([group("lead", *news, is_news=True)], to_contacts=True) == expected
    assert furthest(group("lead", *reversed(news), is_news=True)) == "customer"
    assert furthest(group("12345", (ADA, "lead"), is_news=True)) == ""


STAGES = st.sampled_from(("", *ORDER, "12345"))
HOUSEHOLDS = st.builds(
    group,
    STAGES,
    st.tuples(st.just(ADA), STAGES, st.booleans()),
    st.tuples(st.just(BEA), STAGES, st.booleans()),
    st.tuples(st.just(CAI), STAGES, st.booleans()),
    is_news=st.booleans(),
)
EVENTS = st.lists(
    st.tuples(st.sampled_from((COMPANY, ADA, BEA, CAI)), STAGES, st.booleans()), max_size=12
)
"""Whose stage a person sets to what, and whether we look right afterwards or only after later
events.
"""


def stages_of(home):
    return {home.company: home.stage} | {one.ref: one.stage for one in home.contacts}


def with_fingerprints(home, stages, news):
    """The household with these stages, and news where `news` says so."""
    contacts = tuple(
        replace(one, stage=stages[one.ref], is_news=one.ref in news) for one in home.contacts
    )
    return replace(
        home, stage=stages[home.company], is_news=home.company in news, contacts=contacts
    )


@pytest.mark.rule("Q-32")
@given(home=HOUSEHOLDS, to_contacts=st.booleans())
def test_its_own_writes_cause_no_further_writes(home, to_contacts):
    """Every write advances one record once, and if all writes were reported as new stages, nothing
    more would be written.
    """
    effects = spread([home], to_contacts=to_contacts)
    before = stages_of(home)
    written = {effect.place: effect.fields["lifecyclestage"] for effect in effects}

    assert len(written) == len(effects)
    assert all(is_forward(before[ref], stage) for ref, stage in written.items())
    everybody = with_fingerprints(
        home, before | written, written.keys() | {one.ref for one in home.contacts if one.is_news}
    )
    assert spread([everybody], to_contacts=to_contacts) == ()


@pytest.mark.rule("Q-32")
@pytest.mark.rule("LIFE-25")
@given(events=EVENTS, to_contacts=st.booleans())
def test_any_order_of_events_ends_without_setting_a_stage_back(events, to_contacts):
    """Edits arrive singly or together and our own writes as new stages: writes only advance stages,
    and then end.
    """
    home = group("", (ADA, ""), (BEA, ""), (CAI, ""))
    stages, news = stages_of(home), set()
    for ref, stage, looked_at in (*events, (ADA, "customer", True)):
        stages[ref] = stage
        news.add(ref)
        if looked_at:
            effects = spread([with_fingerprints(home, stages, news)], to_contacts=to_contacts)
            assert all(
                is_forward(stages[one.place], one.fields["lifecyclestage"]) for one in effects
            )
            stages |= {one.place: one.fields["lifecyclestage"] for one in effects}
            assert (
                spread(
                    [with_fingerprints(home, stages, {one.place for one in effects})],
                    to_contacts=to_contacts,
                )
                == ()
            )
            news = set()
    assert not is_forward(stages[COMPANY], "customer")
    assert not to_contacts or not any(is_forward(stages[ref], "customer") for ref in (BEA, CAI))
