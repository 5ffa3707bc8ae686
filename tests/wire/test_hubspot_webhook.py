"""HubSpot's webhook body, read as changes."""

import json
from datetime import UTC, datetime

import pytest

from crmsync.model.changes import Cause, Change
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.hubspot_webhook import Door, MalformedError, read_webhook

DOORS = [Door("acme", 555001, "990077")]
AT = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)


def an_event(**fields: object) -> dict[str, object]:
    return {
        "eventId": 700101,
        "subscriptionId": 61,
        "portalId": 555001,
        "appId": 990077,
        "occurredAt": round(AT.timestamp() * 1000),
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": 81,
        "propertyName": "phone",
        "propertyValue": "0100",
        "changeSource": "CRM_UI",
        "sourceId": "userId:4321",
    } | fields


def changes(*events: object) -> list[Change]:
    return read_webhook(json.dumps(events).encode(), DOORS)


def look(record_id: str, cause: Cause = Cause.EDITED) -> Change:
    return Change("acme", Kind.CONTACT, Ref(Side.HUBSPOT, "contact", record_id), cause, AT)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(an_event(), [look("81")], id="a property"),
        pytest.param(an_event(subscriptionType="contact.creation"), [look("81")], id="a creation"),
        pytest.param(
            an_event(subscriptionType="object.propertyChange", objectTypeId="0-1"), [look("81")], id="the generic form"
        ),
        pytest.param(an_event(subscriptionType="contact.deletion"), [look("81", Cause.DELETED)], id="a deletion"),
        pytest.param(
            an_event(subscriptionType="contact.privacyDeletion"), [look("81", Cause.FORGOTTEN)], id="a privacy deletion"
        ),
        pytest.param(
            an_event(
                subscriptionType="contact.merge",
                objectId=None,
                primaryObjectId=81,
                mergedObjectIds=[82, 83],
                newObjectId=90,
            ),
            [look("90"), look("81"), look("82"), look("83")],
            id="a merge, with the survivor under a new id",
        ),
        pytest.param(
            an_event(
                subscriptionType="object.associationChange",
                objectTypeId="0-1",
                objectId=None,
                fromObjectId=81,
                toObjectId=5,
            ),
            [look("81")],
            id="an association, whose generic form has no objectId",
        ),
        pytest.param(an_event(changeSource="INTEGRATION", sourceId="990077"), [], id="an echo of our own write"),
        pytest.param(
            an_event(changeSource="INTEGRATION", sourceId="990078"), [look("81")], id="another integration's write"
        ),
        pytest.param(an_event(portalId=555002), [], id="a portal that is not connected"),
        pytest.param(an_event(subscriptionType="conversation.newMessage"), [], id="a kind of event that is not ours"),
        pytest.param(an_event(subscriptionType="contact.somethingNew"), [], id="a type that does not exist yet"),
        pytest.param(an_event(subscriptionType="object.creation", objectTypeId="2-77"), [], id="a custom object"),
        pytest.param(an_event(objectId="81; DROP"), [], id="an id that is none"),
    ],
)
def test_an_event_says_where_to_look(event, expected):
    """Each event becomes the changes of the records that it speaks of, or nothing."""
    assert changes(event) == expected


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]", b'"text"', b"\xff\xfe"])
def test_a_body_that_is_no_array_of_events_is_named_as_malformed(body):
    """What HubSpot would never send is refused as a whole."""
    with pytest.raises(MalformedError):
        read_webhook(body, DOORS)


def test_no_value_of_an_event_gets_into_a_change():
    """A change holds ids and a time, never what was typed."""
    assert "0100" not in repr(changes(an_event()))
