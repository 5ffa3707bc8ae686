"""What `crmsync status` says about campaigns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.cli.show.status import _campaign, _campaign_row
from crmsync.flows.operator.health.campaigns import (
    CampaignStatus,
    campaign_findings,
    campaign_states,
)
from crmsync.model.kinds.campaign_settings import CampaignSettings
from crmsync.model.kinds.campaigns import SHOWN, CampaignTrouble, ListProgress
from tests.builders import NOON, a_connection
from tests.memory.campaigns import MemoryCampaigns

FAIR, WEBINAR, NEW = "701000000000001AAA", "701000000000002AAA", "701000000000003AAA"


@pytest.mark.rule("CMP-7")
def test_a_campaign_that_stands_still_or_refuses_rows_is_named() -> None:
    """With its counts and the reason; one that was never swept, or is fine, has no sentence. What
    the settings no longer name is left out.
    """
    store = MemoryCampaigns()
    stopped = CampaignTrouble("NO_STATUS", "No such status.", NOON)
    fair = ListProgress(
        members=frozenset({1, 2}),
        waiting=frozenset({3, 4, 5}),
        leaving=frozenset({6}),
        refused=frozenset({3}),
        refusal="FIELD_CUSTOM_VALIDATION_EXCEPTION: Not now.",
        read_at=NOON,
    )
    store.save("acme", ("42", FAIR), fair, NOON)
    store.save("acme", ("43", WEBINAR), ListProgress(trouble=stopped), NOON)
    store.save("acme", ("44", FAIR), ListProgress(trouble=stopped), NOON)
    rows = [("42", FAIR), ("43", WEBINAR), ("43", NEW)]
    campaigns = tuple(CampaignSettings(*row, "Sent") for row in rows)

    states = campaign_states(store, replace(a_connection(), campaigns=campaigns))

    assert states == (
        CampaignStatus("42", FAIR, 2, 3, 1, 1, fair.refusal, None, NOON),
        CampaignStatus("43", WEBINAR, trouble=stopped),
        CampaignStatus("43", NEW),
    )
    assert campaign_findings("acme", states) == [
        (
            f"acme: Salesforce refuses 1 member of campaign {FAIR}, the last one because of "
            "FIELD_CUSTOM_VALIDATION_EXCEPTION: Not now. They are tried again once a day."
        ),
        (
            f"acme: campaign {WEBINAR} stands still since 2026-11-02 12:00 UTC: No such status. "
            "crmsync check says what is missing; the next sweep tries again."
        ),
    ]
    assert [_campaign(one) for one in states[:2]] == [
        "2 members, 3 waiting, 1 leaving, 1 refused",
        "0 members, 0 waiting, 0 leaving, 0 refused, stands still (NO_STATUS)",
    ]
    assert _campaign_row(states[1])["trouble"] == {
        "code": "NO_STATUS",
        "text": "No such status.",
        "since": "2026-11-02T12:00:00+00:00",
    }


def test_a_connection_without_campaigns_has_none() -> None:
    """Nothing is read."""
    assert campaign_states(MemoryCampaigns(), a_connection()) == ()


@pytest.mark.rule("CMP-1")
def test_what_contacts_show_of_campaigns_is_counted() -> None:
    """After the campaigns of the settings; a standstill and refusals have a sentence."""
    store = MemoryCampaigns()
    contacts = replace(a_connection().contacts, show_campaigns=True)
    connection = replace(a_connection(), contacts=contacts)
    shown = ListProgress(
        members=frozenset({1, 2}),
        waiting=frozenset({3}),
        refused=frozenset({3}),
        refusal="VALIDATION_ERROR: Not now.",
    )
    saved = store.save("acme", SHOWN, shown, NOON)
    refused = campaign_states(store, connection)
    trouble = CampaignTrouble("PROPERTY_DOESNT_EXIST", "No such property.", NOON)
    store.save("acme", SHOWN, replace(saved, trouble=trouble), NOON)
    stopped = campaign_states(store, connection)

    assert [(one.label, _campaign(one)) for one in (*refused, *stopped)] == [
        ("campaigns in HubSpot", "2 contacts show some, 1 waiting, 1 refused"),
        (
            "campaigns in HubSpot",
            "2 contacts show some, 1 waiting, 1 refused, stands still (PROPERTY_DOESNT_EXIST)",
        ),
    ]
    assert campaign_findings("acme", (*refused, *stopped)) == [
        (
            "acme: HubSpot refuses to show the campaigns of 1 contact, the last one because of "
            "VALIDATION_ERROR: Not now. They are tried again once a day."
        ),
        (
            "acme: contacts in HubSpot do not show their campaigns since 2026-11-02 12:00 UTC: No "
            "such property. crmsync check says what is missing; the next sweep tries again."
        ),
    ]
