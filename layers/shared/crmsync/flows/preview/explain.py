"""Explains one record: what is known of it, how each field is decided, and what would be written
now (CH-28).

Law: nothing is written. The plan is the sync's own, made in a read-only context; everything else is
read or worked out from it. The answer has the record's values: it is for the operator who asked,
and is never stored or logged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from crmsync.errors import Gone, Refused
from crmsync.flows.arguments import chosen_connections, singular_forms
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.lifecycle import would_spread
from crmsync.flows.engine.planning import changed_stages
from crmsync.flows.kinds.dispatch import GATHER_AND_PLAN, plan_changes
from crmsync.flows.preview.read_only import ReadOnlyView
from crmsync.model.changes import Cause, Change
from crmsync.model.concerns import KIND_OF
from crmsync.model.crm_names import (
    HUBSPOT_CONTACT,
    HUBSPOT_EMAIL,
    LEAD,
    SALESFORCE_CONTACT,
    SALESFORCE_EMAIL,
)
from crmsync.model.effects import Effect, Report, RequestSync
from crmsync.model.facts import Facts
from crmsync.model.kinds.campaigns import CampaignStanding
from crmsync.model.links import Link, LinkState
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import Connection, Settings
from crmsync.ports.campaigns import CampaignStore
from crmsync.rules.campaigns import reads_campaigns, standings
from crmsync.rules.merge.fingerprint_renewal import ruleset_for
from crmsync.rules.pair.reports import privacy_place
from crmsync.rules.preview.explanation import (
    DecisionLine,
    FieldLine,
    Pairing,
    creation_reports,
    lines_of,
    pairing_of,
)
from crmsync.rules.preview.history import HistoryLine, conflicts_of


@dataclass(frozen=True, slots=True)
class Explained:
    """All that is known of a record on one connection.

    Attributes:
        connection: The name of the connection.
        kind: The kind of the record.
        ref: The record.
        syncs: Whether the kind is switched on.
        link: The stored link, or None.
        hubspot: The HubSpot record of the pair, or None.
        salesforce: The Salesforce record of the pair, or None.
        candidates: Records of the other side that may be the same.
        taken: The candidates that are linked with another record.
        fields: The decision about each mapped field.
        decisions: The decisions about owners, parents and the like.
        plan: What would be written now.
        spread: The lifecycle stages that other records would get because of it.
        foreseen: The reports that would follow once the plan has created its record.
        parked: The entries of the error inbox about the two records.
        settled: The last conflicts of the pair, newest first.
        campaigns: How its contact stands with campaigns.
    """

    connection: str
    kind: Kind
    ref: Ref
    syncs: bool
    link: Link | None
    hubspot: Record | None
    salesforce: Record | None
    candidates: tuple[Ref, ...]
    taken: tuple[Ref, ...]
    fields: tuple[FieldLine, ...]
    decisions: tuple[DecisionLine, ...]
    plan: Plan
    spread: tuple[Effect, ...]
    foreseen: tuple[Report, ...]
    parked: tuple[InboxEntry, ...]
    settled: tuple[HistoryLine, ...]
    campaigns: tuple[CampaignStanding, ...] = ()

    @property
    def standing(self) -> str:
        """Whether the record has a link, and if not, what may be its counterpart."""
        if self.link is not None:
            return f"linked, {self.link.state}"
        if self.taken:
            return "not linked; the records that may be the same have other links"
        if self.candidates:
            return f"not linked; may be the same as {', '.join(map(str, self.candidates))}"
        return "not linked, and no record of the other side may be the same"

    @property
    def missing(self) -> tuple[Side, ...]:
        """The sides that show no record."""
        records = ((Side.HUBSPOT, self.hubspot), (Side.SALESFORCE, self.salesforce))
        return tuple(side for side, record in records if record is None)

    @property
    def filled(self) -> tuple[FieldLine, ...]:
        """The mapped fields with a value or a decision; the others are blank on both sides."""
        return tuple(
            line
            for line in self.fields
            if line.winner or line.hubspot_value is not None or line.salesforce_value is not None
        )

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All that would be done now."""
        return (*self.plan.effects, *self.spread)

    @property
    def waits_for(self) -> tuple[Ref, ...]:
        """The records that must sync, or release something, before this one can."""
        requested: list[Ref] = []
        reported: list[Ref] = []
        for effect in self.plan.effects:
            if isinstance(effect, RequestSync) and effect.waiting:
                requested.append(effect.ref)
            elif isinstance(effect, Report):
                reported += effect.waits_for
        return tuple(dict.fromkeys((*requested, *reported)))


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains single records.

    Attributes:
        settings: Reads the settings in force.
        view: Opens a connection for reading.
        now: The clock (UTC).
        campaigns: How far lists have become members of campaigns.
    """

    settings: Callable[[], Settings]
    view: Callable[[Connection, Settings], ReadOnlyView]
    now: Callable[[], datetime]
    campaigns: CampaignStore

    def explain(self, side: Side, name: str, record_id: str, only: str = "") -> list[Explained]:
        """What each connection, or `only` one, knows of a record.

        `record_id` may be the e-mail address of a person; then each record of the object that has
        the address is explained. Raises `Refused` for an object that does not sync, and `Gone` when
        no connection knows the record.
        """
        object_, settings = _object(side, name), self.settings()
        connections = chosen_connections(settings, only)
        views = [self.view(one, settings) for one in connections]
        found = [
            self._explain(view, side, object_, one)
            for view in views
            for one in _ids(view, side, object_, record_id)
        ]
        known = [one for one in found if one is not None]
        if not known:
            names = ", ".join(one.name for one in connections)
            raise Gone(f"{side} shows no {object_} {record_id}, and no link of {names} names one.")
        return known

    def _explain(
        self, view: ReadOnlyView, side: Side, object_: str, record_id: str
    ) -> Explained | None:
        """What one connection knows of the record, or None."""
        context = view.context
        ref = Ref(side, object_, view.full(record_id) if side is Side.SALESFORCE else record_id)
        kind = KIND_OF[ref.side][ref.object]
        connection = context.connection
        planned = plan_changes(
            [Change(connection.name, kind, ref, Cause.AGAIN, self.now())], context
        )
        if planned.not_yet:
            # Together with the record that has the e-mail address which this one should get.
            planned = plan_changes(planned.not_yet, context)
        for facts, plan in zip(planned.facts, planned.plans, strict=True):
            if facts.change.ref != ref or (facts.link is None and facts.named is None):
                continue
            ruleset = ruleset_for(facts.link, planned.ruleset)
            pairing = pairing_of(facts, plan, ruleset)
            lines, decisions = lines_of(pairing, plan, ruleset)
            return Explained(
                connection=connection.name,
                kind=kind,
                ref=ref,
                syncs=kind in connection.kinds,
                link=facts.link,
                hubspot=pairing.hubspot,
                salesforce=pairing.salesforce,
                candidates=tuple(one.ref for one in facts.candidates),
                taken=tuple(sorted(facts.taken)),
                fields=lines,
                decisions=decisions,
                plan=plan,
                spread=would_spread(changed_stages([facts], [plan], planned.ruleset), context),
                foreseen=creation_reports(facts.named, plan, planned.ruleset),
                parked=_parked(context, facts, pairing),
                settled=conflicts_of(facts.link, connection) if facts.link else (),
                campaigns=self._campaigns(connection, facts, pairing),
            )
        return None

    def _campaigns(
        self, connection: Connection, facts: Facts, pairing: Pairing
    ) -> tuple[CampaignStanding, ...]:
        """How the contact of a pair stands with campaigns; without any in the settings nothing is
        read.
        """
        place = pairing.hubspot.ref if pairing.hubspot else facts.change.ref
        is_contact = place.side is Side.HUBSPOT and place.object == HUBSPOT_CONTACT
        if not is_contact or not place.id.isdecimal() or not reads_campaigns(connection):
            return ()
        link = facts.link
        is_linked = link is not None and link.state is LinkState.ACTIVE
        known = self.campaigns.load(connection.name)
        return tuple(standings(connection, known, int(place.id), is_linked=is_linked))


def _object(side: Side, name: str) -> str:
    """The object's own name, for a name in any capitalisation, singular or plural."""
    objects = [one for one, kind in KIND_OF[side].items() if kind in GATHER_AND_PLAN]
    for one in objects:
        if one.lower() in singular_forms(name):
            return one
    known = ", ".join(objects)
    raise Refused(f"{side} has no {name} to explain; there are {known}.", code="OBJECT")


