"""Turns: which calls are held, which are not, and that no call waits for ever."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from local.stack import turns as module
from local.stack.serving import Server
from local.stack.turns import MAX_PASSED, START, Taken, Turns

WAIT = 20.0
MEETING = "/meeting"

Result = TypeVar("Result")


@dataclass
class TurnServer:
    """A server whose callers take turns; it records its calls, and the highest number of concurrent
    ones.
    """

    turns: Turns
    calls: list[str] = field(default_factory=list)
    most: int = 0
    url: tuple[str, int] = ("", 0)
    _now: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Respond to one request."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        if environ["PATH_INFO"] != MEETING:
            self.calls.append(environ["PATH_INFO"])
        assert not [name for name in environ if "CALLER" in name]
        with self._lock:
            self._now -= 1
        start_response("200 OK", [])
        return [b"yes"]

    def ask(self, path: str, caller: str = "") -> int:
        """Return the status of one request, 0 if there was no response."""
        connection = http.client.HTTPConnection(*self.url, timeout=WAIT)
        try:
            connection.request("GET", path, headers={"X-Laptop-Caller": caller} if caller else {})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def while_one_computes(
        self, meanwhile: Callable[[], object], then: Callable[[], Result]
    ) -> Result:
        """Worker "a" computes until `meanwhile` is over; worker "b" has a call waiting and
        continues with `then`. Returns the result of `then`.
        """
        begun, computing, over = threading.Event(), threading.Event(), threading.Event()

        def aside() -> None:
            assert computing.wait(WAIT)
            meanwhile()
            over.set()

        def a() -> None:
            while not begun.is_set():
                self.ask(MEETING, "a/1")
            computing.set()
            assert over.wait(WAIT)

        def b() -> Result:
            begun.set()
            while not computing.is_set():
                self.ask(MEETING, "b/1")
            return then()

        threading.Thread(target=aside).start()
        returned: Any = self.turns.side_by_side({"a": a, "b": b})
        return returned[1]  # type: ignore[no-any-return]

    def worker(self, name: str, calls: int) -> Callable[[], list[int]]:
        """Make that many calls and return their statuses."""
        return lambda: [self.ask(f"/{name}/{number}", f"{name}/1") for number in range(calls)]


@pytest.fixture
def server_with_turns() -> Iterator[TurnServer]:
    made = TurnServer(Turns(5, 3))
    server = Server(made.turns.wsgi("crm", made))
    host, _, port = server.url.removeprefix("http://").partition(":")
    made.url = (host, int(port))
    yield made
    server.close()


def test_only_one_call_of_all_workers_is_in_progress(server_with_turns: TurnServer):
    """Three workers make ten calls each; the log has them in the order in which they were done."""
    parts = {name: server_with_turns.worker(name, 10) for name in "abc"}
    assert server_with_turns.turns.side_by_side(parts) == [[200] * 10] * 3
    assert server_with_turns.most == 1
    assert server_with_turns.calls == [
        taken.call.removeprefix("GET ")
        for taken in server_with_turns.turns.log
        if taken.call != START
    ]
    assert [taken for taken in server_with_turns.turns.log if taken.worker == "a"] == [
        Taken("a", "", START),
        *(Taken("a", "crm", f"GET /a/{number}") for number in range(10)),
    ]


def test_other_callers_are_served_while_a_worker_waits(server_with_turns: TurnServer):
    """A person sends no caller's header; a process that runs alone sends one and is not held
    either.
    """
    others = []
    answered = server_with_turns.while_one_computes(
        lambda: others.extend(
            [server_with_turns.ask("/person"), server_with_turns.ask("/alone", "elsewhere/1")]
        ),
        lambda: server_with_turns.ask("/worker", "b/1"),
    )
    assert (others, answered, server_with_turns.calls) == (
        [200, 200],
        200,
        ["/person", "/alone", "/worker"],
    )


def test_no_call_waits_for_ever_for_a_worker_without_calls(
    server_with_turns: TurnServer, monkeypatch: pytest.MonkeyPatch
):
    """The others continue after a time limit."""
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    done = threading.Event()

    def asks() -> int:
        status = server_with_turns.ask("/prompt", "b/1")
        done.set()
        return status

    assert server_with_turns.while_one_computes(lambda: done.wait(WAIT), asks) == 200


def test_every_worker_gets_its_turn(server_with_turns: TurnServer, monkeypatch: pytest.MonkeyPatch):
    """That holds even if the worker of the last call is always preferred."""
    monkeypatch.setattr(module, "STAYING", (1.0,))
    server_with_turns.turns.side_by_side(
        {"a": server_with_turns.worker("a", 60), "b": server_with_turns.worker("b", 60)}
    )
    order = [taken.worker for taken in server_with_turns.turns.log]
    second = "b" if order[0] == "a" else "a"
    assert order.index(second) == MAX_PASSED


def test_a_call_whose_sender_has_hung_up_is_dropped(server_with_turns: TurnServer):
    """An SDK that gave up has already repeated the call, so the first one must not be done late."""

    def gives_up() -> None:
        with socket.create_connection(server_with_turns.url) as connection:
            connection.sendall(
                b"GET /given-up HTTP/1.1\r\nHost: a\r\nX-Laptop-Caller: b/1;thread\r\n\r\n"
            )
            connection.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                connection.recv(1)

    assert (
        server_with_turns.while_one_computes(
            gives_up, lambda: server_with_turns.ask("/again", "b/1")
        )
        == 200
    )
    assert server_with_turns.calls == ["/again"]
    assert Taken("b", "crm", "GET /given-up") in server_with_turns.turns.log


def test_the_calls_of_a_dead_process_are_dropped(server_with_turns: TurnServer):
    """Neither its held calls nor later ones are done; the worker's next process is served."""
    statuses = server_with_turns.while_one_computes(
        lambda: server_with_turns.turns.gone("b", "b/1"),
        lambda: [server_with_turns.ask("/1", "b/1"), server_with_turns.ask("/2", "b/2")],
    )
    assert (statuses, server_with_turns.calls) == ([0, 200], ["/2"])


def test_an_error_of_one_worker_is_raised_after_all_have_ended(server_with_turns: TurnServer):
    """The others are not disturbed."""

    def fails() -> list[int]:
        raise LookupError("what went wrong")

    with pytest.raises(LookupError, match="what went wrong"):
        server_with_turns.turns.side_by_side({"a": fails, "b": server_with_turns.worker("b", 3)})
    assert server_with_turns.calls == ["/b/0", "/b/1", "/b/2"]
