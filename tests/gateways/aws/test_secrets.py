"""How long secrets are kept, when they are read again, and that they are never shown."""

from __future__ import annotations

import pytest

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.gateways.aws.secrets import MAX_AGE, MIN_AGE, SecretStore, part
from tests import aws
from tests.gateways.scripted import Response, aws_client, script


class Seconds:
    """A clock that a test sets."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_a_secret_is_kept_for_five_minutes_and_renewed_when_a_vendor_refuses_it() -> None:
    """A rotation takes effect at once, and many refusals cause one read."""
    clock = Seconds()
    with aws.mock_aws():
        client = aws.client("secretsmanager")
        client.create_secret(
            Name="acme", SecretString='{"access_token": "old", "app_id": 990077, "none": null}'
        )
        secret = SecretStore(client, now=clock).secret("acme")
        seen = [secret.current()]
        client.put_secret_value(SecretId="acme", SecretString='{"access_token": "new"}')
        seen += [secret.current(), secret.renewed()]
        clock.now = MIN_AGE
        seen += [secret.current(), secret.renewed(), secret.current()]
        client.put_secret_value(SecretId="acme", SecretString='{"access_token": "newer"}')
        clock.now += MAX_AGE
        seen += [secret.current()]

    tokens = [content["access_token"] for content in seen]
    assert tokens == ["old", "old", "old", "old", "new", "new", "newer"]
    assert seen[0] == {"access_token": "old", "app_id": "990077"}


@pytest.mark.parametrize("text", ["no json", "[]", '"text"', "null"])
def test_a_secret_of_another_form_is_refused_without_being_shown(text: str) -> None:
    """The error names the secret."""
    with aws.mock_aws():
        client = aws.client("secretsmanager")
        client.create_secret(Name="acme", SecretString=text)
        store = SecretStore(client, now=Seconds())
        with pytest.raises(Refused) as caught:
            store.read("acme")

        assert store.text("acme") == text
    assert caught.value.text == "The secret acme does not hold a JSON object."


def test_a_secret_that_is_not_there_is_refused_and_an_unreachable_store_is_tried_again() -> None:
    """The first needs a person, the second only time."""
    with aws.mock_aws(), pytest.raises(Refused) as missing:
        SecretStore(aws.client("secretsmanager"), now=Seconds()).read("acme")
    with script(Response({"__type": "InternalServiceError"}, 500)) as failing:
        store = SecretStore(aws_client(failing.url, "secretsmanager"), now=Seconds())
        with pytest.raises(SyncError) as down:
            store.read("acme")

    assert (missing.value.text, type(down.value)) == ("There is no secret acme.", TryAgain)


def test_a_secret_of_bytes_is_refused_and_read_again_after_five_seconds() -> None:
    """A request to the webhook does not read it each time, and a corrected secret is soon used."""
    clock = Seconds()
    with aws.mock_aws():
        client = aws.client("secretsmanager")
        client.create_secret(Name="acme", SecretBinary=b"{}")
        store = SecretStore(client, now=clock)
        with pytest.raises(Refused, match="The secret acme holds bytes and no text"):
            store.read("acme")
        client.put_secret_value(SecretId="acme", SecretString='{"access_token": "new"}')
        with pytest.raises(Refused, match="The secret acme holds bytes and no text"):
            store.read("acme")
        clock.now = MIN_AGE

        assert store.read("acme") == {"access_token": "new"}


@pytest.mark.parametrize("value", [None, "", "two words", "line\nbreak", "t\u00f6ken"])
def test_a_value_that_is_invalid_in_a_header_is_refused_without_being_shown(
    value: str | None,
) -> None:
    """A token with a line break fails its own connection only, not the whole Lambda."""
    with pytest.raises(Refused) as caught:
        part({} if value is None else {"access_token": value}, "access_token", "HubSpot")

    assert (caught.value.code, caught.value.hint) == ("SECRET", "Store it again.")
    assert not value or value not in caught.value.text
