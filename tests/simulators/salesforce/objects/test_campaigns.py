"""Campaigns: their members are one row per person, with a status of the campaign's own, and follow
conversions, merges and deletions.
"""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

from tests.simulators.salesforce.orgs import LiveOrg, lead, refusal, rows, soql, typed


def _campaign(org: LiveOrg, name: str = "Fair") -> str:
    return str(org.person.Campaign.create({"Name": name})["id"])


def _lead(org: LiveOrg) -> str:
    return str(org.product.Lead.create(lead())["id"])


def _contact(org: LiveOrg, name: str = "Lang") -> str:
    return str(org.product.Contact.create({"LastName": name})["id"])


def _member(org: LiveOrg, campaign: str, **values: Any) -> str:
    return str(org.product.CampaignMember.create({"CampaignId": campaign, **values})["id"])


def _members(org: LiveOrg, *names: str) -> list[tuple[Any, ...]]:
    return rows(
        org.product.query(soql("SELECT", ", ".join(names), "FROM CampaignMember ORDER BY Id")),
        *names,
    )


def test_a_new_campaign_has_two_statuses(org: LiveOrg) -> None:
    """One is the default, the other counts as a response; a person may add more."""
    campaign = _campaign(org)
    org.person.CampaignMemberStatus.create(
        {"CampaignId": campaign, "Label": "Left", "SortOrder": 3, "IsDefault": True}
    )
    found = org.product.query(
        "SELECT Label, IsDefault, HasResponded FROM CampaignMemberStatus ORDER BY SortOrder"
    )
    assert rows(found, "Label", "IsDefault", "HasResponded") == [
        ("Sent", False, False), ("Responded", False, True), ("Left", True, False),
    ]  # fmt: skip


def test_nobody_is_a_member_twice(org: LiveOrg) -> None:
    """A second row for a lead or contact is refused; another campaign, or another person, is not."""
    campaign, ada, bob = _campaign(org), _lead(org), _contact(org)
    first = [_member(org, campaign, LeadId=ada), _member(org, campaign, ContactId=bob)]
    refusals = [
        refusal(org, "POST", "/sobjects/CampaignMember", {"CampaignId": campaign, **who})
        for who in ({"LeadId": ada}, {"ContactId": bob})
    ]
    other = _member(org, _campaign(org, "Webinar"), LeadId=ada)
    twice = [
        {"message": "Already a campaign member.", "errorCode": "DUPLICATE_VALUE", "fields": []}
    ]
    assert refusals == [(400, twice)] * 2
    assert _members(org, "Id") == [(one,) for one in sorted([*first, other])]


