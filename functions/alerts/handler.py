"""Alerts: what people have to know of, told once for each incident."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from crmsync.telemetry import logger, metrics
from crmsync.wiring.alerts import alerts


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The entry point that template.yaml names."""
    return alerts()(event, context)
