"""The words of a message."""

from __future__ import annotations

from crmsync.model.operations.alerts import Alert, Incident, Message, Phase
from crmsync.rules.alerts.messages import message_of
from tests.builders import NOON, at

INCIDENT = Incident(
    "paused acme",
    "acme is paused",
    "Changes wait.",
    at(-60),
    "crmsync resume acme --apply",
    "operations#stop-a-connection",
    "https://example.com/alarm",
)


def test_a_problem_says_since_when_and_what_to_do() -> None:
    """With the address of the page where the settings say where the pages are."""
    docs = "https://docs.example.com/{page}.html"
    assert message_of(Alert(INCIDENT, NOON, NOON), Phase.BEGUN, "crmsync-prod", docs) == Message(
        "Problem: acme is paused (crmsync-prod)",
        Phase.BEGUN,
        "Changes wait.",
        (
            ("Since", "2026-11-02 11:00 UTC"),
            ("What to do", "crmsync resume acme --apply"),
            ("More", "docs/operations.md#stop-a-connection"),
        ),
        (
            ("What to do", "https://docs.example.com/operations.html#stop-a-connection"),
            ("Alarm", "https://example.com/alarm"),
        ),
    )


def test_an_all_clear_says_from_when_to_when() -> None:
    """Nothing is left to do."""
    alert = Alert(INCIDENT, NOON, NOON, over_at=at(5))
    assert message_of(alert, Phase.OVER, "crmsync", "") == Message(
        "All clear: acme is paused (crmsync)",
        Phase.OVER,
        "It is over. Nothing is left to do about it.",
        (("Since", "2026-11-02 11:00 UTC"), ("Until", "2026-11-02 12:05 UTC")),
        (("Alarm", "https://example.com/alarm"),),
    )
