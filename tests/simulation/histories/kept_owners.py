"""Histories of owners that failed once, shrunk, each with what was wrong then."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync.model.records import Side
from tests.simulation.histories.steps import (
    Fault,
    History,
    News,
    Operator,
    Outage,
    Person,
    Setting,
    Wait,
    Work,
)


def _overtaken(last: Person, pause: Wait, *, limit: int = 0) -> History:
    """Salesforce gets the owner of a slow worker after another one had crossed to HubSpot."""
    steps = (
        Person("new person", Side.SALESFORCE),
        Wait(60),
        Person("give person", value="1"),
        Wait(1),
        Work("contact", 11),
        Person("give person", Side.SALESFORCE, value="2"),
        Wait(3),
        Work("contact"),
        pause,
        last,
        Wait(120),
    )
    return History(Setting(limit=limit), steps)


def _not_linked(*steps: Person | Wait, portals: int = 1) -> History:
    """A lead is made for Bo, and cannot be read back before it is linked."""
    made = (
        Person("new person"),
        Person("give person", value="2"),
        Fault("salesforce.read", "server error"),
        Wait(5),
    )
    return History(Setting(portals=portals), (*made, *steps))


OWNED: Mapping[str, History] = {
    # Nobody in a shared org is known to be crmsync, so a new lead always counted as edited since,
    # and its owner as that of an existing lead.
    "the contact of a lead in a shared org was given away before the two were linked": (
        _not_linked(Person("give person", value="1"), portals=2)
    ),
    "the contact of a lead in a shared org lost its owner before the two were linked": (
        _not_linked(Person("give person"), portals=2)
    ),
    # An edit of any field of the lead did the same.
    "the contact of a lead was given away before the two were linked, and the lead edited": (
        _not_linked(
            Person("edit person", Side.SALESFORCE, what="phone", value="7"),
            Wait(1),
            Person("give person", value="1"),
        )
    ),
    "a lead was put into a queue, and its contact given to somebody before anything read the lead": (
        History(
            Setting(),
            (
                Person("new person", Side.SALESFORCE),
                Wait(4),
                Person("give lead to queue", Side.SALESFORCE),
                Person("give person", value="2"),
                Person("edit person", Side.SALESFORCE, value="7"),
            ),
        )
    ),
    "two accounts share a lead that got an owner unknown to HubSpot while HubSpot was down": History(
        Setting(portals=2),
        (
            Person("new person", value="2"),
            Wait(448),
            Person("give person", Side.SALESFORCE, news=News.LATE),
            Wait(29),
            Person("new person", Side.SALESFORCE),
            Outage("hubspot", 4),
            Wait(1),
            Wait(2),
            Person("give person", value="1", portal=1),
            Person("edit person", what="phone"),
        ),
    ),
    "a lead was given back while a slow worker was about to carry its new owner across": History(
        Setting(),
        (
            Person("new person"),
            Person("give person", value="1"),
            Wait(3),
            Person("give person", Side.SALESFORCE),
            Wait(1),
            Work("contact", 6),
            Person("give person", Side.SALESFORCE, value="1"),
            Wait(57),
        ),
    ),
    "an owner could not be carried across, and the poll reported the lead while that was put off": (
        History(
            Setting(),
            (
                Person("new person"),
                Wait(4),
                Fault("hubspot.update", "timeout before"),
                Person("new person", Side.SALESFORCE),
                Wait(40),
                Wait(4000),
                Person("give lead to queue", Side.SALESFORCE),
                Wait(3),
            ),
        )
    ),
    "HubSpot's owner was removed while a limit held back the one whom a late write had overtaken": (
        _overtaken(Person("give person"), Wait(60), limit=1)
    ),
    "an owner unknown to Salesforce came while a limit held back the one who was overtaken": (
        _overtaken(Person("give person", value="3"), Wait(60), limit=1)
    ),
    "HubSpot's owner was removed just after a late write had overtaken another one": (
        _overtaken(Person("give person"), Wait(1))
    ),
    "an owner unknown to Salesforce came just after a late write had overtaken another one": (
        _overtaken(Person("give person", value="3"), Wait(1))
    ),
    # The write that puts Salesforce's owner back in HubSpot was announced and lost. Any edit of the
    # lead then made that owner the later one.
    "an owner unknown to Salesforce could not be put back before HubSpot got another": History(
        Setting(),
        (
            Person("new person"),
            Fault("links.save", "timeout after", times=5),
            Wait(60),
            Person("give person", value="4"),
            Wait(2),
            Person("give person", value="1"),
            Person("edit person", Side.SALESFORCE, value="5"),
        ),
    ),
    # Here HubSpot got the other owner after the worker had read it, and before the announcement.
    "an owner unknown to Salesforce was read, and HubSpot got another while that was put back": (
        History(
            Setting(),
            (
                Person("new person"),
                Wait(60),
                Person("give person", value="2"),
                Wait(60),
                Fault("links.save", "timeout after"),
                Person("give person", value="4"),
                Wait(1),
                Work("contact", 8),
                Person("give person", value="1"),
                Wait(1),
                Person("edit person", Side.SALESFORCE, what="phone", value="5"),
                Wait(1),
                Work("contact"),
            ),
        )
    ),
    # The worker reads the contact's stage once more before it writes, and no owner with it.
    "an owner was given while a worker that had read another was about to put it back": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE, what="Contact"),
            Wait(3),
            Person("new deal", what="tied"),
            Wait(2),
            Person("give person", value="4"),
            Wait(1),
            Work("contact", 6, most=5),
            Person("give person", value="2"),
        ),
    ),
    # The slow write repeats what the later one has brought. Only HubSpot's history shows then that
    # the owner whom the slow one was to replace has been entered again.
    "an owner was given again after a slow write had repeated the removal": History(
        Setting(),
        (
            Person("new person", Side.SALESFORCE),
            Person("give person", Side.SALESFORCE, value="2"),
            Wait(3),
            Person("give person", Side.SALESFORCE),
            Wait(1),
            Work("contact", 11),
            Person("give person", value="4"),
            Wait(1),
            Work("contact", slot=1),
            Work("contact"),
            Person("give person", value="2"),
        ),
    ),
    "HubSpot showed a new owner whom a limit held back, and whom the operator dropped": History(
        Setting(limit=1),
        (
            Person("new person"),
            Wait(14994),
            Person("new address"),
            Wait(54),
            Wait(55),
            Person("give person", value="2"),
            Wait(195),
            Operator("drop"),
        ),
    ),
}
