"""``[[connection.campaigns]]`` of the settings file."""

from __future__ import annotations

import pytest

from crmsync.config import load_settings
from crmsync.model.kinds.campaign_settings import CampaignSettings, OnLeave
from crmsync.rules.settings.diff import differences
from tests.config.files import MINIMAL, complaints

CAMPAIGN = "701000000000001AAA"
FAIR = f'[[connection.campaigns]]\nlist = "42"\ncampaign = "{CAMPAIGN}"\nstatus = "Sent"\n'
LINE = MINIMAL.count("\n")
BETA = (
    MINIMAL.replace("acme/hub", "beta/hub").replace('"acme"', '"beta"').replace("555001", "555002")
)


def test_a_campaign_has_a_list_and_a_status() -> None:
    """Leaving means nothing unless the file says so."""
    left = 'on_leave = "Left"\n'
    webinar = FAIR.replace("001AAA", "002AAA") + left
    (connection,) = load_settings(MINIMAL + FAIR + webinar).connections
    assert connection.campaigns == (
        CampaignSettings("42", CAMPAIGN, "Sent"),
        CampaignSettings("42", "701000000000002AAA", "Sent", OnLeave.STATUS, "Left"),
    )


WRONG: dict[str, tuple[str, ...]] = {
    "no digits": (
        FAIR.replace('"42"', '"Guests"'),
        f'line {LINE + 2}: list is "Guests", must be the id of a HubSpot list (digits) (CMP-3)',
    ),
    "no name": (
        FAIR.replace(CAMPAIGN, ""),
        f'line {LINE + 3}: campaign is "", must be a text of at least 1 character (CMP-3)',
    ),
    "nothing but its brackets": (
        "[[connection.campaigns]]\n",
        f"line {LINE + 1}: [connection.campaigns] needs campaign (CFG-3)",
        f"line {LINE + 1}: [connection.campaigns] needs list (CFG-3)",
        f"line {LINE + 1}: [connection.campaigns] needs status (CFG-3)",
    ),
    "a campaign twice": (
        FAIR + FAIR,
        f"line {LINE + 7}: campaign {CAMPAIGN} has a list already (CMP-6)",
    ),
    "a campaign twice, its id in another case": (
        FAIR + FAIR.replace("AAA", "aaa").replace('"42"', '"43"'),
        f"line {LINE + 7}: campaign 701000000000001aaa has a list already (CMP-6)",
    ),
    "a campaign of two connections on one org": (
        FAIR + BETA + FAIR,
        (
            f'line {2 * LINE + 7}: campaign {CAMPAIGN} has a list already, in "acme", which shares '
            "this Salesforce org: give each connection a campaign of its own (CMP-6)"
        ),
    ),
    "one status for both": (
        FAIR + 'on_leave = "Sent"\n',
        f"line {LINE + 5}: on_leave is the status of those who join: give another one (CMP-5)",
    ),
    "contacts that do not sync": (
        FAIR + "[connection.contacts]\nsync = false\n",
        f"line {LINE + 1}: members are the counterparts of contacts: switch contacts on (CMP-4)",
    ),
}


@pytest.mark.rule("CMP-3")
@pytest.mark.rule("CMP-4")
@pytest.mark.rule("CMP-5")
@pytest.mark.rule("CMP-6")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_row_is_refused_with_its_line(name: str) -> None:
    """One sentence for each mistake."""
    text, *expected = WRONG[name]
    assert complaints(MINIMAL + text) == expected


@pytest.mark.rule("CMP-6")
def test_two_orgs_may_have_campaigns_with_the_same_id() -> None:
    """As a sandbox and its origin have; and a list may belong to several campaigns."""
    sandbox = BETA.replace("//acme.", "//acme--uat.sandbox.")
    settings = load_settings(MINIMAL + FAIR + FAIR.replace("001AAA", "002AAA") + sandbox + FAIR)
    assert [len(one.campaigns) for one in settings.connections] == [2, 1]


def test_a_changed_campaign_is_named_in_the_difference() -> None:
    """By the campaign's id, key by key."""
    before = load_settings(MINIMAL + FAIR)
    after = load_settings(MINIMAL + FAIR.replace("Sent", "Invited"))
    line = f'acme.campaigns {CAMPAIGN}.status: "Sent" -> "Invited"'
    assert differences(before, after) == (line,)
