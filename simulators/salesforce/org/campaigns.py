"""What an org does with campaigns and their members: statuses, one row per person, conversion.

Law: reads rows and writes through the transaction that it is given; `effects` and `writes` call it.
Facts: docs/vendors.md#salesforce-campaigns.
"""

from __future__ import annotations

from typing import Any, Final

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.org.org import Org
from simulators.salesforce.org.transaction import Transaction
from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.times import day_of

MEMBER: Final = "CampaignMember"
STATUS: Final = "CampaignMemberStatus"
NEW_STATUSES: Final = (("Sent", True, False), ("Responded", False, True))
"""What a new campaign has [M]: label, whether it is the default, whether it counts as a
response.
"""
PERSONS: Final = ("ContactId", "LeadId")


def complete_member(org: Org, transaction: Transaction, before: Row | None, row: Row) -> None:
    """Derive what a member does not choose: of a lead and a contact only the contact is kept [D],
    and the status says whether the person has responded [D].

    A status that the campaign does not have gives way to its default, without a refusal [S].
    """
    if before is None and row.get("ContactId") is not None:
        row["LeadId"] = None
    if all(row.get(name) is None for name in PERSONS):
        # [M] the text; that one of the two is needed is documented [D].
        message = "Required fields are missing: [LeadId or ContactId]"
        raise RefusalError("REQUIRED_FIELD_MISSING", message, list(PERSONS))
    statuses = statuses_of(org, row.get("CampaignId"))
    status = next((one for one in statuses if one["Label"] == row.get("Status")), None)
    if status is None:
        status = next((one for one in statuses if one.get("IsDefault")), None)
    row["Status"] = status["Label"] if status else None
    row["HasResponded"] = bool(status and status.get("HasResponded"))
    if row["HasResponded"] and row.get("FirstRespondedDate") is None:
        row["FirstRespondedDate"] = day_of(transaction.now_ms)


def check_member(org: Org, row: Row) -> None:
    """Nobody is a member of a campaign twice [D; S: code and text]."""
    for name in PERSONS:
        person = row.get(name)
        if person is not None and any(
            other["Id"] != row["Id"] for other in members(org, name, person, row["CampaignId"])
        ):
            raise RefusalError("DUPLICATE_VALUE", "Already a campaign member.", [])


def members(org: Org, name: str, person: Any, campaign: Any) -> list[Row]:
    """Return a person's rows in a campaign; `name` is ``LeadId`` or ``ContactId``."""
    return [
        row
        for row in org.store.tables[MEMBER].matching(name, [person])
        if row["CampaignId"] == campaign and not row.get("IsDeleted")
    ]


def statuses_of(org: Org, campaign: Any) -> list[Row]:
    """Return the statuses that members of a campaign may have, in their order."""
    found = [
        row
        for row in org.store.tables[STATUS].matching("CampaignId", [campaign])
        if not row.get("IsDeleted")
    ]
    return sorted(found, key=lambda row: row.get("SortOrder") or 0)


def without_default(org: Org, row: Row) -> list[Row]:
    """Return the other statuses that stop being the default because of this one [M]."""
    if not row.get("IsDefault"):
        return []
    return [
        other
        for other in statuses_of(org, row["CampaignId"])
        if other["Id"] != row["Id"] and other.get("IsDefault")
    ]
