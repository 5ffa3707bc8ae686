"""What a contact that is new on one side makes on the other: facts in, whole plans out."""

from dataclasses import replace

import pytest

from crmsync.model.effects import Category, CreateRecord, OptOut, Report, RequestSync, SaveLink
from crmsync.model.fingerprints import tags
from crmsync.model.links import Link
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Ref
from crmsync.model.settings import CreateInHubspot, CreateInSalesforce
from crmsync.plans.contact import ContactFacts, plan_contact
from crmsync.rules.pair.creation import NEW
from tests.builders import (
    ACCOUNT_ID,
    LEAD_ID,
    OUR_USER,
    a_change,
    a_contact,
    a_lead,
    a_ruleset,
    a_salesforce_contact,
    base_of,
)
from tests.plans.contact_facts import (
    KEY,
    RULESET,
    H,
    S,
    born_in_hubspot,
    born_in_salesforce,
    making,
    remember,
)


@pytest.mark.rule("SET-2")
@pytest.mark.rule("FLD-7")
def test_a_new_hubspot_contact_becomes_a_lead():
    """A new HubSpot contact creates a lead with its company name; its link is ready for the lead's
    id.
    """
    contact = a_contact({"company": "Example GmbH", "phone": "+49 731 0100"})
    shown = {
        "Email": "ada@example.com",
        "FirstName": "Ada",
        "LastName": "Lang",
        "Company": "Example GmbH",
        "Phone": "+49 731 0100",
    }
    link = Link(
        "acme",
        Kind.CONTACT,
        contact.ref,
        NEW,
        base_of(contact.fields, RULESET, H),
        base_of(shown, RULESET, S),
        tags(shown),
        hubspot_owner="",
    )
    create = CreateRecord(S, "Lead", KEY, shown, NEW, ("SET-2", "SET-3", "OWN-9"), assign=True)
    assert plan_contact(born_in_hubspot(contact), RULESET) == Plan(
        (create,), new_link=making(S, link, RULESET)
    )


@pytest.mark.rule("OPT-3")
def test_an_unsubscribed_contact_creates_a_lead_that_is_opted_out():
    """The box is ticked from the first moment on, so nobody can write to the person in between."""
    (create,) = plan_contact(
        born_in_hubspot(a_contact({"hs_email_optout": "true"})), RULESET
    ).effects
    assert create.fields == {
        "Email": "ada@example.com",
        "FirstName": "Ada",
        "LastName": "Lang",
        "Company": "example.com",
        "HasOptedOutOfEmail": True,
    }


def test_a_new_pair_gets_each_others_ids_and_is_linked_at_once():
    """The pair is synced as soon as the lead exists: HubSpot gets the lead's id, and only values
    that the lead shows differently are news.
    """
    contact = a_contact()
    plan = plan_contact(born_in_hubspot(contact), RULESET)
    lead = a_lead(key=KEY, by=OUR_USER)
    assert plan.new_link is not None
    pair = plan_contact(
        ContactFacts(
            a_change(contact.ref), replace(plan.new_link, salesforce=lead.ref), contact, lead
        ),
        RULESET,
    )
    assert pair == Plan(
        (
            SaveLink(replace(plan.new_link, salesforce=lead.ref), ("DUP-1",)),
            remember(H, contact.ref, crmsync_salesforce_id=LEAD_ID),
        )
    )


@pytest.mark.rule("SET-3")
@pytest.mark.rule("FLD-6")
def test_a_new_hubspot_contact_becomes_a_contact_if_the_settings_say_so():
    """With Contact as the object, a Salesforce contact is created, without the company name."""
    ruleset = a_ruleset(create_in_salesforce=CreateInSalesforce.CONTACT)
    created = plan_contact(
        born_in_hubspot(a_contact({"company": "Example GmbH"})), ruleset
    ).effects[0]
    shown = {"Email": "ada@example.com", "FirstName": "Ada", "LastName": "Lang"}
    assert created == CreateRecord(S, "Contact", KEY, shown, NEW, ("SET-2", "SET-3", "OWN-13"))


@pytest.mark.rule("SET-2")
def test_a_new_hubspot_contact_stays_unlinked_if_the_settings_say_never():
    """With creation off, a new HubSpot contact creates nothing in Salesforce."""
    ruleset = a_ruleset(create_in_salesforce=CreateInSalesforce.NEVER)
    assert plan_contact(born_in_hubspot(a_contact()), ruleset).effects == ()


