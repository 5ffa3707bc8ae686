"""What the two CRMs call their own objects and fields.

One name for each, so that a misspelt one fails when it is imported. Where both CRMs have an object
or a field of the same meaning and a similar name, ours begins with the CRM's. Names of the fields
that crmsync adds are in `crmsync.model.names`.
"""

from __future__ import annotations

# Objects of HubSpot

HUBSPOT_CONTACT = "contact"
COMPANY = "company"
DEAL = "deal"
HUBSPOT_CALL = "call"
HUBSPOT_MAIL = "email"
"""An e-mail as an activity."""

HUBSPOT_MEETING = "meeting"
HUBSPOT_NOTE = "note"
HUBSPOT_TASK = "task"

# Objects of Salesforce

LEAD = "Lead"
SALESFORCE_CONTACT = "Contact"
ACCOUNT = "Account"
OPPORTUNITY = "Opportunity"
CONTACT_ROLE = "OpportunityContactRole"
OPPORTUNITY_STAGE = "OpportunityStage"
RECORD_TYPE = "RecordType"
TASK = "Task"
EVENT = "Event"
CAMPAIGN = "Campaign"
CAMPAIGN_MEMBER = "CampaignMember"

# Properties of HubSpot

HUBSPOT_EMAIL = "email"
ADDITIONAL_EMAILS = "hs_additional_emails"
"""Further addresses of a contact, separated by ``;``. No other contact may have them either."""

HUBSPOT_OWNER = "hubspot_owner_id"
HUBSPOT_OPT_OUT = "hs_email_optout"
PRIMARY_COMPANY = "associatedcompanyid"
"""The primary company of a contact. It mirrors an association: written by associating the two
records, never as a property [V].
"""

DOMAIN = "domain"
LIFECYCLE_STAGE = "lifecyclestage"
"""How far a customer relation has come, on contacts and companies."""

PIPELINE = "pipeline"
DEAL_STAGE = "dealstage"
MERGED_IDS = "hs_merged_object_ids"
"""The ids of the records that were merged into a record: ``81;93``."""

# Fields of Salesforce

SALESFORCE_EMAIL = "Email"
SALESFORCE_NAME = "Name"
SALESFORCE_OWNER = "OwnerId"
SALESFORCE_OPT_OUT = "HasOptedOutOfEmail"
PARENT_ACCOUNT = "AccountId"
"""The account of a contact or an opportunity (FLD-4)."""

WEBSITE = "Website"
RECORD_TYPE_ID = "RecordTypeId"
STAGE_NAME = "StageName"
WHO_ID = "WhoId"
WHAT_ID = "WhatId"
TASK_CONTACTS = "TaskWhoIds"
EVENT_CONTACTS = "EventWhoIds"
CLOSE_DATE = "CloseDate"
AMOUNT = "Amount"
IS_PERSON_ACCOUNT = "IsPersonAccount"
PERSON_CONTACT_ID = "PersonContactId"
