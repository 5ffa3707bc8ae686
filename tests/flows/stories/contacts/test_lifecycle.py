"""Stories of lifecycle stages in HubSpot: a contact's stage advances its company, a company's stage
advances its contacts, and no record is set back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.kinds.test_custom_fields import LABELS, values
from tests.flows.stories.story_contacts import LIST, SWEEP, join_list, open_errors, rows, writes

CONNECTION = """
[[connection]]
name = "{name}"
[connection.hubspot]
portal_id = {portal}
secret = "crmsync/{name}/hubspot"
[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/acme/salesforce"
[connection.contacts]
create_in_salesforce = "contact"
create_in_hubspot = "never"
{contacts}
"""
MAPPED = '[[connection.contacts.field]]\nhubspot = "lifecyclestage"\nsalesforce = "Stage__c"\n'
BOTH, COMPANY_ONLY, NEITHER, LISTED = range(4)
"""The accounts' numbers, named after the records that follow a contact's stage; in `LISTED`, company
and contacts follow within the inclusion list.
"""

SETTINGS = "".join(
    (
        CONNECTION.format(name="both", portal=555001, contacts=MAPPED),
        CONNECTION.format(name="company-only", portal=555002, contacts=""),
        "[connection.lifecycle]\nsync_to_company_contacts = false\n",
        CONNECTION.format(name="neither", portal=555003, contacts=""),
        "[connection.companies]\nsync = false\n",
        CONNECTION.format(name="listed", portal=555004, contacts=f'inclusion_list = "{LIST}"'),
    )
)
STAGE = {
    "name": "Stage__c",
    "type": "picklist",
    "restrictedPicklist": True,
    "picklistValues": values(*LABELS),
}
TO_SALESFORCE = {
    "listId": LIST,
    "name": "To Salesforce",
    "objectTypeId": "0-1",
    "processingType": "MANUAL",
}
WORLD: Mapping[str, Any] = {
    "hubspot": [
        *({"portal_id": portal, "tier": "professional"} for portal in (555001, 555002, 555003)),
        {"portal_id": 555004, "tier": "professional", "lists": [TO_SALESFORCE]},
    ],
    "salesforce": {
        "edition": "Enterprise Edition",
        "custom_fields": {"Lead": [STAGE], "Contact": [STAGE]},
    },
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """Four HubSpot accounts on one org, each with other settings for lifecycle stages."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


class CompanyGroup:
    """A synced company with the stage "lead" and its contacts, in one of the accounts; in `LISTED`
    the last contact is outside the list.
    """

    def __init__(self, stack: Stack, portal: int, **stages: str) -> None:
        """Make the contacts, given by name and stage, and then the company."""
        self.people = People(stack.ready(), portal=portal)
        self.contacts = [
            self.people.new_contact(
                email=f"{name}@example.com", lastname="Lang", lifecyclestage=stage
            )
            for name, stage in stages.items()
        ]
        if portal == LISTED:
            join_list(self.people, *self.contacts[:-1])
        stack.settle()
        self.company = self.people.new_company(name="Example GmbH", lifecyclestage="lead")
        for contact in self.contacts:
            self.people.associate(contact, self.company)
        stack.settle()

    def move(self, number: int, stage: str) -> None:
        """A person gives a contact another stage."""
        self.people.edit_contact(self.contacts[number], lifecyclestage=stage)

    def move_company(self, stage: str) -> None:
        """A person gives the company another stage."""
        self.people.edit_company(self.company, lifecyclestage=stage)

    @property
    def stages(self) -> list[str]:
        """The company's stage, then those of its contacts."""
        company = self.people.company(self.company, "lifecyclestage")
        contacts = [self.people.contact(contact, "lifecyclestage") for contact in self.contacts]
        return [shown["lifecyclestage"] for shown in (company, *contacts)]


@pytest.mark.rule("LIFE-7")
@pytest.mark.rule("LIFE-4")
@pytest.mark.rule("SET-8")
@pytest.mark.rule("Q-32")
@pytest.mark.long
def test_a_contacts_stage_advances_the_company_and_its_contacts(stack: Stack):
    """A contact's new stage goes to its company and to the colleagues who are behind it, and then
    nothing more is written.
    """
    group = CompanyGroup(stack, BOTH, ada="lead", bea="lead", cai="customer")
    group.move(0, "opportunity")
    assert open_errors(stack) == 0
    assert group.stages == ["opportunity", "opportunity", "opportunity", "customer"]
    before = writes(stack)
    stack.advance(SWEEP)
    assert (group.stages, writes(stack)) == (
        ["opportunity", "opportunity", "opportunity", "customer"],
        before,
    )


@pytest.mark.long
@pytest.mark.rule("LIFE-26")
@pytest.mark.rule("LIFE-25")
@pytest.mark.rule("SET-8")
def test_a_companys_stage_advances_its_contacts_and_sets_none_back(stack: Stack):
    """The company's new stage goes to those of its contacts that are behind it."""
    group = CompanyGroup(stack, BOTH, dan="lead", eve="subscriber", finn="evangelist")
    group.move_company("customer")
    assert open_errors(stack) == 0
    assert group.stages == ["customer", "customer", "customer", "evangelist"]


@pytest.mark.rule("LIFE-25")
@pytest.mark.rule("PLT-5")
@pytest.mark.long
def test_a_contact_that_is_set_back_stays_there(stack: Stack):
    """Neither its company nor its colleagues follow a contact that a person sets back."""
    group = CompanyGroup(stack, BOTH, hal="lead", ida="lead")
    group.move_company("customer")
    stack.settle()
    group.move(0, "")
    group.move(0, "salesqualifiedlead")
    assert open_errors(stack) == 0
    stack.advance(SWEEP)
    assert group.stages == ["customer", "salesqualifiedlead", "customer"]


@pytest.mark.long
@pytest.mark.rule("LIFE-7")
@pytest.mark.rule("SET-8")
def test_stages_that_existed_before_do_not_spread(stack: Stack):
    """At the first sync contacts and company keep their stages, and the next change of a stage
    spreads.
    """
    group = CompanyGroup(stack, BOTH, sia="lead", tom="customer")
    assert group.stages == ["lead", "lead", "customer"]
    group.move(0, "opportunity")
    stack.settle()
    assert group.stages == ["opportunity", "opportunity", "customer"]


@pytest.mark.rule("LIFE-7")
@pytest.mark.rule("FLD-2")
@pytest.mark.rule("SET-8")
def test_a_stage_set_in_salesforce_spreads_in_both_crms(stack: Stack):
    """Where the stage is mapped, a stage set in Salesforce advances company and colleagues and is
    written to their Salesforce contacts.
    """
    group = CompanyGroup(stack, BOTH, jon="lead", kim="lead")
    (jon,) = rows(group.people, "Contact", "jon@example.com", "Id", "Stage__c")
    assert jon["Stage__c"] == "Lead"
    group.people.edit_record("Contact", jon["Id"], Stage__c="Customer")
    assert open_errors(stack) == 0
    assert group.stages == ["customer"] * 3
    assert rows(group.people, "Contact", "kim@example.com", "Stage__c") == [
        {"Stage__c": "Customer"}
    ]


@pytest.mark.rule("SET-8")
@pytest.mark.rule("LIFE-7")
def test_without_the_setting_only_the_company_follows(stack: Stack):
    """With `sync_to_company_contacts = false` a contact's stage advances its company, and no
    contact follows.
    """
    group = CompanyGroup(stack, COMPANY_ONLY, lea="lead", mia="lead")
    group.move(0, "opportunity")
    stack.settle()
    assert group.stages == ["opportunity", "opportunity", "lead"]
    group.move_company("customer")
    stack.settle()
    assert group.stages == ["customer", "opportunity", "lead"]


@pytest.mark.rule("LIFE-7")
def test_without_company_sync_no_stage_spreads(stack: Stack):
    """A contact's stage advances its company only if companies sync."""
    group = CompanyGroup(stack, NEITHER, ned="lead", ole="lead")
    group.move(0, "opportunity")
    group.move_company("marketingqualifiedlead")
    stack.settle()
    assert group.stages == ["marketingqualifiedlead", "opportunity", "lead"]


@pytest.mark.rule("Q-22")
@pytest.mark.rule("INC-7")
@pytest.mark.long
def test_a_contact_outside_the_list_neither_spreads_nor_gets_a_stage(stack: Stack):
    """A frozen contact advances neither company nor colleagues, and does not follow them."""
    group = CompanyGroup(stack, LISTED, pat="lead", quin="lead", rae="lead")
    group.move(2, "customer")
    stack.settle()
    assert group.stages == ["lead", "lead", "lead", "customer"]
    group.people.edit_contact(group.contacts[2], lifecyclestage="")
    group.move(0, "opportunity")
    stack.settle()
    assert group.stages == ["opportunity", "opportunity", "opportunity", None]
