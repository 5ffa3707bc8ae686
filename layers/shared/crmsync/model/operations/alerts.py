"""What people are told of: incidents, the alarms behind some of them, and what was sent about each.

Values only; times are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """Where messages are sent."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class Phase(StrEnum):
    """What a message says: the incident is there, or it is over."""

    BEGUN = "begun"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that a person has to know of while it lasts. It names no record.

    Attributes:
        key: What tells it from others; the same as long as it lasts.
        title: What it is, in a few words.
        text: What it means, a sentence or two.
        since: When it began, as far as known.
        todo: What to do about it.
        page: Where the documentation says more: ``operations#stop-a-connection``.
        link: Where else to look; "" for nowhere.
        is_urgent: Send it in quiet hours as well.
        has_alarm: An alarm reports it, too.
        is_explained: It follows from another incident that is there as well.
    """

    key: str
    title: str
    text: str
    since: datetime
    todo: str
    page: str
    link: str = ""
    is_urgent: bool = False
    has_alarm: bool = False
    is_explained: bool = False


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm of the stack after a change of its state.

    Attributes:
        name: Its logical id in the template.
        is_on: Whether it is in the state ALARM.
        at: When it changed.
        text: Its description.
        link: Where AWS shows it; "" where that is not known.
    """

    name: str
    is_on: bool
    at: datetime
    text: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is known of an incident, and what was sent about it.

    Attributes:
        incident: The incident, as it was first seen.
        seen_at: When it was first seen.
        wait_until: Nothing is sent before that.
        over_at: When it was seen to be over, or None.
        told: What was sent to each channel last.
        claimed_until: Until when a worker sends messages about it, or None.
        version: Counts saves.
    """

    incident: Incident
    seen_at: datetime
    wait_until: datetime
    over_at: datetime | None = None
    told: Mapping[Channel, Phase] = field(default_factory=dict)
    claimed_until: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class ChannelTrouble:
    """A channel does not take messages.

    Attributes:
        channel: The channel.
        since: When it first refused one.
        code: Its answer.
        text: What went wrong.
        hint: What to do; "" when nothing is known.
    """

    channel: Channel
    since: datetime
    code: str
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class KnownAlerts:
    """Everything that is stored about alerts.

    Attributes:
        alarms: The alarms whose state has changed.
        alerts: The alerts by the key of their incident.
        troubles: The channels that do not take messages.
    """

    alarms: tuple[AlarmState, ...] = ()
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    troubles: Mapping[Channel, ChannelTrouble] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message for people, without a channel's format.

    Attributes:
        title: Its heading: one line.
        phase: What it says.
        text: What happened.
        facts: Label and text of what else to know, in order.
        links: Label and address of where to look, in order.
    """

    title: str
    phase: Phase
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
