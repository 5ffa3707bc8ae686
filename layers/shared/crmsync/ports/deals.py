"""What the opportunities' flow asks of the outside: roles, sales processes, pipelines.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crmsync.model.effects import EndRole
from crmsync.model.kinds.pipelines import DealPipeline, PipelineMap, PipelineStep, RecordType
from crmsync.model.kinds.roles import RelatedOpportunity, Role
from crmsync.model.records import Ref
from crmsync.ports.crm import Outcome


class Opportunities(Protocol):
    """What Salesforce knows of opportunities besides their records: contact roles, sales processes,
    the recycle bin.
    """

    def roles(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """Contact roles by their own ids, deleted ones too; an unknown one is left out.

        Salesforce forgets a role that is deleted by itself at once. Such a role is answered if it
        was ever answered, counted by `of_contacts`, or remembered before.
        """

    def roles_of(self, opportunities: Iterable[Ref]) -> Mapping[Ref, tuple[Role, ...]]:
        """Opportunity -> its contact roles by id, including those that were deleted along with it.

        An opportunity without any is left out.
        """

    def remember_roles(self, roles: Iterable[Role]) -> None:
        """Remember roles that were just made, so that `roles` knows them even if they are deleted
        at once.
        """

    def of_contacts(self, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[RelatedOpportunity, ...]]:
        """Salesforce contact -> the opportunities in which it has a role, each once.

        Deleted roles and opportunities do not count; a contact without any is left out.
        """

    def end_roles(self, effects: Sequence[EndRole]) -> Sequence[Outcome]:
        """Remove contact roles, in order; one that is gone already counts as removed."""

    def of_accounts(self, accounts: Iterable[Ref]) -> Sequence[Ref]:
        """The opportunities of these accounts that are not deleted, by id."""

    def deleted_at(self, opportunities: Iterable[Ref]) -> Mapping[Ref, datetime]:
        """Opportunity in the recycle bin -> when it was put there; others are left out."""

    def by_value(self, name: str, values: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """Value (lowercase) -> the opportunities that have it in the field `name`, compared without
        case.

        A value without any is left out.
        """

    def has_currencies(self) -> bool:
        """Whether the org has several currencies, so that an opportunity has ``CurrencyIsoCode``.

        Asked once.
        """

    def record_types(self) -> Sequence[RecordType]:
        """The active record types of opportunities with their stages, by id.

        The type "" has all active stages. It is the only one in an org without record types; in an
        org with record types it is there only while an opportunity without one exists (Q-25).
        """


class RoleStore(Protocol):
    """What is remembered of contact roles that Salesforce no longer knows. Facts only."""

    def keep(self, roles: Iterable[Role]) -> None:
        """Remember roles as they are now; the last call counts."""

    def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """The roles as they last were before their deletion; an unknown one is left out."""


class Deals(Protocol):
    """What HubSpot knows of deals besides their records: its pipelines."""

    def pipelines(self) -> Sequence[DealPipeline]:
        """All pipelines of deals, including those that people made, in their order. One call."""

    def apply_step(self, step: PipelineStep) -> None:
        """Do one step; repeating it changes nothing.

        Raises `Refused` where HubSpot allows no more pipelines (LIM-3).
        """

    def by_value(self, name: str, values: Iterable[str]) -> Mapping[str, Ref]:
        """Value (lowercase) -> the deal that has it in the unique property `name`; a value without
        one is left out.
        """


class PipelineMaps(Protocol):
    """Where it is stored which pipeline goes with which record type."""

    def load(self, connection: str) -> PipelineMap | None:
        """The map as last synced, or None before the first time."""

    def save(self, connection: str, known: PipelineMap) -> None:
        """Store the map; the last call counts."""
