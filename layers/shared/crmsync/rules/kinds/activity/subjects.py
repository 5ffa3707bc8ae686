"""The subject of a new task or event whose activity has no title in HubSpot, such as a note: the
operator's template of its kind, or the default one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.model.kinds.activities import ActivityKind
from crmsync.rules.kinds.activity.maps import SUBJECT_LENGTH

PLACEHOLDERS = ("direction", "outcome", "first_line")
"""What a template may name: the direction and the outcome in words, and the first line of the
body.
"""

DEFAULT_SUBJECTS: Mapping[ActivityKind, str] = MappingProxyType(
    {
        ActivityKind.CALL: "{direction} call",
        ActivityKind.EMAIL: "Email",
        ActivityKind.MEETING: "Meeting",
        ActivityKind.NOTE: "Note: {first_line}",
        ActivityKind.TASK: "Task",
    }
)

_LOOSE = " :-"
"""What a template leaves at its ends where a placeholder is blank."""


def subject_for(
    kind: ActivityKind, *, title: str, words: Mapping[str, str], template: str = ""
) -> str:
    """The subject of a new task or event: the activity's title, or what the template makes of its
    `words`, of at most 255 characters. A template that says nothing gives the name of the kind.

    Args:
        kind: The kind of activity.
        title: Its title in HubSpot; blank without one.
        words: Placeholder -> what it stands for; missing ones are blank.
        template: The operator's template; "" for the default one.
    """
    known = dict.fromkeys(PLACEHOLDERS, "") | dict(words)
    made = (template or DEFAULT_SUBJECTS[kind]).format_map(known)
    written = " ".join(made.strip(_LOOSE).split())
    subject = (
        " ".join(title.split())
        or written[:1].upper() + written[1:]
        or kind.removesuffix("s").capitalize()
    )
    return subject[:SUBJECT_LENGTH]


def first_line(text: str) -> str:
    """The first line of a body in plain text; "" for an empty one."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
