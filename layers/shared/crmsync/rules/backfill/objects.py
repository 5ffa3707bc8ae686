"""Which objects an import or a resync can walk through, what they are called, and in which order: a
table and its reading.

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
    """An object that can be walked through: the section of the settings with its switch, and that
    switch's rule.

    ``word`` is what ``crmsync import`` calls it, empty where it cannot be imported. ``needs_email``
    says that without an address a record is not imported (IMP-4).
    """

    side: Side
    object: str
    section: str
    switch: str
    word: str = ""
    needs_email: bool = False

    @property
    def kind(self) -> Kind:
        """Whose concern it is."""
        return KIND_OF[self.side][self.object]

    def leg(self, *ids: str) -> JobStep:
        """All records of the object, or these alone."""
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
"""In the order in which a resync of everything walks."""

_PLURALS: Mapping[str, str] = MappingProxyType(
    {"companies": "company", "opportunities": "opportunity"}
)


def importable(word: str) -> Walked | None:
    """The object that ``crmsync import`` calls so (IMP-1), or None."""
    return next((one for one in WALKED if one.word and one.word == word.lower()), None)


def walked(side: Side, name: str) -> Walked | None:
    """The object of a side by its name, small or large, one or many; or None."""
    small = name.lower()
    names = {small, _PLURALS.get(small, small.removesuffix("s"))}
    return next((one for one in WALKED if one.side is side and one.object.lower() in names), None)


def walked_of(leg: JobStep) -> Walked:
    """The row of a leg's object. Raises `KeyError` for an object that this release does not
    know.
    """
    found = walked(leg.side, leg.object)
    if found is None:
        raise KeyError(leg.object)
    return found


IMPORTABLE = tuple(one.word for one in WALKED if one.word)
"""The words of ``crmsync import``."""
