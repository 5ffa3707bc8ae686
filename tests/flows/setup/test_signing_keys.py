"""The place of the webhook's client secret: the webhook reads it only from the secret that the
stack's parameter names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.flows.setup.signing_keys import check_signing_keys
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.records import Side
from local.people import People
from local.stack import Stack
from tests.builders import a_connection
from tests.flows.conftest import SETTINGS, WORLD

BESIDE = "crmsync/acme/hubspot"
APART = f"signing/{BESIDE}"


@pytest.fixture
def separate_stack() -> Iterator[Stack]:
    """A stack whose webhook may read only its own secrets."""
    with Stack(SETTINGS, WORLD, parameters={"SigningSecrets": "apart"}) as stack:
        yield stack


def store(stack: Stack, name: str, content: Mapping[str, str]) -> None:
    """Create a secret or replace its content."""
    secrets = stack.cloud.aws.client("secretsmanager")
    if name in {one["Name"] for one in secrets.list_secrets()["SecretList"]}:
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(content))
    else:
        secrets.create_secret(Name=name, SecretString=json.dumps(content))


def test_the_webhook_needs_only_its_own_secret(separate_stack: Stack) -> None:
    """With the client secret only there, a contact becomes a lead and our own writes are
    recognised.
    """
    known = json.loads(
        separate_stack.cloud.aws.client("secretsmanager").get_secret_value(SecretId=BESIDE)[
            "SecretString"
        ]
    )
    store(separate_stack, APART, {name: known[name] for name in ("app_id", "client_secret")})
    store(
        separate_stack,
        BESIDE,
        {name: known[name] for name in ("access_token", "app_id", "api_url")},
    )
    people = People(separate_stack.ready())
    people.new_contact(email="ada@example.com", lastname="Lang", company="Example GmbH")
    separate_stack.settle()
    assert len(people.records("SELECT Id FROM Lead WHERE Email = 'ada@example.com'")) == 1
    read = {
        call.resource.rpartition(":")[2]
        for call in separate_stack.cloud.aws.rights.done["HubspotWebhookFunction"]
    }
    assert {name for name in read if BESIDE in name} == {f"{APART}-AbCdEf"}
    assert separate_stack.stats()["lambda"]["contact_sync"] == 1


def test_a_client_secret_next_to_the_token_is_not_used(separate_stack: Stack) -> None:
    """Without the webhook's own secret calls are answered 503, and the log names the connection."""
    People(separate_stack.ready()).new_contact(
        email="ada@example.com", lastname="Lang", company="Example GmbH"
    )
    separate_stack.settle()
    log = separate_stack.output("hubspot_webhook")
    assert '"status":503' in log
    assert f"There is no secret {APART}." in log


def test_the_webhook_may_not_read_a_token(separate_stack: Stack) -> None:
    """It is granted neither a CRM's credentials nor the key of the links."""
    granted = separate_stack.cloud.aws.rights.granted["HubspotWebhookFunction"]
    secrets = {
        grant.resource.rpartition(":secret:")[2]
        for grant in granted
        if "secretsmanager" in grant.action
    }
    assert secrets == {"signing/crmsync/*", "crmsync-settings-key-*"}


def findings(secrets: Mapping[str, Mapping[str, str]]) -> SetupStep:
    """What is reported about a connection's keys, with these secrets in the account."""

    def read(name: str) -> Mapping[str, str]:
        if name not in secrets:
            raise Refused(f"There is no secret {name}.", code="SECRET")
        return secrets[name]

    return check_signing_keys(a_connection(), read)


def test_the_operator_sees_where_the_client_secret_is() -> None:
    """Separate is good, next to the token is a hint because it works in some stacks, and missing is
    an error.
    """
    token = {"access_token": "t", "app_id": "7"}
    key = {"client_secret": "s", "app_id": "7"}
    states = {
        "apart": findings({APART: key, BESIDE: token}),
        "beside": findings({BESIDE: token | key}),
        "nowhere": findings({BESIDE: token}),
    }
    assert {name: (step.state, bool(step.text)) for name, step in states.items()} == {
        "apart": (StepState.THERE, False),
        "beside": (StepState.THERE, True),
        "nowhere": (StepState.WRONG, True),
    }
    assert {(step.connection, step.side, step.what) for step in states.values()} == {
        ("acme", Side.HUBSPOT, "client secret of the webhook")
    }


def test_secrets_that_cannot_be_read_are_reported() -> None:
    """AWS's refusal does not count as a missing client secret."""

    def read(name: str) -> Mapping[str, str]:
        raise TryAgain(
            f"Secrets Manager could not do it now ({name}).",
            after=300,
            code="AccessDeniedException",
        )

    step = check_signing_keys(a_connection(), read)
    assert (step.state, step.text) == (
        StepState.FAILED,
        f"Secrets Manager could not do it now ({APART}).",
    )
