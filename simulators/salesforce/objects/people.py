"""Lead, Contact and Account as data, and the columns that exist only where person accounts are
enabled.

Lengths, references and picklists follow the Object Reference [M where no sample confirms them];
fields that no synchronisation uses are left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from simulators.salesforce.objects.fields import (
    Field,
    address,
    area,
    day,
    email,
    flag,
    instant,
    lookup,
    number,
    person_name,
    phone,
    picklist,
    read_only,
    required,
    system_fields,
    text,
    url,
)
from simulators.salesforce.objects.sobject import SObject

SOURCES: Final = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
_INDUSTRIES: Final = (
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Machinery",
    "Manufacturing",
    "Media",
    "Not For Profit",
    "Recreation",
    "Retail",
    "Shipping",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
)
_RATINGS: Final = ("Hot", "Warm", "Cold")


def owner(*kinds: str, children: str | None = None) -> Field:
    """Return the field for the owner, a record of one of `kinds`; by default the writing user."""
    return lookup("OwnerId", "Owner ID", *kinds, children=children, nillable=False, defaulted=True)


def _master(sobject: str) -> Field:
    return read_only(lookup("MasterRecordId", "Master Record ID", sobject))


def record_type() -> Field:
    """Return the field for the record type."""
    return lookup("RecordTypeId", "Record Type ID", "RecordType")


def _mail_block() -> tuple[Field, ...]:
    return (
        flag("HasOptedOutOfEmail", "Email Opt Out"),
        flag("HasOptedOutOfFax", "Fax Opt Out"),
        flag("DoNotCall", "Do Not Call"),
        text("EmailBouncedReason", "Email Bounced Reason"),
        instant("EmailBouncedDate", "Email Bounced Date"),
        read_only(day("LastActivityDate", "Last Activity", in_events=False)),
    )


LEAD: Final = SObject(
    "Lead",
    "Lead",
    "Leads",
    "00Q",
    (
        *system_fields(),
        _master("Lead"),
        *person_name(),
        text("Title", "Title", 128),
        required(text("Company", "Company", 255)),
        *address("Address", ""),
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile Phone"),
        phone("Fax", "Fax"),
        email("Email", "Email", id_lookup=True),
        url("Website", "Website"),
        area("Description", "Description"),
        picklist("LeadSource", "Lead Source", *SOURCES),
        replace(
            picklist(
                "Status",
                "Status",
                "Open - Not Contacted",
                "Working - Contacted",
                "Closed - Converted",
                "Closed - Not Converted",
                default="Open - Not Contacted",
                nillable=False,
            ),
        ),
        picklist("Industry", "Industry", *_INDUSTRIES),
        picklist("Rating", "Rating", *_RATINGS),
        number("AnnualRevenue", "Annual Revenue", "currency", 18, 0),
        number("NumberOfEmployees", "Employees", "int", 8, 0),
        owner("Group", "User"),
        record_type(),
        *_mail_block(),
        read_only(flag("IsConverted", "Converted")),
        read_only(day("ConvertedDate", "Converted Date")),
        read_only(lookup("ConvertedAccountId", "Converted Account ID", "Account")),
        read_only(lookup("ConvertedContactId", "Converted Contact ID", "Contact")),
        read_only(lookup("ConvertedOpportunityId", "Converted Opportunity ID", "Opportunity")),
        flag("IsUnreadByOwner", "Unread By Owner", default=True),
    ),
    merges=True,
    events=True,
    record_types=True,
)

CONTACT: Final = SObject(
    "Contact",
    "Contact",
    "Contacts",
    "003",
    (
        *system_fields(),
        _master("Contact"),
        lookup("AccountId", "Account ID", "Account", children="Contacts", cascade=True),
        *person_name(),
        *address("OtherAddress", "Other"),
        *address("MailingAddress", "Mailing"),
        phone("Phone", "Business Phone"),
        phone("Fax", "Business Fax"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        lookup("ReportsToId", "Reports To ID", "Contact"),
        email("Email", "Email", id_lookup=True),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        picklist("LeadSource", "Lead Source", *SOURCES),
        day("Birthdate", "Birthdate"),
        area("Description", "Contact Description"),
        owner("User"),
        record_type(),
        *_mail_block(),
        read_only(flag("IsEmailBounced", "Is Email Bounced", calculated=True, in_events=False)),
    ),
    merges=True,
    events=True,
    record_types=True,
)

PERSON_CONTACT_FIELDS: Final = (read_only(flag("IsPersonAccount", "Is Person Account")),)
"""Columns of Contact that exist only with person accounts."""

ACCOUNT: Final = SObject(
    "Account",
    "Account",
    "Accounts",
    "001",
    (
        *system_fields(),
        _master("Account"),
        required(text("Name", "Account Name", 255, name_field=True)),
        picklist(
            "Type",
            "Account Type",
            "Prospect",
            "Customer - Direct",
            "Customer - Channel",
            "Channel Partner / Reseller",
            "Installation Partner",
            "Technology Partner",
            "Other",
        ),
        lookup("ParentId", "Parent Account ID", "Account", children="ChildAccounts"),
        *address("BillingAddress", "Billing"),
        *address("ShippingAddress", "Shipping"),
        phone("Phone", "Account Phone"),
        phone("Fax", "Account Fax"),
        text("AccountNumber", "Account Number", 40),
        url("Website", "Website"),
        text("Sic", "SIC Code", 20),
        picklist("Industry", "Industry", *_INDUSTRIES),
        number("AnnualRevenue", "Annual Revenue", "currency", 18, 0),
        number("NumberOfEmployees", "Employees", "int", 8, 0),
        picklist("Ownership", "Ownership", "Public", "Private", "Subsidiary", "Other"),
        area("Description", "Account Description"),
        picklist("Rating", "Account Rating", *_RATINGS),
        text("Site", "Account Site", 80),
        picklist("AccountSource", "Account Source", *SOURCES),
        owner("User"),
        record_type(),
        read_only(day("LastActivityDate", "Last Activity", in_events=False)),
    ),
    merges=True,
    events=True,
    record_types=True,
)

PERSON_ACCOUNT_FIELDS: Final = (
    replace(text("LastName", "Last Name", 80), compound="Name", part="LastName"),
    replace(text("FirstName", "First Name", 40), compound="Name", part="FirstName"),
    replace(
        picklist("Salutation", "Salutation", "Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
        compound="Name",
        part="Salutation",
    ),
    read_only(flag("IsPersonAccount", "Is Person Account")),
    read_only(lookup("PersonContactId", "Contact ID", "Contact")),
    email("PersonEmail", "Email", id_lookup=True),
    text("PersonTitle", "Title", 80),
    text("PersonDepartment", "Department", 80),
    phone("PersonMobilePhone", "Mobile"),
    phone("PersonHomePhone", "Home Phone"),
    day("PersonBirthdate", "Birthdate"),
    picklist("PersonLeadSource", "Lead Source", *SOURCES),
    *address("PersonMailingAddress", "Mailing"),
    *address("PersonOtherAddress", "Other"),
    flag("PersonHasOptedOutOfEmail", "Email Opt Out"),
    flag("PersonDoNotCall", "Do Not Call"),
)
"""Columns of Account that exist only with person accounts; selecting them elsewhere is an error
[D].
"""

PERSON_MIRROR: Final = {
    "LastName": "LastName",
    "FirstName": "FirstName",
    "Salutation": "Salutation",
    "PersonEmail": "Email",
    "PersonTitle": "Title",
    "PersonDepartment": "Department",
    "PersonMobilePhone": "MobilePhone",
    "PersonHomePhone": "HomePhone",
    "PersonBirthdate": "Birthdate",
    "PersonLeadSource": "LeadSource",
    "PersonHasOptedOutOfEmail": "HasOptedOutOfEmail",
    "PersonDoNotCall": "DoNotCall",
    "Phone": "Phone",
    "Fax": "Fax",
    "OwnerId": "OwnerId",
    "Description": "Description",
    **{
        f"PersonMailing{part}": f"Mailing{part}"
        for part in ("Street", "City", "State", "PostalCode", "Country")
    },
    **{
        f"PersonOther{part}": f"Other{part}"
        for part in ("Street", "City", "State", "PostalCode", "Country")
    },
}
"""Field of a person account -> field of its hidden contact that shows the same value."""

PEOPLE_OBJECTS: Final = (ACCOUNT, CONTACT, LEAD)
