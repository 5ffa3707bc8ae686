"""Calls: tokens, limits, statistics, and faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import ApiError
from simulators.hubspot.limits import TIERS, Limits, Tier
from simulators.hubspot.stamps import PortalClock
from tests.simulators.hubspot.running import Running, running

CONTACTS = "/crm/v3/objects/contacts"


@pytest.fixture
def hubspot() -> Iterator[Running]:
    """Two portals, the first of a small tier."""
    with running({"portal_id": 1, "tier": "starter"}, {"portal_id": 2, "app_id": 42}) as started:
        yield started


def product(
    hubspot: Running, method: str = "GET", path: str = CONTACTS, body: Any = None
) -> requests.Response:
    """A call with the product's token."""
    return hubspot.call(method, path, body, person=False)


def test_a_token_opens_its_own_portal_only(hubspot: Running) -> None:
    """Each portal has its own records and its own tokens."""
    hubspot.create(email="one@example.com")
    other = hubspot.simulator.portals[1]
    seen = hubspot.call("GET", CONTACTS, token=other.access_token).json()["results"]
    details = hubspot.call("GET", "/account-info/v3/details", token=other.user_token).json()
    assert (seen, details["portalId"], other.app_id) == ([], 2, 42)


def test_tokens_depend_on_the_seed_and_differ(hubspot: Running) -> None:
    """Each key is different, and the same in every run with one seed."""
    keys = [(p.access_token, p.user_token, p.client_secret) for p in hubspot.simulator.portals]
    with running({"portal_id": 1}) as again:
        assert (again.portal.access_token, again.portal.client_secret) == (keys[0][0], keys[0][2])
    assert len({key for portal in keys for key in portal}) == 6


def test_a_wrong_token_is_refused(hubspot: Running) -> None:
    """401 with the category of a bad authentication, also on unknown paths."""
    answers = [hubspot.call("GET", path, token="wrong") for path in (CONTACTS, "/nowhere")]
    assert [(a.status_code, a.json()["category"]) for a in answers] == [
        (401, "INVALID_AUTHENTICATION")
    ] * 2


def test_an_unknown_path_is_an_html_page(hubspot: Running) -> None:
    """A path of no API gets 404 with HTML."""
    answer = hubspot.call("GET", "/crm/v9/objects/contacts")
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (
        404,
        "text/html",
    )


def test_the_ten_second_limit_follows_the_tier_and_the_clock(hubspot: Running) -> None:
    """A small portal accepts 100 calls in ten seconds, then returns 429 with its policy; people
    have no limit.
    """
    first = product(hubspot)
    statuses = [product(hubspot).status_code for _ in range(99)]
    refused = product(hubspot)
    person = hubspot.call("GET", CONTACTS)
    hubspot.clock.advance(10)
    assert (set(statuses), refused.status_code, person.status_code) == ({200}, 429, 200)
    assert {name: refused.json()[name] for name in ("category", "errorType", "policyName")} == {
        "category": "RATE_LIMITS",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
    }
    assert {
        name: first.headers[f"X-HubSpot-RateLimit-{name}"] for name in ("Max", "Remaining", "Daily")
    } == {
        "Max": "100",
        "Remaining": "99",
        "Daily": "250000",
    }
    assert product(hubspot).status_code == 200


class StoppedClock(Clock):
    """A clock that stops until it is advanced."""

    def now_ms(self) -> int:
        """Return the time that was added."""
        return 1_790_000_000_000 + self.added_ms


def test_search_allows_five_calls_a_second() -> None:
    """The sixth search within a second is refused for that second, other calls are not."""
    clock = StoppedClock()
    limits = Limits(TIERS["professional"], PortalClock(clock, Faults(clock)))
    for _ in range(5):
        limits.count(is_search=True)
    with pytest.raises(ApiError) as caught:
        limits.count(is_search=True)
    limits.count(is_search=False)
    clock.advance(1)
    limits.count(is_search=True)
    assert (caught.value.status, caught.value.extra["policyName"]) == (429, "SECONDLY")


def test_searches_show_no_limit_headers(hubspot: Running) -> None:
    """Responses of search never have the rate-limit headers."""
    assert (
        "X-HubSpot-RateLimit-Max" not in product(hubspot, "POST", f"{CONTACTS}/search", {}).headers
    )


def test_the_day_has_a_limit_of_its_own() -> None:
    """When the day's calls are used up, every call is refused until midnight."""
    clock = StoppedClock()
    limits = Limits(Tier(burst=10, daily=2), PortalClock(clock, Faults(clock)))
    for _ in range(2):
        limits.count(is_search=False)
    with pytest.raises(ApiError) as caught:
        limits.count(is_search=False)
    _, _, resets_ms = limits.usage()
    clock.advance((resets_ms - clock.now_ms()) / 1000)
    limits.count(is_search=False)
    assert caught.value.extra["policyName"] == "DAILY"


def test_usage_counts_the_products_calls_of_the_day(hubspot: Running) -> None:
    """The daily usage shows what the limits counted, and restarts at midnight."""
    usage = "/account-info/v3/api-usage/daily/private-apps"
    for _ in range(3):
        product(hubspot)
    used = product(hubspot, path=usage).json()["results"][0]
    hubspot.clock.advance(86_400)
    anew = product(hubspot, path=usage).json()["results"][0]
    assert (used["usageLimit"], used["currentUsage"], anew["currentUsage"]) == (250_000, 4, 1)


