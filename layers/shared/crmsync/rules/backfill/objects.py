"""Which objects an import or a resync can list, what they are called, and in which order.

Parents come first, so that a contact finds its account, and an opportunity both. A new object is
one more row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import (
    ACCOUNT,
    COMPANY,
    DEAL,
    HUBSPOT_CONTACT,
    LEAD,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
)
from crmsync.model.jobs import JobStep
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection


@dataclass(frozen=True, slots=True)
class BackfillObject:
    """An object that a backfill can list.

    Attributes:
        side: Its side.
        object: Its name there.
        section: The section of the settings that switches it on.
        switch: The rule of that switch.
        word: What ``crmsync import`` calls it; "" where it cannot be imported.
        needs_email: Without an address a record is not imported (IMP-4).
    """

    side: Side
    object: str
    section: str
    switch: str
    word: str = ""
    needs_email: bool = False

    @property
    def kind(self) -> Kind:
        """The concern that syncs it."""
        return KIND_OF[self.side][self.object]

    def step(self, *ids: str) -> JobStep:
        """The step of a job with all records of the object, or with only these."""
        return JobStep(self.side, self.object, ids)

    def syncs(self, connection: Connection) -> bool:
        """Whether the connection has this object switched on (SET-4, SET-5)."""
        return self.kind in connection.kinds


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
)
"""In the order in which a resync of everything lists them."""

_PLURALS: Mapping[str, str] = MappingProxyType(
    {"companies": "company", "opportunities": "opportunity"}
)


def importable(word: str) -> BackfillObject | None:
    """The object with that name in ``crmsync import`` (IMP-1), or None."""
    return next((one for one in BACKFILL_OBJECTS if one.word and one.word == word.lower()), None)


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
    return found


IMPORTABLE = tuple(one.word for one in BACKFILL_OBJECTS if one.word)
"""The words of ``crmsync import``."""
