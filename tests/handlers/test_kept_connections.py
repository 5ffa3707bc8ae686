"""A process keeps the clients of all connections that its schedule visits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.model.settings import Connection, HubspotAccount, SalesforceOrg
from crmsync.wiring import crms, stores

CONNECTIONS = [
    Connection(
        f"c{number}",
        HubspotAccount(555001 + number, f"crmsync/c{number}/hubspot"),
        SalesforceOrg(f"https://c{number}.my.salesforce.com", f"crmsync/c{number}/salesforce"),
    )
    for number in range(200)
]
KEPT = (crms.salesforce_of, crms.hubspot_of, crms.account_of, crms.schemas_of, crms.lists_of)


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment in which clients can be made, and nothing left of them afterwards."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    yield
    for module in (crms, stores):
        for one in vars(module).values():
            if hasattr(one, "cache_clear"):
                one.cache_clear()


def test_no_client_is_made_twice() -> None:
    """The second visit to two hundred connections finds the clients of the first, and with them
    the tokens: nobody signs in again.
    """
    for client_of in KEPT:
        first = [client_of(one) for one in CONNECTIONS]
        assert all(client_of(one) is made for one, made in zip(CONNECTIONS, first, strict=True))
