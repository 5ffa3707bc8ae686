"""The console on the laptop stack: the real function behind its address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from secrets import token_urlsafe

import pytest

from crmsync.flows.operator.console_links import ConsoleLinks
from crmsync.model.moments import from_epoch_ms
from local.stack import Stack
from tests.console.browser import Browser
from tests.flows.conftest import SETTINGS, WORLD

ADA = "arn:aws:sts::111122223333:assumed-role/Operators/ada"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One stack for a whole module."""
    with Stack(SETTINGS, WORLD) as made:
        yield made


@pytest.fixture
def stranger(stack: Stack) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(stack.console_url)


@pytest.fixture
def browser(stack: Stack) -> Browser:
    """A browser of somebody who has opened a new link."""
    made = Browser(stack.console_url)
    assert made.get(new_link(stack)).status_code == 200
    return made


def new_link(stack: Stack) -> str:
    """A new link, as the operator's command makes it for `ADA` where links open the console."""
    client = stack.cloud.aws.client("secretsmanager")
    links = ConsoleLinks(
        secret=lambda: {
            **json.loads(client.get_secret_value(SecretId="crmsync-console")["SecretString"]),
            "links": "yes",
        },
        caller=lambda: ADA,
        new_id=token_urlsafe,
        now=lambda: from_epoch_ms(stack.clock.now_ms()),
    )
    return links.link().url
