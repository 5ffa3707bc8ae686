"""The schedule that reads HubSpot's event log of marketing e-mails."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from crmsync.telemetry import logger, metrics
from crmsync.wiring.email import email_events


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The entry point that template.yaml names."""
    return email_events()(event, context)
