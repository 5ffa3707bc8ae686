"""The schedule that reads HubSpot's log of what happened to marketing e-mails."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from crmsync.telemetry import logger, metrics
from crmsync.wiring.email import email_events


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's way in."""
    return email_events()(event, context)
