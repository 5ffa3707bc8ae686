"""Stories of a contact's roll-ups of its opportunities in HubSpot, which follow every change on
either side at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import SETTINGS, NewStack
from tests.flows.stories.story_contacts import SWEEP, open_errors, writes

ROLL_UPS = {
    "count": "crmsync_num_associated_deals",
    "first": "crmsync_first_deal_created_date",
    "closed": "crmsync_recent_deal_close_date",
    "amount": "crmsync_recent_deal_amount",
    "total": "crmsync_total_revenue",
    "stage": "crmsync_opportunity_stage",
}
OLDER: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {
        "edition": "Enterprise Edition",
        "records": [
            {"type": "Account", "Name": "Older AG", "ref": "older"},
            {
                "type": "Contact",
                "LastName": "Older",
                "Email": "older@example.com",
                "AccountId": "@older",
                "ref": "person",
            },
            {
                "type": "Opportunity",
                "ref": "won",
                "Name": "Won long ago",
                "AccountId": "@older",
                "StageName": "Closed Won",
                "CloseDate": "2020-05-01",
                "Amount": 70,
            },
            {"type": "OpportunityContactRole", "OpportunityId": "@won", "ContactId": "@person"},
        ],
    },
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One org for all stories, with an opportunity that is older than the connection."""
    with Stack(
        SETTINGS + '[connection.contacts]\ncreate_in_salesforce = "contact"\n', OLDER
    ) as stack:
        yield stack


class Customer:
    """A synced contact with opportunities."""

    def __init__(self, stack: Stack, people: People, email: str) -> None:
        """Make the contact in HubSpot."""
        self.stack, self.people = stack, people
        self.contact = people.new_contact(email=email, lastname="Lang")
        stack.settle()
        (row,) = people.records(f"SELECT Id FROM Contact WHERE Email = '{email}'")  # noqa: S608 - the test's own address
        self.id = str(row["Id"])

    def opportunity(self, stage: str = "Prospecting", *, role: bool = True, **fields: Any) -> str:
        """Make an opportunity, a second after the last, by default with a role of the contact."""
        self.stack.advance(1)
        values = {"Name": "Pumps", "StageName": stage, "CloseDate": "2026-06-30", **fields}
        made = self.people.new_record("Opportunity", **values)
        if role:
            self.add_role(made)
        self.stack.settle()
        return made

    def add_role(self, opportunity: str) -> str:
        """Give the contact a role."""
        return self.people.new_record(
            "OpportunityContactRole", OpportunityId=opportunity, ContactId=self.id
        )

    def shown(self, *names: str) -> tuple[object, ...]:
        """The contact's roll-ups, by the short names of `ROLL_UPS`."""
        found = self.people.contact(self.contact, *ROLL_UPS.values())
        return tuple(found[ROLL_UPS[name]] for name in names)


@pytest.mark.long
@pytest.mark.rule("ROLL-1")
@pytest.mark.rule("ROLL-2")
@pytest.mark.rule("ROLL-6")
@pytest.mark.rule("ROLL-8")
def test_count_and_total_follow_the_roles(stack: Stack, people: People) -> None:
    """Opportunities with a role of the contact are counted and summed, won or not, and a missing
    amount counts as zero.
    """
    customer = Customer(stack, people, "count@example.com")
    customer.opportunity(Amount=100)
    customer.opportunity("Closed Won", Amount=20.5)
    customer.opportunity()
    loose = customer.opportunity(Amount=1000, role=False)
    assert customer.shown("count", "total") == ("3", "120.5")

    role = customer.add_role(loose)
    stack.settle()
    assert customer.shown("count", "total") == ("4", "1120.5")

    people.delete_record("OpportunityContactRole", role)
    stack.settle()
    stack.advance(SWEEP)
    assert customer.shown("count", "total") == ("3", "120.5")


