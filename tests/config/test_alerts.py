"""``[alerts]`` of the settings file, and what is said about its mistakes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.config import load_settings
from crmsync.model.settings import AlertEmails, AlertSettings, AlertWebhook, Settings
from crmsync.rules.settings.diff import differences
from crmsync.wire.settings.stored import from_json, to_json
from tests.config.files import MINIMAL, complaints

GIVEN = """[alerts]
email = "all"
webhook = "teams"
secret = "alerts/crmsync/chat"
docs_url = "https://docs.example.com/{page}.html"
after_minutes = 15
parked_records = 0
quiet_hours = "22:00-06:00"
"""
READ = AlertSettings(
    AlertEmails.ALL,
    AlertWebhook.TEAMS,
    "alerts/crmsync/chat",
    "https://docs.example.com/{page}.html",
    15,
    0,
    "22:00-06:00",
)
LINE = len(MINIMAL.splitlines()) + 2


def test_the_table_is_read_stored_and_read_again() -> None:
    """Without it the defaults hold, also for settings that an earlier release has stored."""
    settings = load_settings(MINIMAL + GIVEN)
    assert settings.alerts == READ
    assert from_json(to_json(settings), 0) == settings
    assert load_settings(MINIMAL).alerts == AlertSettings()
    assert from_json('{"connections":[]}', 3) == Settings((), 3)


def test_a_push_shows_what_changes() -> None:
    """A line for each value."""
    before, after = Settings(), Settings(alerts=replace(READ, docs_url=""))
    assert differences(before, after) == (
        'alerts.email: "without_alarm" -> "all"',
        'alerts.webhook: "none" -> "teams"',
        'alerts.secret: "" -> "alerts/crmsync/chat"',
        "alerts.after_minutes: 0 -> 15",
        "alerts.parked_records: 100 -> 0",
        'alerts.quiet_hours: "" -> "22:00-06:00"',
    )


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('email = "some"', 'email is "some", must be one of without_alarm, all, none (CFG-1)'),
        (
            'webhook = "slack"',
            "webhook says nothing without secret: give both, or neither (CFG-1)",
        ),
        (
            'secret = "alerts/a"',
            "secret says nothing without webhook: give both, or neither (CFG-1)",
        ),
        (
            'secret = "https://hooks.example.com/services/T0/B0/x"',
            (
                'secret must be the name of a secret that begins with "alerts/", and never the '
                "address of a webhook (CFG-3)"
            ),
        ),
        (
            'docs_url = "docs.example.com"',
            (
                'docs_url is "docs.example.com", must be an https address with {page} in place of '
                'the page, such as "https://docs.example.com/{page}.html" (CFG-1)'
            ),
        ),
        ("after_minutes = 1441", "after_minutes is 1441, must be at most 1440 (CFG-1)"),
        ("parked_records = -1", "parked_records is -1, must be at least 0 (CFG-1)"),
        (
            'quiet_hours = "22-6"',
            'quiet_hours is "22-6", must be two times of day in UTC: "22:00-06:00" (CFG-1)',
        ),
        ("quiet = 1", 'unknown key "quiet" in [alerts]; did you mean "quiet_hours"? (CFG-2)'),
    ],
)
def test_a_mistake_is_named_with_its_line(lines: str, complaint: str) -> None:
    """And the address of a webhook is never repeated."""
    assert complaints(f"{MINIMAL}[alerts]\n{lines}\n") == [f"line {LINE}: {complaint}"]
