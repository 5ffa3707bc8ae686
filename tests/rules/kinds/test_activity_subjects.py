"""The subject of a new task or event."""

import pytest

from crmsync.model.kinds.activities import ActivityKind
from crmsync.rules.kinds.activity.subjects import first_line, subject_for

WORDS = {"direction": "Inbound", "outcome": "Connected", "first_line": "likes tea"}


@pytest.mark.parametrize(
    ("kind", "title", "words", "template", "subject"),
    [
        (ActivityKind.CALL, " intro  call ", WORDS, "{outcome}", "intro call"),
        (ActivityKind.CALL, "", WORDS, "", "Inbound call"),
        (ActivityKind.CALL, "", {}, "", "Call"),
        (ActivityKind.CALL, "", WORDS, "Call - {outcome}", "Call - Connected"),
        (ActivityKind.CALL, "", {}, "Call - {outcome}", "Call"),
        (ActivityKind.NOTE, "", WORDS, "", "Note: likes tea"),
        (ActivityKind.NOTE, "", {}, "{first_line}", "Note"),
        (ActivityKind.MEETING, "", {}, "", "Meeting"),
        (ActivityKind.EMAIL, "x" * 300, {}, "", "x" * 255),
    ],
)
def test_a_subject_is_the_title_or_what_the_template_makes(
    kind: ActivityKind, title: str, words: dict[str, str], template: str, subject: str
) -> None:
    """A blank placeholder leaves no stray sign behind, and no subject is empty or too long."""
    assert subject_for(kind, title=title, words=words, template=template) == subject


@pytest.mark.parametrize(("text", "line"), [("\n  a b \nc", "a b"), ("", ""), (" \n ", "")])
def test_the_first_line_of_a_body_is_the_first_with_words(text: str, line: str) -> None:
    """Blank lines do not count."""
    assert first_line(text) == line
