"""Alarms as incidents: those that differ in the kind of record alone are one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from crmsync.model.operations.alerts import AlarmState, Incident

URGENT = frozenset(
    {
        "operations#a-brake-holds-changes-back",
        "operations#a-crm-refuses-us",
        "operations#a-secret-cannot-be-used",
        "operations#dead-letters",
        "operations#nothing-is-seen-any-more",
        "operations#the-settings-cannot-be-trusted",
    }
)
"""The pages about what nobody can leave until the morning: a connection stands still, or changes
are about to be lost or held back.
"""

_OWN = re.compile(r"Alerts?[A-Z]")
"""What the names of the alarms about alerts begin with. These are told by CloudWatch alone, because
nothing can be relied on to report that itself does not work.
"""

_KIND = re.compile(r"(?:Contact|Account|Opportunity|Activity)(?=[A-Z])")
_PAGE = re.compile(r"\s*See docs/([\w-]+)\.md(#[\w-]+)\.$")
_ELSEWHERE = "metrics-and-alarms#alarms"


def is_reported(name: str) -> bool:
    """Whether an alarm, by its logical id, is reported at all."""
    return not _OWN.match(name)


def incidents_of_alarms(alarms: Iterable[AlarmState]) -> list[Incident]:
    """The incidents behind the alarms that are on."""
    on = sorted((one for one in alarms if one.is_on), key=lambda one: (_group(one.name), one.at))
    groups = groupby(on, key=lambda one: _group(one.name))
    return [_incident(group, [*some]) for group, some in groups]


def _group(name: str) -> str:
    return _KIND.sub("", name, count=1)


def _incident(group: str, alarms: list[AlarmState]) -> Incident:
    first = alarms[0]
    read = _PAGE.search(first.text)
    page = "".join(read.groups()) if read else _ELSEWHERE
    return Incident(
        f"alarm {group}",
        "Alarm " + ", ".join(one.name.removesuffix("Alarm") for one in alarms),
        _PAGE.sub("", first.text) or "An alarm is on.",
        first.at,
        f"Do what docs/{page.replace('#', '.md#')} says.",
        page,
        first.link,
        is_urgent=page in URGENT,
        has_alarm=True,
    )
