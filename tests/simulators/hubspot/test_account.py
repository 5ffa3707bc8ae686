"""What an administrator sets up and a person does: lists, companies by domain, owners, opt-outs,
properties.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulators.hubspot import UnknownActionError
from tests.simulators.hubspot.running import Running, running

LISTS = "/crm/v3/lists"


def memberships(hubspot: Running, contact: str) -> list[str]:
    """Return the lists of which a contact is a member."""
    body = {"inputs": [{"objectTypeId": "0-1", "recordId": contact}]}
    rows = hubspot.call("POST", "/crm/lists/2026-03/records/memberships/batch/read", body).json()[
        "results"
    ]
    return [row["listId"] for row in rows[0]["recordListMemberships"]]


def test_lists_of_the_world_keep_their_ids() -> None:
    """A manual list has its id from the world file, accepts members, and a merge moves them."""
    with running(
        {"lists": [{"listId": "77", "name": "Chosen", "processingType": "MANUAL"}]}
    ) as hubspot:
        one, two = hubspot.create(email="1@example.com"), hubspot.create(email="2@example.com")
        hubspot.call("PUT", f"{LISTS}/77/memberships/add", [two])
        merge = {"primaryObjectId": one, "objectIdToMerge": two}
        survivor = hubspot.call("POST", "/crm/v3/objects/contacts/merge", merge).json()["id"]
        assert (memberships(hubspot, survivor), memberships(hubspot, "999")) == (["77"], [])


def test_a_dynamic_list_follows_its_filters_with_a_lag(hubspot: Running) -> None:
    """Members come and go with the property; the list cannot be written to."""
    operation = {
        "operationType": "ENUMERATION",
        "operator": "IS_ANY_OF",
        "values": ["customer", "evangelist"],
    }
    filters = [{"filterType": "PROPERTY", "property": "lifecyclestage", "operation": operation}]
    branch = {
        "filterBranchType": "OR",
        "filterBranches": [{"filterBranchType": "AND", "filters": filters}],
    }
    row = {
        "name": "Customers",
        "objectTypeId": "0-1",
        "processingType": "DYNAMIC",
        "filterBranch": branch,
    }
    made = hubspot.call("POST", LISTS, row).json()["list"]["listId"]
    contact = hubspot.create(lifecyclestage="customer")
    fresh = memberships(hubspot, contact)
    hubspot.pass_lag()
    settled = memberships(hubspot, contact)
    hubspot.call(
        "PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"lifecyclestage": ""}}
    )
    hubspot.pass_lag()
    assert (fresh, settled, memberships(hubspot, contact)) == ([], [made], [])
    assert hubspot.call("PUT", f"{LISTS}/{made}/memberships/add", [contact]).status_code == 400


def test_members_are_paged(hubspot: Running) -> None:
    """A list's members come by cursor, at most 250 per page."""
    row = {"name": "Many", "objectTypeId": "0-1", "processingType": "MANUAL"}
    list_id = hubspot.call("POST", LISTS, row).json()["list"]["listId"]
    ids = [hubspot.create(email=f"{number}@example.com") for number in range(3)]
    hubspot.call("PUT", f"{LISTS}/{list_id}/memberships/add", ids)
    first = hubspot.call("GET", f"{LISTS}/{list_id}/memberships?limit=2").json()
    rest = hubspot.call(
        "GET", f"{LISTS}/{list_id}/memberships?limit=2&after={first['paging']['next']['after']}"
    ).json()
    assert [row["recordId"] for row in first["results"] + rest["results"]] == ids
    assert hubspot.call("GET", f"{LISTS}/{list_id}/memberships?limit=251").status_code == 400


def test_members_come_oldest_first_or_backwards_from_a_token(hubspot: Running) -> None:
    """Ascending with `after` or without a token, descending with `before` only [V]; if both are
    given, `after` counts.
    """
    row = {"name": "Many", "objectTypeId": "0-1", "processingType": "MANUAL"}
    list_id = hubspot.call("POST", LISTS, row).json()["list"]["listId"]
    ids = [hubspot.create(email=f"{number}@example.com") for number in range(5)]
    order = [ids[at] for at in (3, 0, 4, 1, 2)]
    for one in order:
        hubspot.call("PUT", f"{LISTS}/{list_id}/memberships/add", [one])
        hubspot.clock.advance(1)

    def page(query: str) -> tuple[list[str], dict[str, Any]]:
        answer = hubspot.call(
            "GET", f"{LISTS}/{list_id}/memberships/join-order?limit=2{query}"
        ).json()
        return [row["recordId"] for row in answer["results"]], answer.get("paging", {})

    first, more = page("")
    second, last = page(f"&after={more['next']['after']}")
    back, further = page(f"&before={last['next']['after']}")
    begin, nothing = page(f"&before={further['prev']['before']}")
    assert (first, second) == (order[:2], order[2:4])
    assert (back, begin, nothing) == (order[3:1:-1], order[1::-1], {})
    assert page("&after=2&before=1") == (second, last)


