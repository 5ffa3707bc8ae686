"""HubSpot's webhook body, read as changes."""

import json
from datetime import UTC, datetime

import pytest

from crmsync.model.changes import Cause, Change, TieEvent
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.hubspot_webhook import MalformedError, WebhookTenant, read_webhook

DOORS = [WebhookTenant("acme", 555001, "990077")]
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


def look_at_company(record_id: str, cause: Cause = Cause.EDITED) -> Change:
    return Change("acme", Kind.ACCOUNT, Ref(Side.HUBSPOT, "company", record_id), cause, AT)


def look_at_deal(record_id: str, cause: Cause = Cause.EDITED, *ties: TieEvent) -> Change:
    return Change(
        "acme", Kind.OPPORTUNITY, Ref(Side.HUBSPOT, "deal", record_id), cause, AT, ties=ties
    )


def tied(contact: str, *, is_gone: bool = False) -> TieEvent:
    return TieEvent(Ref(Side.HUBSPOT, "contact", contact), AT, is_gone)


def an_association(from_id: int, to_id: int, **fields: object) -> dict[str, object]:
    return an_event(**{"objectId": from_id, "fromObjectId": from_id, "toObjectId": to_id} | fields)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(an_event(), [look("81")], id="a property"),
        pytest.param(an_event(subscriptionType="contact.creation"), [look("81")], id="a creation"),
        pytest.param(
            an_event(subscriptionType="object.propertyChange", objectTypeId="0-1"),
            [look("81")],
            id="the generic form",
        ),
        pytest.param(
            an_event(subscriptionType="contact.deletion"),
            [look("81", Cause.DELETED)],
            id="a deletion",
        ),
        pytest.param(
            an_event(subscriptionType="contact.privacyDeletion"),
            [look("81", Cause.FORGOTTEN)],
            id="a privacy deletion",
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
            an_event(subscriptionType="company.creation"),
            [look_at_company("81")],
            id="a company's creation",
        ),
        pytest.param(
            an_event(subscriptionType="company.propertyChange"),
            [look_at_company("81")],
            id="a company's edit",
        ),
        pytest.param(
            an_event(subscriptionType="company.deletion"),
            [look_at_company("81", Cause.DELETED)],
            id="a company's deletion",
        ),
        pytest.param(
            an_event(subscriptionType="company.restore"),
            [look_at_company("81", Cause.RESTORED)],
            id="a company's restore",
        ),
        pytest.param(
            an_event(
                subscriptionType="company.merge",
                primaryObjectId=81,
                mergedObjectIds=[82],
                newObjectId=90,
            ),
            [look_at_company("90"), look_at_company("81"), look_at_company("82")],
            id="a merge of companies",
        ),
        pytest.param(
            an_event(subscriptionType="object.deletion", objectTypeId="0-2"),
            [look_at_company("81", Cause.DELETED)],
            id="a company in the generic form",
        ),
        pytest.param(
            an_association(
                81,
                5,
                subscriptionType="contact.associationChange",
                associationType="CONTACT_TO_COMPANY",
            ),
            [look("81"), look_at_company("5")],
            id="an association names both ends",
        ),
        pytest.param(
            an_association(
                5,
                81,
                subscriptionType="contact.associationChange",
                associationType="COMPANY_TO_CONTACT",
            ),
            [look_at_company("5"), look("81")],
            id="the same association from its other end, under the same subscription",
        ),
        pytest.param(
            an_association(
                5,
                81,
                subscriptionType="object.associationChange",
                objectId=None,
                fromObjectTypeId="0-2",
                toObjectTypeId="0-1",
            ),
            [look_at_company("5"), look("81")],
            id="an association's generic form, which has no objectId",
        ),
        pytest.param(
            an_event(subscriptionType="deal.propertyChange"),
            [look_at_deal("81")],
            id="a deal's edit",
        ),
        pytest.param(
            an_event(subscriptionType="deal.deletion"),
            [look_at_deal("81", Cause.DELETED)],
            id="a deal's deletion",
        ),
        pytest.param(
            an_event(subscriptionType="deal.restore"),
            [look_at_deal("81", Cause.RESTORED)],
            id="a deal's restore",
        ),
        pytest.param(
            an_event(
                subscriptionType="deal.merge",
                primaryObjectId=81,
                mergedObjectIds=[82],
                newObjectId=90,
            ),
            [look_at_deal("90"), look_at_deal("81"), look_at_deal("82")],
            id="a merge of deals",
        ),
        pytest.param(
            an_event(subscriptionType="object.creation", objectTypeId="0-3"),
            [look_at_deal("81")],
            id="a deal in the generic form",
        ),
        pytest.param(
            an_association(
                7, 81, subscriptionType="deal.associationChange", associationType="DEAL_TO_CONTACT"
            ),
            [look_at_deal("7", Cause.AGAIN, tied("81"))],
            id="a deal's contact, of which the deal's own properties tell nothing",
        ),
        pytest.param(
            an_association(
                7,
                81,
                subscriptionType="deal.associationChange",
                associationType="DEAL_TO_CONTACT",
                associationRemoved=True,
            ),
            [look_at_deal("7", Cause.AGAIN, tied("81", is_gone=True))],
            id="a deal's contact that was taken away",
        ),
        pytest.param(
            an_association(
                81,
                7,
                subscriptionType="contact.associationChange",
                associationType="CONTACT_TO_DEAL",
            ),
            [look_at_deal("7", Cause.AGAIN, tied("81"))],
            id="a contact's deal, where again the deal alone is looked at",
        ),
        pytest.param(
            an_association(
                7,
                5,
                subscriptionType="object.associationChange",
                fromObjectTypeId="0-3",
                toObjectTypeId="0-2",
            ),
            [look_at_deal("7", Cause.AGAIN)],
            id="a deal's company",
        ),
        pytest.param(
            an_association(
                7, 8, subscriptionType="deal.associationChange", associationType="DEAL_TO_TICKET"
            ),
            [],
            id="an association that nobody keeps in step",
        ),
        pytest.param(
            an_association(
                7, 8, subscriptionType="deal.associationChange", associationType="DEAL_TO_DEAL"
            ),
            [],
            id="an association of two deals",
        ),
        pytest.param(
            an_association(81, 7, subscriptionType="contact.associationChange"),
            [],
            id="an association that does not say of what",
        ),
        pytest.param(
            an_association(
                81,
                5,
                subscriptionType="contact.associationChange",
                associationType="CONTACT_TO_COMPANY",
                changeSource="INTEGRATION",
                sourceId="990077",
            ),
            [],
            id="the echo of an association that we made",
        ),
        pytest.param(
            an_event(changeSource="INTEGRATION", sourceId="990077"),
            [],
            id="an echo of our own write",
        ),
        pytest.param(
            an_event(propertyName="hs_email_optout", changeSource="INTEGRATION", sourceId="990077"),
            [look("81")],
            id="HubSpot shows the opt-out that we asked for",
        ),
        pytest.param(
            an_event(changeSource="INTEGRATION", sourceId="990078"),
            [look("81")],
            id="another integration's write",
        ),
        pytest.param(an_event(portalId=555002), [], id="a portal that is not connected"),
        pytest.param(
            an_event(subscriptionType="conversation.newMessage"),
            [],
            id="a kind of event that is not ours",
        ),
        pytest.param(
            an_event(subscriptionType="contact.somethingNew"),
            [],
            id="a type that does not exist yet",
        ),
        pytest.param(
            an_event(subscriptionType="object.creation", objectTypeId="2-77"),
            [],
            id="a custom object",
        ),
        pytest.param(an_event(objectId="81; DROP"), [], id="an id that is none"),
    ],
)
def test_an_event_names_the_records_to_sync(event, expected):
    """Each event becomes changes of the records that it names, or nothing."""
    assert changes(event) == expected


@pytest.mark.rule("SET-4")
def test_a_connection_gets_events_of_its_own_kinds_only():
    """If companies do not sync, a company's event is accepted and ignored; of an association only
    the contact syncs.
    """
    events = [
        an_event(subscriptionType="company.creation"),
        an_association(
            81,
            5,
            subscriptionType="contact.associationChange",
            associationType="CONTACT_TO_COMPANY",
        ),
    ]
    doors = [WebhookTenant("acme", 555001, "990077", frozenset({Kind.CONTACT}))]
    assert read_webhook(json.dumps(events).encode(), doors) == [look("81")]


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]", b'"text"', b"\xff\xfe"])
def test_a_body_that_is_not_an_array_of_events_is_malformed(body):
    """A body that HubSpot would never send is refused as a whole."""
    with pytest.raises(MalformedError):
        read_webhook(body, DOORS)


def test_no_value_of_an_event_gets_into_a_change():
    """A change has ids and a time, never a value that somebody typed."""
    assert "0100" not in repr(changes(an_event()))
