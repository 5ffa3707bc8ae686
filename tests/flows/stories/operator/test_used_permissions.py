"""Every permission of a function is used: a story on the laptop stack in which each function makes
every call that it can make.

All stories show the other direction, that every call is granted, because the laptop stack denies
what the template does not grant.

A permission for a rare event needs a step that plays the event: a new permission comes with a new
step.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.chat import Chat
from local.people import People
from local.stack import Stack
from local.stack.rights import Grant
from tests.console.browser import Browser
from tests.flows.stories import story_deals
from tests.flows.stories.reliability.test_refused_fields import set_api_version
from tests.flows.stories.story_activities import edit_activity, new_activity
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, merge_contacts, undelete
from tests.flows.stories.story_deals import (
    associate,
    delete_deal,
    edit_deal,
    merge_deals,
    new_deal,
    new_opportunity,
    new_role,
)
from tests.flows.stories.story_email import CAMPAIGN, CLAIM_EXPIRED, Mail, events
from tests.template.document import template_of_the_repository

TEMPLATE = template_of_the_repository()
FUNCTIONS = sorted(TEMPLATE.functions)

LAMBDA_ITSELF = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
POLL = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
"""What Lambda itself does with a function's permissions, `POLL` with the queue that it polls; our code
makes no such call.
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
[connection.activities.calls]
sync = "two_way"
delete_in_hubspot = true
"""
)
"""A field for the lifecycle stage, which an opportunity changes; tasks for opened e-mails; undo; and
calls."""

ALERTS = """
[alerts]
email = "all"
webhook = "teams"
secret = "alerts/crmsync/chat"
"""
REFUSED_MAIL = {**CAMPAIGN, "id": "70099", "name": "Refused offer"}
STAGE_FIELD = {
    "name": "Stage__c",
    "label": "Stage",
    "type": "picklist",
    "restrictedPicklist": False,
    "picklistValues": [{"value": stage, "label": stage} for stage in STAGES],
}
COLOUR_FIELD = {"name": "Favourite_Colour__c", "label": "Colour", "type": "string", "length": 80}
NEEDS_PHONE = {"object": "contacts", "property": "phone", "rule": {"when": "city", "is": "Graz"}}
"""A rule that HubSpot applies to writes, in the API version that `set_api_version` sets."""
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
class Story:
    """The stack of the story, and the records that all steps share."""

    stack: Stack
    folder: Path
    company: str = ""
    contact: str = ""
    deal: str = ""

    @property
    def people(self) -> People:
        """A person's access to both CRMs."""
        return People(self.stack.ready())

    def wait(self, seconds: float) -> None:
        """Let the stack finish its work, then let time pass."""
        self.stack.settle()
        self.stack.advance(seconds)

    def push(self, settings: str) -> None:
        """Push other settings."""
        place = self.folder / "settings.toml"
        place.write_text(settings, encoding="utf-8")
        command(self.stack, "settings", "push", str(place), "--apply")


def records_are_created(story: Story) -> None:
    """Companies, contacts and deals are made on both sides and linked."""
    people = story.people
    story.company = people.new_company(name="Pump Works", domain="pump.example.com")
    story.contact = people.new_contact(
        email="ada@pump.example.com", lastname="Lang", favourite_colour="red"
    )
    story.wait(0)
    people.associate(story.contact, story.company, primary=True)
    story.wait(0)
    story.deal = new_deal(people, "Big Deal")
    associate(people, story.deal, "contacts", story.contact)
    associate(people, story.deal, "companies", story.company)
    story.wait(60)
    account = people.new_account(Name="Valve Works")
    person = people.new_record(
        "Contact", LastName="Moor", Email="grace@valve.example.com", AccountId=account
    )
    new_role(people, new_opportunity(people, "Small Deal", AccountId=account), person)
    story.wait(120)


def a_deal_waits_for_its_company(story: Story) -> None:
    """A deal whose company has no account yet waits for it."""
    people = story.people
    company = people.new_company(name="Lone Works", domain="lone.example.com")
    deal = new_deal(people, "Lone Deal")
    associate(people, deal, "companies", company)
    associate(
        people, deal, "contacts", people.new_contact(email="bea@lone.example.com", lastname="Bell")
    )
    story.wait(120)


def e_mails_are_opened(story: Story) -> None:
    """An e-mail is opened, and so is one whose task Salesforce refuses."""
    mail = Mail(story.stack)
    mail.add_events(events("ada@pump.example.com", mail.now, opens=2))
    mail.add_events(events("ada@pump.example.com", mail.now, opens=1, emailCampaignId=70099))
    story.wait(CLAIM_EXPIRED)


