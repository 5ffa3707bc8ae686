"""The control URL and `serve`, with which other programs drive the stack."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from local.serve import write_whole
from local.stack import Stack, StackError
from local.stack.stack import PORTS
from tests.flows.conftest import SETTINGS, WORLD

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


def response_of(
    stack: Stack, path: str, body: Any = None, *, raw: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Return status and content of a response without its time, which must be there."""
    answer = requests.post(
        stack.control_url + path, data=json.dumps(body) if raw is None else raw, timeout=60
    )
    content = answer.json()
    assert abs(content.pop("now_ms") - stack.clock.now_ms()) < 60_000
    return answer.status_code, content


def test_settling_reports_rounds_and_open_errors(stack: Stack):
    """The second time nothing is left to do."""
    response_of(stack, "/settle", {})
    assert response_of(stack, "/settle", {}) == (
        200,
        {"settled": True, "rounds": 0, "open_errors": 0},
    )


def test_advancing_moves_the_clock(stack: Stack):
    """It moves by the requested seconds, and a little more for the time of the work."""
    before = stack.clock.now_ms()
    assert response_of(stack, "/advance", {"seconds": 30, "settle": False})[0] == 200
    assert 30_000 <= stack.clock.now_ms() - before < 60_000
    assert response_of(stack, "/advance", {"seconds": 90})[1]["settled"] is True
    assert stack.clock.now_ms() - before >= 120_000


def test_statistics_begin_when_the_stack_is_ready(stack: Stack):
    """The calls of set-up do not count."""
    with Stack(SETTINGS, WORLD) as fresh:
        nothing = {"calls": 0, "reads": 0, "writes": 0, "by_endpoint": {}}
        assert fresh.stats() == {
            "hubspot": nothing,
            "salesforce": nothing,
            "dynamodb": {"reads": 0, "writes": 0},
            "lambda": dict.fromkeys(
                (path.parent.name for path in ROOT.glob("functions/*/handler.py")), 0
            ),
        }
    assert set(response_of(stack, "/stats", {})[1]) == {
        "hubspot",
        "salesforce",
        "dynamodb",
        "lambda",
    }


def test_a_list_of_faults_replaces_the_one_in_force(stack: Stack):
    """A list with an unknown kind is refused as a whole, and the old one stays."""
    assert response_of(stack, "/faults", [{"at": "lambda", "kind": "throttle", "times": 2}]) == (
        200,
        {"faults": 1},
    )
    status, content = response_of(stack, "/faults", [{"at": "lambda", "kind": "explode"}])
    assert (status, content) == (400, {"error": "unknown fault: at 'lambda', kind 'explode'"})
    assert stack.cloud.lambdas.invoke("HubspotSweepFunction", {}).ok is False
    assert response_of(stack, "/faults", []) == (200, {"faults": 0})
    assert stack.cloud.lambdas.invoke("HubspotSweepFunction", {}).ok is True


def test_a_person_acts_in_the_crms(stack: Stack):
    """The simulator's response is passed on."""
    action = {
        "side": "hubspot",
        "portal_id": 555001,
        "do": "resubscribe",
        "email": "ada@example.com",
    }
    assert response_of(stack, "/person", action) == (
        200,
        {"email": "ada@example.com", "opted_out": False},
    )


def test_a_web_page_cannot_drive_the_stack(stack: Stack):
    """A browser names the origin of what a page sends, also when it asks for no leave first."""
    answer = requests.post(
        stack.control_url + "/faults",
        data='[{"at": "webhook", "kind": "drop"}]',
        headers={"Origin": "https://example.com", "Content-Type": "text/plain"},
        timeout=60,
    )
    assert answer.status_code == 403
    assert answer.json()["error"] == "The control URL takes nothing from a web page."
    assert stack.faults_in_force() == []


@pytest.mark.parametrize(
    ("path", "raw", "status"),
    [
        ("/nothing", "{}", 404),
        ("/settle", "{", 400),
        ("/settle", "[]", 400),
        ("/advance", "{}", 400),
        ("/advance", '{"seconds": -1}', 400),
        ("/advance", '{"seconds": true}', 400),
        ("/advance", '{"seconds": NaN}', 400),
        ("/advance", '{"seconds": 1, "settle": "no"}', 400),
        ("/faults", "{}", 400),
        ("/faults", "[1]", 400),
        ("/person", '{"side": "middle"}', 400),
        ("/person", '{"side": "hubspot", "portal_id": 1, "do": "dance"}', 400),
        ("/person", '{"side": "salesforce", "do": "dance"}', 400),
    ],
)
def test_an_impossible_request_is_refused_with_a_sentence(
    stack: Stack, path: str, raw: str, status: int
):
    """An invalid request of any kind changes nothing."""
    added = stack.clock.added_ms
    found, content = response_of(stack, path, raw=raw)
    assert (found, list(content), bool(content["error"])) == (status, ["error"], True)
    assert stack.clock.added_ms == added