@pytest.mark.rule("ROLL-3")
@pytest.mark.rule("ROLL-4")
@pytest.mark.rule("ROLL-5")
@pytest.mark.rule("ROLL-7")
def test_the_opportunities_that_count_as_first_last_and_recent(
    stack: Stack, people: People
) -> None:
    """The first is the first created, the close date is the latest of those won, and the amount is
    that of the last created of those won.
    """
    customer = Customer(stack, people, "recent@example.com")
    first = customer.opportunity("Closed Won", Amount=1, CloseDate="2026-12-24")
    customer.opportunity("Closed Won", Amount=2, CloseDate="2026-03-01")
    customer.opportunity("Negotiation/Review", Amount=3, CloseDate="2027-01-01")
    created = str(people.record("Opportunity", first, "CreatedDate")["CreatedDate"])[:10]
    assert customer.shown("first", "closed", "amount", "stage") == (
        created,
        "2026-12-24",
        "2",
        "Negotiation/Review",
    )


def test_roll_ups_follow_a_changed_amount_stage_deletion_and_undelete(
    stack: Stack, people: People
) -> None:
    """Each of these changes shows at once."""
    customer = Customer(stack, people, "turns@example.com")
    ref = customer.opportunity("Closed Won", Amount=5)
    seen = [customer.shown("count", "amount", "total")]
    for turn in (
        lambda: people.edit_record("Opportunity", ref, Amount=6),
        lambda: people.edit_record("Opportunity", ref, StageName="Prospecting"),
        lambda: people.delete_record("Opportunity", ref),
        lambda: stack.person({"side": "salesforce", "do": "undelete", "ids": [ref]}),
    ):
        turn()
        stack.settle()
        seen.append(customer.shown("count", "amount", "total"))

    assert seen == [
        ("1", "5", "5"),
        ("1", "6", "6"),
        ("1", None, "6"),
        ("0", None, "0"),
        ("1", None, "6"),
    ]


def test_an_amount_changed_in_hubspot_shows_at_once(stack: Stack, people: People) -> None:
    """The amount is synced to the opportunity and then summed, and nothing more is written."""
    customer = Customer(stack, people, "hubspot@example.com")
    deal = people.hubspot.crm.deals.basic_api.create(
        {
            "properties": {
                "dealname": "Valves",
                "pipeline": "default",
                "dealstage": "closedwon",
                "amount": "9",
            },
            "associations": [
                {
                    "to": {"id": customer.contact},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}],
                }
            ],
        }
    ).id
    stack.settle()
    assert customer.shown("count", "amount", "total") == ("1", "9", "9")

    people.hubspot.crm.deals.basic_api.update(deal, {"properties": {"amount": "12"}})
    stack.settle()
    assert customer.shown("count", "amount", "total") == ("1", "12", "12")
    before = writes(stack)
    stack.settle()
    assert writes(stack) == before


def test_a_contact_that_is_linked_later_shows_its_older_opportunities(
    stack: Stack, people: People
) -> None:
    """Opportunities that still wait for their own import are included (OPP-4)."""
    (row,) = people.records("SELECT Id FROM Contact WHERE Email = 'older@example.com'")
    people.edit_record("Contact", str(row["Id"]), Title="Buyer")
    stack.settle()
    stack.advance(60)
    contact = people.contact_with("older@example.com")
    assert contact is not None
    expected = {ROLL_UPS["count"]: "1", ROLL_UPS["total"]: "70", "lifecyclestage": "customer"}
    assert people.contact(contact, *expected) == expected
    assert open_errors(stack) == 0


