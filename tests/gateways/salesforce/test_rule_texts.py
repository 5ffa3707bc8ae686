"""Messages of validation rules: kept if the org has such a rule, and read once in a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import pytest

from crmsync.errors import Refused, SyncError
from crmsync.gateways.retry import RetryPolicy
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.gateways.salesforce.rule_texts import AGE
from crmsync.model.effects import CreateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Side
from crmsync.ports.crm import Outcome
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce import SalesforceSimulator
from tests.simulated import OUR_FIELD, FixedSecret, served

ODD = "Ada Lang\u2019s number &amp; name are blocked"
RULES = [
    {
        "object": "Lead",
        "field": "LastName",
        "contains": "test",
        "message": "No test  leads, please",
    },
    {"object": "Lead", "field": "LastName", "contains": "odd", "message": ODD, "trigger": True},
]


class Org:
    """A simulated org with a rule and a trigger, its gateway, and a clock that a test sets."""

    def __init__(self, simulator: SalesforceSimulator, url: str) -> None:
        """Log in at `url`."""
        self.seconds = 0.0
        self._numbers = count(1)
        self._simulator = simulator
        secret = FixedSecret(
            {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
        )
        retry_policy = RetryPolicy(pause=lambda _seconds: None)
        self.gateway = SalesforceGateway(
            url, secret, now=lambda: self.seconds, retry_policy=retry_policy
        )

    def refused(self, *names: str) -> list[str]:
        """Return the error texts of leads with these names."""
        outcomes: Sequence[Outcome] = self.gateway.create(
            [a_lead(next(self._numbers), name) for name in names]
        )
        return [one.text if isinstance(one, SyncError) else "" for one in outcomes]

    def rule_reads(self) -> int:
        """Return how often the rules were read."""
        return sum(
            calls
            for name, calls in self._simulator.stats()["by_endpoint"].items()
            if "tooling" in name
        )


@contextmanager
def an_org(**world: object) -> Iterator[Org]:
    """An org with further settings."""
    clock = Clock()
    custom = {"Lead": [OUR_FIELD], "Contact": [OUR_FIELD]}
    described = {"custom_fields": custom, "validation_rules": RULES, **world}
    simulator = SalesforceSimulator(described, clock=clock, faults=Faults(clock))
    with served(simulator.wsgi) as url:
        simulator.set_instance_url(url)
        yield Org(simulator, url)


def a_lead(number: int, name: str) -> CreateRecord:
    """The effect that creates a lead with this last name."""
    fields = {"LastName": name, "Company": "Example Works"}
    return CreateRecord(Side.SALESFORCE, "Lead", f"555001-{number}", fields, Slot(str(number)))


def test_a_rules_message_is_kept_and_a_triggers_is_not() -> None:
    """Both have the same code, but a trigger may quote anything."""
    with an_org() as org:
        assert org.refused("A test", "Lang", "An odd one") == [
            "No test leads, please",
            "",
            "Salesforce answered FIELD_CUSTOM_VALIDATION_EXCEPTION.",
        ]


def test_rules_are_read_once_in_a_quarter_of_an_hour_and_only_after_a_refusal() -> None:
    """Not every refused row costs a call."""
    with an_org() as org:
        seen = []
        for name, seconds in (
            ("Lang", 0.0),
            ("A test", 1.0),
            ("Another test", AGE),
            ("A third test", AGE + 1),
        ):
            org.seconds = seconds
            org.refused(name)
            seen.append(org.rule_reads())

    assert seen == [0, 1, 1, 2]


def test_without_the_right_to_read_rules_code_and_hint_remain() -> None:
    """The permission to view the setup is not needed to sync; the hint says how to see the message."""
    with an_org(integration_setup_rights=False) as org:
        (refused,) = org.gateway.create([a_lead(1, "A test")])

    assert isinstance(refused, Refused)
    assert (refused.text, refused.fieldnames, refused.hint.partition(":")[0]) == (
        "Salesforce answered FIELD_CUSTOM_VALIDATION_EXCEPTION.",
        ("LastName",),
        "A validation rule, trigger or flow in Salesforce refused it",
    )


@pytest.mark.parametrize("message", ["", " "])
def test_a_rule_without_a_message_matches_nothing(message: str) -> None:
    """An empty message matches nothing."""
    rules = [{"object": "Lead", "field": "LastName", "contains": "test", "message": message}]
    with an_org(validation_rules=rules) as org:
        assert org.refused("A test") == ["Salesforce answered FIELD_CUSTOM_VALIDATION_EXCEPTION."]
