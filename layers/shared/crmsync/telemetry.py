"""Logger and metrics, made once. Only the wiring and the handlers use them; nothing else in the package logs.

Traces come from the Lambda service itself (``Tracing: Active``); no SDK is patched for them. What is logged here holds
ids, rule ids, counts and vendor codes, never a field's value.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()
