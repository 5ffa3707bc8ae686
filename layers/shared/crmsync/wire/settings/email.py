"""``[connection.email_tasks]`` of the settings file: its keys, the types and ranges of values
(SET-10, CH-2, CH-22), and how it becomes `EmailTaskSettings`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from crmsync.model.settings import EmailTaskSettings, Repeat, TaskOwner, TaskTemplate
from crmsync.rules.email_tasks import LENGTHS, PLACEHOLDERS, unknown_placeholder
from crmsync.wire.settings.table import Table, wrong

EMAIL_EVENT_KINDS = (
    *(
        "SENT",
        "DROPPED",
        "PROCESSED",
        "DELIVERED",
        "DEFERRED",
        "BOUNCE",
        "OPEN",
        "CLICK",
        "PRINT",
        "FORWARD",
    ),
    *("STATUSCHANGE", "SPAMREPORT", "SUPPRESSED", "SUPPRESSION", "UNBOUNCE"),
)
"""The types of HubSpot's e-mail event log (docs/vendors.md#hubspot-e-mail-log)."""

MAX_MINUTES = 1440
"""The longest time in minutes to wait for a recipient: a day."""

_USER_ID = re.compile(r"005[A-Za-z0-9]{15}")


def _event_kind(kind: str) -> str:
    if kind not in EMAIL_EVENT_KINDS:
        raise wrong(f'kinds has "{kind}", must be among {", ".join(EMAIL_EVENT_KINDS)}')
    return kind


def _template_kind(kind: str) -> str:
    if kind not in EMAIL_EVENT_KINDS:
        raise wrong(f'kind is "{kind}", must be one of {", ".join(EMAIL_EVENT_KINDS)}')
    return kind


def _template_text(text: str) -> str:
    unknown = unknown_placeholder(text)
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise wrong(
            f"the text has {unknown}, must have no placeholders but {known}; "
            "a brace is written twice"
        )
    return text


def _task_owner(text: str) -> str:
    if text not in set(TaskOwner) and not _USER_ID.fullmatch(text):
        words = ", ".join(f'"{one}"' for one in TaskOwner)
        raise wrong(
            f'owner is "{text}", must be {words} or the 18-character id of a Salesforce user'
        )
    return text


def _without_repeats(kinds: Sequence[str]) -> Sequence[str]:
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise wrong(f'kinds has "{kind}" twice')
    return kinds


_Word = Annotated[str, Field(max_length=255)]


class TemplateTable(Table):
    """``[[connection.email_tasks.template]]``; keys that are missing keep their defaults."""

    kind: Annotated[str, AfterValidator(_template_kind)]
    subject: Annotated[
        str, Field(min_length=1, max_length=LENGTHS["Subject"]), AfterValidator(_template_text)
    ] = "-"
    status: _Word = ""
    type: _Word = ""
    priority: _Word = ""
    description: Annotated[
        str, Field(max_length=LENGTHS["Description"]), AfterValidator(_template_text)
    ] = ""
    owner: Annotated[str, AfterValidator(_task_owner)] = ""


class EmailTasksTable(Table):
    """``[connection.email_tasks]``."""

    kinds: Annotated[
        list[Annotated[str, AfterValidator(_event_kind)]], AfterValidator(_without_repeats)
    ] = Field(default_factory=list)
    repeat: Annotated[Repeat, Field(strict=False)] = Repeat.EVERY_EVENT
    ignore_bots: bool = True
    wait_minutes: Annotated[int, Field(ge=0, le=MAX_MINUTES)] = 0
    template: list[TemplateTable] = Field(default_factory=list)

    def freeze(self) -> EmailTaskSettings:
        """The section as the model has it."""
        given = self.given()
        if "kinds" in given:
            given["kinds"] = tuple(self.kinds)
        if "template" in given:
            given["template"] = tuple(TaskTemplate(**row.given()) for row in self.template)
        return EmailTaskSettings(**given)
