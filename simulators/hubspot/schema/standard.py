"""The properties that every portal has, per object type: a table of short rows.

Names, types and flags of the properties that a sync meets, a small part of those that HubSpot has.
Sources: docs/vendors.md#hubspot-properties,
docs/specification/contacts.md#properties-of-the-connector; option lists [M]. A row is (name, label,
kind, flags). `KINDS` defines the kinds; the flags are r read-only, c calculated, u unique, h
hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from simulators.hubspot.schema import activities
from simulators.hubspot.schema.definitions import Group, Option, Property, boolean_options
from simulators.hubspot.schema.industries import INDUSTRIES

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "text": ("string", "text"),
        "long": ("string", "textarea"),
        "rich": ("string", "html"),
        "phone": ("string", "phonenumber"),
        "number": ("number", "number"),
        "date": ("date", "date"),
        "moment": ("datetime", "date"),
        "bool": ("bool", "booleancheckbox"),
        "select": ("enumeration", "select"),
        "radio": ("enumeration", "radio"),
        "several": ("enumeration", "checkbox"),
        "owner": ("enumeration", "select"),
    }
)

_SHARED: tuple[tuple[str, str, str, str], ...] = (
    ("hs_object_id", "Record ID", "number", "ru"),
    ("createdate", "Create Date", "moment", "r"),
    ("hubspot_owner_id", "Owner", "owner", ""),
    ("hubspot_owner_assigneddate", "Owner Assigned Date", "moment", "r"),
    ("hs_merged_object_ids", "Merged Record IDs", "several", "r"),
    ("hs_object_source", "Record source", "text", "r"),
    ("hs_object_source_id", "Record source ID", "text", "r"),
    ("salesforcelastsynctime", "Last Salesforce Sync Time", "moment", ""),
    ("notes_last_updated", "Last Activity Date", "moment", "c"),
)

_CONTACT: tuple[tuple[str, str, str, str], ...] = (
    ("email", "Email", "text", ""),
    ("hs_additional_emails", "Additional email addresses", "several", ""),
    ("firstname", "First Name", "text", ""),
    ("lastname", "Last Name", "text", ""),
    ("salutation", "Salutation", "text", ""),
    ("company", "Company Name", "text", ""),
    ("jobtitle", "Job Title", "text", ""),
    ("phone", "Phone Number", "phone", ""),
    ("mobilephone", "Mobile Phone Number", "phone", ""),
    ("fax", "Fax Number", "phone", ""),
    ("website", "Website URL", "text", ""),
    ("address", "Street Address", "text", ""),
    ("city", "City", "text", ""),
    ("state", "State/Region", "text", ""),
    ("zip", "Postal Code", "text", ""),
    ("country", "Country/Region", "text", ""),
    ("industry", "Industry", "text", ""),
    ("annualrevenue", "Annual Revenue", "text", ""),
    ("numemployees", "Number of Employees", "select", ""),
    ("date_of_birth", "Date of birth", "text", ""),
    ("message", "Message", "long", ""),
    ("lifecyclestage", "Lifecycle Stage", "radio", ""),
    ("hs_lead_status", "Lead Status", "radio", ""),
    ("hs_persona", "Persona", "select", ""),
    ("hs_language", "Preferred language", "select", ""),
    ("hubspotscore", "HubSpot Score", "number", "c"),
    ("hs_analytics_source", "Original Source", "select", "r"),
    ("hs_email_domain", "Email Domain", "text", "c"),
    ("hs_email_optout", "Unsubscribed from all email", "bool", "r"),
    ("hs_email_bad_address", "Invalid email address", "bool", "r"),
    ("hs_email_quarantined", "Email address quarantined", "bool", "r"),
    ("hs_email_hard_bounce_reason_enum", "Email hard bounce reason", "select", "r"),
    ("associatedcompanyid", "Primary Associated Company ID", "number", ""),
    ("hs_calculated_merged_vids", "Merged vids with timestamps of a contact", "text", "c"),
    ("lastmodifieddate", "Last Modified Date", "moment", "r"),
    ("num_associated_deals", "Number of Associated Deals", "number", "c"),
    ("first_deal_created_date", "First Deal Created Date", "moment", "c"),
    ("recent_deal_amount", "Recent Deal Amount", "number", "c"),
    ("recent_deal_close_date", "Recent Deal Close Date", "moment", "c"),
    ("total_revenue", "Total Revenue", "number", "c"),
    ("salesforceleadid", "SalesforceLeadId", "text", ""),
    ("salesforcecontactid", "Salesforce Contact ID", "text", ""),
    ("salesforceaccountid", "Salesforce Account ID", "text", ""),
    ("salesforcecampaignids", "Salesforce campaign IDs", "text", ""),
    ("salesforcedeleted", "Salesforce Deleted", "bool", ""),
    ("salesforceopportunitystage", "Salesforce Opportunity Stage", "text", ""),
    ("salesforceownerid", "Salesforce Owner ID", "text", ""),
)

_COMPANY: tuple[tuple[str, str, str, str], ...] = (
    ("name", "Company name", "text", ""),
    ("domain", "Company Domain Name", "text", ""),
    ("hs_additional_domains", "Additional Domains", "several", ""),
    ("description", "Description", "long", ""),
    ("phone", "Phone Number", "phone", ""),
    ("website", "Website URL", "text", ""),
    ("address", "Street Address", "text", ""),
    ("address2", "Street Address 2", "text", ""),
    ("city", "City", "text", ""),
    ("state", "State/Region", "text", ""),
    ("zip", "Postal Code", "text", ""),
    ("country", "Country/Region", "text", ""),
    ("industry", "Industry", "select", ""),
    ("type", "Type", "select", ""),
    ("annualrevenue", "Annual Revenue", "number", ""),
    ("numberofemployees", "Number of Employees", "number", ""),
    ("founded_year", "Year Founded", "text", ""),
    ("is_public", "Is Public", "bool", ""),
    ("lifecyclestage", "Lifecycle Stage", "radio", ""),
    ("hs_lead_status", "Lead Status", "radio", ""),
    ("hs_parent_company_id", "Parent Company", "number", ""),
    ("num_associated_deals", "Number of Associated Deals", "number", "c"),
    ("first_deal_created_date", "First Deal Created Date", "moment", "c"),
    ("recent_deal_amount", "Recent Deal Amount", "number", "c"),
    ("recent_deal_close_date", "Recent Deal Close Date", "moment", "c"),
    ("total_revenue", "Total Revenue", "number", "c"),
    ("hs_lastmodifieddate", "Last Modified Date", "moment", "r"),
    ("salesforceaccountid", "Salesforce Account ID", "text", ""),
)

_DEAL: tuple[tuple[str, str, str, str], ...] = (
    ("dealname", "Deal Name", "text", ""),
    ("amount", "Amount", "number", ""),
    ("deal_currency_code", "Currency", "select", ""),
    ("amount_in_home_currency", "Amount in company currency", "number", "c"),
    ("closedate", "Close Date", "moment", ""),
    ("pipeline", "Pipeline", "select", ""),
    ("dealstage", "Deal Stage", "radio", ""),
    ("dealtype", "Deal Type", "radio", ""),
    ("description", "Deal Description", "long", ""),
    ("closed_lost_reason", "Closed Lost Reason", "long", ""),
    ("closed_won_reason", "Closed Won Reason", "long", ""),
    ("hs_deal_stage_probability", "Deal probability", "number", "c"),
    ("hs_is_closed", "Is Deal Closed?", "bool", "c"),
    ("hs_is_closed_won", "Is Closed Won", "bool", "c"),
    ("num_associated_contacts", "Number of Associated Contacts", "number", "c"),
    ("hs_next_step", "Next step", "text", ""),
    ("hs_priority", "Priority", "select", ""),
    ("hs_lastmodifieddate", "Last Modified Date", "moment", "r"),
    ("hs_salesforceopportunityid", "Salesforce Opportunity ID", "text", ""),
)

_ROWS: Mapping[str, tuple[tuple[str, str, str, str], ...]] = MappingProxyType(
    {
        "0-1": (*_SHARED, *_CONTACT),
        "0-2": (*_SHARED, *_COMPANY),
        "0-3": (*_SHARED, *_DEAL),
        **activities.ROWS,
    }
)
_GROUPS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "0-1": (
            ("contactinformation", "Contact information"),
            ("salesforceinformation", "Salesforce information"),
        ),
        "0-2": (
            ("companyinformation", "Company information"),
            ("salesforceinformation", "Salesforce information"),
        ),
        "0-3": (
            ("dealinformation", "Deal information"),
            ("salesforceinformation", "Salesforce information"),
        ),
        **activities.GROUPS,
    }
)
LIFECYCLE_STAGES = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
_OPTIONS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "lifecyclestage": LIFECYCLE_STAGES,
        "hs_lead_status": (
            ("NEW", "New"),
            ("OPEN", "Open"),
            ("IN_PROGRESS", "In Progress"),
            ("OPEN_DEAL", "Open Deal"),
            ("UNQUALIFIED", "Unqualified"),
            ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
            ("CONNECTED", "Connected"),
            ("BAD_TIMING", "Bad Timing"),
        ),
        "numemployees": (
            ("1-5", "1-5"),
            ("5-25", "5-25"),
            ("25-50", "25-50"),
            ("50-100", "50-100"),
            ("100-500", "100-500"),
            ("500-1000", "500-1000"),
            ("1000+", "1000+"),
        ),
        "hs_language": (
            ("de", "German"),
            ("en", "English"),
            ("es", "Spanish"),
            ("fr", "French"),
            ("ja", "Japanese"),
        ),
        "hs_analytics_source": (
            ("ORGANIC_SEARCH", "Organic Search"),
            ("DIRECT_TRAFFIC", "Direct Traffic"),
            ("OFFLINE", "Offline Sources"),
            ("EMAIL_MARKETING", "Email Marketing"),
            ("REFERRALS", "Referrals"),
        ),
        "hs_email_hard_bounce_reason_enum": (
            ("UNKNOWN_USER", "Unknown User"),
            ("MAILBOX_FULL", "Mailbox Full"),
            ("SPAM", "Spam"),
            ("OTHER", "Other"),
        ),
        "industry": tuple((value, value.replace("_", " ").title()) for value in INDUSTRIES),
        "type": (
            ("PROSPECT", "Prospect"),
            ("PARTNER", "Partner"),
            ("RESELLER", "Reseller"),
            ("VENDOR", "Vendor"),
            ("OTHER", "Other"),
        ),
        "dealtype": (("newbusiness", "New Business"), ("existingbusiness", "Existing Business")),
        "hs_priority": (("low", "Low"), ("medium", "Medium"), ("high", "High")),
        "deal_currency_code": (
            ("USD", "US Dollar"),
            ("EUR", "Euro"),
            ("GBP", "British Pound"),
            ("JPY", "Yen"),
        ),
        **activities.OPTIONS,
    }
)
OPEN_ENUMERATIONS = frozenset(
    {
        "hs_additional_emails",
        "hs_additional_domains",
        "hs_merged_object_ids",
        "pipeline",
        "dealstage",
    }
)
"""Enumerations whose values are not listed as options: lists of ids and addresses, and what the
pipelines define.
"""


def properties_of(type_id: str, created_ms: int) -> list[Property]:
    """Return the standard properties of an object type."""
    group = _GROUPS[type_id][0][0]
    return [_property(row, group, created_ms) for row in _ROWS[type_id]]


def groups_of(type_id: str) -> list[Group]:
    """Return the standard property groups of an object type."""
    return [Group(name, label, position) for position, (name, label) in enumerate(_GROUPS[type_id])]


def _property(row: tuple[str, str, str, str], group: str, created_ms: int) -> Property:
    name, label, kind, marks = row
    type_, field_type = KINDS[kind]
    rows = _OPTIONS.get(name, ()) if type_ == "enumeration" else ()
    options = tuple(Option(value, text, position) for position, (value, text) in enumerate(rows))
    return Property(
        name=name,
        label=label,
        type=type_,
        field_type=field_type,
        group="salesforceinformation" if "salesforce" in name else group,
        options=boolean_options() if type_ == "bool" else options,
        is_unique="u" in marks,
        is_read_only="r" in marks,
        is_calculated="c" in marks,
        is_hidden="h" in marks,
        is_form_field=not marks,
        is_hubspot_defined=True,
        referenced_type="OWNER" if kind == "owner" else None,
        created_ms=created_ms,
        updated_ms=created_ms,
    )
