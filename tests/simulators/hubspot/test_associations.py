"""Associations: the primary company and the property that mirrors it, labels, limits and events."""

from __future__ import annotations

from tests.simulators.hubspot.running import Running, running


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


def test_a_restored_contact_shows_no_company_that_it_is_not_associated_with(
    hubspot: Running,
) -> None:
    """Its property mirrors its associations, and it has none again."""
    contact = hubspot.create(email="r@example.com")
    company = hubspot.create("companies", name="Acme")
    pairs = f"/crm/v4/objects/contacts/{contact}/associations"
    hubspot.call("PUT", f"{pairs}/default/companies/{company}")

    hubspot.call("DELETE", f"/crm/v3/objects/contacts/{contact}")
    hubspot.simulator.person({"do": "restore", "ids": [contact]})

    assert hubspot.call("GET", f"{pairs}/companies").json()["results"] == []
    assert hubspot.values(contact, "associatedcompanyid") == {"associatedcompanyid": None}


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
    """An association beyond the limit is refused alone, in either direction; existing associations
    stay.
    """
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


def test_labels_of_the_account_add_to_the_plain_type(hubspot: Running) -> None:
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


def test_an_association_with_a_missing_record_is_refused_as_recorded() -> None:
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
