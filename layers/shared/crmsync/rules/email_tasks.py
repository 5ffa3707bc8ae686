"""Which e-mail events become tasks, which task an event belongs to, and the text of a task (TASK-2
to TASK-5, Q-19, Q-20, CH-2, CH-22).

Pure: events and settings in, keys and fields out. Which record a task is for is decided by
`crmsync.plans.email_tasks`.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from crmsync.model.crm_names import SALESFORCE_OWNER
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.links import Link
from crmsync.model.mail import Campaign, MailEvent
from crmsync.model.names import TASK_COUNT
from crmsync.model.records import Ref, Value
from crmsync.model.settings import EmailTaskSettings, Repeat, TaskOwner, TaskTemplate

PLACEHOLDERS = ("kind", "email", "subject", "date", "time", "url", "count")
"""The placeholders of a template's subject and description: the kind of event, the e-mail's name
and subject line, the day and the moment (UTC) of the first event, the link that was clicked, and
how many events the task stands for.
"""

COUNT = "{count}"

UNNAMED = "marketing e-mail"
"""The name of an e-mail that HubSpot no longer knows."""

LENGTHS: Mapping[str, int] = MappingProxyType({"Subject": 255, "Description": 32_000})
"""Characters that Salesforce keeps of a task's texts (docs/vendors.md#salesforce-activities)."""

EVENT_HASH_BYTES = 8
USER_PREFIX = "005"
"""The first characters of a user's id; a queue's are others."""

OWNER_CODES = frozenset(
    {
        "INACTIVE_OWNER_OR_USER",
        "OPERATION_WITH_INACTIVE_USER_EXCEPTION",
        "INVALID_CROSS_REFERENCE_KEY",
    }
)
"""Refusals that may be about the owner; the task then goes to the integration user."""

PASSING = frozenset(
    {"INVALID_CROSS_REFERENCE_KEY", "CANNOT_UPDATE_CONVERTED_LEAD", "ENTITY_IS_DELETED"}
)
"""Refusals of a task whose person was converted, merged or deleted a moment ago: the link is about
to be updated.
"""

EVERY_DAY = 400
"""Days for which a task that counts later events is remembered: people open e-mails for months."""

ONE_EVENT = 35
"""The same for a task that stands for one event: longer than a message may stay in the queue and
then in the dead letter queue.
"""


def wants(event: MailEvent, settings: EmailTaskSettings) -> bool:
    """Whether an event is to become a task.

    Its kind is switched on (TASK-5, SET-10), no other event has replaced it, and no machine caused
    it.
    """
    return (
        event.kind in settings.kinds
        and bool(event.recipient)
        and not event.is_obsolete
        and not (settings.ignore_bots and event.is_filtered)
    )


def event_hash(event: MailEvent) -> bytes:
    """A short name of an event, made of its id and its time (TASK-31)."""
    return hashlib.blake2b(
        f"{event.created}-{event.id}".encode(), digest_size=EVENT_HASH_BYTES
    ).digest()


def task_key(
    event: MailEvent, settings: EmailTaskSettings, portal_id: int, fingerprinter: Fingerprinter
) -> str:
    """The key of the task that an event belongs to, unique in the org.

    One task for each event (TASK-3, Q-20), or one for several (CH-2). An event without an e-mail
    has a task of its own. The key contains an alias of the recipient: the person to whom the e-mail
    was sent, even if it was forwarded (TASK-4).
    """
    if settings.repeat is Repeat.EVERY_EVENT or not event.campaign:
        return f"{portal_id}-{event.created}-{event.id}"
    alias = fingerprinter.alias(address(event))
    shared = f"{portal_id}-{event.kind}-{event.app}-{event.campaign}-{alias}"
    return shared if settings.repeat is Repeat.ONCE_PER_EMAIL else f"{shared}-{event.at:%Y%m%d}"


