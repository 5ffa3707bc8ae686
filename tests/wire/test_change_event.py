"""Salesforce's change events, read as changes."""

from datetime import UTC, datetime

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.change_event import EventTenant, read_change_event
from tests.builders import LEAD_ID, OUR_USER

ORG = "00D000000000001EAA"
DOORS = [EventTenant("acme", ORG, OUR_USER)]
AT = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
OTHER_LEAD = "00Q000000000002AAA"
ACCOUNT_ID = "001000000000001AAA"
OPPORTUNITY_ID = "006000000000001AAA"
ROLE_ID = "00K000000000001AAA"


def an_event(
    *,
    source: str = f"aws.partner/salesforce.com/{ORG}/0YL000000000001GAA",
    bare: bool = False,
    **header: object,
):
    head = {
        "entityName": "Lead",
        "recordIds": [LEAD_ID],
        "changeType": "UPDATE",
        "changeOrigin": "",
        "commitTimestamp": round(AT.timestamp() * 1000),
        "commitUser": "005000000000009AAA",
        "changedFields": ["Phone"],
    } | header
    payload = {"ChangeEventHeader": head, "Phone": "0100"}
    return {
        "source": source,
        "detail-type": "LeadChangeEvent",
        "detail": payload if bare else {"payload": payload},
    }


def look(record_id: str = LEAD_ID, cause: Cause = Cause.EDITED, connection: str = "acme") -> Change:
    return Change(connection, Kind.CONTACT, Ref(Side.SALESFORCE, "Lead", record_id), cause, AT)


OURS = "com/salesforce/api/rest/66.0;client=crmsync"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(an_event(), [look()], id="an update"),
        pytest.param(
            an_event(recordIds=[LEAD_ID, OTHER_LEAD]),
            [look(), look(OTHER_LEAD)],
            id="several records at once",
        ),
        pytest.param(an_event(changeType="DELETE"), [look(cause=Cause.DELETED)], id="a deletion"),
        pytest.param(
            an_event(changeType="UNDELETE"), [look(cause=Cause.RESTORED)], id="an undelete"
        ),
        pytest.param(
            an_event(changeType="GAP_DELETE"), [look(cause=Cause.DELETED)], id="a deletion in a gap"
        ),
        pytest.param(
            an_event(changeType="GAP_UPDATE"),
            [look()],
            id="a gap, which names its records all the same",
        ),
        pytest.param(
            an_event(changeType="GAP_OVERFLOW", recordIds=["000000000000000AAA"[:3] + "*"]),
            [],
            id="an overflow",
        ),
        pytest.param(
            an_event(source="aws.partner/appflow/salesforce", bare=True),
            [look()],
            id="through AppFlow",
        ),
        pytest.param(
            an_event(changeOrigin=OURS, commitUser=OUR_USER), [], id="an echo of our own write"
        ),
        pytest.param(
            an_event(changeOrigin=OURS), [look()], id="our client name used by somebody else"
        ),
        pytest.param(
            an_event(changeOrigin="com/salesforce/api/rest/66.0", commitUser=OUR_USER),
            [look()],
            id="our user by hand",
        ),
        pytest.param(
            an_event(entityName="Account", recordIds=[ACCOUNT_ID]),
            [
                Change(
                    "acme",
                    Kind.ACCOUNT,
                    Ref(Side.SALESFORCE, "Account", ACCOUNT_ID),
                    Cause.EDITED,
                    AT,
                )
            ],
            id="an account",
        ),
        pytest.param(
            an_event(entityName="Opportunity", recordIds=[OPPORTUNITY_ID]),
            [
                Change(
                    "acme",
                    Kind.OPPORTUNITY,
                    Ref(Side.SALESFORCE, "Opportunity", OPPORTUNITY_ID),
                    Cause.EDITED,
                    AT,
                )
            ],
            id="an opportunity",
        ),
        pytest.param(
            an_event(entityName="OpportunityContactRole", recordIds=[ROLE_ID], changeType="DELETE"),
            [
                Change(
                    "acme",
                    Kind.OPPORTUNITY,
                    Ref(Side.SALESFORCE, "OpportunityContactRole", ROLE_ID),
                    Cause.DELETED,
                    AT,
                )
            ],
            id="a contact role, which tells of its opportunity",
        ),
        pytest.param(an_event(entityName="Case"), [], id="an object that no concern has"),
        pytest.param(
            an_event(source="aws.partner/salesforce.com/00D000000000002EAA/0YL"),
            [],
            id="another org",
        ),
        pytest.param({"source": "x", "detail": {}}, [], id="no change event at all"),
    ],
)
def test_a_change_event_names_the_records_to_sync(event, expected):
    """Only the header is read, for the records that changed; our own writes and other orgs are left
    out.
    """
    assert read_change_event(event, DOORS) == expected


@pytest.mark.rule("TEN-1")
def test_an_org_with_two_portals_gives_changes_to_both_connections():
    """Several HubSpot accounts on one org each get its changes; the echo of one is not an echo for
    another whose user differs.
    """
    doors = [*DOORS, EventTenant("beta", ORG, "005000000000002AAA")]
    event = an_event(changeOrigin=OURS, commitUser=OUR_USER)
    assert read_change_event(event, doors) == [look(connection="beta")]
    assert read_change_event(an_event(), doors) == [look(), look(connection="beta")]


@pytest.mark.rule("SET-4")
def test_a_connection_gets_changes_of_its_own_kinds_only():
    """If companies do not sync, an account is ignored; leads still sync."""
    doors = [EventTenant("acme", ORG, OUR_USER, frozenset({Kind.CONTACT}))]
    assert read_change_event(an_event(entityName="Account", recordIds=[ACCOUNT_ID]), doors) == []
    assert read_change_event(an_event(), doors) == [look()]
