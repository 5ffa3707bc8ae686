"""HubSpot's webhook: verify the call, read its changes, put them on the bus, answer fast."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from crmsync.telemetry import logger, metrics
from crmsync.wiring.intake import hubspot_webhook


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """The entry point that template.yaml names."""
    return hubspot_webhook()(event)
