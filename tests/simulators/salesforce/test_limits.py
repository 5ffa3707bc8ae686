"""The daily limit, statistics and faults, which affect only the product's calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceRefusedRequest,
)

from tests.simulators.salesforce.conftest import StartOrg
from tests.simulators.salesforce.orgs import LiveOrg, lead, quoted, soql, typed


def _fault(org: LiveOrg, kind: str, **more: Any) -> None:
    org.faults.replace([{"at": "salesforce", "kind": kind} | more])


def test_every_response_shows_the_usage(start_org: StartOrg) -> None:
    """Sforce-Limit-Info counts everybody's calls against the daily limit."""
    org = start_org({"daily_api_limit": 50})
    org.person.query("SELECT Id FROM Lead")
    assert (
        org.call("GET", "/sobjects/Lead/00Q000000000001EAA").headers["Sforce-Limit-Info"]
        == "api-usage=2/50"
    )
    assert org.product.limits()["DailyApiRequests"] == {"Max": 50, "Remaining": 47}


def test_a_used_up_limit_refuses_calls_for_a_day(start_org: StartOrg) -> None:
    """Beyond the limit every call is 403 REQUEST_LIMIT_EXCEEDED; a day later calls
    succeed again.
    """
    org = start_org({"daily_api_limit": 2})
    statuses = [org.call("GET", "/limits") for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [200, 200, 403]
    assert statuses[2].json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    org.clock.advance(86_400 + 60)
    assert org.call("GET", "/limits").status_code == 200


@pytest.mark.parametrize("edition", ["Team Edition", "Group Edition"])
def test_an_edition_without_api_refuses_calls(start_org: StartOrg, edition: str) -> None:
    """Group Edition has no REST API: 403 API_DISABLED_FOR_ORG."""
    answer = start_org({"edition": edition}).call("GET", "/limits")
    expected = [
        {
            "message": "The REST API is not enabled for this Organization.",
            "errorCode": "API_DISABLED_FOR_ORG",
        }
    ]
    assert (answer.status_code, answer.json()) == (403, expected)


def test_statistics_count_the_products_calls_by_endpoint(org: LiveOrg) -> None:
    """A POST that reads is a read, and so is a composite of reads; the person's calls are not
    counted.
    """
    record_id = org.product.Lead.create(lead())["id"]
    org.product.Lead.get(record_id)
    org.product.restful(
        "composite/sobjects/Lead", method="POST", json={"ids": [record_id], "fields": ["Id"]}
    )
    query = {
        "method": "GET",
        "url": "/services/data/v66.0/query?q=SELECT+Id+FROM+Lead",
        "referenceId": "a",
    }
    patch = {
        "method": "PATCH",
        "url": f"/services/data/v66.0/sobjects/Lead/{record_id}",
        "referenceId": "b",
        "body": {"City": "Ulm"},
    }
    for parts in ([query], [query, patch]):
        org.product.restful("composite", method="POST", json={"compositeRequest": parts})
    org.person.query("SELECT Id FROM Lead")
    assert org.sim.stats() == {
        "calls": 5, "reads": 3, "writes": 2,
        "by_endpoint": {"GET /sobjects/Lead/{id}": 1, "POST /composite": 2, "POST /composite/sobjects/Lead": 1, "POST /sobjects/Lead": 1},
    }  # fmt: skip


def test_a_lost_response_leaves_the_write_applied(org: LiveOrg) -> None:
    """timeout_after_write closes the connection after the write; timeout_before_write before it."""
    for kind, total in (("timeout_after_write", 1), ("timeout_before_write", 1)):
        _fault(org, kind)
        with pytest.raises(requests.ConnectionError):
            org.product.Lead.create(lead())
        assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == total


def test_a_fault_of_writes_does_not_affect_reads(org: LiveOrg) -> None:
    """It affects the next write."""
    _fault(org, "timeout_after_write")
    assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ({"kind": "server_error"}, SalesforceGeneralError, "SERVER_UNAVAILABLE"),
        ({"kind": "unauthorized"}, SalesforceExpiredSession, "INVALID_SESSION_ID"),
        ({"kind": "rate_limit"}, SalesforceRefusedRequest, "ConcurrentRequests"),
        (
            {"kind": "daily_limit", "seconds": 60},
            SalesforceRefusedRequest,
            "TotalRequests Limit exceeded",
        ),
    ],
)
def test_a_fault_affects_the_product_once(
    org: LiveOrg, fault: dict[str, Any], error: type[Exception], code: str
) -> None:
    """The product's call is refused without effect, the person's is not, and the next call
    succeeds.
    """
    _fault(org, **fault)
    org.person.query("SELECT Id FROM Lead")
    with pytest.raises(error, match=code):
        org.product.Lead.create(lead())
    org.clock.advance(61)
    assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_a_rate_limit_may_say_how_long_to_wait(org: LiveOrg) -> None:
    """retry_after of the fault is the header of the response."""
    _fault(org, "rate_limit", retry_after=7)
    assert org.call("GET", "/limits").headers["Retry-After"] == "7"


