"""Search: what it finds, what it refuses, and its lag."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.hubspot.running import Running

SEARCH = "/crm/v3/objects/contacts/search"
TOO_MANY_GROUPS = [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}]}] * 6
TOO_MANY_FILTERS = [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 7}]
TOO_MANY_IN_ALL = [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 5}] * 4


def found(hubspot: Running, *filters: dict[str, Any], **request: Any) -> list[str]:
    """Return the first names of the results, in order."""
    groups = [{"filters": list(filters)}] if filters else []
    body = {"filterGroups": groups, "properties": ["firstname"], "limit": 100} | request
    answer = hubspot.call("POST", SEARCH, body)
    assert answer.status_code == 200, answer.text
    return [row["properties"]["firstname"] for row in answer.json()["results"]]


def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """Return one filter."""
    return (
        {"propertyName": name, "operator": operator}
        | ({} if value is None else {"value": value})
        | more
    )


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (where("email", "EQ", "ANN@example.com"), ["Ann"]),
        (where("email", "NEQ", "ann@example.com"), ["Bea", "Cal"]),
        (where("associatedcompanyid", "GT", "10"), ["Bea"]),
        (where("associatedcompanyid", "GTE", "9"), ["Ann", "Bea"]),
        (where("associatedcompanyid", "LT", "10"), ["Ann"]),
        (where("associatedcompanyid", "LTE", "100"), ["Ann", "Bea"]),
        (where("associatedcompanyid", "BETWEEN", "9", highValue="99"), ["Ann"]),
        (where("firstname", "IN", values=["ann", "cal"]), ["Ann", "Cal"]),
        (where("firstname", "NOT_IN", values=["ann"]), ["Bea", "Cal"]),
        (where("phone", "HAS_PROPERTY"), ["Cal"]),
        (where("phone", "NOT_HAS_PROPERTY"), ["Ann", "Bea"]),
        (where("jobtitle", "CONTAINS_TOKEN", "sales"), ["Bea"]),
        (where("jobtitle", "CONTAINS_TOKEN", "sal*"), ["Ann", "Bea"]),
        (where("jobtitle", "NOT_CONTAINS_TOKEN", "sales"), ["Ann", "Cal"]),
    ],
)
def test_every_operator_compares_by_the_property_type(
    hubspot: Running, condition: dict[str, Any], names: list[str]
) -> None:
    """Numbers are compared as numbers, texts in any case, tokens as words."""
    hubspot.create(
        firstname="Ann", email="ann@example.com", associatedcompanyid="9", jobtitle="Salesman"
    )
    hubspot.create(
        firstname="Bea",
        email="bea@example.com",
        associatedcompanyid="100",
        jobtitle="Head of Sales",
    )
    hubspot.create(firstname="Cal", email="cal@example.com", phone="1")
    hubspot.pass_lag()
    assert found(hubspot, condition) == names


def test_filters_join_by_and_groups_by_or(hubspot: Running) -> None:
    """Within a group all filters must match, and one group is enough."""
    for name, last in (("Ann", "X"), ("Bea", "X"), ("Cal", "Y")):
        hubspot.create(firstname=name, lastname=last)
    hubspot.pass_lag()
    both = [where("firstname", "EQ", "ann"), where("lastname", "EQ", "x")]
    groups = [{"filters": both}, {"filters": [where("lastname", "EQ", "y")]}]
    assert found(hubspot, filterGroups=groups) == ["Ann", "Cal"]


def test_results_are_sorted_and_paged(hubspot: Running) -> None:
    """Sorting by one property in either direction; ``after`` is an offset, the total counts all
    results.
    """
    for name in ("Bea", "Ann", "Cal"):
        hubspot.create(firstname=name)
    hubspot.pass_lag()
    page = hubspot.call(
        "POST", SEARCH, {"sorts": ["-firstname"], "limit": 2, "properties": ["firstname"]}
    ).json()
    rest = found(
        hubspot, sorts=[{"propertyName": "firstname", "direction": "DESCENDING"}], after="2"
    )
    assert ([row["properties"]["firstname"] for row in page["results"]], page["total"]) == (
        ["Cal", "Bea"],
        3,
    )
    assert (page["paging"]["next"]["after"], rest) == ("2", ["Ann"])


def test_a_cursor_by_modified_time_finds_later_changes(hubspot: Running) -> None:
    """The sweep's own query finds everything modified since a moment, in milliseconds or
    ISO form.
    """
    hubspot.create(firstname="Old")
    hubspot.clock.advance(100)
    since = hubspot.clock.now_ms()
    hubspot.create(firstname="New")
    hubspot.pass_lag()
    assert found(
        hubspot, where("lastmodifieddate", "GTE", str(since)), sorts=["lastmodifieddate"]
    ) == ["New"]


@pytest.mark.parametrize("operator", ["GTE", "GT", "EQ"])
def test_a_search_by_last_change_agrees_with_other_searches(
    hubspot: Running, operator: str
) -> None:
    """Edited records appear at their last change, archived ones nowhere, and each page is the right
    part.
    """
    made = [hubspot.create(firstname=f"{number:02d}") for number in range(8)]
    hubspot.call(
        "PATCH", f"/crm/v3/objects/contacts/{made[1]}", {"properties": {"lastname": "Edited"}}
    )
    hubspot.call("DELETE", f"/crm/v3/objects/contacts/{made[5]}")
    hubspot.pass_lag()
    moment = hubspot.values(made[3], "lastmodifieddate")["lastmodifieddate"]
    asked = where("lastmodifieddate", operator, moment)
    beside = where("hs_object_id", "HAS_PROPERTY")
    whole = found(hubspot, asked, beside, sorts=["lastmodifieddate"])
    pages = [
        found(hubspot, asked, sorts=["lastmodifieddate"], limit=2, after=str(after))
        for after in (0, 2, 4, 6)
    ]
    assert ([name for page in pages for name in page], "03" in whole) == (whole, operator != "GT")


@pytest.mark.parametrize(
    "request_body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9801"},
        {"limit": 0},
        {"after": "x"},
        {"filterGroups": TOO_MANY_GROUPS},
        {"filterGroups": TOO_MANY_FILTERS},
        {"filterGroups": TOO_MANY_IN_ALL},
        {"query": "x" * 3_001},
        {"filterGroups": [{"filters": [where("nosuch", "EQ", "1")]}]},
        {"filterGroups": [{"filters": [where("email", "LIKE", "1")]}]},
        {"filterGroups": [{"filters": [where("associatedcompanyid", "GT", "x")]}]},
        {"sorts": ["email", "phone"]},
    ],
)
def test_searches_beyond_the_limits_are_refused(
    hubspot: Running, request_body: dict[str, Any]
) -> None:
    """The limits are 200 per page, 10,000 in all, 5 groups of 6 filters and 18 together, and known
    properties and operators.
    """
    assert hubspot.call("POST", SEARCH, request_body).status_code == 400


def test_the_last_page_below_the_limit_is_allowed(hubspot: Running) -> None:
    """Ten thousand results can be read, and not one more."""
    assert hubspot.call("POST", SEARCH, {"limit": 200, "after": "9800"}).status_code == 200


def test_the_index_has_changes_late(hubspot: Running) -> None:
    """A new record is not found at first, and later with the values that it had then."""
    contact = hubspot.create(firstname="First")
    unseen = found(hubspot)
    hubspot.clock.advance(3)
    hubspot.call(
        "PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Second"}}
    )
    early = found(hubspot)
    hubspot.clock.advance(3)
    assert (unseen, early, found(hubspot)) == ([], ["First"], ["Second"])


def test_the_lag_can_be_made_longer(hubspot: Running) -> None:
    """The fault ``search_lag`` hides records that are younger than its seconds."""
    hubspot.faults.replace([{"at": "hubspot", "kind": "search_lag", "seconds": 600}])
    hubspot.create(firstname="Late")
    hubspot.clock.advance(590)
    hidden = found(hubspot)
    hubspot.clock.advance(20)
    assert (hidden, found(hubspot)) == ([], ["Late"])


def test_archived_records_leave_the_index(hubspot: Running) -> None:
    """Search finds existing records only."""
    contact = hubspot.create(firstname="Gone")
    hubspot.pass_lag()
    hubspot.call("DELETE", f"/crm/v3/objects/contacts/{contact}")
    hubspot.pass_lag()
    assert found(hubspot) == []


def test_free_text_searches_the_default_properties(hubspot: Running) -> None:
    """Every word of a query must be in one of the searched properties."""
    hubspot.create(firstname="Ann", company="Acme")
    hubspot.create(firstname="Ann", jobtitle="Acme")
    hubspot.pass_lag()
    assert hubspot.call("POST", SEARCH, {"query": "ann acm"}).json()["total"] == 1