def test_a_search_for_lists_shows_when_members_last_joined_and_left(hubspot: Running) -> None:
    """The list's own properties are always shown; empty ones are left out [D]."""
    row = {"name": "Chosen", "objectTypeId": "0-1", "processingType": "MANUAL"}
    list_id = hubspot.call("POST", LISTS, row).json()["list"]["listId"]
    contact = hubspot.create(email="l@example.com")

    def properties() -> dict[str, Any]:
        [found] = hubspot.call("POST", f"{LISTS}/search", {"listIds": [list_id]}).json()["lists"]
        return dict(found["additionalProperties"])

    before = properties()
    hubspot.call("PUT", f"{LISTS}/{list_id}/memberships/add", [contact])
    hubspot.clock.advance(5)
    hubspot.call("PUT", f"{LISTS}/{list_id}/memberships/remove", [contact])
    after = properties()
    came, left = (int(after[f"hs_last_record_{verb}_at"]) for verb in ("added", "removed"))
    assert before == {"hs_list_size": "0"}
    assert (after["hs_list_size"], len(after)) == ("0", 3)
    assert 5000 <= left - came < 15_000


def test_a_list_that_cannot_be_evaluated_is_refused(hubspot: Running) -> None:
    """Filter types that this simulator does not know are 400, so that no list means
    something else.
    """
    branch = {"filterBranchType": "AND", "filters": [{"filterType": "FORM_SUBMISSION"}]}
    row = {
        "name": "Forms",
        "objectTypeId": "0-1",
        "processingType": "DYNAMIC",
        "filterBranch": branch,
    }
    assert hubspot.call("POST", LISTS, row).status_code == 400


