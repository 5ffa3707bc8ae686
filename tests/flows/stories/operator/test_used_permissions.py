"""Everything that a function is granted it does: one story on the laptop stack, in which each
function makes every call that it can make.

The other direction, that every call is granted, is shown by all stories: the laptop stack denies
what the template does not grant.

A right that only a rare event needs is missing here until a chapter plays that event. Whoever
grants a function more adds a chapter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from local.stack.rights import Grant
from tests.flows.stories import story_deals
from tests.flows.stories.reliability.test_refused_fields import speak
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, merge_contacts
from tests.flows.stories.story_deals import (
    delete_deal,
    edit_deal,
    merge_deals,
    new_deal,
    new_opportunity,
    new_role,
    tie,
)
from tests.flows.stories.story_email import CAMPAIGN, LATER, Mail, events
from tests.template.document import template_of_the_repository

TEMPLATE = template_of_the_repository()
FUNCTIONS = sorted(TEMPLATE.functions)

BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
POLL = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
"""What Lambda itself does in a function's name, the latter with the queue that it takes messages
from; no SDK of ours calls it.
"""

STAGES = ("Subscriber", "Lead", "Marketing Qualified Lead", "Sales Qualified Lead", "Opportunity", "Customer",
          "Evangelist", "Other")  # fmt: skip
COLOUR = """
[[connection.contacts.field]]
hubspot = "favourite_colour"
salesforce = "Favourite_Colour__c"
"""
SETTINGS = story_deals.settings(
    rows="""
