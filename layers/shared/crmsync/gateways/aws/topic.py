"""The SNS topic of the alarms, whose subscribers also get crmsync's own messages.

A message has the attribute `MARK`, by which a subscription can be limited to these messages or to
all others (docs/vendors.md#aws-alarms).
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.gateways.aws.errors import aws_error
from crmsync.model.operations.alerts import Message
from crmsync.wire.alert_messages import subject_of, text_of_email

MARK = {"crmsync": {"DataType": "String", "StringValue": "alert"}}


class AlarmTopic:
    """Implements `MessageSender` on SNS."""

    def __init__(self, sns: Any, topic: str) -> None:
        """Publish with the boto3 client `sns` to the topic with this ARN."""
        self._sns = sns
        self._topic = topic

    def send(self, message: Message) -> None:
        """Publish a message. Raises `SyncError`."""
        try:
            self._sns.publish(
                TopicArn=self._topic,
                Subject=subject_of(message),
                Message=text_of_email(message),
                MessageAttributes=MARK,
            )
        except (BotoCoreError, ClientError) as problem:
            raise aws_error(problem, "The topic of the alarms") from None