def remembered_for(settings: EmailTaskSettings) -> timedelta:
    """How long the state of a task is needed."""
    return timedelta(days=ONE_EVENT if settings.repeat is Repeat.EVERY_EVENT else EVERY_DAY)


def address(event: MailEvent) -> str:
    """The recipient's address in the form in which addresses are compared."""
    return normalise_email(event.recipient)


def template_of(kind: str, settings: EmailTaskSettings) -> TaskTemplate:
    """The operator's template of a kind, or the default one.

    Where events are counted, its text shows the count (CH-2): only the integration user is sure to
    see our own field with it.
    """
    template = next((one for one in settings.template if one.kind == kind), TaskTemplate(kind))
    if settings.repeat is Repeat.EVERY_EVENT or COUNT in template.subject + template.description:
        return template
    return replace(template, description=f"{template.description}\nCount: {COUNT}")


def unknown_placeholder(text: str) -> str | None:
    """What makes a text invalid as a template: an unknown placeholder or a single brace. None for a
    valid text.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return "a brace that does not belong to a placeholder"
    for _, name, form, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            return "{" + name + "}"
    return None


def task_fields(
    template: TaskTemplate,
    events: Iterable[MailEvent],
    campaign: Campaign,
    who: Ref,
    owner: str,
    count: int,
) -> dict[str, Value]:
    """A new task as Salesforce takes it; the day is that of the first event (Q-19)."""
    first = min(events, key=lambda event: (event.created, event.id))
    texts = _texts(template, first, campaign, count)
    chosen = {
        "Status": template.status,
        "Type": template.type,
        "Priority": template.priority,
        SALESFORCE_OWNER: owner,
    }
    return {
        "WhoId": who.id,
        "ActivityDate": f"{first.at:%Y-%m-%d}",
        **{name: text for name, text in texts.items() if text},
        **{name: value for name, value in chosen.items() if value},
        TASK_COUNT: count,
    }


def count_fields(
    template: TaskTemplate, events: Iterable[MailEvent], campaign: Campaign, count: int
) -> dict[str, Value]:
    """What an existing task must show once it stands for more events: the count, and the texts that
    contain it (CH-2).
    """
    first = min(events, key=lambda event: (event.created, event.id))
    texts = _texts(template, first, campaign, count)
    telling = {"Subject": template.subject, "Description": template.description}
    return {
        TASK_COUNT: count,
        **{name: texts[name] for name, text in telling.items() if COUNT in text},
    }


def owner_of(template: TaskTemplate, link: Link) -> str:
    """The id of the user who gets the task; "" leaves it with the integration user (CH-22).

    A record that belongs to a queue has no such user.
    """
    if template.owner == TaskOwner.INTEGRATION_USER:
        return ""
    wanted = (
        (link.salesforce_owner or "")
        if template.owner == TaskOwner.RECORD_OWNER
        else template.owner
    )
    return wanted if wanted.startswith(USER_PREFIX) else ""


def _texts(
    template: TaskTemplate, event: MailEvent, campaign: Campaign, count: int
) -> dict[str, str]:
    words = {
        "kind": event.kind,
        "email": campaign.name or campaign.subject or event.subject or UNNAMED,
        "subject": campaign.subject or event.subject,
        "date": f"{event.at:%Y-%m-%d}",
        "time": _minute(event.at),
        "url": event.url,
        "count": str(count),
    }
    subject = " ".join(template.subject.format_map(words).split())
    lines = (
        line.format_map(words).strip()
        for line in template.description.splitlines()
        if _says(line, words)
    )
    texts = {"Subject": subject, "Description": "\n".join(lines).strip()}
    return {name: text[: LENGTHS[name]] for name, text in texts.items()}


def _says(line: str, words: Mapping[str, str]) -> bool:
    """Whether a line of a template is worth keeping: not if all of its placeholders are blank."""
    named = [name for _, name, _, _ in string.Formatter().parse(line) if name]
    return not named or any(words[name] for name in named)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
