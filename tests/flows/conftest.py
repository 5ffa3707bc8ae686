"""Fixtures of the tests that run on the whole laptop stack: real handlers, real wiring, two
simulators.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.stack_clock import pass_near_sweep

SETTINGS = """
[[connection]]
name = "acme"
[connection.hubspot]
portal_id = 555001
secret = "crmsync/acme/hubspot"
[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/acme/salesforce"
"""

WORLD: Mapping[str, Any] = {
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {"edition": "Enterprise Edition"},
}

NewStack = Callable[..., Stack]


@pytest.fixture
def new_stack() -> Iterator[NewStack]:
    """Starts a stack for one test (about a second) from the text of a settings file and the content
    of a world file, both with defaults.
    """
    with ExitStack() as owned:

        def start(
            settings: str = SETTINGS,
            world: Mapping[str, Any] = WORLD,
            *,
            seed: int = 0,
            workers: int = 1,
        ) -> Stack:
            stack = owned.enter_context(Stack(settings, world, seed=seed, workers=workers))
            pass_near_sweep(stack)
            return stack

        yield start


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for a whole module; `stack` hands it to each test."""
    with Stack(SETTINGS, WORLD) as stack:
        yield stack


@pytest.fixture
def stack(module_stack: Stack) -> Iterator[Stack]:
    """The module's stack without faults and with nothing left to do; records of earlier tests stay
    in the CRMs, so each test uses its own people.
    """
    module_stack.faults([])
    module_stack.settle()
    yield module_stack
    module_stack.faults([])


@pytest.fixture
def people(stack: Stack) -> People:
    """A person's access to both CRMs of `stack`, through the vendors' own clients."""
    return People(stack.ready())


@pytest.fixture
def product(stack: Stack) -> People:
    """The same clients with the product's own tokens."""
    return People(stack.ready(), product=True)


@pytest.fixture
def own_writes(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the product has written to each Salesforce record, counted by change events."""
    counts: Counter[str] = Counter()
    take = stack.salesforce.due_change_events

    def counted() -> list[dict[str, Any]]:
        events = take()
        for header in (event["detail"]["payload"]["ChangeEventHeader"] for event in events):
            if header["commitUser"] == stack.salesforce.integration_user_id:
                counts.update(header["recordIds"])
        return events

    monkeypatch.setattr(stack.salesforce, "due_change_events", counted)
    return counts
