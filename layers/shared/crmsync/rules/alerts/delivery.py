"""Which messages are due: one when an incident begins and one when it is over, once for each
channel.

Pure: an alert and a time in, an alert or the channels out. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from crmsync.model.operations.alerts import Alert, Channel, Incident, Phase
from crmsync.model.settings import AlertEmails, AlertSettings
from crmsync.rules.alerts.quiet_hours import is_quiet

GRACE = timedelta(minutes=20)
"""How long an alarm may outlast the incident that explains it: CloudWatch counts for up to a
quarter of an hour.
"""

CLAIM = timedelta(minutes=2)
"""How long a worker may take to send messages about one incident; then another one may."""


def renewed(
    alerts: Mapping[str, Alert], incidents: Collection[Incident], now: datetime
) -> Sequence[Alert]:
    """The alerts after a look at the incidents that are there now, those that last longest first.

    What follows from another incident waits while that is there, and a little longer, so that one
    incident makes one message. An alarm follows from an incident with the same page.
    """
    present = {incident.key: incident for incident in incidents}
    pages = {incident.page for incident in incidents if not is_alarm(incident)}
    found = [
        _with_wait(
            _begun(alerts.get(key), incident, now),
            now,
            follows=incident.is_explained or (is_alarm(incident) and incident.page in pages),
        )
        for key, incident in present.items()
    ]
    found += [_ended(alert, now) for key, alert in alerts.items() if key not in present]
    return sorted(found, key=lambda alert: (alert.incident.since, alert.incident.key))


def is_alarm(incident: Incident) -> bool:
    """Whether an alarm of CloudWatch is all that is known of the incident."""
    return incident.key.startswith("alarm ")


def due(alert: Alert, settings: AlertSettings, now: datetime) -> Mapping[Channel, Phase]:
    """What has to be sent to which channels now. Nothing is said of the end of an incident where
    nothing was said of its beginning.
    """
    if alert.claimed_until is not None and now < alert.claimed_until:
        return {}
    if is_quiet(settings.quiet_hours, now) and not alert.incident.is_urgent:
        return {}
    if alert.over_at is not None:
        open_on = {one for one, phase in alert.told.items() if phase is Phase.BEGUN}
        return dict.fromkeys(sorted(open_on & _channels(alert.incident, settings)), Phase.OVER)
    if now < max(alert.wait_until, alert.seen_at + timedelta(minutes=settings.after_minutes)):
        return {}
    return dict.fromkeys(
        sorted(_channels(alert.incident, settings) - alert.told.keys()), Phase.BEGUN
    )


def claimed(alert: Alert, now: datetime) -> Alert:
    """The alert while a worker sends messages about it."""
    return replace(alert, claimed_until=now + CLAIM)


def sent(alert: Alert, sent_to: Mapping[Channel, Phase]) -> Alert:
    """The alert after messages were sent, for other workers to go on with."""
    return replace(alert, told={**alert.told, **sent_to}, claimed_until=None)


def _channels(incident: Incident, settings: AlertSettings) -> set[Channel]:
    by_email = settings.email is AlertEmails.ALL or (
        settings.email is AlertEmails.WITHOUT_ALARM and not incident.has_alarm
    )
    wanted = {Channel.EMAIL: by_email, Channel.WEBHOOK: settings.posts}
    return {channel for channel, is_wanted in wanted.items() if is_wanted}


def _begun(alert: Alert | None, incident: Incident, now: datetime) -> Alert:
    """What lasts stays as it is; what is back begins anew."""
    if alert is None or alert.over_at is not None:
        return Alert(incident, now, now, version=alert.version if alert else 0)
    return alert


def _with_wait(alert: Alert, now: datetime, *, follows: bool) -> Alert:
    return replace(alert, wait_until=now + GRACE) if follows and not alert.told else alert


def _ended(alert: Alert, now: datetime) -> Alert:
    return alert if alert.over_at is not None else replace(alert, over_at=now)
