"""``[[connection.campaigns]]`` of the settings file: its keys, and the types and ranges of values
(CMP-3 to CMP-5).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from crmsync.model.kinds.campaign_settings import CampaignSettings, OnLeave
from crmsync.wire.settings.table import Table, wrong

LONGEST_NAME = 80
"""Characters of a campaign's name."""

LONGEST_STATUS = 40
"""Characters of a member's status (docs/vendors.md#salesforce-campaigns)."""


def _list_id(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise wrong(f'list is "{text}", must be the id of a HubSpot list (digits)')
    return text


class CampaignTable(Table):
    """``[[connection.campaigns]]``."""

    list: Annotated[str, AfterValidator(_list_id)]
    campaign: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    status: Annotated[str, Field(min_length=1, max_length=LONGEST_STATUS)]
    on_leave: Annotated[str, Field(min_length=1, max_length=LONGEST_STATUS)] = OnLeave.KEEP

    def freeze(self) -> CampaignSettings:
        """The row as the model has it: what is not one of the words is the status of those who
        left.
        """
        given = self.given()
        meant = given.pop("on_leave", OnLeave.KEEP)
        if meant in {OnLeave.KEEP, OnLeave.REMOVE}:
            return CampaignSettings(**given, on_leave=OnLeave(meant))
        return CampaignSettings(**given, on_leave=OnLeave.STATUS, left_status=meant)
