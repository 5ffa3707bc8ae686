"""The deployed template on the laptop: everything of AWS, nothing of the CRMs.

Law: puts the parts together and owns them. It has no wiring of its own: the template says who calls
whom.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self

from local.stack.aws import Aws
from local.stack.deployed import Deployed
from local.stack.lambdas.asynchronous import AsyncCalls, Schedules
from local.stack.lambdas.function_url import FunctionUrl
from local.stack.lambdas.lambdas import Lambdas
from local.stack.lambdas.queues import QueuePoller
from local.stack.listener import Listener
from local.stack.metrics import Metrics
from local.stack.partner_bus import PartnerBus
from local.stack.rights import rights_of
from local.stack.runner import Mover
from local.stack.template.template import QueueMapping, Template
from local.stack.turns import Turns
from local.worker_pool import worker_pool
from simulators.clock import Clock
from simulators.faults import Faults


class Cloud:
    """One deployed template. A context manager; `close` ends its processes and servers.

    Attributes:
        outputs: The folder of the functions' output.
        aws: The account.
        deployed: The resources that were made.
        functions: The Lambdas by logical id.
        lambdas: Their processes.
        partner_bus: The bus that receives Salesforce's change events.
        schedules: The schedules.
        movers: Everything that has work from time to time, in the order in which it runs.
    """

    def __init__(
        self,
        template: Path,
        *,
        clock: Clock,
        faults: Faults,
        parameters: Mapping[str, str] | None = None,
        listeners: Iterable[Listener] = (),
        port: int = 0,
        turns: Turns | None = None,
    ) -> None:
        """Deploy `template` with its endpoint on `port`.

        Each of the `listeners` is opened if the template gives its function a Function URL. Up to
        ``turns.workers`` processes of a function that a queue calls run side by side.
        """
        worker_pool()  # imports in the background from here on
        self._clock = clock
        self._faults = faults
        self._turns = turns or Turns()
        self._owned = ExitStack()
        with ExitStack() as undo:
            undo.push(self._owned)
            self.outputs = Path(
                self._owned.enter_context(tempfile.TemporaryDirectory(prefix="crmsync-"))
            )
            self.aws = Aws(clock, faults, port=port, turns=self._turns)
            self._owned.callback(self.aws.close)
            read = Template(template, parameters or {})
            self.deployed = Deployed(self.aws, read)
            self.aws.rights = rights_of(read, self.deployed.resolver)
            self.functions = read.functions(self.deployed.resolver)
            self.lambdas = self._lambdas(read.queue_mappings(self.deployed.resolver))
            self.aws.metrics = Metrics(
                [function.name for function in self.functions.values()], self.lambdas.output_since
            )
            self._connect(read)
            self._open(listeners, read.function_urls(self.deployed.resolver))
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process and server of this deployment."""
        self._owned.close()

    def _lambdas(self, mappings: Iterable[QueueMapping]) -> Lambdas:
        sandboxes = {
            mapping.function: mapping.side_by_side(self._turns.workers) for mapping in mappings
        }
        made = Lambdas(
            self.functions.values(),
            sandboxes=sandboxes,
            turns=self._turns,
            aws=self.aws,
            clock=self._clock,
            faults=self._faults,
            outputs=self.outputs,
        )
        self._owned.callback(made.close)
        self.aws.callers.functions.update(made.keys)
        self.aws.tables.on_write = partial(made.written, "dynamodb_write")
        return made

    def _connect(self, read: Template) -> None:
        """Connect everything that calls functions: schedules, asynchronous calls, queues and the
        partner bus.
        """
        resolver, clock = self.deployed.resolver, self._clock
        retries = {name: function.async_retries for name, function in self.functions.items()}
        calls = AsyncCalls(self.lambdas, clock, retries)
        self.partner_bus = PartnerBus(read.partner_rules(resolver), self.aws)
        pollers = [
            QueuePoller(
                mapping, self.aws, self.lambdas, self._faults, clock, workers=self._turns.workers
            )
            for mapping in read.queue_mappings(resolver)
        ]
        self.schedules = Schedules(read.schedules(resolver), calls, clock)
        self.movers: tuple[Mover, ...] = (
            self.schedules,
            calls,
            *pollers,
        )

    def _open(self, listeners: Iterable[Listener], with_url: Iterable[str]) -> None:
        applications = {
            self.functions[name].name: FunctionUrl(partial(self.lambdas.invoke, name), self._clock)
            for name in with_url
        }
        for listener in listeners:
            if listener.name in applications:
                listener.open(applications[listener.name])
