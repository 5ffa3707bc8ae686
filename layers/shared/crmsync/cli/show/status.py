"""``crmsync status``: the state of the deployment."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from crmsync.cli.answer import DONE, FINDINGS, Answer, Subparsers, add_command, columns
from crmsync.cli.tables import listed, room, wrapped
from crmsync.flows.operator.health.comparisons import last_comparison
from crmsync.flows.operator.health.status import is_dead
from crmsync.model.operations.comparison import Standing
from crmsync.model.records import Side
from crmsync.rules.timing.call_outlook import outlook
from crmsync.wire.rows import comparisons as comparison_rows

if TYPE_CHECKING:
    from crmsync.flows.operator.health.campaigns import CampaignStatus
    from crmsync.flows.operator.health.status import ConnectionStatus, Status
    from crmsync.flows.operator.operator import Operator
    from crmsync.model.operations.calls import DailyCalls
    from crmsync.model.operations.comparison import ObjectComparison
    from crmsync.rules.backfill.pacing import Depth
    from crmsync.rules.timing.call_state import CallState


_KEYS = """
links have key {}; earlier keys are kept: crmsync links keys counts the links that need them"""


def add_commands(commands: Subparsers) -> None:
    """Add ``status``."""
    text = "what is on, how far the sweeps are, what waits, what failed, which calls are left"
    add_command(commands, "status", _status, text, "crmsync status")


def _status(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    status = operator.health.status()
    findings = status.findings
    lines = [f"settings version {status.version}, read {status.at:%Y-%m-%d %H:%M} UTC"]
    if findings:
        lines += ["", *map(wrapped, findings)]
    for one in status.connections:
        lines += ["", one.name, listed(_cells(one, status.at), width=room())]
    busy = [(name, _depth(depth)) for name, depth in status.queues.items()]
    if busy:
        lines += ["", "queues", columns([("  ", *row) for row in busy])]
    if len(status.link_keys) > 1:
        lines.append(_KEYS.format(*status.link_keys))
    if not findings:
        lines += ["", "Nothing needs attention."]
    return Answer(_document(status), "\n".join(lines), status=FINDINGS if findings else DONE)


def _cells(one: ConnectionStatus, now: datetime) -> list[tuple[str, str, str]]:
    return [("  ", *row) for row in _rows(one, now)]


def _rows(one: ConnectionStatus, now: datetime) -> Iterator[tuple[str, str]]:
    yield "on", _listed(name for name, is_on in one.concerns.items() if is_on)
    yield "off", _listed(name for name, is_on in one.concerns.items() if not is_on)
    yield (
        "last sweep",
        _listed(f"{side.label} {_ago(now, at)}" for side, at in one.looked.items() if at),
    )
    for name, at in one.newest.items():
        yield f"newest {name}", "not swept yet" if at is None else _ago(now, at)
    yield "imported", _listed(f"{name} {at:%Y-%m-%d}" for name, at in one.imported.items() if at)
    yield "jobs", _counted(one.jobs)
    yield "parked", _counted(one.errors)
    yield "compared", _compared(one.compared, now)
    for campaign in one.campaigns:
        yield campaign.label, _campaign(campaign)
    yield "calls", _calls(one.calls, one.allotment)
    yield "own calls", _listed(_own(side, own) for side, own in one.own_calls.items())
    for side, own in one.own_calls.items():
        if forecast := outlook(side, own, now):
            yield "forecast", forecast


def _listed(names: Iterator[str]) -> str:
    return ", ".join(names) or "-"


def _counted(counts: Mapping[str, int]) -> str:
    return _listed(f"{count:,} {name}" for name, count in sorted(counts.items()))


def _ago(now: datetime, since: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds()) // 60)
    return f"{minutes} min ago" if minutes < 100 else f"{since:%Y-%m-%d %H:%M} UTC"  # noqa: PLR2004 - two digits


def _compared(results: Sequence[ObjectComparison], now: datetime) -> str:
    """When all objects had been compared last, and how their records stood."""
    at = last_comparison(results)
    if at is None:
        return "not yet"
    totals = [(one, sum(each.counts.get(one, 0) for each in results)) for one in Standing]
    return f"{_ago(now, at)}: " + ", ".join(
        f"{total:,} {str(one).replace('_', ' ')}" for one, total in totals if total
    )


def _campaign(one: CampaignStatus) -> str:
    if not one.campaign:
        shown = f"{one.members:,} contacts show some, {one.waiting:,} waiting"
        return f"{shown}, {one.refused:,} refused{_stopped(one)}"
    return (
        f"{one.members:,} members, {one.waiting:,} waiting, {one.leaving:,} leaving, "
        f"{one.refused:,} refused{_stopped(one)}"
    )


def _stopped(one: CampaignStatus) -> str:
    return f", stands still ({one.trouble.code})" if one.trouble else ""


def _calls(calls: DailyCalls | None, allotment: int) -> str:
    if calls is None:
        return "unknown"
    allotted = f", {allotment:,} allotted" if allotment else ""
    return f"{calls.used:,} of {calls.allowed:,} in 24 hours{allotted}"


def _own(side: Side, own: CallState) -> str:
    return f"{side.label} {sum(own.own.values()):,}"


def _depth(depth: Depth) -> str:
    return f"{depth.ready:,} ready, {depth.hidden:,} in progress, {depth.delayed:,} put off"


def _document(status: Status) -> dict[str, object]:
    return {
        "at": status.at.isoformat(),
        "version": status.version,
        "connections": [_connection(one, status.at) for one in status.connections],
        "link_keys": list(status.link_keys),
        "queues": {name: asdict(depth) for name, depth in status.queues.items()},
        "dead_letters": [name for name, depth in status.queues.items() if is_dead(name, depth)],
        "findings": list(status.findings),
    }


def _campaign_row(one: CampaignStatus) -> dict[str, object]:
    trouble = one.trouble
    return asdict(one) | {
        "read_at": one.read_at.isoformat() if one.read_at else None,
        "trouble": asdict(trouble) | {"since": trouble.since.isoformat()} if trouble else None,
    }


def _connection(one: ConnectionStatus, now: datetime) -> dict[str, object]:
    return {
        "name": one.name,
        "concerns": dict(one.concerns),
        "newest": {name: at.isoformat() if at else None for name, at in one.newest.items()},
        "parked": dict(one.errors),
        "campaigns": [_campaign_row(each) for each in one.campaigns],
        "jobs": dict(one.jobs),
        "imported": {name: at.isoformat() if at else None for name, at in one.imported.items()},
        "calls": asdict(one.calls) if one.calls else None,
        "allotment": one.allotment,
        "own_calls": {
            str(side): {str(name): count for name, count in own.own.items()}
            for side, own in one.own_calls.items()
        },
        "forecast": {str(side): outlook(side, own, now) for side, own in one.own_calls.items()},
        "calls_wait": {
            str(side): {"code": own.hold.code, "until": own.hold.until.isoformat()}
            for side, own in one.own_calls.items()
            if own.hold
        },
        "compared": [comparison_rows.shown(each) for each in one.compared],
        "trouble": one.trouble,
        "hubspot_trouble": one.hubspot_trouble,
        "looked": {str(side): at.isoformat() if at else None for side, at in one.looked.items()},
        "paused": one.pause.since.isoformat() if one.pause else None,
        "waiting": {
            str(kind): {"since": it.since.isoformat(), "code": it.code}
            for kind, it in one.waiting.items()
        },
    }
