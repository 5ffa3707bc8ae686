"""A message in the format of each channel."""

from __future__ import annotations

from dataclasses import replace

from crmsync.model.operations.alerts import Message, Phase
from crmsync.wire.alert_messages import for_slack, for_teams, subject_of, text_of_email

MESSAGE = Message(
    "Problem: A & B <acme>",
    Phase.BEGUN,
    "Changes < wait.",
    (("Since", "2026-11-02 11:00 UTC"), ("What to do", "crmsync resume acme --apply")),
    (("More", "https://docs.example.com/operations.html#jobs"),),
)


def test_an_e_mail_is_plain_text() -> None:
    """A line for each fact, then the addresses."""
    assert text_of_email(MESSAGE).splitlines() == [
        "Changes < wait.",
        "",
        "Since: 2026-11-02 11:00 UTC",
        "What to do: crmsync resume acme --apply",
        "More: https://docs.example.com/operations.html#jobs",
    ]


def test_a_subject_is_what_sns_takes() -> None:
    """One line of ASCII, fewer than a hundred characters."""
    assert subject_of(replace(MESSAGE, title="Größe\n" + "x" * 200)) == "Gr??e " + "x" * 93


def test_slack_gets_blocks() -> None:
    """Three characters are escaped, except in plain text; the text is for notifications."""
    assert for_slack(MESSAGE) == {
        "text": "Problem: A &amp; B &lt;acme&gt;",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Problem: A & B <acme>"}},
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": "Changes &lt; wait.\n*Since:* 2026-11-02 11:00 UTC\n"
                    "*What to do:* crmsync resume acme --apply\n"
                    "<https://docs.example.com/operations.html#jobs|More>",
                },
            },
        ],
    }


def test_long_texts_are_cut_to_what_slack_takes() -> None:
    """A header of 150 characters and a section of 3,000."""
    header, section = for_slack(replace(MESSAGE, title="t" * 200, text="x" * 4000))["blocks"]
    assert header["text"]["text"] == "t" * 147 + "..."
    assert section["text"]["text"] == "x" * 2997 + "..."


def test_teams_gets_an_adaptive_card() -> None:
    """As the one attachment of a message, with the links as actions."""
    assert for_teams(MESSAGE) == {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        {
                            "type": "TextBlock",
                            "text": "Problem: A & B <acme>",
                            "size": "medium",
                            "weight": "bolder",
                            "wrap": True,
                            "color": "attention",
                        },
                        {"type": "TextBlock", "text": "Changes < wait.", "wrap": True},
                        {
                            "type": "FactSet",
                            "facts": [
                                {"title": "Since", "value": "2026-11-02 11:00 UTC"},
                                {"title": "What to do", "value": "crmsync resume acme --apply"},
                            ],
                        },
                    ],
                    "actions": [
                        {
                            "type": "Action.OpenUrl",
                            "title": "More",
                            "url": "https://docs.example.com/operations.html#jobs",
                        }
                    ],
                },
            }
        ],
    }


def test_an_all_clear_is_green_in_teams() -> None:
    """The heading has the colour of its phase."""
    (attachment,) = for_teams(replace(MESSAGE, phase=Phase.OVER))["attachments"]
    assert attachment["content"]["body"][0]["color"] == "good"
