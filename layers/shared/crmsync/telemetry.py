"""Logger and metrics, created once. Only the wiring and the handlers use them; nothing else in the
package logs.

Logs hold ids, rule ids, counts and vendor codes, never a field's value. Traces come from the Lambda
service itself (``Tracing: Active``), so no SDK is patched.

Libraries log from INFO on, whatever level the function is given: at DEBUG botocore logs every
response of Secrets Manager and of a sign-in. The Lambda runtime gives the function's level to the
root logger before this module is imported, and all libraries inherit it.
"""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics

__all__ = ["EphemeralMetrics", "logger", "metrics"]

logging.getLogger().setLevel(logging.INFO)

logger = Logger()
metrics = Metrics()
