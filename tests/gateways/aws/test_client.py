"""What all calls to AWS have in common."""

from __future__ import annotations

import pytest

from crmsync.gateways.aws.client import LateClient, client
from tests.gateways.scripted import Response, script


def test_the_user_agent_of_a_call_is_crmsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user agent is crmsync, not the list of versions that boto3 would build twice per call."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "laptop")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with script(Response({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        client("events").put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}])

    assert [one.headers["User-Agent"].split()[0] for one in aws.requests] == ["crmsync"]


def test_a_late_client_is_made_by_its_first_call() -> None:
    """Its calls are those of the client, and what is never called is never made."""
    made: list[str] = []

    def make() -> str:
        made.append("made")
        return "a client"

    late = LateClient(make)
    assert made == []
    assert late.upper() == "A CLIENT"
    assert made == ["made"]
