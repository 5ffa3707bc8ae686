"""The words of a message. Pure; times are UTC."""

from __future__ import annotations

from datetime import datetime

from crmsync.model.operations.alerts import Alert, Message, Phase

_HEADINGS = {Phase.BEGUN: "Problem", Phase.OVER: "All clear"}


def message_of(alert: Alert, phase: Phase, stack: str, docs_url: str) -> Message:
    """The message about an incident that has begun, or that is over.

    `docs_url` has ``{page}`` where the name of a page belongs; "" for no address.
    """
    incident = alert.incident
    name, _, anchor = incident.page.partition("#")
    read = f"docs/{name}.md#{anchor}"
    facts = [("Since", _at(incident.since))]
    if phase is Phase.OVER:
        facts.append(("Until", _at(alert.over_at or incident.since)))
    else:
        facts += [("What to do", incident.todo), ("More", read)]
    address = docs_url.replace("{page}", name) + f"#{anchor}" if docs_url else ""
    links = [("What to do", address), ("Alarm", incident.link)]
    return Message(
        f"{_HEADINGS[phase]}: {incident.title} ({stack})",
        phase,
        incident.text if phase is Phase.BEGUN else "It is over. Nothing is left to do about it.",
        tuple(facts),
        tuple((label, url) for label, url in links if url),
    )


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
