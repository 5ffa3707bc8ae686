"""What people do in a CRM in memory: they create, edit, delete, restore, merge and convert records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crmsync.model.kinds.activities import CONTACT_LISTS
from crmsync.model.records import Ref, Side, Value
from tests.memory.behaviour import ABOUT, PERSON_CONTACT
from tests.memory.records import FURTHER, MemoryRecords

MERGED = "hs_merged_object_ids"
"""The ids of all records that were merged into a HubSpot record."""


class MemoryPeople(MemoryRecords):
    """The records of one side, and a person who works with them."""

    def add(self, name: str, fields: Mapping[str, Value]) -> Ref:
        """Create a record."""
        return self._insert(name, dict(fields), ours=False)

    def edit(self, ref: Ref, fields: Mapping[str, Value], *, by: str = "") -> None:
        """Change a record, as the user `by` if given."""
        self.put(ref, fields, ours=False, by=by)

    def delete(self, ref: Ref, *, ours: bool = False) -> None:
        """Delete a record; in Salesforce its children, tasks and events are deleted with it. Those
        that were about further contacts stay without it.
        """
        self._end(ref, None, ours=ours)
        children = [child for child, _ in self._children_of(ref)]
        for child in (*children, *(one for one, _ in self._activities_of(ref))):
            self.delete(child, ours=ours)
            self._rows[child].deleted_with_record = ref
        for one, by, people in self._listing(ref):
            rest = ";".join(person for person in people if person != ref.id)
            self._rows[one].fields[by] = rest or None

    def purge(self, ref: Ref) -> None:
        """Delete a record for good, with the records that were deleted along with it."""
        if self.is_live(ref):
            self.delete(ref)
        self._purged |= {
            ref,
            *(one for one, row in self._rows.items() if row.deleted_with_record == ref),
        }

    def restore(self, ref: Ref) -> None:
        """Restore a record from the recycle bin, with the records that were deleted along
        with it.
        """
        row = self._rows[ref]
        row.is_deleted, row.deleted_with_record, row.modified_at, row.by = (
            False,
            None,
            self._now(),
            self.behaviour.by[False],
        )
        for child in [one for one, other in self._rows.items() if other.deleted_with_record == ref]:
            self.restore(child)
        for callback in self.after_restore:
            callback(ref)

    def merge(self, winner: Ref, loser: Ref) -> Ref:
        """Merge two records; return the survivor, which is new in HubSpot and the winner in
        Salesforce.
        """
        survivor = winner
        if self.side is Side.HUBSPOT:
            both = {**self.fields(loser), **self.fields(winner)}
            held = dict.fromkeys(
                one for ref in (winner, loser) for one in self._addresses(self._rows[ref])
            )
            both[FURTHER] = ";".join(one for one in held if one != both.get("email")) or None
            earlier = [
                one
                for ref in (winner, loser)
                for one in str(self.fields(ref).get(MERGED) or "").split(";")
            ]
            both[MERGED] = ";".join(
                dict.fromkeys(one for one in (*earlier, winner.id, loser.id) if one)
            )
            survivor = self._insert(winner.object, both, ours=False)
            self._end(winner, survivor)
        self._end(loser, survivor)
        for child, parent in self._children_of(loser):
            self.put(child, {parent: survivor.id}, ours=False)
        self._move_activities(loser, {}, survivor)
        return survivor

    def _move_activities(self, old: Ref, more: Mapping[str, Value], new: Ref) -> None:
        """Make the tasks and events about one record be about another, with `more` fields."""
        for ref, by in self._activities_of(old):
            self.put(ref, {by: new.id, **more}, ours=False)
        for ref, by, people in self._listing(old):
            moved = dict.fromkeys(new.id if one == old.id else one for one in people)
            self.put(ref, {by: ";".join(moved)}, ours=False)

    def _listing(self, person: Ref) -> list[tuple[Ref, str, list[str]]]:
        """Return the tasks and events that list a person, each with the field and all people."""
        found = (
            (ref, by, str(self._rows[ref].fields.get(by) or "").split(";"))
            for name, by in CONTACT_LISTS.items()
            for ref in self.refs(name)
        )
        return [one for one in found if person.id in one[2]]

    def _activities_of(self, record: Ref) -> list[tuple[Ref, str]]:
        """Return the tasks and events about a record, each with the field that names it."""
        return [
            (ref, by)
            for name, by in ABOUT.get(record.object, ())
            for ref in self.refs(name)
            if self._rows[ref].fields.get(by) == record.id
        ]

    def merged_into(self, ref: Ref) -> list[Ref]:
        """Return the HubSpot records that were merged into one, which may be deleted."""
        listed = str(self.fields(ref, deleted_too=True).get(MERGED) or "")
        return [replace(ref, id=one) for one in listed.split(";") if one]

    def convert(self, lead: Ref, account: Ref | None = None) -> Ref:
        """Convert a lead; return its contact, in that account or in a new one with the name of the
        lead's company.

        Where person accounts are enabled, a lead without a company becomes one (PA-8).
        """
        if self.has_person_accounts and not self.fields(lead).get("Company"):
            of_account = {
                "LastName": "LastName",
                "FirstName": "FirstName",
                "Email": "PersonEmail",
                "Phone": "Phone",
            }
            own = {
                of_account[name]: value
                for name, value in self.fields(lead).items()
                if name in of_account
            }
            account = self._insert("Account", own, ours=False)
            contact = Ref(self.side, "Contact", str(self._rows[account].fields[PERSON_CONTACT]))
            self.put(lead, {"IsConverted": True, "ConvertedContactId": contact.id}, ours=False)
            return contact
        names = ("LastName", "FirstName", "Email", "Phone")
        fields = {name: value for name, value in self.fields(lead).items() if name in names}
        account = account or self._insert(
            "Account", {"Name": self.fields(lead).get("Company")}, ours=False
        )
        contact = self._insert("Contact", {**fields, "AccountId": account.id}, ours=False)
        self.put(lead, {"IsConverted": True, "ConvertedContactId": contact.id}, ours=False)
        self._move_activities(lead, {"WhatId": account.id}, contact)
        return contact