def test_a_locked_row_is_refused_alone(org: LiveOrg) -> None:
    """lock_row refuses the requested number of rows with UNABLE_TO_LOCK_ROW."""
    ids = [org.product.Lead.create(lead())["id"] for _ in range(3)]
    _fault(org, "lock_row", times=2)
    records = [typed("Lead", id=record_id, City="Ulm") for record_id in ids]
    results: Any = org.product.restful(
        "composite/sobjects", method="PATCH", json={"records": records}
    )
    codes = [result["errors"][0]["statusCode"] if result["errors"] else None for result in results]
    assert codes == ["UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW", None]


def test_contacts_of_a_locked_account_cannot_be_written(org: LiveOrg) -> None:
    """That is so for any field, while the account is locked; contacts of other accounts are not
    affected.
    """
    one, two = (org.product.Account.create({"Name": name})["id"] for name in ("One", "Two"))
    ids = [
        org.product.Contact.create({"LastName": "Lang", "AccountId": account})["id"]
        for account in (one, two, one)
    ]
    _fault(org, "lock_row", parent=one, seconds=30)
    records = [typed("Contact", id=record_id, Phone="7") for record_id in ids]
    records += [typed("Contact", id=ids[1], AccountId=one), typed("Account", id=one, Phone="7")]

    def codes() -> list[Any]:
        results: Any = org.product.restful(
            "composite/sobjects", method="PATCH", json={"records": records[:3]}
        )
        more: Any = org.product.restful(
            "composite/sobjects", method="PATCH", json={"records": records[3:]}
        )
        return [
            one["errors"][0]["statusCode"] if one["errors"] else None for one in [*results, *more]
        ]

    locked = "UNABLE_TO_LOCK_ROW"
    assert codes() == [locked, None, locked, locked, locked]
    org.clock.advance(31)
    assert codes() == [None] * 5


def test_the_hook_runs_after_a_write_of_the_product_only(org: LiveOrg) -> None:
    """on_product_write is called when the write is visible and before the response; not for reads
    or other users.
    """
    seen: list[int] = []
    org.sim.on_product_write = lambda: seen.append(
        org.person.query("SELECT COUNT() FROM Lead")["totalSize"]
    )
    org.person.Lead.create(lead())
    org.product.query("SELECT Id FROM Lead")
    org.product.Lead.create(lead())
    assert seen == [2]


def test_an_unknown_path_and_method_have_different_errors(org: LiveOrg) -> None:
    """An unknown path is 404, a known one with another method 405, an invalid body 400."""
    answers = [
        org.call("GET", "/nowhere"),
        org.call("PUT", "/limits"),
        org.call("POST", "/sobjects/Lead", data="{", headers={"Content-Type": "application/json"}),
    ]
    assert [(a.status_code, a.json()[0]["errorCode"]) for a in answers] == [
        (404, "NOT_FOUND"),
        (405, "METHOD_NOT_ALLOWED"),
        (400, "JSON_PARSER_ERROR"),
    ]


def test_texts_of_any_script_survive(org: LiveOrg) -> None:
    """UTF-8 text is returned unchanged."""
    name = "Žofie 🚀 王"
    record_id = org.product.Lead.create(json.loads(json.dumps(lead(LastName=name))))["id"]
    assert (
        org.product.query(soql("SELECT LastName FROM Lead WHERE LastName =", quoted(name)))[
            "records"
        ][0]["LastName"]
        == name
    )
    assert org.product.Lead.get(record_id)["LastName"] == name


def test_a_revoked_login_is_refused_until_it_is_restored(org: LiveOrg) -> None:
    """The present token and every new one are refused; a person's token still works."""
    _fault(org, "token_revoked")
    grant = {"grant_type": "client_credentials", "client_id": org.sim.client_id}
    grant["client_secret"] = org.sim.client_secret
    url = f"{org.server.url}/services/oauth2/token"
    for _ in range(3):
        with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
            org.product.query("SELECT Id FROM Lead")
        refused = requests.post(url, data=grant, timeout=10)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    org.person.query("SELECT Id FROM Lead")
    org.faults.replace([])

    assert requests.post(url, data=grant, timeout=10).status_code == 200
    assert org.product.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_maintenance_lasts_for_its_seconds(org: LiveOrg) -> None:
    """The fault is server_error with seconds."""
    _fault(org, "server_error", seconds=60)
    for _ in range(3):
        assert org.call("GET", "/limits").status_code == 503
    org.clock.advance(61)
    assert org.call("GET", "/limits").status_code == 200