def _ids(view: ReadOnlyView, side: Side, object_: str, record_id: str) -> Sequence[str]:
    """The id itself, or for an e-mail address those of the records that have it."""
    if "@" not in record_id:
        return (record_id,)
    address = _ADDRESSES.get((side, object_))
    if address is None:
        raise Refused(
            f"A {object_} has no e-mail address to be found by.",
            code="ADDRESS",
            hint=f"Give the id that {side} shows.",
        )
    crm = view.context.hubspot if side is Side.HUBSPOT else view.context.salesforce
    return tuple(sorted(one.ref.id for one in crm.find([record_id], {object_: (address,)})))


_ADDRESSES = MappingProxyType(
    {
        (Side.HUBSPOT, HUBSPOT_CONTACT): HUBSPOT_EMAIL,
        (Side.SALESFORCE, LEAD): SALESFORCE_EMAIL,
        (Side.SALESFORCE, SALESFORCE_CONTACT): SALESFORCE_EMAIL,
    }
)
"""The objects that can be found by an e-mail address, and the field that has it."""


def _parked(context: SyncContext, facts: Facts, pairing: Pairing) -> tuple[InboxEntry, ...]:
    """The entries of the error inbox about the record and its counterpart."""
    places = (facts.link.hubspot, facts.link.salesforce) if facts.link else ()
    records = [one.ref for one in (pairing.hubspot, pairing.salesforce) if one]
    known = {facts.change.ref, *records, *(one for one in places if isinstance(one, Ref))}
    about = known | {privacy_place(ref) for ref in known}
    return tuple(context.inbox.entries_of(context.connection.name, about))
