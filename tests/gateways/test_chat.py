"""The webhook of Slack or Teams, over HTTP on loopback."""

from __future__ import annotations

import pytest

from crmsync.errors import Refused, SyncError, TryAgain
from crmsync.gateways.aws.topic import AlarmTopic
from crmsync.gateways.chat import ChatWebhook
from crmsync.model.operations.alerts import Message, Phase
from crmsync.wire.alert_messages import for_slack, for_teams
from local.chat import Chat, lines_of
from tests import aws
from tests.gateways.scripted import Response, script
from tests.simulated import FixedSecret

MESSAGE = Message("Problem: p", Phase.BEGUN, "Text.", (("Since", "now"),), ())


@pytest.mark.parametrize(
    ("body_of", "since"), [(for_slack, "*Since:* now"), (for_teams, "Since: now")]
)
def test_a_message_arrives(body_of: object, since: str) -> None:
    """In the format of either, whose answers differ."""
    with Chat() as chat:
        secret = FixedSecret({"webhook_url": chat.url})
        ChatWebhook(secret, body_of).send(MESSAGE)  # type: ignore[arg-type]
        assert [lines_of(body) for body in chat.posted] == [["Problem: p", "Text.", since]]


@pytest.mark.parametrize(
    ("status", "text", "kind", "code"),
    [
        (404, "no_service", Refused, "no_service"),
        (403, "action_prohibited", Refused, "action_prohibited"),
        (400, "<html>Ada said hello</html>", Refused, "400"),
        (429, "rate_limited", TryAgain, "rate_limited"),
        (500, "rollup_error", TryAgain, "rollup_error"),
        (503, "", TryAgain, "503"),
    ],
)
def test_a_refusal_is_named_without_the_address(
    status: int, text: str, kind: type[SyncError], code: str
) -> None:
    """What passes is told from what a person has to mend; only a word of Slack's is quoted."""
    with Chat() as chat:
        chat.refuses_with = (status, text)
        with pytest.raises(kind) as caught:
            ChatWebhook(FixedSecret({"webhook_url": chat.url}), for_slack).send(MESSAGE)
        assert (type(caught.value), caught.value.code) == (kind, code)
        assert chat.url not in f"{caught.value.text}{caught.value.hint}"
        assert "Ada" not in caught.value.text


def test_a_redirect_is_not_followed() -> None:
    """The message goes to the address in the secret and nowhere else."""
    with (
        Chat() as chat,
        script(Response({}, 307, {"Location": chat.url})) as elsewhere,
        pytest.raises(Refused),
    ):
        ChatWebhook(FixedSecret({"webhook_url": elsewhere.url}), for_slack).send(MESSAGE)
    assert chat.posted == []


def test_nobody_listens() -> None:
    """It is tried again later."""
    with Chat() as chat:
        secret = FixedSecret({"webhook_url": chat.url})
    with pytest.raises(TryAgain) as caught:
        ChatWebhook(secret, for_slack).send(MESSAGE)
    assert caught.value.text == "The webhook did not answer (ConnectionError)."


@pytest.mark.parametrize(
    "secret", [{}, {"webhook_url": "http://hooks.example.com/a"}, {"webhook_url": "nowhere"}]
)
def test_an_address_that_is_no_https_address_is_refused(secret: dict[str, str]) -> None:
    """Before anything is sent."""
    with pytest.raises(Refused):
        ChatWebhook(FixedSecret(secret), for_slack).send(MESSAGE)


def test_the_topic_gets_the_message_with_its_mark() -> None:
    """A subscription can filter by the attribute."""
    with aws.mock_aws():
        sns, sqs = aws.client("sns"), aws.client("sqs")
        topic = sns.create_topic(Name="alarms")["TopicArn"]
        url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=attributes["Attributes"]["QueueArn"],
            Attributes={"FilterPolicy": '{"crmsync": ["alert"]}', "RawMessageDelivery": "true"},
        )
        sns.publish(TopicArn=topic, Message="an alarm of CloudWatch")
        AlarmTopic(sns, topic).send(MESSAGE)
        bodies = [
            one["Body"]
            for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        ]
    assert bodies == ["Text.\n\nSince: now"]


def test_a_topic_that_is_gone_is_told() -> None:
    """As an error of ours, without AWS's text."""
    with aws.mock_aws(), pytest.raises(SyncError) as caught:
        AlarmTopic(aws.client("sns"), "arn:aws:sns:eu-west-1:123456789012:gone").send(MESSAGE)
    assert caught.value.code == "NotFound"
