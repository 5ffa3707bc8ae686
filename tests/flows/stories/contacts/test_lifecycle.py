"""Stories of lifecycle stages in HubSpot: a contact moves its company, a company its contacts, and
nobody is ever set back.
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
"""The accounts by their number, named after who follows a contact; in the last one both do, as far
as they are in its list.
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
    """Four HubSpot accounts with one org; they differ in the settings about stages."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


class Household:
    """A company of stage "lead" and its contacts, in step and in one of the accounts; where they
    have a list, the last is outside.
    """

    def __init__(self, stack: Stack, portal: int, **stages: str) -> None:
        """Let people make the contacts, by name and stage, and later the company."""
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
def test_a_contacts_stage_moves_the_company_and_all_its_contacts(stack: Stack):
    """One contact's new stage goes to its company and from there to colleagues who are behind; then
    everything is quiet.
    """
    home = Household(stack, BOTH, ada="lead", bea="lead", cai="customer")
    home.move(0, "opportunity")
    assert open_errors(stack) == 0
    assert home.stages == ["opportunity", "opportunity", "opportunity", "customer"]
    before = writes(stack)
    stack.advance(SWEEP)
    assert (home.stages, writes(stack)) == (
        ["opportunity", "opportunity", "opportunity", "customer"],
        before,
    )


@pytest.mark.rule("LIFE-26")
@pytest.mark.rule("LIFE-25")
@pytest.mark.rule("SET-8")
def test_a_companys_stage_moves_its_contacts_but_none_of_them_back(stack: Stack):
    """The company's new stage goes to those of its contacts that are behind it."""
    home = Household(stack, BOTH, dan="lead", eve="subscriber", finn="evangelist")
    home.move_company("customer")
    assert open_errors(stack) == 0
    assert home.stages == ["customer", "customer", "customer", "evangelist"]


@pytest.mark.rule("LIFE-25")
@pytest.mark.rule("PLT-5")
@pytest.mark.long
def test_nobody_is_set_back(stack: Stack):
    """A contact that a person sets back stays there, and neither its company nor its colleagues
    follow it.
    """
    home = Household(stack, BOTH, hal="lead", ida="lead")
    home.move_company("customer")
    stack.settle()
    home.move(0, "")
    home.move(0, "salesqualifiedlead")
    assert open_errors(stack) == 0
    stack.advance(SWEEP)
    assert home.stages == ["customer", "salesqualifiedlead", "customer"]


@pytest.mark.rule("LIFE-7")
@pytest.mark.rule("SET-8")
def test_a_stage_that_was_there_before_levels_nobody(stack: Stack):
    """Contacts and company that are met for the first time keep the stages that they have; the next
    change of one spreads.
    """
    home = Household(stack, BOTH, sia="lead", tom="customer")
    assert home.stages == ["lead", "lead", "customer"]
    home.move(0, "opportunity")
    stack.settle()
    assert home.stages == ["opportunity", "opportunity", "customer"]


@pytest.mark.rule("LIFE-7")
@pytest.mark.rule("FLD-2")
@pytest.mark.rule("SET-8")
def test_a_stage_from_salesforce_spreads_and_is_shown_in_salesforce(stack: Stack):
    """Where the stage is mapped, one that was set in Salesforce moves company and colleagues, and
    these show it in Salesforce too.
    """
    home = Household(stack, BOTH, jon="lead", kim="lead")
    (jon,) = rows(home.people, "Contact", "jon@example.com", "Id", "Stage__c")
    assert jon["Stage__c"] == "Lead"
    home.people.edit_record("Contact", jon["Id"], Stage__c="Customer")
    assert open_errors(stack) == 0
    assert home.stages == ["customer"] * 3
    assert rows(home.people, "Contact", "kim@example.com", "Stage__c") == [{"Stage__c": "Customer"}]


@pytest.mark.rule("SET-8")
@pytest.mark.rule("LIFE-7")
def test_without_the_setting_only_the_company_follows(stack: Stack):
    """With lifecycle stage sync off, a contact still moves its company, but nobody moves a
    contact.
    """
    home = Household(stack, COMPANY_ONLY, lea="lead", mia="lead")
    home.move(0, "opportunity")
    stack.settle()
    assert home.stages == ["opportunity", "opportunity", "lead"]
    home.move_company("customer")
    stack.settle()
    assert home.stages == ["customer", "opportunity", "lead"]


@pytest.mark.rule("LIFE-7")
def test_where_companies_do_not_sync_nobody_follows(stack: Stack):
    """The contact's stage goes to the company only where companies sync with accounts."""
    home = Household(stack, NEITHER, ned="lead", ole="lead")
    home.move(0, "opportunity")
    home.move_company("marketingqualifiedlead")
    stack.settle()
    assert home.stages == ["marketingqualifiedlead", "opportunity", "lead"]


@pytest.mark.rule("Q-22")
@pytest.mark.rule("INC-7")
@pytest.mark.long
def test_who_is_outside_the_inclusion_list_neither_gives_nor_gets_a_stage(stack: Stack):
    """A frozen contact moves neither company nor colleagues, and stays where it is when these
    move.
    """
    home = Household(stack, LISTED, pat="lead", quin="lead", rae="lead")
    home.move(2, "customer")
    stack.settle()
    assert home.stages == ["lead", "lead", "lead", "customer"]
    home.people.edit_contact(home.contacts[2], lifecyclestage="")
    home.move(0, "opportunity")
    stack.settle()
    assert home.stages == ["opportunity", "opportunity", "opportunity", None]
