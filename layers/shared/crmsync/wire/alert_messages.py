"""A message in the format of each channel: plain text, Slack's blocks, and an Adaptive Card for
Teams (docs/vendors.md#chat-webhooks).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from crmsync.model.operations.alerts import Message, Phase
from crmsync.model.settings import AlertWebhook

SUBJECT = 99
"""Characters of an e-mail's subject: SNS takes fewer than a hundred, in ASCII."""

HEADER = 150
SECTION = 3_000
"""Characters of Slack's blocks."""

_CARD = "application/vnd.microsoft.card.adaptive"
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_COLOURS = {Phase.BEGUN: "attention", Phase.OVER: "good"}


def subject_of(message: Message) -> str:
    """The subject of an e-mail."""
    text = message.title.encode("ascii", "replace").decode("ascii")
    return " ".join(text.split())[:SUBJECT]


def text_of_email(message: Message) -> str:
    """The text of an e-mail."""
    lines = [message.text, ""]
    lines += [f"{label}: {text}" for label, text in message.facts]
    lines += [f"{label}: {url}" for label, url in message.links]
    return "\n".join(lines)


def for_slack(message: Message) -> dict[str, Any]:
    """The body of a call of an incoming webhook of Slack."""
    lines = [_escaped(message.text)]
    lines += [f"*{_escaped(label)}:* {_escaped(text)}" for label, text in message.facts]
    lines += [f"<{_escaped(url)}|{_escaped(label)}>" for label, url in message.links]
    title = _shortened(message.title, HEADER)
    text = _shortened("\n".join(lines), SECTION)
    return {
        "text": _escaped(title),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title}},
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        ],
    }


def for_teams(message: Message) -> dict[str, Any]:
    """The body of a call of a workflow of Teams that posts the card that it receives."""
    heading = {"type": "TextBlock", "text": message.title, "size": "medium", "weight": "bolder"}
    card = {
        "$schema": _SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {**heading, "wrap": True, "color": _COLOURS[message.phase]},
            {"type": "TextBlock", "text": message.text, "wrap": True},
            {
                "type": "FactSet",
                "facts": [{"title": label, "value": text} for label, text in message.facts],
            },
        ],
        "actions": [
            {"type": "Action.OpenUrl", "title": label, "url": url} for label, url in message.links
        ],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}],
    }


FORMATS: Mapping[AlertWebhook, Callable[[Message], dict[str, Any]]] = MappingProxyType(
    {AlertWebhook.SLACK: for_slack, AlertWebhook.TEAMS: for_teams}
)
"""The formats of the webhook."""


def _escaped(text: str) -> str:
    """Slack takes these three characters for its own marks."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
