"""What docs/local.md says about the running stack, tried on one: the ready file, every control
call, what the calls answer.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from local.playground import Playground
from local.serve import ready_of
from local.stack import Stack
from tests.docs.pages import names, page
from tests.docs.test_examples import CURL, control_call

LOCAL = page("docs/local.md")
(SETTINGS,) = page("docs/settings.md").blocks("toml")
MAPPED = {"contacts": [{"name": "favourite_colour"}]}
WORLD = {
    "hubspot": [{"portal_id": 123456, "properties": MAPPED}, {"portal_id": 555001}],
    "salesforce": {"custom_fields": {"Lead": [{"name": "Favourite_Colour__c"}]}},
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack with all the settings that there are."""
    with Stack(SETTINGS, WORLD) as made:
        yield made


def ask(stack: Stack, path: str, body: object) -> tuple[int, dict[str, Any]]:
    """Status and answer of a control call."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        stack.control_url + path, json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
        return answer.status, json.loads(answer.read())


def test_the_ready_file_is_the_one_shown(stack: Stack) -> None:
    """The example of the ready file has the keys of a real one, at every level, and its region."""
    (shown,) = [
        content for content in map(json.loads, LOCAL.blocks("json")) if "control_url" in content
    ]
    with closing(Playground(stack)) as playground:
        real = ready_of(stack, playground)
    assert list(shown) == list(real)
    assert shown["aws_region"] == real["aws_region"]
    assert list(shown["portals"][0]) == list(real["portals"][0])
    assert list(shown["salesforce"]) == list(real["salesforce"])


@pytest.mark.parametrize(("_name", "line"), CURL)
def test_control_calls_work(stack: Stack, _name: str, line: str) -> None:
    """Every control call shown is answered, with the time."""
    path, body = control_call(line)
    if body == {"seconds": 900}:
        body = {"seconds": 61}  # a minute shows as much as a quarter of an hour
    status, answer = ask(stack, path, body)
    assert (status, "now_ms" in answer) == (200, True)
    ask(stack, "/faults", [])


def test_the_answers_are_those_described(stack: Stack) -> None:
    """The table of paths names what each answer has, the time apart."""
    described = {names(row[0])[0]: set(names(row[2])) for row in LOCAL.rows("Control it")}
    settled = set(ask(stack, "/settle", {})[1]) - {"now_ms"}
    stats = ask(stack, "/stats", {})[1]
    figures = set(stats) - {"now_ms"} | set(stats["hubspot"])
    assert described["/settle"] == settled
    assert described["/advance"] == {"/settle"}
    assert described["/stats"] == figures
