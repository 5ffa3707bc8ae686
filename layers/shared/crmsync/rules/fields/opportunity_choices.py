"""Which of HubSpot's deal types goes with which of Salesforce's opportunity types. Data only.

HubSpot has two, Salesforce's picklist several, and other values as well [M]: what HubSpot calls by
one name is the same to us, so that no type is overwritten by what it became in HubSpot. The lists
are the vendors' standard ones, of older and of newer orgs [M].
"""

from __future__ import annotations

from crmsync.model.fields import Choices

TYPES: Choices = (
    ("newbusiness", "New Customer"),
    ("newbusiness", "New Business"),
    ("existingbusiness", "Existing Customer - Upgrade"),
    ("existingbusiness", "Existing Customer - Replacement"),
    ("existingbusiness", "Existing Customer - Downgrade"),
    ("existingbusiness", "Existing Business"),
)
"""HubSpot's ``dealtype`` with ``Opportunity.Type``; the first of several is what HubSpot's
becomes.
"""