def test_companies_are_created_by_domain_if_the_account_wants_it() -> None:
    """The first contact of a domain creates the company, the second joins it, free-mail addresses
    create none.
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


def test_one_company_is_primary_and_the_property_mirrors_it(hubspot: Running) -> None:
    """A new primary company replaces the former one; without any company the property is empty."""
    contact = hubspot.create(email="p@example.com")
    first, second = (hubspot.create("companies", name=name) for name in ("First", "Second"))
    base = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    seen = []
    for method, company, body in (
        ("PUT", first, [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]),
        ("PUT", second, [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]),
        ("DELETE", second, None),
        ("DELETE", first, None),
    ):
        hubspot.call(method, f"{base}/{company}", body)
        seen.append(hubspot.values(contact, "associatedcompanyid")["associatedcompanyid"])
    assert seen == [first, second, None, None]


def test_the_mirror_follows_a_merged_and_a_deleted_company(hubspot: Running) -> None:
    """The contact's company id is the survivor's after a merge, and empty after the deletion."""
    contact = hubspot.create(email="m@example.com")
    one, two = (hubspot.create("companies", name=name) for name in ("One", "Two"))
    hubspot.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{two}")
    merge = {"primaryObjectId": one, "objectIdToMerge": two}
    survivor = hubspot.call("POST", "/crm/v3/objects/companies/merge", merge).json()["id"]
    merged = hubspot.values(contact, "associatedcompanyid")
    hubspot.call("DELETE", f"/crm/v3/objects/companies/{survivor}")
    assert (merged, hubspot.values(contact, "associatedcompanyid")) == (
        {"associatedcompanyid": survivor},
        {"associatedcompanyid": None},
    )


def test_clearing_the_company_id_removes_the_association(hubspot: Running) -> None:
    """The other companies stay, and the history of the property has every step."""
    contact = hubspot.create(email="empty@example.com")
    one, two = (hubspot.create("companies", name=name) for name in ("One", "Two"))
    for company in (one, two):
        hubspot.call(
            "PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
        )
    hubspot.call(
        "PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"associatedcompanyid": ""}}
    )
    page = hubspot.call("GET", f"/crm/v4/objects/contacts/{contact}/associations/companies").json()[
        "results"
    ]
    path = f"/crm/v3/objects/contacts/{contact}?propertiesWithHistory=associatedcompanyid"
    history = hubspot.call("GET", path).json()["propertiesWithHistory"]["associatedcompanyid"]
    assert [row["toObjectId"] for row in page] == [int(two)]
    assert [version["value"] for version in history] == ["", one]


def test_an_administrator_may_limit_associations() -> None:
    """One too many is refused alone, in either direction; existing associations stay."""
    with running(
        {"association_limits": [{"from": "company", "to": "contact", "max": 1}]}
    ) as hubspot:
        contacts = [hubspot.create(email=f"p{number}@example.com") for number in range(2)]
        company = hubspot.create("companies", name="Acme")
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 280}]
        inputs = [
            {"from": {"id": company}, "to": {"id": contact}, "types": types} for contact in contacts
        ]
        path = "/crm/v4/associations/companies/contacts/batch/create"
        answers = [hubspot.call("POST", path, {"inputs": inputs}) for _ in range(2)]
    for answer in answers:
        assert (answer.status_code, len(answer.json()["results"])) == (207, 1)
        (error,) = answer.json()["errors"]
        assert (error["category"], error["context"]["toObjectId"]) == (
            "VALIDATION_ERROR",
            [contacts[1]],
        )


def test_a_change_of_primary_company_sends_association_and_property_events(
    hubspot: Running,
) -> None:
    """The former company loses its primary label, with events in both directions; the contact's
    property changes, too.
    """
    contact = hubspot.create(email="told@example.com")
    one, two = (hubspot.create("companies", name=name) for name in ("One", "Two"))
    for company in (one, two):
        hubspot.call(
            "PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
        )
    hubspot.subscribe(
        ("contact.associationChange", None), ("contact.propertyChange", "associatedcompanyid")
    )
    primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    hubspot.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{two}", primary)
    events = hubspot.events()
    ends = {
        (
            e["associationType"],
            e["fromObjectId"],
            e["toObjectId"],
            e["associationRemoved"],
            e["isPrimaryAssociation"],
        )
        for e in events
        if e["subscriptionType"] == "contact.associationChange"
    }
    assert ends == {
        (
            kind,
            *(
                (int(contact), int(company))
                if kind == "CONTACT_TO_COMPANY"
                else (int(company), int(contact))
            ),
            gone,
            True,
        )
        for company, gone in ((one, True), (two, False))
        for kind in ("CONTACT_TO_COMPANY", "COMPANY_TO_CONTACT")
    }
    properties = [
        e["propertyValue"] for e in events if e["subscriptionType"] == "contact.propertyChange"
    ]
    assert properties == [two]


def test_setting_the_company_id_associates_it(hubspot: Running) -> None:
    """Writing the mirroring property makes that company the primary one."""
    company = hubspot.create("companies", name="Acme")
    contact = hubspot.create(email="set@example.com", associatedcompanyid=company)
    page = hubspot.call("GET", f"/crm/v4/objects/contacts/{contact}/associations/companies").json()[
        "results"
    ]
    assert [
        (row["toObjectId"], [kind["label"] for kind in row["associationTypes"]]) for row in page
    ] == [(int(company), ["Primary", None])]


def test_labels_of_the_account_join_the_plain_type(hubspot: Running) -> None:
    """A label is defined in both directions, associates with the plain type, and is removed
    together with it.
    """
    base = "/crm/v4/associations/contacts/companies"
    made = hubspot.call(
        "POST", f"{base}/labels", {"label": "Buyer", "name": "buyer", "inverseLabel": "Buys"}
    ).json()
    type_id = made["results"][0]["typeId"]
    contact, company = (
        hubspot.create(email="label@example.com"),
        hubspot.create("companies", name="Acme"),
    )
    ends = {"from": {"id": contact}, "to": {"id": company}}
    labelled = {"types": [{"associationCategory": "USER_DEFINED", "associationTypeId": type_id}]}
    hubspot.call("POST", f"{base}/batch/create", {"inputs": [ends | labelled]})
    back = hubspot.call(
        "POST", "/crm/v4/associations/companies/contacts/batch/read", {"inputs": [{"id": company}]}
    )
    plain = {"types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}
    hubspot.call("POST", f"{base}/batch/labels/archive", {"inputs": [ends | plain]})
    empty = hubspot.call("POST", f"{base}/batch/read", {"inputs": [{"id": contact}]})
    types = back.json()["results"][0]["to"][0]["associationTypes"]
    assert {row["label"] for row in types} == {"Primary", "Buys", None}
    assert (empty.status_code, empty.json()["results"]) == (207, [])


def test_a_deactivated_owner_is_shown_only_on_request() -> None:
    """Deactivated owners leave the page and lose their user id."""
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


def test_mail_events_are_kept_and_filtered() -> None:
    """The event log answers newest first, by time, type and recipient, with its campaigns."""
    campaigns = [{"id": 70012, "appId": 113, "name": "Spring", "subject": "Hello"}]
    with running({"campaigns": campaigns}) as hubspot:
        events = [
            {
                "id": f"e{at}",
                "created": at,
                "type": kind,
                "recipient": "m@example.com",
                "filteredEvent": kind == "OPEN",
            }
            for at, kind in ((1, "SENT"), (2, "CLICK"), (3, "OPEN"))
        ]
        hubspot.simulator.person({"do": "email_events", "events": events})
        path = "/email/public/v1/events?limit=10"
        queries = ("", "&eventType=CLICK", "&startTimestamp=2", "&excludeFilteredEvents=true")
        found = [
            [row["id"] for row in hubspot.call("GET", path + query).json()["events"]]
            for query in queries
        ]
        campaign = hubspot.call("GET", "/email/public/v1/campaigns/70012?appId=113").json()
    assert (found, campaign["name"]) == (
        [["e3", "e2", "e1"], ["e2"], ["e3", "e2"], ["e2", "e1"]],
        "Spring",
    )


def mail_event(number: int, created: int, **more: Any) -> dict[str, Any]:
    """Return one event of the log."""
    return {
        "id": f"e{number}",
        "created": created,
        "type": "OPEN",
        "recipient": "m@example.com",
        **more,
    }


def test_the_event_log_is_paged_by_an_opaque_offset(hubspot: Running) -> None:
    """The offset is valid for its own query only, with any limit; new events shift nothing, and
    late ones appear at their time.
    """
    hubspot.simulator.person(
        {"do": "email_events", "events": [mail_event(n, n) for n in range(1, 6)]}
    )
    path = "/email/public/v1/events?eventType=OPEN&limit=2"
    first = hubspot.call("GET", path).json()
    hubspot.simulator.person(
        {"do": "email_events", "events": [mail_event(6, 6), mail_event(7, 2), mail_event(7, 2)]}
    )
    rest = hubspot.call(
        "GET", f"/email/public/v1/events?eventType=OPEN&limit=1000&offset={first['offset']}"
    ).json()
    other = hubspot.call("GET", f"/email/public/v1/events?eventType=CLICK&offset={first['offset']}")
    broken = hubspot.call("GET", f"{path}&offset=2")

    assert [row["id"] for row in first["events"]] == ["e5", "e4"]
    assert ([row["id"] for row in rest["events"]], rest["hasMore"]) == (
        ["e3", "e7", "e7", "e2", "e1"],
        False,
    )
    assert (first["hasMore"], other.status_code, broken.status_code) == (True, 400, 400)


def test_one_event_is_read_by_its_moment_and_its_id(hubspot: Running) -> None:
    """Both together; a campaign is read with its app."""
    hubspot.simulator.person(
        {"do": "email_events", "events": [mail_event(1, 10), mail_event(2, 10)]}
    )
    base = "/email/public/v1/events"
    answers = [
        hubspot.call("GET", f"{base}/{path}").status_code for path in ("10/e2", "11/e2", "x/e2")
    ]

    assert hubspot.call("GET", f"{base}/10/e2").json()["id"] == "e2"
    assert answers == [200, 404, 404]
    assert hubspot.call("GET", f"{base}?campaignId=70012").status_code == 400


def test_properties_are_refused_where_hubspot_refuses(hubspot: Running) -> None:
    """Taken names (also in the recycle bin), the eleventh unique one, unknown groups, and HubSpot's
    own definitions.
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


