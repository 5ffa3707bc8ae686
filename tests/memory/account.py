"""What surrounds the records of a CRM in memory: preferences, the recycle bin."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.errors import Refused
from crmsync.model.effects import DeleteRecord, OptOut
from crmsync.model.records import Ref, Side
from crmsync.ports import Outcome, Written
from tests.memory.crm import MemoryCrm


class MemoryPreferences:
    """Implements `Preferences`: the set of addresses that are out of all e-mail, which shows on the contacts of `crm`."""

    def __init__(self, crm: MemoryCrm | None = None) -> None:
        """Nobody is out."""
        self.out: set[str] = set()
        self._crm = crm

    def opt_out(self, effects: Sequence[OptOut]) -> Sequence[Outcome]:
        """As the port says."""
        return [self._opt_out(effect.email.lower()) for effect in effects]

    def _opt_out(self, address: str) -> Outcome:
        if "@" not in address:
            return Refused("The address is not valid.", code="VALIDATION_ERROR")
        self.out.add(address)
        if self._crm is not None:
            for record in self._crm.find([address], {"contact": ()}):
                self._crm.edit(record.ref, {"hs_email_optout": "true"})
        return Written(Ref(Side.HUBSPOT, "contact", ""), {})


class MemoryDeleter:
    """Implements `Deleter` for the records of `crm`."""

    def __init__(self, crm: MemoryCrm) -> None:
        """Nothing was deleted yet."""
        self.deleted: list[Ref] = []
        self._crm = crm

    def delete(self, effects: Sequence[DeleteRecord]) -> Sequence[Outcome]:
        """As the port says."""
        for effect in effects:
            if effect.ref in self._crm.read([effect.ref], {}):
                self._crm.delete(effect.ref)
                self.deleted.append(effect.ref)
        return [Written(effect.ref, {}) for effect in effects]
