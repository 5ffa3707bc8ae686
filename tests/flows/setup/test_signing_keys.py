"""Where the webhook's client secret stands: on the laptop stack the webhook finds it where the
stack's parameter says, and nowhere else.
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
def apart() -> Iterator[Stack]:
    """A stack whose webhook may read the secrets of its own alone."""
    with Stack(SETTINGS, WORLD, parameters={"SigningSecrets": "apart"}) as stack:
        yield stack


def store(stack: Stack, name: str, content: Mapping[str, str]) -> None:
    """Make a secret, or put another content into it."""
    secrets = stack.cloud.aws.client("secretsmanager")
    if name in {one["Name"] for one in secrets.list_secrets()["SecretList"]}:
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(content))
    else:
        secrets.create_secret(Name=name, SecretString=json.dumps(content))


def test_the_webhook_needs_its_own_secret_alone(apart: Stack) -> None:
    """With the client secret in the webhook's secret and nowhere else a contact becomes a lead, and
    our own writes are no news.
    """
    known = json.loads(
        apart.cloud.aws.client("secretsmanager").get_secret_value(SecretId=BESIDE)["SecretString"]
    )
    store(apart, APART, {name: known[name] for name in ("app_id", "client_secret")})
    store(apart, BESIDE, {name: known[name] for name in ("access_token", "app_id", "api_url")})
    people = People(apart.ready())
    people.new_contact(email="ada@example.com", lastname="Lang", company="Example GmbH")
    apart.settle()
    assert len(people.records("SELECT Id FROM Lead WHERE Email = 'ada@example.com'")) == 1
    read = {
        call.resource.rpartition(":")[2]
        for call in apart.cloud.aws.rights.done["HubspotWebhookFunction"]
    }
    assert {name for name in read if BESIDE in name} == {f"{APART}-AbCdEf"}
    assert apart.stats()["lambda"]["contact_sync"] == 1


def test_a_client_secret_beside_the_token_opens_no_door_there(apart: Stack) -> None:
    """The webhook looks in its own place; where nothing is, calls are answered 503 and the log
    names the connection.
    """
    People(apart.ready()).new_contact(
        email="ada@example.com", lastname="Lang", company="Example GmbH"
    )
    apart.settle()
    log = apart.output("hubspot_webhook")
    assert '"status":503' in log
    assert f"There is no secret {APART}." in log


def test_the_webhook_may_not_read_a_token(apart: Stack) -> None:
    """Whatever its code does: neither a CRM's credentials nor the key of the links are granted to
    it.
    """
    granted = apart.cloud.aws.rights.granted["HubspotWebhookFunction"]
    secrets = {
        grant.resource.rpartition(":secret:")[2]
        for grant in granted
        if "secretsmanager" in grant.action
    }
    assert secrets == {"signing/crmsync/*", "crmsync-settings-key-*"}


def look(secrets: Mapping[str, Mapping[str, str]]) -> SetupStep:
    """What is said of a connection's keys, with these secrets in the account."""

    def read(name: str) -> Mapping[str, str]:
        if name not in secrets:
            raise Refused(f"There is no secret {name}.", code="SECRET")
        return secrets[name]

    return check_signing_keys(a_connection(), read)


def test_the_operator_is_told_where_the_client_secret_stands() -> None:
    """Apart is good; beside the token works in some stacks, so it is told and no error; nowhere is
    one.
    """
    token = {"access_token": "t", "app_id": "7"}
    key = {"client_secret": "s", "app_id": "7"}
    states = {
        "apart": look({APART: key, BESIDE: token}),
        "beside": look({BESIDE: token | key}),
        "nowhere": look({BESIDE: token}),
    }
    assert {name: (step.state, bool(step.text)) for name, step in states.items()} == {
        "apart": (StepState.THERE, False),
        "beside": (StepState.THERE, True),
        "nowhere": (StepState.WRONG, True),
    }
    assert {(step.connection, step.side, step.what) for step in states.values()} == {
        ("acme", Side.HUBSPOT, "client secret of the webhook")
    }


def test_secrets_that_cannot_be_read_are_told() -> None:
    """AWS's refusal is no word about the client secret."""

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
