"""The log of e-mail events: filters, pages and single events."""

from __future__ import annotations

from typing import Any

from tests.simulators.hubspot.running import Running, running


def test_mail_events_are_listed_newest_first_and_filtered() -> None:
    """They are filtered by time, type and recipient, and campaigns can be read."""
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
    """The offset is valid for its own query only, with any limit; new events do not shift pages,
    and late ones appear at their time.
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
