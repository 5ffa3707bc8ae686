"""The log lines of a batch's decisions."""

from __future__ import annotations

import json
import logging

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from crmsync.wiring.concerns import PLACE, LinePerDecision


def test_each_decision_has_the_line_that_it_would_have_as_a_message_of_its_own() -> None:
    """Whatever it contains, the mark of its place included."""
    decisions = [{"record": "hubspot:contact:81", "wrote": ("phone",)}, {"a": "é\n\x00"}, "\x00"]
    usual = LambdaPowertoolsFormatter()

    lines = LinePerDecision(usual, decisions).format(a_message(PLACE)).split("\n")

    assert lines == [usual.format(a_message(one)) for one in decisions]
    assert json.loads(lines[0])["decision"] == {"record": "hubspot:contact:81", "wrote": ["phone"]}


def a_message(decision: object) -> logging.LogRecord:
    """A message as the logger makes it, always at the same time."""
    return logging.makeLogRecord(
        {
            "name": "service",
            "levelname": "INFO",
            "msg": "contact decided",
            "created": 1_800_000_000.0,
            "msecs": 0.0,
            "connection": "acme",
            "decision": decision,
        }
    )
