"""Which objects an import or a resync can walk through, what they are called, and in which order.

Parents come first, so that a contact finds its account, and an opportunity both. A new object is
one more row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crmsync.model.concerns import KIND_OF, kinds_of
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
class Walked:
    """An object that can be walked through.

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

    def leg(self, *ids: str) -> JobStep:
        """The step of a job with all records of the object, or with only these."""
        return JobStep(self.side, self.object, ids)

    def syncs(self, connection: Connection) -> bool:
        """Whether the connection has this object switched on (SET-4, SET-5)."""
        return self.kind in kinds_of(connection)


WALKED = (
    Walked(Side.SALESFORCE, ACCOUNT, "companies", "ACC-2", "accounts"),
    Walked(Side.HUBSPOT, COMPANY, "companies", "ACC-1"),
    Walked(Side.SALESFORCE, SALESFORCE_CONTACT, "contacts", "SET-1", "contacts", needs_email=True),
    Walked(Side.SALESFORCE, LEAD, "contacts", "SET-1", "leads", needs_email=True),
    Walked(Side.HUBSPOT, HUBSPOT_CONTACT, "contacts", "SET-1"),
    Walked(Side.SALESFORCE, OPPORTUNITY, "deals", "OPP-3", "opportunities"),
    Walked(Side.HUBSPOT, DEAL, "deals", "SET-5"),
)
"""In the order in which a resync of everything walks through them."""

_PLURALS: Mapping[str, str] = MappingProxyType(
    {"companies": "company", "opportunities": "opportunity"}
)


def importable(word: str) -> Walked | None:
    """The object with that name in ``crmsync import`` (IMP-1), or None."""
    return next((one for one in WALKED if one.word and one.word == word.lower()), None)


def walked(side: Side, name: str) -> Walked | None:
    """The object of a side by its name, case-insensitive, singular or plural; or None."""
    small = name.lower()
    names = {small, _PLURALS.get(small, small.removesuffix("s"))}
    return next((one for one in WALKED if one.side is side and one.object.lower() in names), None)


def walked_of(leg: JobStep) -> Walked:
    """The row of a step's object. Raises `KeyError` for an object that this release does not
    know.
    """
    found = walked(leg.side, leg.object)
    if found is None:
        raise KeyError(leg.object)
    return found


IMPORTABLE = tuple(one.word for one in WALKED if one.word)
"""The words of ``crmsync import``."""
