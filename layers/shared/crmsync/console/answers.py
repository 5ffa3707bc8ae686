"""What a page or an action answers, before it becomes HTTP. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page.

    Attributes:
        template: The name of its template, without the ending.
        title: Its title.
        view: What the template shows, as `view`.
        status: The HTTP status.
        facts: What is logged of a page that shows a customer's data: whose, in ids and counts only.
    """

    template: str
    title: str
    view: object = None
    status: int = 200
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """A file.

    Attributes:
        name: Its name.
        kind: Its content type.
        text: Its content.
    """

    name: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """An action is done.

    Attributes:
        to: The path of the page that is shown next.
        facts: What was done, for the log; ids and counts only.
    """

    to: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another page is shown instead.

    Attributes:
        to: Its path.
    """

    to: str


RouteAnswer: TypeAlias = HtmlPage | Download | Elsewhere


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page says that has nothing else to show.

    Attributes:
        text: What happened, a sentence.
        hint: What to do about it.
        to: A path that leads on; "" for none.
        label: What the link to it says.
    """

    text: str
    hint: str = ""
    to: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks before an action; its template is ``question``.

    Attributes:
        question: What would be done, as a question.
        details: What else a person should know, a sentence each.
        to: The path of the action.
        fields: The fields of its form.
        button: What the button says.
        back: The path of the page to go back to.
    """

    question: str
    details: tuple[str, ...]
    to: str
    fields: Mapping[str, str]
    button: str
    back: str
