"""Lists: their filters, members, pages and figures."""

from __future__ import annotations

from typing import Any

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
    """Members join and leave with the property's value; the list cannot be written to."""
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


def test_members_are_listed_in_either_direction(hubspot: Running) -> None:
    """They are ascending with `after` or without a token, and descending with `before` only [V]; if
    both are given, `after` counts.
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
    """Filter types that the simulator does not know are refused with 400, so that no list means
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
