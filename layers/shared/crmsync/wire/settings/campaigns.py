"""``[[connection.campaigns]]`` of the settings file: its keys, and the types and ranges of values
(CMP-3 to CMP-5).
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from crmsync.model.campaigns import CampaignSettings, OnLeave
from crmsync.wire.settings.table import Table, wrong

_CAMPAIGN = re.compile(r"701[A-Za-z0-9]{15}")

LONGEST_STATUS = 40
"""Characters of a member's status (docs/vendors.md#salesforce-campaigns)."""


def _list_id(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise wrong(f'list is "{text}", must be the id of a HubSpot list (digits)')
    return text


def _campaign_id(text: str) -> str:
    if not _CAMPAIGN.fullmatch(text):
        raise wrong(
            f'campaign is "{text}", must be the 18-character id of a Salesforce campaign, which '
            'begins with "701"'
        )
    return text


class CampaignTable(Table):
    """``[[connection.campaigns]]``."""

    list: Annotated[str, AfterValidator(_list_id)]
    campaign: Annotated[str, AfterValidator(_campaign_id)]
    status: Annotated[str, Field(min_length=1, max_length=LONGEST_STATUS)]
    on_leave: Annotated[OnLeave, Field(strict=False)] = OnLeave.KEEP
    left_status: Annotated[str, Field(max_length=LONGEST_STATUS)] = ""

    def freeze(self) -> CampaignSettings:
        """The row as the model has it."""
        return CampaignSettings(**self.given())
