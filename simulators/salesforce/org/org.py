"""The org: everything that is true in it between two requests, and the boundary of a transaction.

Law: holds the state. `writes`, `rules` and `effects` decide what a write means, the API modules how
it is requested.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from simulators.clock import Clock
from simulators.faults import Faults
from simulators.salesforce.objects.schema import ObjectAccess, Schema, View
from simulators.salesforce.org.events import EventQueue
from simulators.salesforce.org.ids import IdMaker
from simulators.salesforce.org.store import Store
from simulators.salesforce.org.transaction import Actor, LateCommit, Transaction
from simulators.salesforce.refusals import RefusalError
from simulators.salesforce.times import full_second

SHORT = 15
INTEGRATION = "Salesforce Integration"
"""The free user licence for integrations; its users get rights only with the permission set licence
[S].
"""
API_INTEGRATION = "Salesforce API Integration"


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """An administrator's rule: a record whose `field` contains this text (in any case) is refused
    with `message`.
    """

    sobject: str
    field: str
    contains: str
    message: str


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """An administrator's rule: a record whose `fields` equal those of another one is a duplicate;
    `block` or only `alert`.
    """

    sobject: str
    fields: tuple[str, ...]
    action: str


@dataclass(slots=True)
class Org:
    """One Salesforce org."""

    schema: Schema
    store: Store
    ids: IdMaker
    clock: Clock
    faults: Faults
    events: EventQueue
    org_id: str = ""
    edition: str = "Enterprise Edition"
    lead_owner_id: str | None = None
    validation_rules: tuple[ValidationRule, ...] = ()
    state_country_picklists: bool = False
    duplicate_rules: tuple[DuplicateRule, ...] = ()
    activity_external_ids: bool = True
    shared_activities: bool = False
    stages_of_type: dict[str, tuple[str, ...]] = field(default_factory=dict)
    default_record_type: dict[str, str] = field(default_factory=dict)
    unassigned_types: dict[str, set[str]] = field(default_factory=dict)
    """User -> the record types that no profile or permission set assigns to this user."""
    limited: set[str] = field(default_factory=set)
    """Users whose profile lacks Modify All Data, so that object permissions apply to them."""
    no_setup: set[str] = field(default_factory=set)
    """Users without *Customize Application*, *Manage Profiles and Permission Sets* and *Assign
    Permission Sets*.
    """
    purged: list[tuple[int, str, str]] = field(default_factory=list)
    """When, which sObject and which id: deleted records that are not, or no longer, in the recycle
    bin.
    """
    late: list[LateCommit] = field(default_factory=list)
    """What a person has written and nobody can see yet."""
    outer: Transaction | None = None

    def view(self, user_id: str, *, tooling: bool = False) -> View:
        """Return the schema as this user sees it now."""
        return View(
            self.schema, user_id, self.access, self.object_access, self.faults, tooling=tooling
        )

    def now_ms(self) -> int:
        """Return the time on the org's clock, to the second."""
        return full_second(self.clock.now_ms())

    def access(self, user_id: str, sobject: str, name: str) -> tuple[bool, bool]:
        """Return whether a user's permission sets (including the profile's) allow reading and
        editing a guarded field [D].
        """
        grants = [
            row
            for row in self.store.tables["FieldPermissions"].matching(
                "ParentId", self._held(user_id)
            )
            if (row["Field"].lower()) in self._spellings(sobject, name)
        ]
        return any(row["PermissionsRead"] for row in grants), any(
            row["PermissionsEdit"] for row in grants
        )

    def object_access(self, user_id: str, sobject: str) -> ObjectAccess:
        """Return what a user's permission sets allow with the records of an sObject; Modify All
        Data allows everything [D].
        """
        if user_id not in self.limited:
            return ObjectAccess()
        rows = self.store.tables["ObjectPermissions"].matching("ParentId", self._held(user_id))
        grants = [row for row in rows if row["SobjectType"] == sobject]
        may = (
            any(row[f"Permissions{verb}"] for row in grants)
            for verb in ("Read", "Create", "Edit", "Delete")
        )
        return ObjectAccess(*may)

    def may_set_up(self, user_id: str) -> bool:
        """Return whether a user may change Setup: fields, channels, permission sets and their
        assignments [D].
        """
        return user_id not in self.no_setup

    def can_have_rights(self, user_id: str) -> bool:
        """Return whether the licences of a user allow rights to objects [S]."""
        profile = (
            self.store.get(
                "Profile", (self.store.get("User", user_id) or {}).get("ProfileId") or ""
            )
            or {}
        )
        licence = self.store.get("UserLicense", profile.get("UserLicenseId") or "") or {}
        given = self.store.tables["PermissionSetLicenseAssign"].matching("AssigneeId", [user_id])
        return licence.get("Name") != INTEGRATION or any(True for _ in given)

    def _held(self, user_id: str) -> set[str]:
        """Return the permission sets of a user, including the profile's."""
        assigned = self.store.tables["PermissionSetAssignment"].matching("AssigneeId", [user_id])
        user = self.store.get("User", user_id) or {}
        owned = self.store.tables["PermissionSet"].matching("ProfileId", [user.get("ProfileId")])
        return {*(row["PermissionSetId"] for row in assigned), *(row["Id"] for row in owned)}

    @contextmanager
    def transaction(self, actor: Actor) -> Iterator[Transaction]:
        """Write inside the block: a refusal rolls everything back, the end creates the change
        events. Inside another transaction it is part of that one.
        """
        if self.outer is not None:
            yield from self._nested(self.outer, actor)
            return
        transaction = Transaction(self.store, actor, self.now_ms())
        try:
            yield transaction
        except BaseException:
            transaction.rollback()
            raise
        if not actor.trusted:
            fault = None if actor.product else self.faults.take("salesforce", "late_commit")
            if fault is None:
                self._commit(transaction, transaction.now_ms)
            else:
                self.late.append(
                    LateCommit.of(transaction, self.clock.now_ms() + round(fault.seconds * 1000))
                )

    def catch_up(self) -> None:
        """Commit the late transactions that are due."""
        due = [one for one in self.late if one.due_ms <= self.clock.now_ms()]
        for one in due:
            self.late.remove(one)
            self._commit(one.redo(self.store), one.written_ms)

    def holds(self, record_id: str) -> bool:
        """Return whether an open transaction has written this record; nobody else can write it
        until it ends [D].
        """
        return any(change.record_id == record_id for one in self.late for change in one.changes)

    def _commit(self, transaction: Transaction, written_ms: int) -> None:
        """The log of deletions records when a record was deleted, not when it was purged [M]."""
        self.purged += [
            (
                c.before["SystemModstamp"] if c.before.get("IsDeleted") else written_ms,
                c.sobject,
                c.record_id,
            )
            for c in transaction.changes()
            if c.before and not c.after
        ]
        self.events.commit(transaction, self.schema)

    def _nested(self, whole: Transaction, actor: Actor) -> Iterator[Transaction]:
        """A call inside a transaction: it writes with its own headers, and its refusal rolls back
        only what it wrote.
        """
        mark, others = whole.mark(), whole.actor
        whole.actor = actor
        try:
            yield whole
        except RefusalError:
            whole.rollback(mark)
            raise
        finally:
            whole.actor = others

    @contextmanager
    def all_together(self, actor: Actor) -> Iterator[Transaction]:
        """Run several calls in one transaction, which ends with the block."""
        with self.transaction(actor) as transaction:
            self.outer = transaction
            try:
                yield transaction
            finally:
                self.outer = None

    def _spellings(self, sobject: str, name: str) -> set[str]:
        found = self.schema.get(sobject)
        owner = found.custom_fields_on if found is not None else None
        spelled = {f"{home}.{name}".lower() for home in (sobject, owner) if home is not None}
        return spelled | (
            {f"contact.{name.removesuffix('__pc')}__c".lower()} if name.endswith("__pc") else set()
        )