def test_in_a_collection_only_the_second_row_is_refused(org: LiveOrg) -> None:
    """The same person twice in one call makes one row."""
    campaign, ada = _campaign(org), _lead(org)
    row = typed("CampaignMember", CampaignId=campaign, LeadId=ada)
    answer = org.call(
        "POST", "/composite/sobjects", json={"allOrNone": False, "records": [row, row]}
    ).json()
    assert [one["success"] for one in answer] == [True, False]
    assert answer[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_a_deleted_member_can_be_added_again(org: LiveOrg) -> None:
    """A member that was deleted by itself is in no recycle bin."""
    campaign, ada = _campaign(org), _lead(org)
    org.person.CampaignMember.delete(_member(org, campaign, LeadId=ada))
    again = _member(org, campaign, LeadId=ada)
    found = org.product.query("SELECT Id FROM CampaignMember", include_deleted=True)
    assert rows(found, "Id") == [(again,)]


def test_the_status_says_whether_the_person_responded(org: LiveOrg) -> None:
    """The first response is dated, and stays so; the flag itself cannot be written."""
    campaign = _campaign(org)
    member = _member(org, campaign, LeadId=_lead(org), Status="Responded")
    names = ("Status", "HasResponded", "FirstRespondedDate")
    ((_, _, day),) = first = _members(org, *names)
    org.product.CampaignMember.update(member, {"Status": "Sent"})
    assert (first, _members(org, *names)) == ([("Responded", True, day)], [("Sent", False, day)])
    assert day is not None
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.product.CampaignMember.update(member, {"HasResponded": True})


@pytest.mark.parametrize("given", [{}, {"Status": "Invented"}])
def test_without_a_status_of_its_own_the_campaigns_default_counts(
    org: LiveOrg, given: dict[str, str]
) -> None:
    """A status that the campaign does not have is not refused: its default is stored."""
    _member(org, _campaign(org), LeadId=_lead(org), **given)
    assert _members(org, "Status") == [("Sent",)]


def test_of_a_lead_and_a_contact_the_contact_is_the_member(org: LiveOrg) -> None:
    """A row with both has only the contact; one with neither is refused."""
    campaign, ada, bob = _campaign(org), _lead(org), _contact(org)
    _member(org, campaign, LeadId=ada, ContactId=bob)
    assert _members(org, "LeadId", "ContactId") == [(None, bob)]
    with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
        _member(org, campaign)


def test_a_member_keeps_its_campaign_and_its_person(org: LiveOrg) -> None:
    """Neither can be changed afterwards."""
    member = _member(org, _campaign(org), LeadId=_lead(org))
    for values in ({"LeadId": _lead(org)}, {"CampaignId": _campaign(org, "Webinar")}):
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
            org.product.CampaignMember.update(member, values)


def test_a_converted_lead_hands_its_membership_to_the_contact(org: LiveOrg) -> None:
    """The row keeps its id and its status; the contact cannot be added a second time."""
    campaign, ada = _campaign(org), _lead(org)
    member = _member(org, campaign, LeadId=ada, Status="Responded")
    made = org.sim.person({"do": "convert_lead", "lead_id": ada, "account_id": None})
    assert _members(org, "Id", "LeadId", "ContactId", "Status") == [
        (member, ada, made["contact_id"], "Responded")
    ]
    with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
        _member(org, campaign, ContactId=made["contact_id"])


def test_a_lead_converted_into_a_member_leaves_one_row(org: LiveOrg) -> None:
    """The contact's own row stays."""
    campaign, ada, bob = _campaign(org), _lead(org), _contact(org)
    _member(org, campaign, LeadId=ada)
    kept = _member(org, campaign, ContactId=bob)
    org.sim.person({"do": "convert_lead", "lead_id": ada, "contact_id": bob})
    assert _members(org, "Id", "ContactId") == [(kept, bob)]


def test_merged_contacts_are_one_member(org: LiveOrg) -> None:
    """The loser's row moves to the winner, unless the winner is a member already."""
    fair, webinar = _campaign(org), _campaign(org, "Webinar")
    winner, loser = _contact(org, "Stay"), _contact(org, "Go")
    kept = _member(org, fair, ContactId=winner)
    _member(org, fair, ContactId=loser)
    moved = _member(org, webinar, ContactId=loser)
    org.sim.person({"do": "merge", "object": "Contact", "winner": winner, "losers": [loser]})
    assert _members(org, "Id", "ContactId") == sorted([(kept, winner), (moved, winner)])


def test_members_are_deleted_and_restored_with_their_person_and_campaign(org: LiveOrg) -> None:
    """Deleting either takes the row along."""
    campaign, ada, bob = _campaign(org), _lead(org), _contact(org)
    members = [_member(org, campaign, LeadId=ada), _member(org, campaign, ContactId=bob)]
    org.person.Lead.delete(ada)
    seen = [_members(org, "Id")]
    org.sim.person({"do": "undelete", "ids": [ada]})
    seen.append(_members(org, "Id"))
    org.person.Campaign.delete(campaign)
    seen.append(_members(org, "Id"))
    assert seen == [[(members[1],)], [(one,) for one in sorted(members)], []]


def test_a_user_who_may_not_read_campaigns_sees_none(start_org: Any) -> None:
    """Neither campaigns nor members exist for the user."""
    org = start_org({"integration_profile": "minimum"})
    for name in ("Campaign", "CampaignMember", "CampaignMemberStatus"):
        status, body = refusal(org, "GET", f"/query/?q=SELECT+Id+FROM+{name}", {})
        assert (status, body[0]["errorCode"]) == (400, "INVALID_TYPE")
