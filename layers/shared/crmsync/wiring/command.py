"""What the operator's command works with."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from crmsync.wiring.backfill import lister_of, new_ticket
from crmsync.wiring.crms import login_of
from crmsync.wiring.stores import errands, inbox, jobs, secrets, settings_table

if TYPE_CHECKING:
    from crmsync.flows.jobs import JobOffice
    from crmsync.flows.operator import Operator


def operator() -> Operator:
    """What the operator's command works with. Outside a Lambda the tables are found by the name of the stack (``CRMSYNC_STACK``)."""
    from crmsync.flows.operator import Operator
    from crmsync.gateways.hubspot_schema import HubspotSchema
    from crmsync.gateways.salesforce_schema import SalesforceSchema

    return Operator(
        settings_table(),
        inbox(),
        lambda one: HubspotSchema(secrets().secret(one.hubspot.secret)),
        lambda one: SalesforceSchema(*login_of(one), now=time.time),
        _job_office(),
        settings_table().now,
        os.environ.get("USER", ""),
    )


def _job_office() -> JobOffice:
    from crmsync.flows.jobs import JobOffice

    by = os.environ.get("USER", "")
    return JobOffice(
        settings_table().load, jobs(), errands(), lister_of, new_ticket, settings_table().now, time.sleep, by
    )
