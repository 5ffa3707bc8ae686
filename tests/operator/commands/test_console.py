"""`crmsync console`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.flows.operator.console_links import ConsoleLinks
from crmsync.wire.console_tokens import ConsoleToken, Purpose, read_token
from tests.builders import NOON
from tests.operator.deployments import CONSOLE, Deployment
from tests.operator.shell import run_command


def test_the_link_is_printed_and_nothing_else(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
):
    """It is valid for five minutes, names who asked, and has a new id each time."""
    links = [run_command(deployment, capsys, "console") for _ in range(2)]
    read = []
    for status, out, err in links:
        url, _, token = out.rstrip("\n").partition("?link=")
        assert (status, url, err) == (0, "https://console.example.com/sign-in", "")
        read.append(read_token(token, Purpose.LINK, CONSOLE["key"].encode(), NOON))

    ends = NOON + timedelta(minutes=5)
    assert read == [ConsoleToken("id1", "ada", ends), ConsoleToken("id2", "ada", ends)]


def test_where_links_open_nothing_the_address_is_printed(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
):
    """With what to do there."""
    links = replace(deployment.operator.console, secret=lambda: {**CONSOLE, "links": "no"})
    deployment.operator = replace(deployment.operator, console=links)

    assert run_command(deployment, capsys, "console") == (
        0,
        "https://console.example.com/sign-in/account\n",
        "Links do not open this console: sign in there with your company's account.\n",
    )


@pytest.mark.parametrize("name", ["url", "key"])
def test_a_secret_that_lacks_something_is_told(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], name: str
):
    """No link is printed, and what is to be done is said."""
    links: ConsoleLinks = replace(
        deployment.operator.console, secret=lambda: {**CONSOLE, name: "short"}
    )
    deployment.operator = replace(deployment.operator, console=links)

    assert run_command(deployment, capsys, "console") == (
        1,
        "",
        (
            f"crmsync: The console's secret has no usable {name}. docs/console.md says what it holds, "
            "under 'The key'.\n"
        ),
    )
