"""The API versions of an org: the listed ones work, retired ones do not."""

from __future__ import annotations

from datetime import UTC, datetime

from crmsync.gateways.salesforce.session import API_VERSION
from tests.simulators.salesforce.orgs import HOST, LiveOrg


def response(org: LiveOrg, version: str) -> tuple[int, str]:
    """Return status and error code of a call in a version."""
    answer = org.session().get(
        f"{HOST}/services/data/v{version}/limits",
        headers={"Authorization": f"Bearer {org.sim.access_token}"},
    )
    body = answer.json()
    return answer.status_code, body[0]["errorCode"] if isinstance(body, list) else ""


def test_an_org_supports_every_version_since_summer_14(org: LiveOrg) -> None:
    """Clients with an older version work as well; a version that does not exist yet is 404."""
    listed = org.session().get(f"{HOST}/services/data").json()
    assert (listed[0], listed[-1]["label"], len(listed)) == (
        {"version": "31.0", "label": "Summer '14", "url": "/services/data/v31.0"},
        "Winter '27",
        38,
    )
    assert {row["version"]: row["label"] for row in listed}["66.0"] == "Spring '26"
    assert [response(org, version)[0] for version in ("31.0", "61.0", "68.0", "69.0")] == [
        200,
        200,
        200,
        404,
    ]


def test_a_retired_version_is_refused(org: LiveOrg) -> None:
    """Versions up to 30 are retired; 31 to 40 retire with Summer '28."""
    assert response(org, "30.0") == (410, "UNSUPPORTED_API_VERSION")
    summer = datetime(2028, 6, 2, tzinfo=UTC).timestamp()
    org.clock.advance(max(0.0, summer - org.clock.now_ms() / 1000))
    assert [response(org, version)[0] for version in ("40.0", "41.0")] == [410, 200]


def test_the_product_uses_a_version_far_from_retirement() -> None:
    """It does not use the SOAP login, which ends in 2027."""
    assert float(API_VERSION) >= 60
