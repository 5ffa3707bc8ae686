"""The composition root: who is who, per Lambda. Every Lambda and the operator's command come in
here.

Everything is made when first needed and kept while the Lambda is warm; gateways and flows are
imported inside the functions that need them, so that the webhook never pays for an SDK that only
the sync uses. Nothing is decided here.
"""

from crmsync.wiring.backfill import backfill
from crmsync.wiring.command import operator
from crmsync.wiring.concerns import account_sync, contact_sync, opportunity_sync
from crmsync.wiring.email import email_events, email_tasks
from crmsync.wiring.intake import hubspot_sweep, hubspot_webhook, salesforce_changes

__all__ = [
    "account_sync",
    "backfill",
    "contact_sync",
    "email_events",
    "email_tasks",
    "hubspot_sweep",
    "hubspot_webhook",
    "operator",
    "opportunity_sync",
    "salesforce_changes",
]
