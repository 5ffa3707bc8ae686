"""Stories of a secret that cannot be used: it stops only the connection it belongs to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crmsync.wire.settings.signature import StoredPush, sign
from local.people import People
from local.stack import Stack
from tests.flows.stories.operator.test_two_accounts import SHARED, WORLD
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, rows

BROKEN = {
    "missing": None,
    "no JSON": "not { json",
    "empty": "{}",
    "line break": json.dumps({"access_token": "a\nb", "client_secret": ""}),
}


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for the module: two HubSpot accounts on one org."""
    with Stack(SHARED, WORLD) as stack:
        yield stack


@pytest.fixture
def beta(stack: Stack) -> People:
    """A person's access to the second HubSpot account and to the org."""
    return People(stack.ready(), portal=1)


def replace_secret(stack: Stack, name: str, text: str | None) -> str:
    """Replace a secret, or delete it if `text` is None, and return its former value; functions
    start anew, so that none has cached it.
    """
    client = stack.cloud.aws.client("secretsmanager")
    before = (
        str(client.get_secret_value(SecretId=name)["SecretString"])
        if _is_there(client, name)
        else ""
    )
    if text is None:
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    elif before:
        client.put_secret_value(SecretId=name, SecretString=text)
    else:
        client.create_secret(Name=name, SecretString=text)
    stack.cloud.lambdas.close()
    return before


def _is_there(client: object, name: str) -> bool:
    return name in {one["Name"] for one in client.list_secrets()["SecretList"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("side", "text"),
    [
        pytest.param(
            side, text, id=f"{side} {name}", marks=[pytest.mark.long] if name != "no JSON" else []
        )
        for side in ("hubspot", "salesforce")
        for name, text in BROKEN.items()
    ],
)
def test_an_unusable_secret_stops_only_its_own_connection(
    stack: Stack, people: People, beta: People, side: str, text: str | None
) -> None:
    """The other account's webhooks are answered 200 and its contacts sync at once; the connection's
    own changes sync once the secret is usable.
    """
    address = f"{side}-{list(BROKEN.values()).index(text)}@example.com"
    whole = replace_secret(stack, f"crmsync/beta/{side}", text)
    try:
        before = stack.output("hubspot_webhook").count('"status":200')
        beta.new_contact(lastname="Bell", company="Example AG", email=f"beta-{address}")
        people.new_contact(lastname="Ames", company="Example GmbH", email=f"acme-{address}")
        stack.settle()
        arrived = [bool(rows(people, "Lead", f"{name}-{address}")) for name in ("acme", "beta")]
        answered = stack.output("hubspot_webhook").count('"status":200') - before
    finally:
        replace_secret(stack, f"crmsync/beta/{side}", whole)
    stack.advance(2 * SWEEP)

    assert (arrived, answered >= 1) == ([True, False], True)
    assert len(rows(people, "Lead", f"beta-{address}")) == 1
    assert stack.settle()["open_errors"] == 0


@pytest.mark.long
def test_settings_cannot_send_credentials_to_another_host(
    stack: Stack, people: People, tmp_path: Path
) -> None:
    """If the settings name another login host, neither the functions nor the command sign in there,
    and the log says why.
    """
    bodies: list[bytes] = []
    name = "crmsync/acme/salesforce"
    content = json.loads(
        str(
            stack.cloud.aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        )
    )
    file = tmp_path / "settings.toml"
    with recording_server(bodies) as port:
        before = replace_secret(
            stack,
            name,
            json.dumps({key: value for key, value in content.items() if key != "login_url"}),
        )
        file.write_text(
            SHARED.replace("https://acme.my.salesforce.com", f"http://127.0.0.1:{port}")
        )
        pushed = command(stack, "settings", "push", str(file), "--apply", status=1)
        with tampered_settings(stack, "https://acme.my.salesforce.com", f"http://127.0.0.1:{port}"):
            people.new_contact(email="astray@example.com", lastname="Lang", company="Example")
            stack.advance(SWEEP)
        replace_secret(stack, name, before)
        stack.advance(2 * SWEEP)

    assert (pushed["code"], bodies) == ("LOGIN_HOST", [])
    assert "LOGIN_HOST" in stack.output("salesforce_changes")
    assert rows(people, "Lead", "astray@example.com", "LastName") == [{"LastName": "Lang"}]


def test_the_history_of_settings_shows_who_pushed_them(stack: Stack) -> None:
    """The identity is the one that AWS knows, not the name on the person's machine."""
    assert {one["by"].partition(":sts::")[0] for one in command(stack, "settings", "history")} == {
        "arn:aws"
    }


@contextmanager
def tampered_settings(stack: Stack, old: str, new: str) -> Iterator[None]:
    """Put other settings into the table past the command, with a valid signature, and restore the
    former ones at the end.
    """
    client = stack.cloud.aws.client("dynamodb")
    table = "crmsync-settings"
    key = stack.cloud.aws.client("secretsmanager").get_secret_value(
        SecretId="crmsync-settings-key"
    )["SecretString"]
    (item,) = [
        one
        for one in client.scan(TableName=table)["Items"]
        if (one["pk"]["S"], one["sk"]["S"]) == ("settings", "current")
    ]
    assert old in item["settings"]["S"]
    texts = {name: item[name]["S"] for name in ("text", "settings", "pushed_at", "by")}
    texts["settings"] = texts["settings"].replace(old, new)
    false = sign(StoredPush(int(item["version"]["N"]), **texts), "current", key.encode())
    client.put_item(
        TableName=table, Item={**item, "settings": {"S": texts["settings"]}, "seal": {"S": false}}
    )
    stack.cloud.lambdas.close()
    yield
    client.put_item(TableName=table, Item=item)
    stack.cloud.lambdas.close()


@contextmanager
def recording_server(bodies: list[bytes]) -> Iterator[int]:
    """A server on the loopback address that records the bodies it receives; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_error(400)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
