"""Lifecycle stages that are news: gather the companies and contacts they concern, and have these
catch up, all in one go.

Nobody will tell of it again, as what a webhook says of our own writes is dropped as an echo. So the
caller, whose news it was, is told what must be tried once more. And a stage that we wrote here is
no news when its record is looked at later: by then a person may have set others back. What spreads
where is decided in `crmsync.rules.kinds.contact.lifecycle`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crmsync.errors import Gone, SyncError, TryAgain
from crmsync.flows.engine.apply import apply
from crmsync.flows.engine.context import SyncContext
from crmsync.model.changes import Cause, Change
from crmsync.model.crm_names import COMPANY, HUBSPOT_CONTACT, LIFECYCLE_STAGE, PRIMARY_COMPANY
from crmsync.model.effects import Plan, Report, UpdateRecord
from crmsync.model.fields import FieldRule, Update
from crmsync.model.links import Link, Place
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.rules.kinds.contact.inclusion import is_frozen, needs_membership, qualifies
from crmsync.rules.kinds.contact.lifecycle import CompanyGroup, Staged, furthest, is_forward, spread
from crmsync.rules.pair.refusals import category_of

FIELDS: Mapping[str, tuple[str, ...]] = {
    HUBSPOT_CONTACT: (PRIMARY_COMPANY, LIFECYCLE_STAGE),
    COMPANY: (LIFECYCLE_STAGE,),
}


@dataclass(frozen=True, slots=True)
class SpreadResult:
    """What came of it: the writes that were made, and the news that did not get everywhere, with
    the error to wait out.
    """

    written: tuple[UpdateRecord, ...] = ()
    failed: Mapping[Ref, TryAgain] = field(default_factory=dict)


def spread_stages(news: Mapping[Ref, str], context: SyncContext) -> SpreadResult:
    """Have companies and contacts catch up with HubSpot records whose stage is news: the stage that
    each has now, or is about to get.

    Only where companies sync (LIFE-7); a contact's colleagues follow by the setting (SET-8).
    Contacts that are frozen neither give nor get (Q-22). Costs one call where none of the contacts
    has a company. A refused write is reported about the record that it was meant for. Raises
    `SyncError` when something could not be read: nothing was written then.
    """
    if not news or not context.connection.companies.sync:
        return SpreadResult()
    homes, effects = _spreading(news, context)
    applied = apply([Plan((effect,)) for effect in effects], context, _as_it_is)
    errors = {
        effect.place: done.error
        for effect, done in zip(effects, applied, strict=True)
        if done.error
    }
    written = tuple(effect for effect in effects if effect.place not in errors)
    report_refused(errors, context)
    request_stage_syncs(written, context)
    return SpreadResult(written, _blamed(homes, errors))


def would_spread(news: Mapping[Ref, str], context: SyncContext) -> tuple[UpdateRecord, ...]:
    """What `spread_stages` would write; writes nothing. Raises `SyncError`."""
    if not news or not context.connection.companies.sync:
        return ()
    return tuple(_spreading(news, context)[1])


def _spreading(
    news: Mapping[Ref, str], context: SyncContext
) -> tuple[list[CompanyGroup], Sequence[UpdateRecord]]:
    """The households that the news concerns, and what must be written for them."""
    to_contacts = context.connection.lifecycle.sync_to_company_contacts
    homes = _with_givers(news, context)
    if to_contacts:
        homes = _with_colleagues(homes, context)
    return homes, spread(homes, to_contacts=to_contacts)


def _with_givers(news: Mapping[Ref, str], context: SyncContext) -> list[CompanyGroup]:
    """The companies that have news, or a contact with news: each with its stage and those
    contacts.
    """
    shown = context.hubspot.read(news, FIELDS, history=True)
    told = {
        ref: replace(record, fields={**record.fields, LIFECYCLE_STAGE: news[ref]})
        for ref, record in shown.items()
        if not _is_our_own(record, news[ref], context)
    }
    givers: dict[Ref, tuple[Staged, ...]] = {ref: () for ref in told if ref.object == COMPANY}
    for record in not_frozen([one for one in told.values() if _company_of(one)], context):
        company = Ref(Side.HUBSPOT, COMPANY, _company_of(record))
        givers[company] = (
            *givers.get(company, ()),
            Staged(record.ref, _stage_of(record), is_news=True),
        )
    companies = {**_read([ref for ref in givers if ref not in told], context), **told}
    return [
        CompanyGroup(ref, _stage_of(companies[ref]), ref in told, contacts)
        for ref, contacts in givers.items()
        if ref in companies
    ]


def _is_our_own(record: Record, stage: str, context: SyncContext) -> bool:
    """Whether the stage is there already, and from us: it has spread, or was itself what others'
    news came to.
    """
    origin = record.origins.get(LIFECYCLE_STAGE)
    return (
        origin is not None
        and bool(context.our_app)
        and origin.by == context.our_app
        and _stage_of(record) == stage
    )


def _with_colleagues(homes: Sequence[CompanyGroup], context: SyncContext) -> list[CompanyGroup]:
    """The households with those of their other contacts that are behind the news and may be
    written.
    """
    targets = {home.company: furthest(home) for home in homes if furthest(home)}
    known = {one.ref for home in homes for one in home.contacts}
    associated = context.associations.of(targets, HUBSPOT_CONTACT) if targets else {}
    others = dict.fromkeys(ref for refs in associated.values() for ref in refs if ref not in known)
    behind = [
        record
        for record in _read(others, context).values()
        if is_forward(
            _stage_of(record), targets.get(Ref(Side.HUBSPOT, COMPANY, _company_of(record)), "")
        )
    ]
    colleagues: dict[str, list[Staged]] = {}
    for record in not_frozen(behind, context):
        colleagues.setdefault(_company_of(record), []).append(Staged(record.ref, _stage_of(record)))
    return [
        replace(home, contacts=(*home.contacts, *colleagues.get(home.company.id, ())))
        for home in homes
    ]


def _read(refs: Iterable[Ref], context: SyncContext) -> Mapping[Ref, Record]:
    wanted = list(refs)
    return context.hubspot.read(wanted, FIELDS) if wanted else {}


def not_frozen(contacts: Sequence[Record], context: SyncContext) -> list[Record]:
    """Those of the contacts that are not frozen outside the inclusion list (INC-7)."""
    settings = context.connection.contacts
    asks = contacts and needs_membership(settings)
    members = (
        context.lists.members(settings.inclusion_list, [one.ref for one in contacts])
        if asks
        else frozenset()
    )
    return [
        one
        for one in contacts
        if not is_frozen(settings, included=qualifies(one, settings, members))
    ]


def _company_of(contact: Record) -> str:
    return str(contact.fields.get(PRIMARY_COMPANY) or "")


def _stage_of(record: Record) -> str:
    return str(record.fields.get(LIFECYCLE_STAGE) or "")


def _as_it_is(link: Link, _side: Side, _fields: Mapping[str, Value]) -> Link:
    return link


def report_refused(errors: Mapping[Place, SyncError], context: SyncContext) -> None:
    """Tell people of what was refused; a record that is gone meanwhile needs no stage."""
    reports = [
        Report(ref, category_of(error.code), error.text, error.fieldname, error.hint)
        for ref, error in errors.items()
        if isinstance(ref, Ref) and not isinstance(error, TryAgain | Gone)
    ]
    context.inbox.park(context.connection.name, reports)


def request_stage_syncs(written: Sequence[UpdateRecord], context: SyncContext) -> None:
    """Have those looked at whose stage goes on to a field of Salesforce's (FLD-2)."""
    mapped = {
        HUBSPOT_CONTACT: (Kind.CONTACT, _is_mapped(context.connection.contacts.field)),
        COMPANY: (Kind.ACCOUNT, _is_mapped(context.connection.companies.field)),
    }
    changes = []
    for place in (effect.place for effect in written):
        if isinstance(place, Ref) and mapped[place.object][1]:
            kind = mapped[place.object][0]
            changes.append(
                Change(context.connection.name, kind, place, Cause.EDITED, context.now())
            )
    if changes:
        context.outbox.again([(change, 0) for change in changes])


def _is_mapped(rows: Iterable[FieldRule]) -> bool:
    return any(row.hubspot == LIFECYCLE_STAGE and row.update is not Update.NEVER for row in rows)


def _blamed(
    homes: Iterable[CompanyGroup], errors: Mapping[Place, SyncError]
) -> dict[Ref, TryAgain]:
    """The news of households in which a write must be tried again."""
    blamed: dict[Ref, TryAgain] = {}
    for home in homes:
        everybody = (home.company, *(one.ref for one in home.contacts))
        waits = [error for ref in everybody if isinstance(error := errors.get(ref), TryAgain)]
        news = [one.ref for one in home.contacts if one.is_news] + (
            [home.company] if home.is_news else []
        )
        blamed |= dict.fromkeys(news, waits[0]) if waits else {}
    return blamed
