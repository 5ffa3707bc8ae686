"""The deployed template on the laptop: everything of AWS, nothing of the CRMs.

Law: puts the parts together and owns them. It has no wiring of its own: who calls whom stands in the template.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self

from local.clock import Clock
from local.faults import Faults
from local.stack.asynchronous import AsyncCalls, PartnerBus, Schedules
from local.stack.aws import Aws
from local.stack.deployed import Deployed
from local.stack.doors import Door
from local.stack.function_url import FunctionUrl
from local.stack.lambdas import Lambdas
from local.stack.nursery import nursery
from local.stack.queues import QueuePoller
from local.stack.runner import Mover
from local.stack.template import Template


class Cloud:
    """One deployed template. A context manager; `close` ends its processes and servers."""

    def __init__(
        self,
        template: Path,
        *,
        clock: Clock,
        faults: Faults,
        parameters: Mapping[str, str] | None = None,
        doors: Iterable[Door] = (),
        port: int = 0,
    ) -> None:
        """Deploy `template`; `doors` are opened where the template has a Function URL for them, `port` is the endpoint's."""
        nursery()  # imports in the background from here on
        self._owned = ExitStack()
        with ExitStack() as undo:
            undo.push(self._owned)
            self.outputs = Path(self._owned.enter_context(tempfile.TemporaryDirectory(prefix="crmsync-")))
            self.aws = Aws(clock, faults, port=port)
            self._owned.callback(self.aws.close)
            read = Template(template, parameters or {})
            self.deployed = Deployed(self.aws, read)
            resolver = self.deployed.resolver
            self.functions = read.functions(resolver)
            self.lambdas = Lambdas(
                self.functions.values(),
                endpoint=self.aws.url,
                account=self.aws.account,
                clock=clock,
                faults=faults,
                outputs=self.outputs,
            )
            self._owned.callback(self.lambdas.close)
            self.aws.callers.functions.update(self.lambdas.keys)
            self.aws.tables.on_write = partial(self.lambdas.written, "dynamodb_write")
            retries = {name: function.async_retries for name, function in self.functions.items()}
            self.calls = AsyncCalls(self.lambdas, clock, retries)
            self.partner_bus = PartnerBus(read.partner_rules(resolver), self.calls)
            schedules = Schedules(read.schedules(resolver), self.calls, clock)
            pollers = [
                QueuePoller(mapping, self.aws, self.lambdas, faults, clock) for mapping in read.queue_mappings(resolver)
            ]
            self.movers: tuple[Mover, ...] = (schedules, self.calls, *pollers)
            self._open(doors, read.function_urls(resolver), clock)
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process and server of it."""
        self._owned.close()

    def _open(self, doors: Iterable[Door], with_url: Iterable[str], clock: Clock) -> None:
        applications = {
            self.functions[name].name: FunctionUrl(partial(self.lambdas.invoke, name), clock) for name in with_url
        }
        for door in doors:
            if door.name in applications:
                door.open(applications[door.name])