def test_deal_stages_belong_to_their_pipeline(hubspot: Running) -> None:
    """A stage of another pipeline is refused, and a stage in use is kept if the caller asks for the
    check.
    """
    refused = hubspot.call("POST", "/crm/v3/objects/deals", {"properties": {"dealstage": "nosuch"}})
    hubspot.create("deals", dealname="D", dealstage="closedwon")
    stage = "/crm/v3/pipelines/deals/default/stages/closedwon"
    checked = hubspot.call("DELETE", f"{stage}?validateDealStageUsagesBeforeDelete=true")
    assert (refused.status_code, checked.status_code, hubspot.call("GET", stage).status_code) == (
        400,
        400,
        200,
    )


def a_pipeline(label: str, *stages: str) -> dict[str, object]:
    """Return a pipeline with stages of these labels, all with the same display order."""
    rows = [{"label": one, "displayOrder": 0, "metadata": {"probability": "0.1"}} for one in stages]
    return {"label": label, "displayOrder": 1, "stages": rows}


def test_labels_of_pipelines_and_stages_are_unique_and_decide_the_order(hubspot: Running) -> None:
    """Entries with the same display order are sorted by label; a taken label is refused."""
    path = "/crm/v3/pipelines/deals"
    made = hubspot.call("POST", path, a_pipeline("Ours", "B", "A")).json()
    stages = f"{path}/{made['id']}/stages"
    stage = {"label": "A", "displayOrder": 7, "metadata": {"probability": "0.1"}}

    refused = [
        hubspot.call("POST", path, a_pipeline("Ours", "A")),
        hubspot.call("PATCH", f"{path}/{made['id']}", {"label": "Sales Pipeline"}),
        hubspot.call("POST", stages, stage),
        hubspot.call("PATCH", f"{stages}/{made['stages'][1]['id']}", {"label": "A"}),
    ]

    assert [one["label"] for one in made["stages"]] == ["A", "B"]
    assert [answer.status_code for answer in refused] == [409] * 4
    same = hubspot.call(
        "PATCH", f"{stages}/{made['stages'][0]['id']}", {"label": "A", "displayOrder": 9}
    )
    assert same.status_code == 200
    assert [one["label"] for one in hubspot.call("GET", stages).json()["results"]] == ["B", "A"]