[[connection.contacts.field]]
hubspot = "lifecyclestage"
salesforce = "Stage__c"
update = "always_hubspot"
[connection.email_tasks]
kinds = ["OPEN"]
wait_minutes = 1
[connection.undo]
hours = 24
"""
)
"""A field that shows the lifecycle stage, which an opportunity changes; tasks for opened e-mails;
overwritten values are kept.
"""

REFUSED_MAIL = {**CAMPAIGN, "id": "70099", "name": "Refused offer"}
STAGE_FIELD = {
    "name": "Stage__c",
    "label": "Stage",
    "type": "picklist",
    "restricted": False,
    "picklistValues": [{"value": stage, "label": stage} for stage in STAGES],
}
COLOUR_FIELD = {"name": "Favourite_Colour__c", "label": "Colour", "type": "string", "length": 80}
NEEDS_PHONE = {"object": "contacts", "property": "phone", "rule": {"when": "city", "is": "Graz"}}
"""A rule on writes, which HubSpot applies in the version of its API that `speak` asks for."""
NAMES = {"Contact": "LastName", "Account": "Name", "Opportunity": "Name", "Task": "Subject"}


def _world() -> dict[str, Any]:
    portal, org = story_deals.WORLD["hubspot"][0], story_deals.WORLD["salesforce"]
    colour = {"name": "favourite_colour", "label": "Colour", "type": "string", "fieldType": "text"}
    people = [STAGE_FIELD, COLOUR_FIELD]
    return {
        "hubspot": [
            {
                **portal,
                "write_rules": [NEEDS_PHONE],
                "campaigns": [CAMPAIGN, REFUSED_MAIL],
                "properties": {**portal["properties"], "contacts": [colour]},
            }
        ],
        "salesforce": {
            **org,
            "custom_fields": {**org["custom_fields"], "Lead": people, "Contact": people},
            "validation_rules": [
                {
                    "object": name,
                    "field": field,
                    "contains": "Refused",
                    "message": "Not that name, please.",
                }
                for name, field in NAMES.items()
            ],
        },
    }


@dataclass(slots=True)
class MemoryWorld:
    """Where the story plays, and who is in it from the first chapter on."""

    stack: Stack
    folder: Path
    company: str = ""
    contact: str = ""
    deal: str = ""

    @property
    def people(self) -> People:
        """Persons who work in both CRMs."""
        return People(self.stack.ready())

    def wait(self, seconds: float) -> None:
        """Let everything settle, then let time pass."""
        self.stack.settle()
        self.stack.advance(seconds)

    def push(self, settings: str) -> None:
        """Put other settings in force."""
        place = self.folder / "settings.toml"
        place.write_text(settings, encoding="utf-8")
        command(self.stack, "settings", "push", str(place), "--apply")


def births(world: MemoryWorld) -> None:
    """Companies, contacts and deals are made on both sides and find each other."""
    people = world.people
    world.company = people.new_company(name="Pump Works", domain="pump.example.com")
    world.contact = people.new_contact(
        email="ada@pump.example.com", lastname="Lang", favourite_colour="red"
    )
    world.wait(0)
    people.associate(world.contact, world.company, primary=True)
    world.wait(0)
    world.deal = new_deal(people, "Big Deal")
    tie(people, world.deal, "contacts", world.contact)
    tie(people, world.deal, "companies", world.company)
    world.wait(60)
    account = people.new_account(Name="Valve Works")
    person = people.new_record(
        "Contact", LastName="Moor", Email="grace@valve.example.com", AccountId=account
    )
    new_role(people, new_opportunity(people, "Small Deal", AccountId=account), person)
    world.wait(120)


def a_deal_before_its_company(world: MemoryWorld) -> None:
    """A deal whose company has no account yet waits for it."""
    people = world.people
    company = people.new_company(name="Lone Works", domain="lone.example.com")
    deal = new_deal(people, "Lone Deal")
    tie(people, deal, "companies", company)
    tie(people, deal, "contacts", people.new_contact(email="bea@lone.example.com", lastname="Bell"))
    world.wait(120)


def mails(world: MemoryWorld) -> None:
    """An e-mail is opened; one whose task Salesforce refuses is opened, too."""
    mail = Mail(world.stack)
    mail.happened(events("ada@pump.example.com", mail.now, opens=2))
    mail.happened(events("ada@pump.example.com", mail.now, opens=1, emailCampaignId=70099))
    world.wait(LATER)


def refusals(world: MemoryWorld) -> None:
    """Salesforce refuses a contact, an account and an opportunity, HubSpot a contact; then the
    first three are mended.
    """
    people = world.people
    contact = people.new_contact(email="bad@example.com", lastname="Refused")
    deal = new_deal(people, "Refused Deal")
    people.edit_company(world.company, name="Refused Works")
    people.new_record("Contact", LastName="Berg", Email="berg@example.com", MailingCity="Graz")
    world.wait(60)
    people.edit_contact(contact, lastname="Taken")
    people.edit_company(world.company, name="Pump Works")
    edit_deal(people, deal, dealname="Taken Deal")
    world.wait(60)


def an_outage(world: MemoryWorld) -> None:
    """Salesforce takes nobody in while a record of each kind changes and an e-mail is opened."""
    people, mail = world.people, Mail(world.stack)
    world.stack.faults([{"at": "salesforce", "kind": "token_revoked"}])
    people.edit_contact(world.contact, lastname="Lange")
    people.edit_company(world.company, name="Pumps")
    edit_deal(people, world.deal, dealname="Bigger Deal")
    mail.happened(events("ada@pump.example.com", mail.now, opens=1))
    world.wait(SWEEP)
    world.stack.faults([])
    world.wait(LATER)


def jobs(world: MemoryWorld) -> None:
    """All records of both sides are looked at again."""
    command(world.stack, "import", "contacts", "--apply", "--no-wait")
    world.wait(300)
    command(world.stack, "resync", "--all", "--apply", "--no-wait")
    world.wait(600)


def lost_fields(world: MemoryWorld) -> None:
    """Each side loses a field; one comes back, the other one is taken out of the settings."""
    people = world.people
    world.push(SETTINGS + COLOUR)
    world.wait(120)
    world.stack.faults(
        [{"at": "salesforce", "kind": "field_removed", "object": "Contact", "field": "Title"}]
    )
    people.hubspot.crm.properties.core_api.archive("contacts", "favourite_colour")
    people.edit_contact(world.contact, firstname="Ada")
    world.wait(SWEEP)
    world.push(SETTINGS)
    world.stack.faults([])
    world.wait(2 * SWEEP)


def ends(world: MemoryWorld) -> None:
    """Deals, contacts and companies are deleted or merged."""
    people = world.people
    delete_deal(people, world.deal)
    contacts = [people.new_contact(email=f"{one}@example.com", lastname="Dunn") for one in "pq"]
    deals = [new_deal(people, f"Deal {one}") for one in "pq"]
    twins = [people.new_company(name=f"Twin {one}", domain=f"{one}.example.org") for one in "pq"]
    for company in twins:
        contact = people.new_contact(email=f"{company}@example.org", lastname="Cole")
        world.wait(0)
        people.associate(contact, company, primary=True)
    world.wait(0)
    merge_contacts(people, *contacts)
    merge_deals(people, *deals)
    people.merge_companies(twins[1], twins[0])
    world.wait(SWEEP)


def old_reports(world: MemoryWorld) -> None:
    """Eighty days later the reports that still stand are about to end, so their records are looked
    at once more.
    """
    world.stack.advance(80 * 24 * 3600, settle=False)
    world.wait(2 * SWEEP)


CHAPTERS: tuple[Callable[[MemoryWorld], None], ...] = (
    births,
    a_deal_before_its_company,
    mails,
    refusals,
    an_outage,
    jobs,
    lost_fields,
    ends,
    old_reports,
)


@pytest.fixture(scope="module")
def unused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, list[Grant]]]:
    """What each function was granted and did not use in the whole story."""
    with Stack(SETTINGS, _world()) as stack:
        world = MemoryWorld(stack, tmp_path_factory.mktemp("settings"))
        speak(stack, "2026-09")
        for chapter in CHAPTERS:
            chapter(world)
        rights, deployed = stack.cloud.aws.rights, stack.cloud.deployed
        polled = {
            (name, deployed.attribute(queue, "Arn")) for name, _, queue in TEMPLATE.sqs_events()
        }
        assert {who: calls for who, calls in rights.denied.items() if calls} == {}
        yield {
            function: [
                grant
                for grant in rights.unused(function)
                if grant.action not in BY_LAMBDA
                and not ((function, grant.resource) in polled and grant.action in POLL)
            ]
            for function in FUNCTIONS
        }


@pytest.mark.long
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_uses_all_that_it_is_granted(
    unused: Mapping[str, list[Grant]], function: str
) -> None:
    """No action on any table, queue, bus or secret is granted that no call of the function
    needs.
    """
    assert unused[function] == []