@pytest.mark.rule("Q-35")
@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, {"LastName": "ada", "Company": "example.com"}),
        (
            {"last_name_fallback": "Unknown", "company_fallback": "Private"},
            {"LastName": "Unknown", "Company": "Private"},
        ),
    ],
)
def test_a_lead_gets_the_names_that_salesforce_requires(settings, names):
    """The settings provide a last name or company where HubSpot has none."""
    contact = a_contact({"lastname": None, "firstname": None})
    created = plan_contact(born_in_hubspot(contact), a_ruleset(**settings)).effects[0]
    assert isinstance(created, CreateRecord)
    assert created.fields == {"Email": "ada@example.com"} | names


@pytest.mark.rule("Q-35")
def test_a_lead_without_a_required_name_and_without_a_fallback_is_an_error():
    """Without a fallback in the settings, the missing name is reported and nothing is created."""
    plan = plan_contact(born_in_hubspot(a_contact()), a_ruleset(company_fallback=""))
    assert [(type(effect), effect.fieldname) for effect in plan.effects] == [(Report, "Company")]


@pytest.mark.rule("SET-1")
@pytest.mark.rule("INC-6")
@pytest.mark.parametrize(
    ("setting", "lead", "contact"),
    [
        (CreateInHubspot.LEADS_AND_CONTACTS, True, True),
        (CreateInHubspot.LEADS_ONLY, True, False),
        (CreateInHubspot.CONTACTS_ONLY, False, True),
        (CreateInHubspot.NEVER, False, False),
    ],
)
def test_which_salesforce_records_become_hubspot_contacts(setting, lead, contact):
    """The setting decides whether new leads, new contacts, both or neither create a HubSpot
    contact.
    """
    ruleset = a_ruleset(create_in_hubspot=setting)
    assert bool(plan_contact(born_in_salesforce(a_lead()), ruleset).effects) is lead
    assert (
        bool(plan_contact(born_in_salesforce(a_salesforce_contact()), ruleset).effects) is contact
    )


@pytest.mark.rule("SET-1")
def test_a_new_lead_becomes_a_hubspot_contact():
    """A new lead creates a HubSpot contact with its values in HubSpot's form; its link is ready for
    the contact's id. The opt-out is not agreed on yet, as HubSpot takes it in a call of its own.
    """
    lead = a_lead({"HasOptedOutOfEmail": True, "AnnualRevenue": 1200000.0})
    shown = {
        "email": "ada@example.com",
        "firstname": "Ada",
        "lastname": "Lang",
        "company": "example.com",
        "annualrevenue": "1200000",
    }
    link = Link(
        "acme",
        Kind.CONTACT,
        NEW,
        lead.ref,
        base_of(shown, RULESET, H).with_unagreed(["hs_email_optout"]),
        base_of(lead.fields, RULESET, S),
        hubspot_owner="",
        salesforce_owner="",
    )
    create = CreateRecord(H, "contact", LEAD_ID, shown, NEW, ("SET-1", "INC-6"))
    assert plan_contact(born_in_salesforce(lead), RULESET) == Plan(
        (create,), new_link=making(H, link, RULESET)
    )


@pytest.mark.rule("OPT-7")
def test_a_lead_that_is_opted_out_creates_an_unsubscribed_contact():
    """The opt-out crosses in the first sync of the contact, right after it was created."""
    lead = a_lead({"HasOptedOutOfEmail": True})
    plan = plan_contact(born_in_salesforce(lead), RULESET)
    contact = a_contact({"company": "example.com"}, salesforce_id=LEAD_ID)
    assert plan.new_link is not None
    pair = plan_contact(
        ContactFacts(
            a_change(lead.ref), replace(plan.new_link, hubspot=contact.ref), contact, lead
        ),
        RULESET,
    )
    assert pair.effects[1] == OptOut("ada@example.com", ("OPT-4",))
    assert pair.effects[2:] == (remember(S, lead.ref, Crmsync_HubSpot_Id__c=KEY),)


@pytest.mark.rule("TRG-17")
@pytest.mark.parametrize(
    "facts",
    [born_in_hubspot(a_contact({"email": None})), born_in_salesforce(a_lead({"Email": " "}))],
    ids=["HubSpot", "Salesforce"],
)
def test_a_record_without_an_address_waits(facts):
    """A record without an e-mail address waits, and is listed as waiting, not as an error."""
    effects = plan_contact(facts, RULESET).effects
    assert [(type(one), one.category) for one in effects] == [(Report, Category.WAITING)]


