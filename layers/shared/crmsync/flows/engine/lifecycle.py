"""Changed lifecycle stages: gather the companies and contacts that they concern, and have these
catch up, all in one go. Which stage spreads where is decided in
`crmsync.rules.kinds.contact.lifecycle`.

The webhook about our own write is dropped as an echo, so nothing reports a spread stage again. That
is why the caller learns what must be retried. And a stage that we wrote ourselves is no change when
its record is synced later: a person may have reset other records in the meantime.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmsync.errors import Gone, SyncError, TryAgain
from crmsync.flows.engine.apply import apply
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.inclusion import not_frozen
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import COMPANY, HUBSPOT_CONTACT, LIFECYCLE_STAGE, PRIMARY_COMPANY
from crmsync.model.effects import Report, UpdateRecord
from crmsync.model.fields import FieldRule, Update
from crmsync.model.links import Place
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.rules.kinds.contact.lifecycle import CompanyGroup, Staged, furthest, is_forward, spread
from crmsync.rules.refusals.table import category_of

FIELDS: Mapping[str, tuple[str, ...]] = {
    HUBSPOT_CONTACT: (PRIMARY_COMPANY, LIFECYCLE_STAGE),
    COMPANY: (LIFECYCLE_STAGE,),
}
"""The properties to read, by HubSpot object."""


@dataclass(frozen=True, slots=True)
class SpreadResult:
    """What spreading has done.

    Attributes:
        written: the writes that succeeded.
        failed: changed record -> the error, where its stage did not reach every record and must be
            spread again.
    """

    written: tuple[UpdateRecord, ...] = ()
    failed: Mapping[Ref, TryAgain] = field(default_factory=dict)


def spread_stages(changed: Mapping[Ref, str], context: SyncContext) -> SpreadResult:
    """Bring companies and contacts up to the stages that other HubSpot records have changed to.

    Only where companies sync (LIFE-7); the other contacts of a company follow by a setting (SET-8).
    Frozen contacts neither pass a stage on nor get one (Q-22). Costs one call where none of the
    contacts has a company. A refused write is reported about the record that it was for. Raises
    `SyncError` when something could not be read: nothing was written then.
    """
    if not changed or not context.connection.companies.sync:
        return SpreadResult()
    groups, effects = _plan_spread(changed, context)
    applied = apply(
        [Plan((effect,)) for effect in effects], context, lambda link, _side, _fields: link
    )
    errors = {
        effect.place: done.error
        for effect, done in zip(effects, applied, strict=True)
        if done.error
    }
    written = tuple(effect for effect in effects if effect.place not in errors)
    report_refused(errors, context)
    request_stage_syncs(written, context)
    return SpreadResult(written, _to_retry(groups, errors))


def would_spread(changed: Mapping[Ref, str], context: SyncContext) -> tuple[UpdateRecord, ...]:
    """What `spread_stages` would write; writes nothing. Raises `SyncError`."""
    if not changed or not context.connection.companies.sync:
        return ()
    return tuple(_plan_spread(changed, context)[1])


def _plan_spread(
    changed: Mapping[Ref, str], context: SyncContext
) -> tuple[list[CompanyGroup], Sequence[UpdateRecord]]:
    """The companies that are concerned, with their contacts, and what must be written for them."""
    to_contacts = context.connection.lifecycle.sync_to_company_contacts
    groups = _changed_groups(changed, context)
    if to_contacts:
        groups = _with_other_contacts(groups, context)
    return groups, spread(groups, to_contacts=to_contacts)


def _changed_groups(changed: Mapping[Ref, str], context: SyncContext) -> list[CompanyGroup]:
    """The companies that have changed, or that have a contact that has: each with its stage and
    those contacts.
    """
    shown = context.hubspot.read(changed, FIELDS, history=True)
    current = {
        ref: replace(record, fields={**record.fields, LIFECYCLE_STAGE: changed[ref]})
        for ref, record in shown.items()
        if not _is_our_own(record, changed[ref], context)
    }
    contacts: dict[Ref, tuple[Staged, ...]] = {ref: () for ref in current if ref.object == COMPANY}
    for record in not_frozen(
        [one for one in current.values() if _company_of(one)],
        context.connection.contacts,
        context.lists,
    ):
        company = Ref(Side.HUBSPOT, COMPANY, _company_of(record))
        staged = Staged(record.ref, _stage_of(record), is_news=True)
        contacts[company] = (*contacts.get(company, ()), staged)
    companies = {**_read([ref for ref in contacts if ref not in current], context), **current}
    return [
        CompanyGroup(ref, _stage_of(companies[ref]), ref in current, its_contacts)
        for ref, its_contacts in contacts.items()
        if ref in companies
    ]


def _is_our_own(record: Record, stage: str, context: SyncContext) -> bool:
    """Whether we wrote the stage that the record shows: it has spread already, or it was itself
    spread to this record.
    """
    origin = record.origins.get(LIFECYCLE_STAGE)
    if origin is None or not context.our_app:
        return False
    return origin.by == context.our_app and _stage_of(record) == stage


def _with_other_contacts(
    groups: Sequence[CompanyGroup], context: SyncContext
) -> list[CompanyGroup]:
    """The companies with those of their other contacts that are behind and may be written."""
    targets = {group.company: furthest(group) for group in groups if furthest(group)}
    known = {one.ref for group in groups for one in group.contacts}
    associated = context.associations.of(targets, HUBSPOT_CONTACT) if targets else {}
    others = dict.fromkeys(ref for refs in associated.values() for ref in refs if ref not in known)
    behind = [
        record
        for record in _read(others, context).values()
        if is_forward(
            _stage_of(record), targets.get(Ref(Side.HUBSPOT, COMPANY, _company_of(record)), "")
        )
    ]
    by_company: dict[str, list[Staged]] = {}
    for record in not_frozen(behind, context.connection.contacts, context.lists):
        by_company.setdefault(_company_of(record), []).append(Staged(record.ref, _stage_of(record)))
    return [
        replace(group, contacts=(*group.contacts, *by_company.get(group.company.id, ())))
        for group in groups
    ]


def _read(refs: Iterable[Ref], context: SyncContext) -> Mapping[Ref, Record]:
    wanted = list(refs)
    return context.hubspot.read(wanted, FIELDS) if wanted else {}


def _company_of(contact: Record) -> str:
    return str(contact.fields.get(PRIMARY_COMPANY) or "")


def _stage_of(record: Record) -> str:
    return str(record.fields.get(LIFECYCLE_STAGE) or "")


def report_refused(errors: Mapping[Place, SyncError], context: SyncContext) -> None:
    """Report writes that were refused. A record that no longer exists needs no stage."""
    reports = [
        Report(
            ref,
            category_of(error.code),
            error.text,
            error.fieldname,
            error.hint,
            code=error.code,
        )
        for ref, error in errors.items()
        if isinstance(ref, Ref) and not isinstance(error, TryAgain | Gone)
    ]
    context.inbox.park(context.connection.name, reports)


def request_stage_syncs(written: Sequence[UpdateRecord], context: SyncContext) -> None:
    """Queue the written records whose stage is mapped to a Salesforce field (FLD-2)."""
    kinds = {}
    if _is_mapped(context.connection.contacts.field):
        kinds[HUBSPOT_CONTACT] = Kind.CONTACT
    if _is_mapped(context.connection.companies.field):
        kinds[COMPANY] = Kind.ACCOUNT
    name, now = context.connection.name, context.now()
    changes = [
        Change(name, kinds[place.object], place, Cause.EDITED, now)
        for place in (effect.place for effect in written)
        if isinstance(place, Ref) and place.object in kinds
    ]
    if changes:
        context.outbox.again([(change, 0) for change in changes])


def _is_mapped(rows: Iterable[FieldRule]) -> bool:
    return any(row.hubspot == LIFECYCLE_STAGE and row.update is not Update.NEVER for row in rows)


def _to_retry(
    groups: Iterable[CompanyGroup], errors: Mapping[Place, SyncError]
) -> dict[Ref, TryAgain]:
    """The changed records of every company for which a write must be retried."""
    failed: dict[Ref, TryAgain] = {}
    for group in groups:
        members = (group.company, *(one.ref for one in group.contacts))
        waits = [error for ref in members if isinstance(error := errors.get(ref), TryAgain)]
        if not waits:
            continue
        changed = [one.ref for one in group.contacts if one.is_news]
        if group.is_news:
            changed.append(group.company)
        failed |= dict.fromkeys(changed, waits[0])
    return failed
