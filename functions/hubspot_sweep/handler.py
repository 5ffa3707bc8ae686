"""The schedule that finds what HubSpot's webhooks lost."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from crmsync.telemetry import logger, metrics
from crmsync.wiring.intake import hubspot_sweep


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's way in."""
    return hubspot_sweep()(event, context)
