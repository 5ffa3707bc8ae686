"""What an administrator sets up in an account: companies by domain, owners, properties, and the
scopes of a token.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulators.hubspot import UnknownActionError
from tests.simulators.hubspot.running import Running, running


def test_companies_are_created_by_domain_if_the_account_says_so() -> None:
    """The first contact of a domain creates the company, the second is associated with it, and
    free-mail addresses create none.
    """
    with running({"auto_create_and_associate_companies": True}) as hubspot:
        contacts = [hubspot.create(email=f"{name}.test") for name in ("a@acme", "b@acme", "c@mail")]
        companies = hubspot.call("GET", "/crm/v3/objects/companies").json()["results"]
        company = companies[0]["id"]
        primary = [
            hubspot.values(contact, "associatedcompanyid")["associatedcompanyid"]
            for contact in contacts
        ]
        assert [row["properties"]["domain"] for row in companies] == ["acme.test"]
        by_hand = hubspot.create("companies", name="By hand")
        sources = [
            hubspot.values(one, "hs_object_source", kind="companies") for one in (company, by_hand)
        ]
        assert [source["hs_object_source"] for source in sources] == ["COMPANY_INSIGHTS", "CRM_UI"]
        assert primary == [company, company, None]


def test_companies_are_not_created_by_default(hubspot: Running) -> None:
    """The account's setting is off by default."""
    hubspot.create(email="a@acme.test")
    assert hubspot.call("GET", "/crm/v3/objects/companies").json()["results"] == []


def test_a_deactivated_owner_is_shown_only_on_request() -> None:
    """A deactivated owner is left out of other pages and has no user id."""
    with running(
        {"owners": [{"email": "o@example.com", "firstName": "O", "lastName": "X"}]}
    ) as hubspot:
        hubspot.simulator.person({"do": "deactivate_owner", "email": "o@example.com"})
        active = hubspot.call("GET", "/crm/v3/owners/").json()["results"]
        (gone,) = hubspot.call("GET", "/crm/v3/owners/?archived=true").json()["results"]
        assert (active, gone["email"], "userId" in gone) == ([], "o@example.com", False)


@pytest.mark.parametrize(
    "action", [{"do": "dance"}, {"do": "unsubscribe", "portal_id": 9, "email": "x@example.com"}]
)
def test_an_unknown_action_is_refused(hubspot: Running, action: dict[str, Any]) -> None:
    """Neither unknown actions nor unknown portals are ignored."""
    with pytest.raises(UnknownActionError):
        hubspot.simulator.person(action)


def test_impossible_properties_are_refused(hubspot: Running) -> None:
    """Refused are names that are taken (also in the recycle bin), an eleventh unique property,
    unknown groups, and HubSpot's own definitions.
    """
    base = "/crm/v3/properties/contacts"
    field = {"label": "X", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    for number in range(10):
        hubspot.call("POST", base, field | {"name": f"u{number}", "hasUniqueValue": True})
    hubspot.call("DELETE", f"{base}/u0")
    hubspot.call("POST", base, field | {"name": "u10", "hasUniqueValue": True})
    answers = [
        hubspot.call("POST", base, field | {"name": "u1"}),
        hubspot.call("POST", base, field | {"name": "u0"}),
        hubspot.call("POST", base, field | {"name": "u11", "hasUniqueValue": True}),
        hubspot.call("POST", base, field | {"name": "x", "groupName": "nosuch"}),
        hubspot.call("POST", base, field | {"name": "x", "type": "enumeration"}),
        hubspot.call("DELETE", f"{base}/email"),
        hubspot.call("PATCH", f"{base}/email", {"type": "number"}),
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 400, 400, 400, 400, 400]


def test_a_token_shows_its_account_its_app_and_its_scopes() -> None:
    """A token can only ask about itself."""
    with running({"scopes": ["oauth", "content"]}) as hubspot:
        path = "/oauth/v2/private-apps/get/access-token-info"
        told = hubspot.call(
            "POST", path, {"tokenKey": hubspot.portal.access_token}, person=False
        ).json()
        strange = hubspot.call("POST", path, {"tokenKey": "pat-of-another-app"}, person=False)

    assert told == {
        "userId": 4321,
        "hubId": 555001,
        "appId": 990077,
        "scopes": ["content", "oauth"],
    }
    assert strange.status_code == 404


CALLS = {
    "crm.objects.contacts.read": ("GET", "/crm/v3/objects/contacts"),
    "crm.objects.contacts.write": ("POST", "/crm/objects/2026-03/0-1"),
    "crm.schemas.companies.write": ("POST", "/crm/v3/properties/companies"),
    "crm.schemas.deals.write": ("POST", "/crm/pipelines/2026-03/deals"),
    "crm.lists.read": ("GET", "/crm/v3/lists"),
    "crm.objects.owners.read": ("GET", "/crm/v3/owners/"),
    "communication_preferences.read_write": (
        "POST",
        "/communication-preferences/v4/statuses/a@example.com/unsubscribe-all?channel=EMAIL",
    ),
    "content": ("GET", "/email/public/v1/events"),
}


@pytest.mark.parametrize("scope", CALLS)
def test_an_app_may_only_do_what_its_scopes_allow(scope: str) -> None:
    """A call without its scope is refused with the scopes that would allow it; a person in the user
    interface needs none.
    """
    method, path = CALLS[scope]
    with running({"scopes": []}) as hubspot:
        refused = hubspot.call(method, path, {"properties": {}}, person=False)
        person = hubspot.call(method, path, {"properties": {}})
    with running({"scopes": [scope]}) as hubspot:
        allowed = hubspot.call(method, path, {"properties": {}}, person=False)

    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert scope in refused.json()["errors"][0]["context"]["requiredGranularScopes"]
    assert 403 not in {person.status_code, allowed.status_code}
