"""What every call to AWS has in common."""

from __future__ import annotations

import pytest

from crmsync.gateways.aws.client import client
from tests.gateways.scripted import Answer, script


def test_a_call_says_that_it_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's own records of calls name crmsync, and not a line of versions that boto3 would put
    together twice for each.
    """
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "laptop")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with script(Answer({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        client("events").put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}])

    assert [one.headers["User-Agent"].split()[0] for one in aws.asked] == ["crmsync"]