def calls_are_made(story: Story) -> None:
    """A call is logged in HubSpot, one that Salesforce refuses, and some before their contact,
    company or deal has a counterpart; the first is edited while Salesforce refuses our token. A task
    is deleted with its call, and undeleted.
    """
    people = story.people
    call = new_activity(people, "calls", story.contact, hs_call_title="First call")
    refused = new_activity(people, "calls", story.contact, hs_call_title="Refused call")
    early = people.new_contact(email="early@example.com", lastname="Refused")
    new_activity(people, "calls", early, hs_call_title="Early call")
    company = people.new_company(name="Early Works", domain="early.example.org")
    worker = people.new_contact(email="worker@early.example.org", lastname="Lang")
    people.associate(worker, company, primary=True)
    for plural, record in (
        ("companies", people.new_company(name="Refused early")),
        ("companies", company),
        ("deals", new_deal(people, "Refused early deal")),
    ):
        call_about = new_activity(people, "calls", hs_call_title=f"Early call about {plural}")
        people.hubspot.crm.associations.v4.basic_api.create_default(
            "calls", call_about, plural, record
        )
    story.wait(SWEEP)
    story.stack.faults([{"at": "salesforce", "kind": "token_revoked"}])
    edit_activity(people, "calls", call, hs_call_title="Second call")
    story.wait(SWEEP)
    story.stack.faults([])
    edit_activity(people, "calls", refused, hs_call_title="Taken call")
    story.wait(2 * SWEEP)
    (task,) = people.records("SELECT Id FROM Task WHERE Subject = 'Taken call'")
    people.delete_record("Task", str(task["Id"]))
    story.wait(SWEEP)
    undelete(story.stack, str(task["Id"]))
    story.wait(SWEEP)
    people.hubspot.crm.objects.basic_api.archive("calls", call)
    command(story.stack, "import", "calls", "--apply", "--no-wait")
    story.wait(2 * SWEEP)


def records_are_refused(story: Story) -> None:
    """Salesforce refuses a contact, an account and an opportunity, and HubSpot a contact; then the
    first three are corrected.
    """
    people = story.people
    contact = people.new_contact(email="bad@example.com", lastname="Refused")
    deal = new_deal(people, "Refused Deal")
    people.edit_company(story.company, name="Refused Works")
    people.new_record("Contact", LastName="Berg", Email="berg@example.com", MailingCity="Graz")
    story.wait(60)
    people.edit_contact(contact, lastname="Taken")
    people.edit_company(story.company, name="Pump Works")
    edit_deal(people, deal, dealname="Taken Deal")
    story.wait(60)


def salesforce_is_out(story: Story) -> None:
    """Salesforce refuses our token while a record of each kind is edited and an e-mail is opened."""
    people, mail = story.people, Mail(story.stack)
    story.stack.faults([{"at": "salesforce", "kind": "token_revoked"}])
    people.edit_contact(story.contact, lastname="Lange")
    people.edit_company(story.company, name="Pumps")
    edit_deal(people, story.deal, dealname="Bigger Deal")
    mail.add_events(events("ada@pump.example.com", mail.now, opens=1))
    story.wait(SWEEP)
    story.stack.faults([])
    story.wait(CLAIM_EXPIRED)


def records_are_backfilled(story: Story) -> None:
    """Contacts are imported, and all records of both sides resynced."""
    command(story.stack, "import", "contacts", "--apply", "--no-wait")
    story.wait(300)
    command(story.stack, "resync", "--all", "--apply", "--no-wait")
    story.wait(600)


def everything_is_compared(story: Story) -> None:
    """Both CRMs and the links are compared, while the error inbox is as an older version left it:
    without marks of what it contains.
    """
    key = {"pk": {"S": "inbox-marks#acme"}, "sk": {"S": "-"}}
    story.stack.cloud.aws.client("dynamodb").delete_item(TableName="crmsync-state", Key=key)
    command(story.stack, "verify", "--no-wait")
    story.wait(300)


def fields_are_lost(story: Story) -> None:
    """Each side loses a field; one returns, and the other is removed from the settings."""
    people = story.people
    story.push(SETTINGS + COLOUR)
    story.wait(120)
    story.stack.faults(
        [{"at": "salesforce", "kind": "field_removed", "object": "Contact", "field": "Title"}]
    )
    people.hubspot.crm.properties.core_api.archive("contacts", "favourite_colour")
    people.edit_contact(story.contact, firstname="Ada")
    story.wait(SWEEP)
    story.push(SETTINGS)
    story.stack.faults([])
    story.wait(2 * SWEEP)


