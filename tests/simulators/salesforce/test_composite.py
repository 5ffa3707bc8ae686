"""Composite: several calls in one, with references, their own headers, and all or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from simulators.salesforce.times import http_text
from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, lead

BASE = "/services/data/v66.0"


def _part(method: str, path: str, reference: str, body: Any = None, **more: Any) -> dict[str, Any]:
    part = {"method": method, "url": f"{BASE}{path}", "referenceId": reference} | more
    return part if body is None else part | {"body": body}


def _run(org: LiveOrg, *parts: dict[str, Any], strict: bool = False) -> list[dict[str, Any]]:
    answer: Any = org.product.restful(
        "composite", method="POST", json={"allOrNone": strict, "compositeRequest": list(parts)}
    )
    return list(answer["compositeResponse"])


def test_a_later_part_may_refer_to_an_earlier_response(org: LiveOrg) -> None:
    """@{reference.path} works in bodies and URLs."""
    responses = _run(
        org,
        _part("POST", "/sobjects/Account", "acme", {"Name": "Acme"}),
        _part(
            "POST", "/sobjects/Contact", "person", {"LastName": "Lang", "AccountId": "@{acme.id}"}
        ),
        _part("GET", "/query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='@{acme.id}'", "found"),
        _part("PATCH", "/sobjects/Contact/@{found.records[0].Id}", "changed", {"FirstName": "Mia"}),
    )
    assert [(r["referenceId"], r["httpStatusCode"]) for r in responses] == [
        ("acme", 201),
        ("person", 201),
        ("found", 200),
        ("changed", 204),
    ]
    assert org.product.Contact.get(responses[1]["body"]["id"])["Name"] == "Mia Lang"


def test_a_failed_part_affects_the_others_only_with_all_or_none(org: LiveOrg) -> None:
    """Without allOrNone the good part stays; with it everything is rolled back with
    PROCESSING_HALTED.
    """
    parts = (
        _part("POST", "/sobjects/Lead", "good", lead()),
        _part("POST", "/sobjects/Lead", "bad", {"Company": "x"}),
    )
    loose, strict = _run(org, *parts), _run(org, *parts, strict=True)
    assert [r["httpStatusCode"] for r in loose] == [201, 400]
    assert [(r["httpStatusCode"], r["body"][0]["errorCode"]) for r in strict] == [
        (400, "PROCESSING_HALTED"),
        (400, "REQUIRED_FIELD_MISSING"),
    ]
    assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == 1


def test_each_part_has_its_own_headers(org: LiveOrg) -> None:
    """If-Unmodified-Since works per part."""
    record_id = org.product.Lead.create(lead())["id"]
    old = {"If-Unmodified-Since": http_text(org.clock.now_ms() - 60_000)}
    responses = _run(
        org,
        _part(
            "PATCH", f"/sobjects/Lead/{record_id}", "late", {"FirstName": "Mia"}, httpHeaders=old
        ),
        _part("PATCH", f"/sobjects/Lead/{record_id}", "free", {"FirstName": "Zoe"}),
    )
    assert [r["httpStatusCode"] for r in responses] == [412, 204]


def test_a_reference_to_nothing_is_refused(org: LiveOrg) -> None:
    """A part that refers to a missing value fails alone."""
    (response,) = _run(org, _part("PATCH", "/sobjects/Lead/@{none.id}", "x", {"FirstName": "Mia"}))
    assert (response["httpStatusCode"], response["body"][0]["errorCode"]) == (
        400,
        "PROCESSING_HALTED",
    )


@pytest.mark.parametrize(
    "parts",
    [
        [_part("GET", "/sobjects/Lead", f"r{number}") for number in range(26)],
        [_part("GET", "/query?q=SELECT+Id+FROM+Lead", f"r{number}") for number in range(6)],
        [_part("GET", "/sobjects/Lead", "same"), _part("GET", "/sobjects/Lead", "same")],
        [],
    ],
)
def test_limits_are_checked(org: LiveOrg, parts: list[dict[str, Any]]) -> None:
    """A call has at most 25 parts and at most 5 queries or collections, each with a
    different name.
    """
    assert org.call("POST", "/composite", json={"compositeRequest": parts}).status_code == 400


def test_the_list_of_deleted_records_does_not_count_as_a_query(org: LiveOrg) -> None:
    """It is an sObject resource, which a composite call supports and does not count as a query."""
    account = org.product.Account.create({"Name": "Acme"})["id"]
    deal = {
        "Name": "Sale",
        "AccountId": account,
        "StageName": "Prospecting",
        "CloseDate": "2026-12-31",
    }
    person = org.product.Contact.create({"LastName": "Lang"})["id"]
    tie = {"OpportunityId": org.product.Opportunity.create(deal)["id"], "ContactId": person}
    role = org.product.OpportunityContactRole.create(tie)["id"]
    org.product.OpportunityContactRole.delete(role)
    moments = [
        datetime.fromtimestamp(org.clock.now_ms() / 1000 + more, UTC).isoformat()
        for more in (-60, 120)
    ]
    window = urlencode(dict(zip(("start", "end"), moments, strict=True)))
    queries = [
        _part("GET", "/queryAll?q=SELECT+Id+FROM+OpportunityContactRole", f"q{at}")
        for at in range(5)
    ]

    *rows, gone = _run(
        org, *queries, _part("GET", f"/sobjects/OpportunityContactRole/deleted/?{window}", "gone")
    )

    assert [(one["httpStatusCode"], one["body"]["records"]) for one in rows] == [(200, [])] * 5
    assert (gone["httpStatusCode"], [one["id"] for one in gone["body"]["deletedRecords"]]) == (
        200,
        [role],
    )


def test_an_unsupported_resource_is_refused_in_its_part(org: LiveOrg) -> None:
    """Limits need their own call."""
    limits, sobject = _run(
        org, _part("GET", "/limits", "limits"), _part("GET", "/sobjects/Lead", "lead")
    )
    assert (limits["httpStatusCode"], sobject["httpStatusCode"]) == (404, 200)


def test_a_batch_runs_independent_calls_and_may_halt(org: LiveOrg) -> None:
    """The response of a batch shows whether something failed; haltOnError skips the rest."""
    requests = [
        {"method": "GET", "url": "v66.0/sobjects/Lead/00Q000000000001EAA"},
        {"method": "POST", "url": "v66.0/sobjects/Lead", "richInput": lead()},
    ]
    answers = [
        org.call(
            "POST", "/composite/batch", json={"batchRequests": requests, "haltOnError": halt}
        ).json()
        for halt in (True, False)
    ]
    assert [(a["hasErrors"], [r["statusCode"] for r in a["results"]]) for a in answers] == [
        (True, [404, 412]),
        (True, [404, 201]),
    ]


def test_each_part_writes_with_its_own_headers(start_org: StartOrg) -> None:
    """Sforce-Auto-Assign of one part applies to that part only."""
    org = start_org({"queues": [{"Name": "Inbound"}], "lead_assignment_owner": "Inbound"})
    parts = [
        _part(
            "POST", "/sobjects/Lead", "kept", lead(), httpHeaders={"Sforce-Auto-Assign": "FALSE"}
        ),
        _part("POST", "/sobjects/Lead", "assigned", lead()),
    ]
    ids = [response["body"]["id"] for response in _run(org, *parts, strict=True)]
    owners = [org.product.Lead.get(record_id)["OwnerId"][:3] for record_id in ids]
    assert owners == ["005", "00G"]


def test_a_part_has_no_headers_of_the_call_but_three(start_org: StartOrg) -> None:
    """Sforce-Auto-Assign of the call does not apply to its parts, and a part may not say who
    calls.
    """
    org = start_org({"queues": [{"Name": "Inbound"}], "lead_assignment_owner": "Inbound"})
    body = {"compositeRequest": [_part("POST", "/sobjects/Lead", "one", lead())]}
    answer = org.call(
        "POST", "/composite", json=body, headers={"Sforce-Auto-Assign": "FALSE"}
    ).json()
    made = org.product.Lead.get(answer["compositeResponse"][0]["body"]["id"])
    body["compositeRequest"][0]["httpHeaders"] = {"Authorization": "Bearer x"}

    assert made["OwnerId"][:3] == "00G"
    assert org.call("POST", "/composite", json=body).status_code == 400