def test_statistics_count_reads_and_writes_of_the_product_only(hubspot: Running) -> None:
    """A POST that reads is a read; the endpoint's name hides ids; a person's calls are
    not counted.
    """
    contact = hubspot.create(email="person@example.com")
    product(
        hubspot, "POST", f"{CONTACTS}/batch/read", {"inputs": [{"id": contact}], "properties": []}
    )
    product(hubspot, "POST", f"{CONTACTS}/search", {})
    product(hubspot, "PATCH", f"{CONTACTS}/{contact}", {"properties": {"firstname": "x"}})
    product(hubspot, "GET", "/communication-preferences/v3/status/email/person@example.com")
    assert hubspot.simulator.stats() == {
        "calls": 4,
        "reads": 3,
        "writes": 1,
        "by_endpoint": {
            "POST /crm/v3/objects/contacts/batch/read": 1,
            "POST /crm/v3/objects/contacts/search": 1,
            "PATCH /crm/v3/objects/contacts/{id}": 1,
            "GET /communication-preferences/v3/status/email/{id}": 1,
        },
    }


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "server_error"}, 502),
        ({"kind": "unauthorized"}, 401),
        ({"kind": "rate_limit", "retry_after": 7}, 429),
    ],
)
def test_faults_hit_the_product_once(hubspot: Running, fault: dict[str, Any], status: int) -> None:
    """A fault affects the product's next call, not a person's, and only once."""
    hubspot.faults.replace([{"at": "hubspot", **fault}])
    person, struck, after = hubspot.call("GET", CONTACTS), product(hubspot), product(hubspot)
    assert (person.status_code, struck.status_code, after.status_code) == (200, status, 200)
    assert struck.headers.get("Retry-After") == ("7" if status == 429 else None)


@pytest.mark.parametrize(
    ("kind", "stored"), [("timeout_after_write", 1), ("timeout_before_write", 0)]
)
def test_a_lost_response_closes_the_connection(hubspot: Running, kind: str, stored: int) -> None:
    """The response to a write is lost after it was applied, or before; reads are not affected."""
    hubspot.faults.replace([{"at": "hubspot", "kind": kind}])
    assert product(hubspot).status_code == 200
    with pytest.raises(requests.ConnectionError):
        product(hubspot, "POST", CONTACTS, {"properties": {"email": "lost@example.com"}})
    assert len(hubspot.call("GET", CONTACTS).json()["results"]) == stored


def test_the_hook_runs_before_the_response_to_a_write_of_the_product(hubspot: Running) -> None:
    """`on_product_write` is called once the write is applied, but not for refused writes or a
    person's.
    """
    told: list[int] = []
    hubspot.simulator.on_product_write = lambda: told.append(
        len(hubspot.call("GET", CONTACTS).json()["results"])
    )
    hubspot.create(email="person@example.com")
    product(hubspot, "POST", CONTACTS, {"properties": {"email": "product@example.com"}})
    product(hubspot, "POST", CONTACTS, {"properties": {"email": "product@example.com"}})
    product(hubspot)
    assert told == [2]


def test_a_revoked_token_is_refused_until_it_is_restored(hubspot: Running) -> None:
    """It is refused however often it is tried; a person's session continues."""
    hubspot.faults.replace([{"at": "hubspot", "kind": "token_revoked"}])
    struck = [product(hubspot) for _ in range(3)]
    person = hubspot.call("GET", CONTACTS)
    hubspot.faults.replace([])

    assert {(one.status_code, one.json()["category"]) for one in struck} == {
        (401, "INVALID_AUTHENTICATION")
    }
    assert (person.status_code, product(hubspot).status_code) == (200, 200)


def test_a_lost_scope_affects_its_calls_only(hubspot: Running) -> None:
    """Until the scope is restored, writing contacts is refused and reading them is not."""
    write = ("POST", CONTACTS, {"properties": {"email": "one@example.com"}})
    hubspot.faults.replace(
        [{"at": "hubspot", "kind": "scope_lost", "scope": "crm.objects.contacts.write"}]
    )
    refused = [product(hubspot, *write) for _ in range(2)]
    read = product(hubspot)
    hubspot.faults.replace([])

    assert {(one.status_code, one.json()["category"]) for one in refused} == {
        (403, "MISSING_SCOPES")
    }
    assert (read.status_code, product(hubspot, *write).status_code) == (200, 201)


def test_the_account_shows_its_time_zone() -> None:
    """It has the zone's name and present offset."""
    with running({"portal_id": 1, "time_zone": "Asia/Kolkata"}) as started:
        details = started.call("GET", "/account-info/v3/details").json()
    told = {name: details[name] for name in ("timeZone", "utcOffset", "utcOffsetMilliseconds")}
    assert told == {
        "timeZone": "Asia/Kolkata",
        "utcOffset": "+05:30",
        "utcOffsetMilliseconds": 19_800_000,
    }


def test_a_rotated_token_ends_at_once() -> None:
    """The new token works, the old one is refused as an unknown one."""
    with running({}) as hubspot:
        old = hubspot.portal.access_token
        new = hubspot.simulator.person({"do": "rotate_token"})["access_token"]
        path = "/oauth/v2/private-apps/get/access-token-info"
        answers = [
            requests.post(
                f"{hubspot.url}{path}",
                json={"tokenKey": one},
                headers={"Authorization": f"Bearer {one}"},
                timeout=10,
            )
            for one in (old, new)
        ]

    assert new != old
    assert [answer.status_code for answer in answers] == [401, 200]
    assert answers[0].json()["category"] == "INVALID_AUTHENTICATION"