def people_are_told(story: Story) -> None:
    """The connection is paused while the webhook of the alerts refuses messages, which it takes
    later.
    """
    with Chat() as chat:
        story.stack.cloud.aws.client("secretsmanager").create_secret(
            Name="alerts/crmsync/chat", SecretString=json.dumps({"webhook_url": chat.url})
        )
        story.push(SETTINGS + ALERTS)
        story.wait(60)
        chat.refuses_with = (503, "")
        command(story.stack, "pause", "acme", "--apply")
        story.wait(300)
        chat.refuses_with = None
        story.wait(300)
        command(story.stack, "resume", "acme", "--apply")
        story.push(SETTINGS)
        story.wait(300)


def records_are_deleted_and_merged(story: Story) -> None:
    """Deals, contacts and companies are deleted or merged."""
    people = story.people
    delete_deal(people, story.deal)
    contacts = [people.new_contact(email=f"{one}@example.com", lastname="Dunn") for one in "pq"]
    deals = [new_deal(people, f"Deal {one}") for one in "pq"]
    twins = [people.new_company(name=f"Twin {one}", domain=f"{one}.example.org") for one in "pq"]
    for company in twins:
        contact = people.new_contact(email=f"{company}@example.org", lastname="Cole")
        story.wait(0)
        people.associate(contact, company, primary=True)
    story.wait(0)
    merge_contacts(people, *contacts)
    merge_deals(people, *deals)
    people.merge_companies(twins[1], twins[0])
    story.wait(SWEEP)


def somebody_opens_the_console(story: Story) -> None:
    """With a link of the command, to have a record of each side that was refused synced again,
    everything compared, and one record shown and linked anew, and to see the settings.
    """
    people = story.people
    people.new_contact(email="late@example.com", lastname="Refused")
    people.new_record("Contact", LastName="Late", Email="late@example.org", MailingCity="Graz")
    story.wait(60)
    browser = Browser(story.stack.console_url)
    assert browser.get(command(story.stack, "console")["url"]).status_code == 200
    page = browser.post("/errors/retry", {"proof": browser.proof()})
    assert page.url.startswith(f"{story.stack.console_url}/errors?again=")
    browser.post("/completeness/compare", {"proof": browser.proof(), "connection": "acme"})
    assert browser.get("/settings").status_code == 200
    contact = people.new_contact(email="seen@example.com", lastname="Seen")
    story.wait(0)
    which = {"connection": "acme", "record": f"hubspot:contact:{contact}"}
    page = browser.post("/record/relink", {"proof": browser.proof(), **which})
    assert page.status_code == 200
    story.wait(0)


def reports_get_old(story: Story) -> None:
    """After eighty days the open reports are about to expire, so that their records are synced once
    more.
    """
    story.stack.advance(80 * 24 * 3600, settle=False)
    story.wait(2 * SWEEP)


STEPS: tuple[Callable[[Story], None], ...] = (
    records_are_created,
    a_deal_waits_for_its_company,
    e_mails_are_opened,
    calls_are_made,
    records_are_refused,
    salesforce_is_out,
    records_are_backfilled,
    everything_is_compared,
    fields_are_lost,
    people_are_told,
    records_are_deleted_and_merged,
    somebody_opens_the_console,
    reports_get_old,
)


@pytest.fixture(scope="module")
def unused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, list[Grant]]]:
    """The grants that each function has not used in the whole story."""
    with Stack(SETTINGS, _world()) as stack:
        story = Story(stack, tmp_path_factory.mktemp("settings"))
        set_api_version(stack, "2026-09")
        for step in STEPS:
            step(story)
        rights, deployed = stack.cloud.aws.rights, stack.cloud.deployed
        polled = {
            (name, deployed.attribute(queue, "Arn")) for name, _, queue in TEMPLATE.sqs_events()
        }
        assert {who: calls for who, calls in rights.denied.items() if calls} == {}
        yield {
            function: [
                grant
                for grant in rights.unused(function)
                if grant.action not in LAMBDA_ITSELF
                and not ((function, grant.resource) in polled and grant.action in POLL)
            ]
            for function in FUNCTIONS
        }


@pytest.mark.long
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_uses_all_of_its_permissions(
    unused: Mapping[str, list[Grant]], function: str
) -> None:
    """Every granted action on a table, queue, bus or secret is used by a call of the function."""
    assert unused[function] == []
