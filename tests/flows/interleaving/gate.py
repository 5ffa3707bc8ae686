"""A gate before each call of a worker in memory: it counts the calls, lets something happen before
one of them, or kills the worker there.

A worker reaches the CRMs and stores through `GatedPort`. "Before the next call" equals "after this
one was applied, before it has returned", because nothing changes between two calls; so the points
before each call and after the last are all the points at which another worker can interfere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

from crmsync.flows.engine.context import SyncContext
from crmsync.model.records import Side

VISIBILITY_MINUTES = 12
"""Minutes after which SQS delivers a dead worker's message again: the queues' VisibilityTimeout."""


_SIDES = {
    **dict.fromkeys(
        ("hubspot", "associations", "companies", "deals", "preferences", "lists", "deleter"),
        Side.HUBSPOT,
    ),
    **dict.fromkeys(("salesforce", "opportunities", "accounts", "activity_bin"), Side.SALESFORCE),
}
_OWN = ("directory", "pipeline_maps", "links", "outbox", "inbox")
"""Ports of our own stores. The count of changes is left out: it is far from its limit here."""
_PORTS = (*_SIDES, *_OWN)


class CallObserver(Protocol):
    """Is notified of the calls that a worker makes after its gate has opened."""

    def reads(self, side: Side, verb: str, asked: object) -> None:
        """The worker reads records of a side."""

    def shown(self) -> Mapping[str, object]:
        """What the CRMs show before a call."""

    def wrote(self, before: Mapping[str, object]) -> None:
        """The call has returned; `before` is what the CRMs showed."""


class KilledError(BaseException):
    """The worker's process was killed; not a `SyncError`, so that the product's code does not catch
    it.
    """


@dataclass
class Gate:
    """Counts a worker's calls and interferes at one of them.

    Attributes:
        at: The call (from 0) before which `meanwhile` runs; None: never.
        meanwhile: What happens at that point.
        kills: Whether the worker dies there.
        dies_at: A later call before which the worker dies.
        calls: The calls so far, by name.
        was_open: Whether `meanwhile` has run.
        observer: Is notified of the calls after that.
    """

    at: int | None = None
    meanwhile: Callable[[], None] = lambda: None
    kills: bool = False
    dies_at: int | None = None
    calls: list[str] = field(default_factory=list)
    was_open: bool = False
    observer: CallObserver | None = None

    def reach(self, name: str) -> None:
        """The worker is about to make this call, or has finished ("end"). Raises `KilledError`."""
        if len(self.calls) == self.at and not self.was_open:
            self.was_open = True
            self.meanwhile()
            if self.kills:
                raise KilledError(name)
        if len(self.calls) == self.dies_at:
            raise KilledError(name)
        self.calls.append(name)


@dataclass(frozen=True)
class GatedPort:
    """A port behind a gate; iterables of records become lists, so that the observer can read them
    too.
    """

    port: Any
    name: str
    gate: Gate

    def __getattr__(self, verb: str) -> Any:
        """The port's method behind the gate, or its attribute."""
        real = getattr(self.port, verb)
        if not callable(real):
            return real

        def call(*args: Any, **more: Any) -> Any:
            args = tuple(
                list(one)
                if isinstance(one, Iterable) and not isinstance(one, str | Mapping)
                else one
                for one in args
            )
            self.gate.reach(f"{self.name}.{verb}")
            observer = self.gate.observer if self.gate.was_open else None
            if observer is None:
                return real(*args, **more)
            if self.name in _SIDES and args:
                observer.reads(_SIDES[self.name], verb, args[0])
            before = observer.shown()
            try:
                return real(*args, **more)
            finally:
                observer.wrote(before)

        return call


def with_gate(context: SyncContext, gate: Gate) -> SyncContext:
    """The context with every port behind the gate."""
    assert {one.name for one in fields(context)} >= set(_PORTS)
    ports: dict[str, Any] = {name: GatedPort(getattr(context, name), name, gate) for name in _PORTS}
    return replace(context, **ports)
