"""What is different about person accounts (PA-1 to PA-9)."""

from __future__ import annotations

import pytest

from crmsync.model.effects import UpdateRecord
from crmsync.model.fields import FieldRule, Update
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.fields.maps import CONTACT_CONTACT
from crmsync.rules.merge.person_accounts import (
    account_field,
    columns,
    is_person,
    may_share_company,
    needs_company,
    of_person,
    other_half,
    through_account,
)
from tests.builders import a_contact, a_ruleset, a_salesforce_contact, at

ACCOUNT = Ref(Side.SALESFORCE, "Account", "001000000000001AAA")
HIDDEN = a_salesforce_contact({"IsPersonAccount": True, "AccountId": ACCOUNT.id})


def an_account(**fields):
    return Record(ACCOUNT, fields, at(), at())


@pytest.mark.rule("PA-1")
def test_contacts_and_accounts_have_fields_that_show_a_person_account():
    """A lead has none of them."""
    assert [columns(name) for name in ("Contact", "Account", "Lead")] == [
        ("IsPersonAccount", "AccountId"),
        ("IsPersonAccount", "PersonContactId"),
        (),
    ]


@pytest.mark.rule("PA-1")
@pytest.mark.rule("PA-3")
def test_a_contact_is_read_with_the_field_that_marks_a_person_account():
    """Contacts are read with IsPersonAccount, leads are not; without person accounts no
    record is.
    """
    extra = {"IsPersonAccount"}
    on, off = (a_ruleset(person_accounts=one).fields(Side.SALESFORCE) for one in (True, False))

    assert {name: set(on[name]) - set(off[name]) for name in on} == {
        "Lead": set(),
        "Contact": extra,
    }


@pytest.mark.rule("PA-3")
def test_the_contact_of_a_person_account_is_written_through_the_account():
    """The write goes to the account, under the names that the contact's fields have there."""
    fields = {
        "FirstName": "Ada",
        "LastName": "Lang",
        "Salutation": "Dr.",
        "Email": "ada@example.com",
        "Title": "Judge",
        "Phone": "+49 731 0100",
        "MobilePhone": "+49 731 0101",
        "Fax": "+49 731 0102",
        "MailingStreet": "Weg 1",
        "MailingCity": "Ulm",
        "MailingState": "BW",
        "MailingPostalCode": "89073",
        "MailingCountry": "Germany",
        "HasOptedOutOfEmail": True,
        "OwnerId": "005000000000009AAA",
        "Favourite_Colour__c": "red",
        "Crmsync_HubSpot_Id__c": "555001-81",
    }
    effect = UpdateRecord(HIDDEN.ref, Side.SALESFORCE, fields, ("MAP-3",), best_effort=True)

    assert through_account(effect, HIDDEN) == UpdateRecord(
        ACCOUNT,
        Side.SALESFORCE,
        {
            "FirstName": "Ada",
            "LastName": "Lang",
            "Salutation": "Dr.",
            "PersonEmail": "ada@example.com",
            "PersonTitle": "Judge",
            "Phone": "+49 731 0100",
            "PersonMobilePhone": "+49 731 0101",
            "Fax": "+49 731 0102",
            "PersonMailingStreet": "Weg 1",
            "PersonMailingCity": "Ulm",
            "PersonMailingState": "BW",
            "PersonMailingPostalCode": "89073",
            "PersonMailingCountry": "Germany",
            "PersonHasOptedOutOfEmail": True,
            "OwnerId": "005000000000009AAA",
            "Favourite_Colour__pc": "red",
            "Crmsync_HubSpot_Id__pc": "555001-81",
        },
        ("MAP-3",),
        best_effort=True,
    )


def test_every_field_of_the_default_map_has_its_place_in_the_account():
    """Fields of the default contact map have another name in the account, except those that both
    share.
    """
    shared = {
        rule.salesforce
        for rule in CONTACT_CONTACT
        if account_field(rule.salesforce) == rule.salesforce
    }
    assert shared == {"FirstName", "LastName", "Salutation", "Phone", "Fax"}


@pytest.mark.rule("PA-3")
def test_other_contacts_are_written_as_they_are():
    """A contact of a business account, one without an account, and the HubSpot contact of the pair
    are written directly.
    """
    for contact in (
        a_salesforce_contact({"IsPersonAccount": False, "AccountId": ACCOUNT.id}),
        a_salesforce_contact(),
        HIDDEN,
    ):
        place = a_contact().ref if contact is HIDDEN else contact.ref
        effect = UpdateRecord(place, place.side, {"AccountId": "001000000000002AAA"})
        assert through_account(effect, contact) is effect


@pytest.mark.rule("PA-2")
def test_the_contact_of_a_person_account_never_gets_another_account():
    """A person account cannot have contacts, nor can its contact have another account."""
    effect = UpdateRecord(
        HIDDEN.ref, Side.SALESFORCE, {"AccountId": "001000000000002AAA", "Title": "Judge"}
    )
    assert through_account(effect, HIDDEN) == UpdateRecord(
        ACCOUNT, Side.SALESFORCE, {"PersonTitle": "Judge"}
    )


@pytest.mark.rule("PA-3")
@pytest.mark.rule("PA-5")
def test_each_half_of_a_person_knows_the_other():
    """The contact behind a person account has its account, the account has its contact; other
    records have no other half.
    """
    assert other_half(HIDDEN) == ACCOUNT
    assert other_half(an_account(IsPersonAccount=True, PersonContactId=HIDDEN.ref.id)) == HIDDEN.ref
    assert other_half(an_account(IsPersonAccount=False, PersonContactId=None)) is None
    assert (
        other_half(a_salesforce_contact({"IsPersonAccount": False, "AccountId": ACCOUNT.id}))
        is None
    )
    assert other_half(a_contact()) is None


@pytest.mark.rule("PA-5")
def test_the_persons_name_becomes_the_companys_and_is_never_written_back():
    """A person account's name goes to the company; the company's name is not written to the
    account.
    """
    rows = (
        FieldRule("name", "Name"),
        FieldRule("nickname", "Name", Update.NEVER),
        FieldRule("phone", "Phone"),
        FieldRule("parent", "ParentId"),
    )
    assert of_person(rows) == (
        FieldRule("name", "Name", Update.ALWAYS_SALESFORCE),
        FieldRule("nickname", "Name", Update.NEVER),
        FieldRule("phone", "Phone"),
    )


@pytest.mark.rule("PA-4")
@pytest.mark.rule("Q-34")
def test_a_person_account_shares_no_company():
    """A person account is never paired with an existing company; a business account may be."""
    assert not may_share_company(an_account(IsPersonAccount=True))
    assert may_share_company(an_account(IsPersonAccount=False))
    assert may_share_company(an_account())
    assert (is_person(HIDDEN), is_person(a_salesforce_contact())) == (True, False)


@pytest.mark.rule("PA-8")
@pytest.mark.rule("PA-9")
@pytest.mark.rule("Q-35")
def test_only_where_person_accounts_are_off_does_a_lead_need_a_company():
    """Without person accounts Salesforce requires a company; with them, a value would make the
    converted lead a business account.
    """
    assert (needs_company(person_accounts=True), needs_company(person_accounts=False)) == (
        False,
        True,
    )
