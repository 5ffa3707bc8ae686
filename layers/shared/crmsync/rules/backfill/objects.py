"""Which objects an import or a resync can list, what they are called, and in which order.

Parents come first, so that a contact finds its account, an opportunity both, and an activity those
whom it is about. A new object is one more row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from crmsync.model.concerns import KIND_OF, objects_of
from crmsync.model.crm_names import (
    ACCOUNT,
    COMPANY,
    DEAL,
    EVENT,
    HUBSPOT_CONTACT,
    LEAD,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
    TASK,
)
from crmsync.model.kinds.activities import HUBSPOT_OBJECTS, SALESFORCE_OBJECTS, ActivityKind
from crmsync.model.operations.jobs import JobStep
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection


@dataclass(frozen=True, slots=True)
class BackfillObject:
    """An object that a backfill can list.

    Attributes:
        side: Its side.
        object: Its name there.
        section: The section of the settings that switches it on; of a kind of activity its table.
        switch: The rule of that switch.
        word: What ``crmsync import`` calls it; "" where it cannot be imported.
        needs_email: Without an address a record is not imported (IMP-4).
        activity: The kind of activity that it holds; None for other objects, and for all tasks.
    """

    side: Side
    object: str
    section: str
    switch: str
    word: str = ""
    needs_email: bool = False
    activity: ActivityKind | None = None

    @property
    def imported_as(self) -> str:
        """The name under which it counts as imported once a job has worked through it: that of
        Salesforce's object, or of the kind of activity. "" where there is none.
        """
        if self.activity or self.object == TASK:
            return self.activity or ""
        return self.object if self.side is Side.SALESFORCE else ""

    @property
    def kind(self) -> Kind:
        """The concern that syncs it."""
        return KIND_OF[self.side][self.object]

    def step(self, *ids: str) -> JobStep:
        """The step of a job with all records of the object, or with only these."""
        return JobStep(
            self.side,
            self.object,
            ids,
            activity=self.activity if self.object == TASK else None,
        )

    def syncs(self, connection: Connection) -> bool:
        """Whether the connection has this object switched on (SET-4, SET-5); of a kind of activity
        whether it crosses from this side.
        """
        if self.activity is None:
            return self.object in objects_of(connection, self.side)
        return connection.activities.of(self.activity).sync.goes_to(self.side.other)


BACKFILL_OBJECTS = (
    BackfillObject(Side.SALESFORCE, ACCOUNT, "companies", "ACC-2", "accounts"),
    BackfillObject(Side.HUBSPOT, COMPANY, "companies", "ACC-1"),
    BackfillObject(
        Side.SALESFORCE, SALESFORCE_CONTACT, "contacts", "SET-1", "contacts", needs_email=True
    ),
    BackfillObject(Side.SALESFORCE, LEAD, "contacts", "SET-1", "leads", needs_email=True),
    BackfillObject(Side.HUBSPOT, HUBSPOT_CONTACT, "contacts", "SET-1"),
    BackfillObject(Side.SALESFORCE, OPPORTUNITY, "deals", "OPP-3", "opportunities"),
    BackfillObject(Side.HUBSPOT, DEAL, "deals", "SET-5"),
    *(
        BackfillObject(Side.HUBSPOT, HUBSPOT_OBJECTS[kind], kind, "ACT-1", kind, activity=kind)
        for kind in ActivityKind
    ),
    BackfillObject(Side.SALESFORCE, TASK, "activities", "ACT-1"),
    BackfillObject(
        Side.SALESFORCE,
        EVENT,
        ActivityKind.MEETING,
        "ACT-1",
        ActivityKind.MEETING,
        activity=ActivityKind.MEETING,
    ),
)
"""In the order in which a resync of everything lists them."""

_TASKS = tuple(
    BackfillObject(Side.SALESFORCE, TASK, kind, "ACT-1", kind, activity=kind)
    for kind in ActivityKind
    if SALESFORCE_OBJECTS[kind] == TASK and kind is not ActivityKind.NOTE
)
"""Salesforce's tasks kind by kind, as an import lists them. Nothing there is a note by itself."""

_PLURALS: Mapping[str, str] = MappingProxyType(
    {"companies": "company", "opportunities": "opportunity"}
)


def importable(word: str) -> tuple[BackfillObject, ...]:
    """The objects with that name in ``crmsync import`` (IMP-1), those of activities on both sides;
    none for another word.
    """
    rows = (*BACKFILL_OBJECTS, *_TASKS)
    return tuple(one for one in rows if one.word and one.word == word.lower())


def expected_on(rows: Iterable[BackfillObject]) -> tuple[BackfillObject, ...]:
    """The objects of which a person should hear that they are switched off: activities are, unless
    somebody wants them, so they count only where nothing else was asked for.
    """
    listed = tuple(rows)
    return tuple(one for one in listed if one.kind is not Kind.ACTIVITY) or listed


def backfill_object(side: Side, name: str) -> BackfillObject | None:
    """The object of a side by its name, case-insensitive, singular or plural; or None."""
    small = name.lower()
    names = {small, _PLURALS.get(small, small.removesuffix("s"))}
    return next(
        (one for one in BACKFILL_OBJECTS if one.side is side and one.object.lower() in names), None
    )


def backfill_object_of(step: JobStep) -> BackfillObject:
    """The row of a step's object. Raises `KeyError` for an object that this release does not
    know.
    """
    found = backfill_object(step.side, step.object)
    if found is None:
        raise KeyError(step.object)
    return replace(found, activity=step.activity) if step.activity else found


IMPORTABLE = tuple(dict.fromkeys(one.word for one in BACKFILL_OBJECTS if one.word))
"""The words of ``crmsync import``."""
