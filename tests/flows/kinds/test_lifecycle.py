"""Lifecycle stages that spread between companies and contacts, against HubSpot in memory: who
follows, what it costs, what goes wrong.
"""

from dataclasses import replace

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.engine.lifecycle import SpreadResult, spread_stages
from crmsync.model.effects import Category, Report, UpdateRecord
from crmsync.model.fields import FieldRule
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import CompanySettings, LifecycleSettings
from tests.memory.world import MemoryWorld


class Household:
    """A company with contacts, named by their stages, in a world of its own."""

    def __init__(self, company, *stages, **settings):
        self.world = MemoryWorld(settings=settings)
        self.company = self.world.hubspot.add(
            "company", {"name": "Example GmbH", "lifecyclestage": company}
        )
        self.contacts = [self.join(stage) for stage in stages]

    def join(self, stage, *, primary=True):
        """Somebody joins the company, or, if it is not to be the primary one, has another one
        besides.
        """
        ref = self.world.hubspot.add("contact", {"lifecyclestage": stage})
        if not primary:
            self.world.associations.add_association(
                ref, self.world.hubspot.add("company", {"name": "Elsewhere"})
            )
        self.world.associations.add_association(ref, self.company)
        return ref

    def spread(self, *news, context=None):
        """Contacts, by their number, or the company ("company") have their stage as news."""
        refs = [self.company if one == "company" else self.contacts[one] for one in news]
        return spread_stages({ref: self.stage(ref) for ref in refs}, context or self.world.context)

    def stage(self, ref):
        """The stage that a record shows."""
        return self.world.hubspot.fields(ref).get("lifecyclestage")

    @property
    def stages(self):
        """The company's stage, then those of its contacts."""
        return [self.stage(ref) for ref in (self.company, *self.contacts)]


def with_sections(world, **sections):
    return replace(world.context, connection=replace(world.context.connection, **sections))


@pytest.mark.rule("LIFE-7")
@pytest.mark.rule("SET-8")
def test_one_contacts_news_reach_the_company_and_its_contacts_at_once():
    """Company and colleagues that are behind follow in the same go; no record is set back, and a
    second sync writes nothing.
    """
    home = Household("lead", "opportunity", "lead", "customer", "")
    home.spread(0)
    assert home.stages == ["opportunity", "opportunity", "opportunity", "customer", "opportunity"]
    assert home.spread(0, 1, 3, "company") == SpreadResult()


@pytest.mark.rule("SET-8")
def test_without_the_setting_only_the_company_follows():
    """With the setting off, the company still follows its contact, but no contact follows
    anybody.
    """
    home = Household("lead", "opportunity", "lead")
    context = with_sections(home.world, lifecycle=LifecycleSettings(sync_to_company_contacts=False))
    home.spread(0, context=context)
    assert home.stages == ["opportunity", "opportunity", "lead"]
    home.spread("company", context=context)
    assert home.stages == ["opportunity", "opportunity", "lead"]
    assert home.world.hubspot.calls["associations"] == 0


@pytest.mark.rule("LIFE-7")
def test_where_companies_do_not_sync_no_stage_spreads():
    """Without company sync nothing is even read."""
    home = Household("lead", "opportunity", "lead")
    assert (
        home.spread(0, context=with_sections(home.world, companies=CompanySettings(sync=False)))
        == SpreadResult()
    )
    assert not home.world.hubspot.calls


@pytest.mark.rule("LIFE-26")
def test_a_companys_news_reach_its_contacts():
    """A company's new stage goes to those of its contacts that are behind."""
    home = Household("customer", "lead", "evangelist")
    home.spread("company")
    assert home.stages == ["customer", "customer", "evangelist"]


def test_only_the_primary_company_counts():
    """A contact neither moves nor follows a company that is not its primary one."""
    home = Household("lead", "lead")
    home.contacts.append(home.join("customer", primary=False))
    home.spread(1)
    assert home.stages == ["lead", "lead", "customer"]
    home.contacts.append(home.join("subscriber", primary=False))
    home.spread("company")
    assert home.stages == ["lead", "lead", "customer", "subscriber"]


@pytest.mark.rule("Q-22")
@pytest.mark.rule("INC-7")
def test_frozen_contacts_neither_give_nor_get_a_stage():
    """Who is outside the inclusion list moves no company and follows none; the members do."""
    home = Household("lead", "customer", "opportunity", "lead", "lead", inclusion_list="77")
    home.world.lists.make("77")
    for member in (home.contacts[1], home.contacts[2]):
        home.world.lists.add_to_list("77", member)
    home.spread(0)
    assert home.stages == ["lead", "customer", "opportunity", "lead", "lead"]
    home.spread(0, 1)
    assert home.stages == ["opportunity", "customer", "opportunity", "opportunity", "lead"]


@pytest.mark.rule("INC-4")
def test_the_preset_freezes_subscribers():
    """With the preset list a subscriber stays one; who is none any more gives and gets."""
    home = Household("lead", "customer", "subscriber", "lead", inclusion_list="default")
    home.spread(0)
    assert home.stages == ["customer", "customer", "subscriber", "customer"]