@pytest.mark.rule("CH-12")
@pytest.mark.parametrize(("account", "target"), [("001000000000001AAA", "Contact"), ("", "Lead")])
def test_a_customers_colleague_becomes_a_contact_and_a_stranger_a_lead(account, target):
    """With that setting, a person whose domain has an account becomes a contact under it, anybody
    else a lead.
    """
    ruleset = a_ruleset(create_in_salesforce=CreateInSalesforce.CONTACT_IF_ACCOUNT)
    (create,) = plan_contact(
        replace(born_in_hubspot(a_contact()), account=account), ruleset
    ).effects
    assert (create.object, create.fields.get("AccountId")) == (target, account or None)


@pytest.mark.rule("SET-3")
@pytest.mark.rule("ACC-11")
@pytest.mark.rule("FLD-8")
@pytest.mark.parametrize(
    ("target", "parent", "expected"),
    [
        pytest.param(
            CreateInSalesforce.LEAD,
            "paired",
            ("Lead", None),
            id="a lead though the company has its account",
        ),
        pytest.param(CreateInSalesforce.LEAD, "unknown", ("Lead", None), id="a lead does not wait"),
        pytest.param(
            CreateInSalesforce.CONTACT, "paired", ("Contact", ACCOUNT_ID), id="a contact under it"
        ),
        pytest.param(
            CreateInSalesforce.CONTACT,
            "gone",
            ("Contact", None),
            id="a contact alone, the account was deleted",
        ),
        pytest.param(
            CreateInSalesforce.CONTACT, "unknown", None, id="a contact waits for its account"
        ),
        pytest.param(
            CreateInSalesforce.CONTACT_IF_ACCOUNT,
            "paired",
            ("Contact", ACCOUNT_ID),
            id="a colleague",
        ),
        pytest.param(
            CreateInSalesforce.CONTACT_IF_ACCOUNT, "unknown", ("Lead", None), id="a stranger"
        ),
    ],
)
def test_what_a_contact_of_a_company_becomes(target, parent, expected):
    """The setting decides the object and the company's pair the account; only a contact waits for
    the account.
    """
    company = Ref(H, "company", "91")
    account = Ref(S, "Account", ACCOUNT_ID)
    parents = {"paired": {company: account}, "gone": {company: None}, "unknown": {}}[parent]
    ruleset = replace(a_ruleset(create_in_salesforce=target), parents=parents)
    contact = a_contact({"associatedcompanyid": "91"})
    (effect,) = plan_contact(born_in_hubspot(contact), ruleset).effects
    if expected is None:
        assert effect == RequestSync(company, Kind.ACCOUNT, contact.ref, ("FLD-8",))
    else:
        assert (effect.object, effect.fields.get("AccountId")) == expected


@pytest.mark.rule("PA-8")
@pytest.mark.rule("PA-9")
@pytest.mark.rule("Q-35")
@pytest.mark.parametrize(
    ("company", "fallback", "expected"),
    [
        ({}, "email_domain", {}),
        ({}, "", {}),
        ({"company": "Example GmbH"}, "", {"Company": "Example GmbH"}),
    ],
)
def test_with_person_accounts_a_lead_gets_no_placeholder_company(company, fallback, expected):
    """A lead without a company can become a person account, so none is made up; a company that
    HubSpot knows is written.
    """
    ruleset = a_ruleset(person_accounts=True, company_fallback=fallback)
    shown = {"Email": "ada@example.com", "FirstName": "Ada", "LastName": "Lang"} | expected
    create = CreateRecord(S, "Lead", KEY, shown, NEW, ("SET-2", "SET-3", "OWN-9"), assign=True)

    assert plan_contact(born_in_hubspot(a_contact(company)), ruleset).effects == (create,)


@pytest.mark.rule("PA-7")
@pytest.mark.parametrize("target", [CreateInSalesforce.LEAD, CreateInSalesforce.CONTACT])
def test_no_hubspot_contact_creates_a_person_account(target):
    """A new HubSpot contact creates a lead or a contact, never an account, and no person record
    type is set.
    """
    ruleset = a_ruleset(person_accounts=True, create_in_salesforce=target)
    (create,) = plan_contact(born_in_hubspot(a_contact()), ruleset).effects

    assert create.object == ("Lead" if target is CreateInSalesforce.LEAD else "Contact")
    assert set(create.fields) == {"Email", "FirstName", "LastName"}
