"""The table of the console's pages and actions.

A new page is one module, one template and one row here. A page that is shown has the method GET and
changes nothing; an action has the method POST, and so has a question with a customer's data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crmsync.console.answers import Done, RouteAnswer
from crmsync.console.pages import (
    brakes,
    completeness,
    conflicts,
    errors,
    fields,
    jobs,
    overview,
    record,
    records,
    settings,
)
from crmsync.console.reports import Reports
from crmsync.wire.pages import PageRequest

Show = Callable[[Reports, PageRequest], RouteAnswer]
Act = Callable[[Reports, PageRequest], Done]


@dataclass(frozen=True, slots=True)
class Route:
    """One path.

    Attributes:
        show: What GET answers; None for an action.
        act: What POST does; None for a page.
        ask: What POST shows where a question must not stand in an address; it changes nothing.
        label: Its name in the menu; "" if it is not in the menu.
    """

    show: Show | None = None
    act: Act | None = None
    ask: Show | None = None
    label: str = ""


ROUTES: Mapping[str, Route] = MappingProxyType(
    {
        "/": Route(overview.show, label="Overview"),
        "/errors": Route(errors.show, label="Errors"),
        "/errors/records": Route(errors.show_records),
        "/errors/retry": Route(act=errors.retry),
        "/errors.csv": Route(errors.download),
        completeness.PATH: Route(completeness.show, label="Completeness"),
        completeness.REPAIR: Route(completeness.ask),
        completeness.START: Route(act=completeness.start),
        brakes.PATH: Route(brakes.show, label="Brakes"),
        brakes.RECORDS: Route(brakes.show_records),
        brakes.DECIDE: Route(brakes.ask, brakes.decide),
        jobs.PATH: Route(jobs.show, label="Jobs"),
        jobs.PAUSE: Route(act=jobs.pause),
        jobs.RESUME: Route(act=jobs.resume),
        jobs.CANCEL: Route(act=jobs.cancel),
        settings.PATH: Route(settings.show, label="Settings"),
        settings.DIFFERENCE: Route(settings.show_difference),
        "/records": Route(records.show, ask=records.find, label="One record"),
        conflicts.PATH: Route(conflicts.show, ask=conflicts.choose, label="Conflicts"),
        "/record": Route(record.show),
        "/record/resync": Route(act=record.resync),
        "/record/relink": Route(act=record.relink),
        "/record/drop-link": Route(act=record.drop_link),
        fields.PATH: Route(fields.show, ask=fields.choose, label="Field maps"),
    }
)
