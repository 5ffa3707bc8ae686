"""What the opportunities' flow asks of the outside, under the law of `crmsync.ports`: roles, sales
processes, pipelines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crmsync.model.effects import EndRole
from crmsync.model.pipelines import DealPipeline, PipelineMap, PipelineStep, RecordType
from crmsync.model.records import Ref
from crmsync.model.roles import Role, Tie
from crmsync.ports.crm import Outcome


class Opportunities(Protocol):
    """What Salesforce knows of opportunities beside their records: contact roles, sales processes,
    recycle bin.
    """

    def roles(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """Contact roles by their own ids, deleted ones too; one that nobody knows any more is left
        out.

        Salesforce forgets a role at once that is deleted by itself: such a one is told if it was
        ever told while it stood.
        """

    def roles_of(self, opportunities: Iterable[Ref]) -> Mapping[Ref, tuple[Role, ...]]:
        """Opportunity -> its contact roles by id, also those that were deleted along with it; one
        without any is left out.
        """

    def remember_roles(self, roles: Iterable[Role]) -> None:
        """Remember roles that were just made, so that `roles` can tell of them even if they are
        deleted at once.
        """

    def ties_of(self, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[Tie, ...]]:
        """Salesforce contact -> the opportunities that stand and in which it has a role that
        stands, each once; left out without any.
        """

    def end_roles(self, effects: Sequence[EndRole]) -> Sequence[Outcome]:
        """Take contact roles away, in order; one that is gone already is done."""

    def of_accounts(self, accounts: Iterable[Ref]) -> Sequence[Ref]:
        """The opportunities that stand and belong to one of the accounts, by id."""

    def deleted_at(self, opportunities: Iterable[Ref]) -> Mapping[Ref, datetime]:
        """When opportunities that are in the recycle bin were put there; others are left out."""

    def by_value(self, name: str, values: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """Value (small letters) -> the opportunities that hold it in the field `name`, compared
        without case; left out without any.
        """

    def has_currencies(self) -> bool:
        """Whether the org has several currencies, so that an opportunity has ``CurrencyIsoCode``;
        asked once.
        """

    def record_types(self) -> Sequence[RecordType]:
        """The active record types of opportunities with their stages, by id; beside them "" with
        all active stages, where needed.

        An org without record types has "" alone; one with record types has it only while an
        opportunity stands that has none (Q-25).
        """


class RoleStore(Protocol):
    """What is remembered of contact roles, for those that Salesforce no longer knows. Facts
    only.
    """

    def keep(self, roles: Iterable[Role]) -> None:
        """Remember roles that stand; the last one who saw a role counts."""

    def of(self, refs: Iterable[Ref]) -> Mapping[Ref, Role]:
        """The roles as they were when they stood; one that was never seen is left out."""


class Deals(Protocol):
    """What HubSpot knows of deals beside their records: its pipelines."""

    def pipelines(self) -> Sequence[DealPipeline]:
        """All pipelines of deals, people's own too, in their order. One call."""

    def put_in_step(self, step: PipelineStep) -> None:
        """Do one step, once: what is so already is done. Raises `Refused` where HubSpot allows no
        more pipelines (LIM-3).
        """

    def by_value(self, name: str, values: Iterable[str]) -> Mapping[str, Ref]:
        """Value (small letters) -> the deal that holds it in the unique property `name`; left out
        without one.
        """


class PipelineMaps(Protocol):
    """Where it is kept which pipeline goes with which record type."""

    def load(self, connection: str) -> PipelineMap | None:
        """The map as last put in step, or None before the first time."""

    def save(self, connection: str, known: PipelineMap) -> None:
        """Keep the map; the last one who saves counts."""
