"""Logger and metrics, made once. Only the wiring and the handlers use them; nothing else in the
package logs.

Traces come from the Lambda service itself (``Tracing: Active``); no SDK is patched for them. What
is logged here holds ids, rule ids, counts and vendor codes, never a field's value.

Libraries log from INFO on, whatever level the function is given: at DEBUG botocore logs every
answer of Secrets Manager and of a sign-in. The Lambda runtime has given that level to the root
logger, of which they all inherit it, before this module is imported.
"""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger, Metrics

logging.getLogger().setLevel(logging.INFO)

logger = Logger()
metrics = Metrics()
