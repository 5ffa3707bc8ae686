"""HubSpot's calendar by the account's own clock: an ended path is 404 for the product."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulators.hubspot.http.calendar import has_ended
from tests.simulators.hubspot.running import Running, running


def ms(text: str) -> int:
    """Noon of a day."""
    return round(datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=UTC).timestamp() * 1000)


def until(hubspot: Running, text: str) -> None:
    """Advance the account's clock to noon of a day, unless it is already later."""
    hubspot.clock.advance(max(0, (ms(text) - hubspot.clock.now_ms()) / 1000))


@pytest.mark.parametrize(
    ("path", "last", "first"),
    [
        ("/crm-pipelines/v1/pipelines/deals", "2026-12-03", "2026-12-04"),
        ("/oauth/v1/token", "2027-02-15", "2027-02-16"),
        ("/crm/v4/associations/contacts/companies/batch/read", "2027-03-29", "2027-03-30"),
        ("/communication-preferences/v4/definitions", "2027-03-29", "2027-03-30"),
        ("/crm/v3/objects/contacts", "2027-09-29", "2027-09-30"),
        ("/email/public/v1/events", "2027-09-29", "2027-09-30"),
    ],
)
def test_each_path_ends_on_its_day(path: str, last: str, first: str) -> None:
    """The day before, it still works."""
    assert (has_ended(path, ms(last)), has_ended(path, ms(first))) == (False, True)


def test_dated_paths_have_no_end_yet() -> None:
    """HubSpot has announced none."""
    assert not has_ended("/crm/objects/2026-03/contacts", ms("2030-01-01"))


def test_an_ended_path_is_gone_for_the_product_and_not_for_people() -> None:
    """The tests' own tools act as people; the calendar of an account can be switched off."""
    for keeps, expected in ((True, [404, 200, 200]), (False, [200, 200, 200])):
        with running({"vendor_calendar": keeps}) as hubspot:
            until(hubspot, "2027-10-01")
            calls = [("/crm/v3/objects/contacts", False), ("/crm/objects/2026-03/contacts", False)]
            calls.append(("/crm/v3/objects/contacts", True))
            assert [
                hubspot.call("GET", path, person=person).status_code for path, person in calls
            ] == expected