def test_only_posts_are_accepted(stack: Stack):
    """A GET is refused with 405."""
    assert requests.get(stack.control_url + "/settle", timeout=30).status_code == 405


def test_the_ready_file_names_everything(stack: Stack):
    """The names are fixed, and every address works."""
    ready = stack.ready()
    assert set(ready) == {
        "control_url",
        "webhook_url",
        "console_url",
        "aws_endpoint_url",
        "aws_region",
        "portals",
        "salesforce",
        "now_ms",
    }
    (portal,) = ready["portals"]
    assert set(portal) == {
        "portal_id",
        "base_url",
        "access_token",
        "user_token",
        "app_id",
        "client_secret",
    }
    assert set(ready["salesforce"]) == {
        "instance_url",
        "access_token",
        "user_token",
        "org_id",
        "api_version",
        "integration_user_id",
        "user_id",
    }
    urls = [ready[name] for name in ready if name.endswith("url")] + [
        portal["base_url"],
        ready["salesforce"]["instance_url"],
    ]
    assert [requests.get(url, timeout=30).status_code // 100 in {2, 3, 4} for url in urls] == [
        True
    ] * 6


def test_a_file_is_replaced_atomically(tmp_path: Path):
    """A reader never finds half of it, and nothing else is left behind."""
    write_whole(tmp_path / "ready.json", {"a": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]
    assert json.loads((tmp_path / "ready.json").read_text()) == {"a": 1}


def free_ports(count: int) -> int:
    """Return the first of `count` free ports in a row, below those that the system assigns by
    itself.
    """
    for base in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with ExitStack() as held:
            try:
                for number in range(count):
                    held.enter_context(socket.create_server(("127.0.0.1", base + number)))
            except OSError:
                continue
            return base
    pytest.fail("no free ports")


def serving(folder: Path, settings: str, *more: str) -> subprocess.Popen[str]:
    (folder / "settings.toml").write_text(settings)
    (folder / "world.json").write_text(json.dumps(WORLD))
    files = ["--settings", "settings.toml", "--world", "world.json", "--ready", "ready.json"]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "shared")])
    environment = {**os.environ, "PYTHONPATH": paths}
    command = [sys.executable, "-m", "local", "serve", *files, *more]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_serve_reports_that_it_is_ready_and_leaves_nothing_behind(tmp_path: Path):
    """It uses seven consecutive ports in a fixed order; SIGTERM ends it and every process that it
    started.
    """
    base = free_ports(len(PORTS) + 1)
    with serving(tmp_path, SETTINGS, "--port-base", str(base), "--workers", "2") as process:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        ready = json.loads((tmp_path / "ready.json").read_text())
        assert (
            requests.post(ready["control_url"] + "/settle", json={}, timeout=60).json()["settled"]
            is True
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        told = process.stdout.read()
    found = [
        ready[name] for name in ("control_url", "webhook_url", "console_url", "aws_endpoint_url")
    ]
    found += [ready["portals"][0]["base_url"], ready["salesforce"]["instance_url"]]
    found.append(ready["playground_url"])
    console = ready["console_url"], ready["webhook_url"]  # reached by way of the playground
    assert [url for url in found if url not in console and url not in told] == []
    assert "\x1b" not in told
    assert [int(url.rpartition(":")[2]) for url in found] == [
        base + number for number in range(len(PORTS) + 1)
    ]
    with pytest.raises(requests.ConnectionError):
        requests.post(ready["webhook_url"], timeout=5)


def test_a_function_has_at_least_one_worker():
    """Without a worker all messages would stay in their queues."""
    with pytest.raises(StackError, match="1 worker at least, not in 0"):
        Stack(SETTINGS, WORLD, workers=0)


def test_serve_refuses_settings_that_the_product_refuses(tmp_path: Path):
    """It prints the product's own text, ends with exit status 1, and writes no ready file."""
    with serving(tmp_path, SETTINGS + "unheard_of = true\n") as process:
        _, words = process.communicate(timeout=60)
    assert (process.returncode, "unheard_of" in words, "Traceback" in words) == (1, True, False)
    assert not (tmp_path / "ready.json").exists()
