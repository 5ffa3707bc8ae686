"""``[alerts]`` of the settings file: its keys, and the form of each value."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from crmsync.model.settings import AlertEmails, AlertWebhook
from crmsync.rules.alerts.quiet_hours import QUIET_HOURS
from crmsync.rules.settings.secret_names import ALERTS
from crmsync.wire.settings.table import Table, wrong

LONGEST_WAIT = 1_440
"""An incident that lasts longer than a day has to be known."""

PAGE = "{page}"
"""Stands for the name of a page in the address of the documentation."""

_SECRET = re.compile(rf"{ALERTS}[A-Za-z0-9/_+=.@-]{{1,500}}")


def _secret(text: str) -> str:
    """Functions may read only secrets whose name begins like this, so another one is a mistake."""
    if text and not _SECRET.fullmatch(text):
        raise wrong(
            f'secret must be the name of a secret that begins with "{ALERTS}", and never the '
            "address of a webhook"
        )
    return text


def _docs_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_address = parts.scheme == "https" and bool(parts.hostname) and PAGE in parts.path
    except ValueError:
        is_address = False
    if text and not is_address:
        raise wrong(
            f'docs_url is "{text}", must be an https address with {PAGE} in place of the page, '
            f'such as "https://docs.example.com/{PAGE}.html"'
        )
    return text


def _quiet_hours(text: str) -> str:
    if text and not QUIET_HOURS.fullmatch(text):
        raise wrong(f'quiet_hours is "{text}", must be two times of day in UTC: "22:00-06:00"')
    return text


class AlertsTable(Table):
    """``[alerts]``."""

    email: Annotated[AlertEmails, Field(strict=False)] = AlertEmails.WITHOUT_ALARM
    webhook: Annotated[AlertWebhook, Field(strict=False)] = AlertWebhook.NONE
    secret: Annotated[str, AfterValidator(_secret)] = ""
    docs_url: Annotated[str, AfterValidator(_docs_url)] = ""
    after_minutes: Annotated[int, Field(ge=0, le=LONGEST_WAIT)] = 0
    parked_records: Annotated[int, Field(ge=0)] = 0
    quiet_hours: Annotated[str, AfterValidator(_quiet_hours)] = ""
