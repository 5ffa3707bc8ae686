"""Turns: which calls are held, which are not, and that nobody waits for ever."""

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
from local.stack.turns import MOST_PASSED, START, Taken, Turns

WAIT = 20.0
MEETING = "/meeting"

Result = TypeVar("Result")


@dataclass
class Place:
    """A server whose callers take turns; it records its calls, and how many it had at once
    at most.
    """

    turns: Turns
    asked: list[str] = field(default_factory=list)
    most: int = 0
    url: tuple[str, int] = ("", 0)
    _now: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer one request."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        if environ["PATH_INFO"] != MEETING:
            self.asked.append(environ["PATH_INFO"])
        assert not [name for name in environ if "CALLER" in name]
        with self._lock:
            self._now -= 1
        start_response("200 OK", [])
        return [b"yes"]

    def ask(self, path: str, caller: str = "") -> int:
        """Return the status of one request, 0 if no answer came."""
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
def place() -> Iterator[Place]:
    made = Place(Turns(5, 3))
    server = Server(made.turns.wsgi("crm", made))
    host, _, port = server.url.removeprefix("http://").partition(":")
    made.url = (host, int(port))
    yield made
    server.close()


def test_only_one_call_of_all_workers_is_in_progress(place: Place):
    """Three workers, ten calls each, all answered; the log has them in the order in which they were
    done.
    """
    parts = {name: place.worker(name, 10) for name in "abc"}
    assert place.turns.side_by_side(parts) == [[200] * 10] * 3
    assert place.most == 1
    assert place.asked == [
        taken.call.removeprefix("GET ") for taken in place.turns.log if taken.call != START
    ]
    assert [taken for taken in place.turns.log if taken.worker == "a"] == [
        Taken("a", "", START),
        *(Taken("a", "crm", f"GET /a/{number}") for number in range(10)),
    ]


def test_others_are_answered_while_a_worker_waits(place: Place):
    """A person sends no caller's header; a process that runs alone sends one and is not held
    either.
    """
    others = []
    answered = place.while_one_computes(
        lambda: others.extend([place.ask("/person"), place.ask("/alone", "elsewhere/1")]),
        lambda: place.ask("/worker", "b/1"),
    )
    assert (others, answered, place.asked) == ([200, 200], 200, ["/person", "/alone", "/worker"])


def test_nobody_waits_for_ever_for_a_worker_that_makes_no_call(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    """The others go on when the patience is over."""
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    done = threading.Event()

    def asks() -> int:
        status = place.ask("/prompt", "b/1")
        done.set()
        return status

    assert place.while_one_computes(lambda: done.wait(WAIT), asks) == 200


def test_a_worker_is_not_passed_over_for_ever(place: Place, monkeypatch: pytest.MonkeyPatch):
    """Even if the worker of the last call is always preferred."""
    monkeypatch.setattr(module, "STAYING", (1.0,))
    place.turns.side_by_side({"a": place.worker("a", 60), "b": place.worker("b", 60)})
    order = [taken.worker for taken in place.turns.log]
    second = "b" if order[0] == "a" else "a"
    assert order.index(second) == MOST_PASSED


def test_a_call_whose_sender_has_hung_up_is_dropped(place: Place):
    """An SDK that gave up has already repeated the call, so the first one must not be done late."""

    def gives_up() -> None:
        with socket.create_connection(place.url) as connection:
            connection.sendall(
                b"GET /given-up HTTP/1.1\r\nHost: a\r\nX-Laptop-Caller: b/1;thread\r\n\r\n"
            )
            connection.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                connection.recv(1)

    assert place.while_one_computes(gives_up, lambda: place.ask("/again", "b/1")) == 200
    assert place.asked == ["/again"]
    assert Taken("b", "crm", "GET /given-up") in place.turns.log


def test_the_calls_of_a_dead_process_are_dropped(place: Place):
    """Neither its held calls nor those that arrive later are done; the worker's next process is
    answered.
    """
    statuses = place.while_one_computes(
        lambda: place.turns.gone("b", "b/1"),
        lambda: [place.ask("/1", "b/1"), place.ask("/2", "b/2")],
    )
    assert (statuses, place.asked) == ([0, 200], ["/2"])


def test_an_error_of_one_worker_is_raised_after_all_have_ended(place: Place):
    """The others are not disturbed."""

    def fails() -> list[int]:
        raise LookupError("what went wrong")

    with pytest.raises(LookupError, match="what went wrong"):
        place.turns.side_by_side({"a": fails, "b": place.worker("b", 3)})
    assert place.asked == ["/b/0", "/b/1", "/b/2"]
