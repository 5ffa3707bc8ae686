"""What the flows ask of a CRM: to read, find and write records, and what only one of the two knows.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from crmsync.errors import SyncError
from crmsync.model.effects import (
    Associate,
    CreateRecord,
    DeleteRecord,
    Dissociate,
    OptOut,
    UpdateRecord,
)
from crmsync.model.kinds.owners import Owners
from crmsync.model.kinds.places import Places
from crmsync.model.records import Origin, Record, Ref, Value

Fields: TypeAlias = Mapping[str, Sequence[str]]
"""Which fields to read, by object name on that side."""


@dataclass(frozen=True, slots=True)
class Written:
    """A row that was written.

    Attributes:
        ref: The record.
        fields: What the side says the record now shows; empty where it does not say (Salesforce).
    """

    ref: Ref
    fields: Mapping[str, Value]


Outcome: TypeAlias = Written | SyncError
"""The result of one row: written, or the error that says what to do about it."""


class Crm(Protocol):
    """One side.

    A call that fails as a whole raises `SyncError` (mostly `TryAgain`); a row that fails is an
    `Outcome`.
    """

    def read(
        self, refs: Iterable[Ref], fields: Fields, *, history: bool = False
    ) -> Mapping[Ref, Record]:
        """Read records by id; a missing or deleted one is left out.

        With `history`, `Record.origins` is filled where the side has it.
        """

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[Record]:
        """All records of the named objects that have one of the addresses, compared without case.

        Never read from a search index, which lags.
        """

    def made_by(self, keys: Mapping[str, Sequence[str]]) -> Mapping[str, Ref]:
        """Key -> the record that `create` made under it, for the keys of each named object.

        A key under which nothing was made is left out. Salesforce's records are also found in the
        recycle bin; HubSpot has no documented way to find a deleted record by a property.
        """

    def create(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """Make records, in order. If a record with the key exists already, the outcome is a
        `Conflict`, and nothing is written; a contact role counts as made.

        Slots in fields are already filled.
        """

    def update(self, effects: Sequence[UpdateRecord]) -> Sequence[Outcome]:
        """Write fields to existing records, in order.

        Every `place` is a `Ref` and every slot is filled.
        """


class NameSearch(Protocol):
    """Finds a side's records by name, for a person who looks for one."""

    def named(self, text: str, fields: Fields, most: int) -> Sequence[Record]:
        """At most so many records of each object of `fields` whose name has this text, with these
        fields. What counts as a name is the side's.
        """


class PropertyOrigins(Protocol):
    """Where HubSpot's values come from."""

    def origins(self, ref: Ref, names: Iterable[str]) -> Mapping[str, Sequence[Origin]]:
        """How each property of a record got its values, newest first; nothing for a record that is
        gone.
        """


class Survivors(Protocol):
    """What a side knows of records that no longer exist."""

    def survivors(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """Merged record -> the record it was merged into, the last one after several merges.

        Records that were not merged are left out.
        """


class Deleter(Protocol):
    """A recycle bin."""

    def delete(self, effects: Sequence[DeleteRecord]) -> Sequence[Outcome]:
        """Move records to the recycle bin, in order.

        A record that is gone already counts as deleted (a `Written` without fields).
        """


class Directory(Protocol):
    """Who may own records on both sides."""

    def owners(self) -> Owners:
        """HubSpot's owners and Salesforce's users of the four kinds (OWN-1), inactive ones too."""


class Associations(Protocol):
    """HubSpot's associations between records.

    A contact's primary company is also a property of the contact (``associatedcompanyid``).
    """

    def of(self, refs: Iterable[Ref], other: str) -> Mapping[Ref, tuple[Ref, ...]]:
        """Record -> the records of the object `other` that it is associated with, by id.

        A record without any is left out.
        """

    def primary_companies(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """Deal (or contact) -> its primary company; one without is left out."""

    def associate(self, effects: Sequence[Associate]) -> Sequence[Outcome]:
        """Associate records, in order; repeating it changes nothing. Every place is a `Ref`."""

    def dissociate(self, effects: Sequence[Dissociate]) -> Sequence[Outcome]:
        """Remove associations, in order; repeating it changes nothing. Every place is a `Ref`."""


class Companies(Protocol):
    """What HubSpot knows of companies besides their records (CH-15)."""

    def companies_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """Domain (lowercase, without ``www.``) -> the id of the only company that has it.

        A domain of no company, or of several, is left out. The answer comes from the search index,
        which lags: a company that is found exists, one that is not found may exist all the same.
        """


class Preferences(Protocol):
    """HubSpot's communication preferences, where opt-outs are kept."""

    def opt_out(self, effects: Sequence[OptOut]) -> Sequence[Outcome]:
        """Unsubscribe the addresses from all e-mail, in order; repeating it changes nothing."""


class Accounts(Protocol):
    """What Salesforce knows of accounts, and of what conversions have made, besides the records."""

    def accounts_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """Domain (lowercase, without ``www.``) -> the id of the only business account with a
        website there.

        A domain of no account, or of several, is left out. Person accounts do not count: they take
        no contacts (PA-2) and share no company (PA-4).
        """

    def contacts_of(self, accounts: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """Account id -> its contacts, by id (DUP-2); an account without any is left out."""

    def leads_of(self, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[Ref, ...]]:
        """Salesforce contact -> the leads that were converted to it, by id, without deleted ones
        (DUP-26); a contact without any is left out.
        """

    def has_person_accounts(self) -> bool:
        """Whether the org has person accounts switched on (PA-1). Asked once."""

    def places(self) -> Places | None:
        """The countries and states that the org knows, None where it takes any text. Asked once."""