@pytest.mark.parametrize(
    ("tier", "most"), [("free", 1), ("starter", 2), ("professional", 15), ("enterprise", 100)]
)
def test_a_tier_limits_the_number_of_pipelines(tier: str, most: int) -> None:
    """The limit is shown under both kinds of path, and one pipeline too many is refused."""
    with running({"tier": tier}) as hubspot:
        answers = [
            hubspot.call("POST", "/crm/v3/pipelines/deals", a_pipeline(f"P{at}", "A")).status_code
            for at in range(most)
        ]
        told = [
            hubspot.call("GET", path).json()
            for path in ("/crm/v3/limits/pipelines", "/crm/limits/2026-03/pipelines")
        ]

    assert answers == [201] * (most - 1) + [400]
    [deals] = [row for row in told[0]["hubspotDefinedObjectTypes"] if row["objectTypeId"] == "0-3"]
    assert (deals["usage"], deals["limit"]) == (most, most)
    assert told[0] == told[1]


def test_a_token_shows_its_account_its_app_and_its_scopes() -> None:
    """The token itself must ask; another token gets no information about it."""
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
    """A call without its scope is refused with the scopes that would allow it; a person in the
    pages needs none.
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


def test_an_association_with_a_missing_record_is_answered_as_recorded() -> None:
    """Only the row's message names the record; the other rows of the batch are created."""
    with running() as hubspot:
        contact, company = (
            hubspot.create(email="ends@example.com"),
            hubspot.create("companies", name="Acme"),
        )
        plain = {"types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}
        ends = [(contact, company), ("1234", company), (contact, "1")]
        inputs = [{"from": {"id": one}, "to": {"id": other}, **plain} for one, other in ends]
        answer = hubspot.call(
            "POST", "/crm/v4/associations/contacts/companies/batch/create", {"inputs": inputs}
        )
        assert (answer.status_code, len(answer.json()["results"]), answer.json()["errors"]) == (
            207,
            1,
            [
                {
                    "status": "error",
                    "category": "VALIDATION_ERROR",
                    "message": f"{end} is not valid",
                }
                for end in ("CONTACT=1234", "COMPANY=1")
            ],
        )