def test_it_costs_no_more_calls_for_many_than_for_one():
    """Whatever the number of news, companies and contacts: three reads, one of associations, one
    write.
    """
    home = Household("lead", "opportunity", *["lead"] * 30)
    more = [
        home.world.hubspot.add("company", {"name": "More", "lifecyclestage": "lead"})
        for _ in range(20)
    ]
    for company in more:
        home.contacts.append(home.world.hubspot.add("contact", {"lifecyclestage": "customer"}))
        home.world.associations.add_association(home.contacts[-1], company)
    home.world.hubspot.calls.clear()
    home.spread(0, *range(31, 51))
    assert dict(home.world.hubspot.calls) == {"read": 3, "associations": 1, "update": 1}
    assert {home.stage(company) for company in more} == {"customer"}


def test_a_contact_without_company_costs_one_call():
    """News of somebody who has no company spread nowhere."""
    world = MemoryWorld()
    ada = world.new_contact(lifecyclestage="customer")
    assert spread_stages({ada: "customer"}, world.context) == SpreadResult()
    assert dict(world.hubspot.calls) == {"read": 1}


def test_a_stage_that_must_be_spread_again_is_returned_to_its_record():
    """HubSpot cannot take a write now: the news of that household failed, to be spread again;
    others are done.
    """
    home = Household("lead", "opportunity", "lead")
    other = home.world.hubspot.add("company", {"name": "Other", "lifecyclestage": "lead"})
    home.contacts.append(home.world.hubspot.add("contact", {"lifecyclestage": "customer"}))
    home.world.associations.add_association(home.contacts[2], other)
    busy = TryAgain("busy")
    home.world.hubspot.refuse = lambda fields: (
        busy if fields.get("lifecyclestage") == "opportunity" else None
    )

    done = home.spread(0, 2)

    assert done == SpreadResult(
        (UpdateRecord(other, Side.HUBSPOT, {"lifecyclestage": "customer"}, ("LIFE-7",)),),
        {home.contacts[0]: busy},
    )
    home.world.hubspot.refuse = lambda _fields: None
    home.spread(0)
    assert home.stages[:3] == ["opportunity", "opportunity", "opportunity"]


@pytest.mark.rule("LIFE-7")
def test_a_contact_is_put_off_until_its_stage_has_spread():
    """Until company and colleagues could be written, the contact's stage counts as not synced;
    then all follow.
    """
    home = Household("lead")
    for name in ("ada", "bea"):
        home.contacts.append(
            home.world.new_contact(email=f"{name}@example.com", lifecyclestage="lead")
        )
        home.world.associations.add_association(home.contacts[-1], home.company)
    home.world.sync(*home.contacts)
    home.world.hubspot.edit(home.contacts[0], {"lifecyclestage": "customer"})
    home.world.hubspot.refuse = lambda fields: (
        TryAgain("busy") if "lifecyclestage" in fields else None
    )

    home.world.sync(home.contacts[0])
    assert (home.stages, len(home.world.outbox.delayed)) == (["lead", "customer", "lead"], 1)
    home.world.hubspot.refuse = lambda _fields: None
    home.world.drain()
    assert home.stages == ["customer", "customer", "customer"]


def test_what_is_refused_is_reported_about_the_record_that_it_was_meant_for():
    """A company that may not be written is reported; its contacts follow all the same, and nobody's
    news failed.
    """
    home = Household("lead", "opportunity", "lead")
    refused = Refused("no", fieldname="lifecyclestage")
    answers = iter([refused])
    home.world.hubspot.refuse = lambda _fields: next(answers, None)

    done = home.spread(0)

    assert (done.failed, home.stages) == ({}, ["lead", "opportunity", "opportunity"])
    assert home.world.inbox.parked("acme") == [
        Report(home.company, Category.VALIDATION, "no", fieldname="lifecyclestage")
    ]


@pytest.mark.rule("FLD-2")
def test_a_stage_that_is_mapped_to_salesforce_is_synced_there():
    """Where the operator maps the stage, contacts that followed are synced once more, as no echo
    of our write will tell of them.
    """
    home = Household(
        "lead", "opportunity", "lead", field=(FieldRule("lifecyclestage", "Stage__c"),)
    )
    home.spread(0)
    assert [(one.kind, one.ref) for one, _ in home.world.outbox.delayed] == [
        (Kind.CONTACT, home.contacts[1])
    ]


@pytest.mark.rule("Q-32")
def test_a_stage_that_we_wrote_is_no_news():
    """A contact that followed is synced later: by then its company has been set back by a
    person, and stays there.
    """
    home = Household("lead", "opportunity", "lead")
    home.spread(0)
    home.world.hubspot.edit(home.company, {"lifecyclestage": ""})
    home.world.hubspot.edit(home.contacts[0], {"lifecyclestage": "lead"})
    assert home.spread(1) == SpreadResult()
    home.world.hubspot.edit(home.contacts[1], {"lifecyclestage": "customer"})
    home.spread(1)
    assert home.stages == ["customer", "customer", "customer"]


def test_records_that_are_gone_are_left_out():
    """A company or contact that was deleted meanwhile is nobody's to follow."""
    home = Household("lead", "opportunity", "lead")
    gone = Ref(Side.HUBSPOT, "contact", "999")
    home.world.hubspot.delete(home.company)
    assert (
        spread_stages({home.contacts[0]: "opportunity", gone: "customer"}, home.world.context)
        == SpreadResult()
    )
