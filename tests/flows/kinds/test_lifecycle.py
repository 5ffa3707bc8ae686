"""Lifecycle stages that spread between companies and contacts, against HubSpot in memory: which
records follow, what it costs, and what fails.
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


class CompanyGroup:
    """A company with contacts, named by their stages, in a world of its own."""

    def __init__(self, company, *stages, **settings):
        self.world = MemoryWorld(settings=settings)
        self.company = self.world.hubspot.add(
            "company", {"name": "Example GmbH", "lifecyclestage": company}
        )
        self.contacts = [self.join(stage) for stage in stages]

    def join(self, stage, *, primary=True):
        """A contact joins the company, or gets it as another than its primary one."""
        ref = self.world.hubspot.add("contact", {"lifecyclestage": stage})
        if not primary:
            self.world.associations.add_association(
                ref, self.world.hubspot.add("company", {"name": "Elsewhere"})
            )
        self.world.associations.add_association(ref, self.company)
        return ref

    def spread(self, *news, context=None):
        """Spread the new stages of contacts, by their number, or of the company ("company")."""
        refs = [self.company if one == "company" else self.contacts[one] for one in news]
        return spread_stages({ref: self.stage(ref) for ref in refs}, context or self.world.context)

    def stage(self, ref):
        """The stage of a record."""
        return self.world.hubspot.fields(ref).get("lifecyclestage")

    @property
    def stages(self):
        """The company's stage, then those of its contacts."""
        return [self.stage(ref) for ref in (self.company, *self.contacts)]


def with_sections(world, **sections):
    return replace(world.context, connection=replace(world.context.connection, **sections))


@pytest.mark.rule("LIFE-7")
@pytest.mark.rule("SET-8")
def test_a_contacts_new_stage_reaches_the_company_and_its_contacts_at_once():
    """Company and colleagues that are behind follow, no record is set back, and a second sync
    writes nothing.
    """
    home = CompanyGroup("lead", "opportunity", "lead", "customer", "")
    home.spread(0)
    assert home.stages == ["opportunity", "opportunity", "opportunity", "customer", "opportunity"]
    assert home.spread(0, 1, 3, "company") == SpreadResult()


@pytest.mark.rule("SET-8")
def test_without_the_setting_only_the_company_follows():
    """With the setting off the company follows its contact, but no contact follows anything."""
    home = CompanyGroup("lead", "opportunity", "lead")
    context = with_sections(home.world, lifecycle=LifecycleSettings(sync_to_company_contacts=False))
    home.spread(0, context=context)
    assert home.stages == ["opportunity", "opportunity", "lead"]
    home.spread("company", context=context)
    assert home.stages == ["opportunity", "opportunity", "lead"]
    assert home.world.hubspot.calls["associations"] == 0


@pytest.mark.rule("LIFE-7")
def test_without_company_sync_no_stage_spreads():
    """Without company sync nothing is even read."""
    home = CompanyGroup("lead", "opportunity", "lead")
    assert (
        home.spread(0, context=with_sections(home.world, companies=CompanySettings(sync=False)))
        == SpreadResult()
    )
    assert not home.world.hubspot.calls


@pytest.mark.rule("LIFE-26")
def test_a_companys_new_stage_reaches_its_contacts():
    """A company's new stage goes to those of its contacts that are behind."""
    home = CompanyGroup("customer", "lead", "evangelist")
    home.spread("company")
    assert home.stages == ["customer", "customer", "evangelist"]


def test_only_the_primary_company_counts():
    """A contact neither advances nor follows a company that is not its primary one."""
    home = CompanyGroup("lead", "lead")
    home.contacts.append(home.join("customer", primary=False))
    home.spread(1)
    assert home.stages == ["lead", "lead", "customer"]
    home.contacts.append(home.join("subscriber", primary=False))
    home.spread("company")
    assert home.stages == ["lead", "lead", "customer", "subscriber"]


@pytest.mark.rule("Q-22")
@pytest.mark.rule("INC-7")
def test_frozen_contacts_neither_spread_nor_get_a_stage():
    """A contact outside the inclusion list advances no company and follows none, while listed
    contacts do.
    """
    home = CompanyGroup("lead", "customer", "opportunity", "lead", "lead", inclusion_list="77")
    home.world.lists.make("77")
    for member in (home.contacts[1], home.contacts[2]):
        home.world.lists.add_to_list("77", member)
    home.spread(0)
    assert home.stages == ["lead", "customer", "opportunity", "lead", "lead"]
    home.spread(0, 1)
    assert home.stages == ["opportunity", "customer", "opportunity", "opportunity", "lead"]


@pytest.mark.rule("INC-4")
def test_the_preset_freezes_subscribers():
    """With the preset list a subscriber stays one, and a contact with a later stage spreads and
    gets stages.
    """
    home = CompanyGroup("lead", "customer", "subscriber", "lead", inclusion_list="default")
    home.spread(0)
    assert home.stages == ["customer", "customer", "subscriber", "customer"]


def test_many_new_stages_take_as_many_calls_as_one():
    """Whatever the number of stages, companies and contacts: three reads, one of them of
    associations, and one write.
    """
    home = CompanyGroup("lead", "opportunity", *["lead"] * 30)
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


def test_a_contact_without_a_company_takes_one_call():
    """The new stage of a contact without a company spreads nowhere."""
    world = MemoryWorld()
    ada = world.new_contact(lifecyclestage="customer")
    assert spread_stages({ada: "customer"}, world.context) == SpreadResult()
    assert dict(world.hubspot.calls) == {"read": 1}


def test_a_stage_that_could_not_be_spread_is_returned():
    """If HubSpot cannot take a write now, that company's stages are returned to be spread again,
    and others are done.
    """
    home = CompanyGroup("lead", "opportunity", "lead")
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
    """Until company and colleagues could be written, the contact's stage counts as not synced."""
    home = CompanyGroup("lead")
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


def test_a_refused_stage_is_reported_with_the_record_it_was_meant_for():
    """A company that may not be written is reported, while its contacts follow."""
    home = CompanyGroup("lead", "opportunity", "lead")
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
    """Contacts that followed are synced once more, because no echo of our write will request it."""
    home = CompanyGroup(
        "lead", "opportunity", "lead", field=(FieldRule("lifecyclestage", "Stage__c"),)
    )
    home.spread(0)
    assert [(one.kind, one.ref) for one, _ in home.world.outbox.delayed] == [
        (Kind.CONTACT, home.contacts[1])
    ]


@pytest.mark.rule("Q-32")
def test_a_stage_that_we_wrote_does_not_spread_again():
    """When a contact that followed is synced later, its company, which a person has set back, stays
    there.
    """
    home = CompanyGroup("lead", "opportunity", "lead")
    home.spread(0)
    home.world.hubspot.edit(home.company, {"lifecyclestage": ""})
    home.world.hubspot.edit(home.contacts[0], {"lifecyclestage": "lead"})
    assert home.spread(1) == SpreadResult()
    home.world.hubspot.edit(home.contacts[1], {"lifecyclestage": "customer"})
    home.spread(1)
    assert home.stages == ["customer", "customer", "customer"]


def test_records_that_are_gone_are_left_out():
    """A company or contact that was deleted meanwhile is not written."""
    home = CompanyGroup("lead", "opportunity", "lead")
    gone = Ref(Side.HUBSPOT, "contact", "999")
    home.world.hubspot.delete(home.company)
    assert (
        spread_stages({home.contacts[0]: "opportunity", gone: "customer"}, home.world.context)
        == SpreadResult()
    )
