"""Campaign, CampaignMember and CampaignMemberStatus as data.

Only the columns that say who is a member of what, and how. Names, properties and what may be
written follow the Object Reference [D: docs/vendors.md#salesforce-campaigns]; the key prefixes are
[M].
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from simulators.salesforce.objects.fields import (
    area,
    day,
    flag,
    lookup,
    number,
    picklist,
    read_only,
    required,
    system_fields,
    text,
)
from simulators.salesforce.objects.people import owner
from simulators.salesforce.objects.sobject import SObject

CAMPAIGN: Final = SObject(
    "Campaign",
    "Campaign",
    "Campaigns",
    "701",
    (
        *system_fields(),
        required(text("Name", "Name", 80, name_field=True)),
        lookup("ParentId", "Parent Campaign ID", "Campaign", children="ChildCampaigns"),
        picklist("Type", "Type", "Conference", "Webinar", "Trade Show", "Email", "Other"),
        picklist(
            "Status",
            "Status",
            "Planned",
            "In Progress",
            "Completed",
            "Aborted",
            default="Planned",
        ),
        day("StartDate", "Start Date"),
        day("EndDate", "End Date"),
        flag("IsActive", "Active"),
        area("Description", "Description"),
        owner("User"),
    ),
)

_TO_ITS_CAMPAIGN: Final = replace(
    required(lookup("CampaignId", "Campaign ID", "Campaign", cascade=True)), updateable=False
)

CAMPAIGN_MEMBER_STATUS: Final = SObject(
    "CampaignMemberStatus",
    "Campaign Member Status",
    "Campaign Member Statuses",
    "01Y",
    (
        *system_fields(),
        replace(_TO_ITS_CAMPAIGN, children="CampaignMemberStatuses"),
        required(text("Label", "Label", 765)),
        number("SortOrder", "Sort Order", "int", 9, 0),
        flag("IsDefault", "Is Default"),
        flag("HasResponded", "Responded"),
    ),
)

CAMPAIGN_MEMBER: Final = SObject(
    "CampaignMember",
    "Campaign Member",
    "Campaign Members",
    "00v",
    (
        *system_fields(),
        replace(_TO_ITS_CAMPAIGN, children="CampaignMembers"),
        replace(
            lookup("LeadId", "Lead ID", "Lead", children="CampaignMembers", cascade=True),
            updateable=False,
        ),
        replace(
            lookup("ContactId", "Contact ID", "Contact", children="CampaignMembers", cascade=True),
            updateable=False,
        ),
        text("Status", "Status", 40),
        read_only(flag("HasResponded", "Responded")),
        read_only(day("FirstRespondedDate", "First Responded Date")),
    ),
    # A member that is deleted by itself is in no recycle bin [M].
    binned=False,
)

CAMPAIGN_OBJECTS: Final = (CAMPAIGN, CAMPAIGN_MEMBER_STATUS, CAMPAIGN_MEMBER)
