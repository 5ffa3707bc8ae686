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


def household(stage="", *contacts, is_news=False):
    """The company with that stage; contacts as (ref, stage) or, where the stage is news, (ref,
    stage, True).
    """
    return CompanyGroup(COMPANY, stage, is_news, tuple(Staged(*one) for one in contacts))


def to_company(stage):
    return UpdateRecord(COMPANY, Side.HUBSPOT, {"lifecyclestage": stage}, ("LIFE-7",))


def to_contact(ref, stage):
    return UpdateRecord(ref, Side.HUBSPOT, {"lifecyclestage": stage}, ("SET-8", "LIFE-25"))


@pytest.mark.rule("LIFE-25")
def test_stages_stand_in_hubspots_order():
    """Each stage comes after the one before it, and none after itself; a blank comes before all."""
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
def test_a_stage_of_the_portals_own_is_before_and_after_nothing(now, to):
    """A stage that somebody added to the portal is neither overwritten nor spread."""
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
    """When a contact's stage changes, its company's follows, but never backwards and never without
    a change.
    """
    assert spread([household(company, (ADA, contact, True))], to_contacts=False) == expected


@pytest.mark.rule("SET-8")
@pytest.mark.rule("LIFE-4")
def test_a_contacts_new_stage_goes_to_all_contacts_of_its_company():
    """With the setting on, one contact's stage is applied to the company's other contacts too, as
    far as they are behind.
    """
    people = ((ADA, "opportunity", True), (BEA, "lead"), (CAI, "customer"))

    assert spread([household("lead", *people)], to_contacts=True) == (
        to_company("opportunity"),
        to_contact(BEA, "opportunity"),
    )
    assert spread([household("lead", *people)], to_contacts=False) == (to_company("opportunity"),)


@pytest.mark.rule("SET-8")
@pytest.mark.parametrize("company", ["customer", "12345"])
def test_colleagues_follow_even_if_the_company_does_not_move(company):
    """A company that is ahead already, or has a stage of the portal's own, is left alone; its
    contacts follow their colleague.
    """
    people = ((ADA, "opportunity", True), (BEA, "lead"))
    assert spread([household(company, *people)], to_contacts=True) == (
        to_contact(BEA, "opportunity"),
    )


@pytest.mark.rule("LIFE-26")
@pytest.mark.rule("LIFE-25")
def test_a_companys_new_stage_goes_to_its_contacts_by_the_setting():
    """Set to Lead, a company moves its subscriber, and leaves an opportunity where it is; without
    the setting it moves nobody.
    """
    home = household("lead", (ADA, "subscriber"), (BEA, "opportunity"), (CAI, ""), is_news=True)

    assert spread([home], to_contacts=True) == (to_contact(ADA, "lead"), to_contact(CAI, "lead"))
    assert spread([home], to_contacts=False) == ()


@pytest.mark.rule("LIFE-25")
def test_a_stage_that_was_there_before_spreads_nowhere():
    """Only news spreads: a contact that is behind its company, or whom a person set back, is left
    where it is.
    """
    assert (
        spread([household("customer", (ADA, "lead", True), (BEA, "lead"))], to_contacts=True) == ()
    )
    assert spread([household("customer", (ADA, ""))], to_contacts=True) == ()


def test_of_several_news_the_furthest_counts():
    """Company and contacts that changed together meet at the stage that is furthest, whatever the
    order in which they are told.
    """
    news = ((ADA, "customer", True), (BEA, "opportunity", True), (CAI, "12345", True))
    expected = (to_company("customer"), to_contact(BEA, "customer"))

    assert spread([household("lead", *news, is_news=True)], to_contacts=True) == expected
    assert furthest(household("lead", *reversed(news), is_news=True)) == "customer"
    assert furthest(household("12345", (ADA, "lead"), is_news=True)) == ""


STAGES = st.sampled_from(("", *ORDER, "12345"))
HOUSEHOLDS = st.builds(
    household,
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
def test_asked_about_its_own_writes_it_writes_nothing(home, to_contacts):
    """Every write goes forward, to one record once; and if all that was written came back as news,
    the circle would end there.
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
def test_whatever_the_order_of_events_it_ends_and_never_goes_back(events, to_contacts):
    """People edit, their news arrive singly or together, our own writes come back as news: we write
    forward only, and then no more.
    """
    home = household("", (ADA, ""), (BEA, ""), (CAI, ""))
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
