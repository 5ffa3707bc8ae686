"""Opportunity and OpportunityContactRole as data.

Lengths, references and picklists follow the Object Reference [M where no sample confirms them].
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
from simulators.salesforce.objects.people import SOURCES, owner, record_type
from simulators.salesforce.objects.sobject import SObject

_FORECAST: Final = ("Omitted", "Pipeline", "Best Case", "Commit", "Closed")

OPPORTUNITY: Final = SObject(
    "Opportunity",
    "Opportunity",
    "Opportunities",
    "006",
    (
        *system_fields(),
        lookup("AccountId", "Account ID", "Account", children="Opportunities", cascade=True),
        record_type(),
        flag("IsPrivate", "Private"),
        required(text("Name", "Name", 120, name_field=True)),
        area("Description", "Description"),
        required(picklist("StageName", "Stage")),
        number("Amount", "Amount", "currency", 18, 2),
        number("Probability", "Probability (%)", "percent", 3, 0, defaulted=True),
        number("TotalOpportunityQuantity", "Quantity", "double", 18, 2),
        required(day("CloseDate", "Close Date")),
        picklist(
            "Type",
            "Opportunity Type",
            "Existing Customer - Upgrade",
            "Existing Customer - Replacement",
            "Existing Customer - Downgrade",
            "New Customer",
        ),
        text("NextStep", "Next Step", 255),
        picklist("LeadSource", "Lead Source", *SOURCES),
        read_only(flag("IsClosed", "Closed", in_events=False)),
        read_only(flag("IsWon", "Won", in_events=False)),
        read_only(
            picklist(
                "ForecastCategory",
                "Forecast Category",
                "Omitted",
                "Pipeline",
                "BestCase",
                "Forecast",
                "Closed",
                in_events=False,
            )
        ),
        picklist(
            "ForecastCategoryName", "Forecast Category", *_FORECAST, restricted=True, defaulted=True
        ),
        read_only(flag("HasOpportunityLineItem", "Has Line Item", in_events=False)),
        owner("User"),
        replace(lookup("ContactId", "Contact ID", "Contact"), updateable=False, in_events=False),
        read_only(day("LastActivityDate", "Last Activity", in_events=False)),
    ),
    events=True,
    record_types=True,
)

OPPORTUNITY_CONTACT_ROLE: Final = SObject(
    "OpportunityContactRole",
    "Opportunity Contact Role",
    "Opportunity Contact Roles",
    "00K",
    (
        *system_fields(),
        replace(
            lookup(
                "OpportunityId",
                "Opportunity ID",
                "Opportunity",
                children="OpportunityContactRoles",
                cascade=True,
            ),
            nillable=False,
            updateable=False,
        ),
        replace(
            lookup(
                "ContactId",
                "Contact ID",
                "Contact",
                children="OpportunityContactRoles",
                cascade=True,
            ),
            nillable=False,
        ),
        picklist(
            "Role",
            "Role",
            "Business User",
            "Decision Maker",
            "Economic Buyer",
            "Economic Decision Maker",
            "Evaluator",
            "Executive Sponsor",
            "Influencer",
            "Technical Buyer",
            "Other",
        ),
        flag("IsPrimary", "Primary"),
    ),
    events=True,
    # IsDeleted "is usable only when the parent record is deleted" [D]; a role deleted by itself is
    # not in queryAll [S].
    binned=False,
)

SALES_OBJECTS: Final = (OPPORTUNITY, OPPORTUNITY_CONTACT_ROLE)