class CompanyGroup:
    """An account with two contacts, all synced with HubSpot."""

    def __init__(self, stack: Stack, people: People, name: str) -> None:
        """Make the records in Salesforce."""
        self.stack, self.people = stack, people
        self.account = people.new_account(Name=name)
        addresses = [f"{one}@{name.lower()}.example.com" for one in ("ada", "eva")]
        self.members = [
            people.new_record("Contact", LastName="Lang", Email=address, AccountId=self.account)
            for address in addresses
        ]
        stack.settle()
        self.contacts = [people.contact_with(address) for address in addresses]
        found = [row["id"] for row in people.companies("name") if row["name"] == name]
        self.company = found[0] if found else ""

    def opportunity(self, stage: str) -> str:
        """Make an opportunity of the account, without roles."""
        expected = {
            "Name": "Pumps",
            "StageName": stage,
            "CloseDate": "2026-06-30",
            "AccountId": self.account,
        }
        made = self.people.new_record("Opportunity", **expected)
        self.stack.settle()
        return made

    def stages(self) -> list[object]:
        """The lifecycle stages of both contacts and the company."""
        shown = [
            self.people.contact(str(one), "lifecyclestage")["lifecyclestage"]
            for one in self.contacts
        ]
        company = self.people.company(self.company, "lifecyclestage") if self.company else {}
        return [*shown, company.get("lifecyclestage")]


@pytest.mark.rule("LIFE-1")
@pytest.mark.rule("LIFE-4")
@pytest.mark.rule("LIFE-5")
@pytest.mark.rule("LIFE-6")
@pytest.mark.rule("LIFE-24")
def test_a_role_in_a_won_opportunity_makes_customers_of_the_whole_company(
    stack: Stack, people: People
) -> None:
    """Without a role no stage changes; with one, however late, the contact, its company and its
    colleagues become Customer.
    """
    group = CompanyGroup(stack, people, "Winner")
    won = group.opportunity("Closed Won")
    assert group.stages() == ["lead"] * 3

    people.new_record("OpportunityContactRole", OpportunityId=won, ContactId=group.members[0])
    stack.settle()
    assert group.stages() == ["customer"] * 3


@pytest.mark.rule("LIFE-8")
@pytest.mark.rule("LIFE-20")
@pytest.mark.rule("LIFE-21")
def test_an_open_opportunity_sets_the_stage_opportunity_and_never_sets_it_back(
    stack: Stack, people: People
) -> None:
    """An open opportunity sets Opportunity and a won one Customer; losing or reopening it sets
    nothing back, and the copied stage follows.
    """
    group = CompanyGroup(stack, people, "Opener")
    ref = group.opportunity("Prospecting")
    people.new_record("OpportunityContactRole", OpportunityId=ref, ContactId=group.members[0])
    stack.settle()
    assert group.stages() == ["opportunity"] * 3

    for stage in ("Closed Won", "Closed Lost"):
        people.edit_record("Opportunity", ref, StageName=stage)
        stack.settle()
        assert group.stages() == ["customer"] * 3
        assert people.contact(str(group.contacts[0]), ROLL_UPS["stage"])[ROLL_UPS["stage"]] == stage


@pytest.mark.long
@pytest.mark.rule("LIFE-2")
@pytest.mark.rule("LIFE-3")
@pytest.mark.rule("LIFE-4")
@pytest.mark.rule("Q-33")
@pytest.mark.rule("SET-7")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            "[connection.companies]\nsync = false\n",
            ["lead", "lead", None],
            id="without company sync",
        ),
        pytest.param(
            "[connection.lifecycle]\nautomatic_transitions = false\n",
            ["lead", "lead", "lead"],
            id="switched off",
        ),
        pytest.param(
            "[connection.lifecycle]\nsync_to_company_contacts = false\n",
            ["customer", "lead", "customer"],
            id="not for colleagues",
        ),
    ],
)
def test_lifecycle_transitions_need_all_three_settings(
    new_stack: NewStack, lines: str, expected: list[object]
) -> None:
    """Without company sync or automatic transitions a won opportunity changes no stage, and without
    the third setting no colleague's.
    """
    stack = new_stack(f'{SETTINGS}[connection.contacts]\ncreate_in_salesforce = "contact"\n{lines}')
    people = People(stack.ready())
    group = CompanyGroup(stack, people, "Winner")
    won = group.opportunity("Closed Won")
    people.new_record("OpportunityContactRole", OpportunityId=won, ContactId=group.members[0])
    stack.settle()
    stack.advance(SWEEP)
    assert group.stages() == expected
