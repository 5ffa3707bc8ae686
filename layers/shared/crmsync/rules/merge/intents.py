"""Intent first: a link is saved with what is about to be written before it is written, so it may be
ahead of what a record shows.

Law: a value that the link has as agreed on counts only where the record shows our write, or where
none of our writes is in flight. A write that was announced and never arrived is withdrawn here,
before the pair is merged; then its value is an edit that has still to cross, like any other.

A record shows in our revision field which of our writes reached it last. So two workers on one
pair, or a worker that died, are not mistaken for a person: a value that an older write of ours left
is nobody's edit, and neither is one that a lost write should have replaced.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from crmsync.model import names
from crmsync.model.crm_names import (
    ACCOUNT,
    DEAL_STAGE,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PARENT_ACCOUNT,
    PIPELINE,
    PRIMARY_COMPANY,
    RECORD_TYPE_ID,
    SALESFORCE_CONTACT,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
    STAGE_NAME,
)
from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import CHANGED, REVISION_BYTES, Base, tag
from crmsync.model.links import LONGEST_WRITE, Intent, Link
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.fields.values import compared_format
from crmsync.rules.merge.baseline import key_of
from crmsync.rules.merge.owners import SHOWN_ID
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.ruleset import Ruleset

_OWNER_FIELD: Mapping[Side, str] = {
    Side.HUBSPOT: HUBSPOT_OWNER,
    Side.SALESFORCE: SALESFORCE_OWNER,
}

_FURTHER_PAIRS = (
    (HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT),
    (PRIMARY_COMPANY, PARENT_ACCOUNT),
    (DEAL_STAGE, STAGE_NAME),
    (PIPELINE, RECORD_TYPE_ID),
)
"""Fields with rules of their own that correspond: HubSpot's and Salesforce's."""

_REVISION = re.compile(f"[0-9a-f]{{{2 * REVISION_BYTES}}}")
"""A revision as a record shows it, in hexadecimal digits."""

_UNKNOWN_OWNER = "?"
"""An id that no owner has, so that any owner counts as changed."""


def has_arrived(record: Record, link: Link, ruleset: Ruleset) -> bool:
    """Whether the record shows the write that was announced last, unless that has been
    withdrawn.
    """
    intent, shown = link.intent(record.ref.side), _revision_text(record, ruleset)
    if not intent.revision:
        return not (intent.replaces and shown)
    return shown == intent.revision.hex()


def shows_owner(record: Record, link: Link) -> bool:
    """Whether a HubSpot record shows the owner of the Salesforce record (Q-18). A worker that was
    late may have written an earlier one.
    """
    return (
        record.ref.side is Side.SALESFORCE
        or SHOWN_ID not in record.fields
        or link.salesforce_owner is None
        or str(record.fields[SHOWN_ID] or "") == link.salesforce_owner
    )


def may_be_unwritten(link: Link, side: Side, now: datetime) -> bool:
    """Whether a write that was announced for `side` may never arrive: the worker that announced it
    has certainly ended by `now`.
    """
    intent = link.intent(side)
    return bool(intent.replaces) and (intent.at is None or now - intent.at >= LONGEST_WRITE)


def may_be_under_way(
    link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset, now: datetime
) -> bool:
    """Whether another worker may still be going to write what it announced for the pair."""
    announced = (
        link.intent(one.ref.side)
        for one in (hubspot, salesforce)
        if not has_arrived(one, link, ruleset)
    )
    times = (one.at for one in announced if one.replaces and one.at)
    return any(now - at < LONGEST_WRITE for at in times)


def withdraw_lost(link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> Link:
    """The link without writes that were announced and have not reached their record: the other
    side's value has still to cross. Unchanged where every write has arrived.
    """
    for record in (hubspot, salesforce):
        if not has_arrived(record, link, ruleset):
            link = _without_lost_write(record, link, salesforce, ruleset)
    return link


def asks_for_history(link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> bool:
    """Whether only HubSpot's history shows if a value there is a person's edit or was left by an
    older write of ours.

    A value that the announced write should have replaced is nobody's edit. The company is an
    exception: it is associated before the write that shows its arrival.
    """
    if hubspot.origins or not ruleset.our_app or has_arrived(hubspot, link, ruleset):
        return False
    replaces = link.hubspot_intent.replaces
    return any(
        key == PRIMARY_COMPANY or shown not in replaces.get(tag(key), ())
        for key, _, shown in _differing(hubspot, link, salesforce, ruleset)
    )


def announced(
    link: Link,
    bases: Mapping[Side, Base],
    owners: tuple[str | None, str | None],
    writes: Mapping[Side, Collection[str]],
    pair: tuple[Record, Record],
    ruleset: Ruleset,
) -> Mapping[Side, Intent]:
    """The intents to save before the pair is written.

    Args:
        link: The link that the plan was made with.
        bases: What each side will show once everything is written.
        owners: The owners that both sides will then have, HubSpot's first.
        writes: The fields to write to each side.
        pair: The HubSpot record and the Salesforce record.
        ruleset: The rules of the pair.
    """
    hubspot, salesforce = pair
    intents: dict[Side, Intent] = {}
    for record, owner in zip(pair, owners, strict=True):
        side = record.ref.side
        before = link.intent(side)
        is_over = not before.replaces or has_arrived(record, link, ruleset)
        carried = {} if is_over else dict(before.replaces)
        for key, fingerprint in _shown_fingerprints(record, writes[side], salesforce, ruleset):
            carried[tag(key)] = carried.get(tag(key), frozenset()) | {fingerprint}
        replaces = _without_agreed(carried, bases[side], _OWNER_FIELD[side], owner, ruleset)
        if writes[side]:
            revision = ruleset.fingerprinter.revision(
                f"{hubspot.ref} {salesforce.ref} {link.version} {hubspot.modified_at} "
                f"{salesforce.modified_at}"
            )
            intents[side] = Intent(revision, replaces)
        else:
            # The merge has taken the earlier writes into account, so none is in flight. If one
            # still arrives, the record shows another revision.
            revision = revision_shown(record, ruleset, b"" if replaces else before.revision)
            intents[side] = Intent(revision, replaces, before.at if replaces else None)
    return intents


def revision_on(link: Link, place: object, side: Side, portal_id: int) -> Mapping[str, Value]:
    """The revision to write to `place` along with the fields, so that the record shows that the
    write arrived; empty where no write was announced for the record.
    """
    revision = link.intent(side).revision
    if not revision:
        return {}
    name = names.revision_field(side, portal_id)
    if place == link.on(side):
        return {name: revision.hex()}
    if _is_account_of_person(place, link):
        return {account_field(name): revision.hex()}
    return {}


def _is_account_of_person(place: object, link: Link) -> bool:
    """Whether a write to an account is meant for the contact behind it (PA-3)."""
    contact = link.salesforce
    return (
        isinstance(place, Ref)
        and place.object == ACCOUNT
        and place.side is Side.SALESFORCE
        and isinstance(contact, Ref)
        and contact.object == SALESFORCE_CONTACT
    )


def _without_lost_write(record: Record, link: Link, salesforce: Record, ruleset: Ruleset) -> Link:
    side = record.ref.side
    others_of = counterparts(side, salesforce, ruleset)
    intent = link.intent(side)
    replaces = dict(intent.replaces)
    base, others = link.base(side), link.base(side.other)
    crossing: set[str] = set()
    for key, agreed, shown in _differing(record, link, salesforce, ruleset):
        in_flight = tag(key) in intent.replaces
        if agreed == CHANGED and not in_flight:
            # The value has still to cross already, as a write to the other side was lost.
            continue
        name = key.partition(" since ")[0]
        is_ours = _is_ours(record, name, shown, intent.replaces.get(tag(key), frozenset()), ruleset)
        is_ours = is_ours and not _company_was_set_since(record, name, intent)
        if not is_ours and not in_flight:
            continue
        base = base.with_fingerprints({key: shown}) if is_ours else base
        replaces[tag(key)] = (
            replaces.get(tag(key), frozenset()) | {agreed} | ({shown} if is_ours else set())
        )
        if other := others_of.get(name):
            crossing.add(other)
    names_across = _keys(side.other, salesforce, ruleset)
    others = others.with_pending(names_across[one] for one in crossing if one in names_across)
    for rule in ruleset.mapping_of(salesforce).resting:
        # Whether it arrived is not visible while the mapping rests: it has still to cross when the
        # mapping syncs again.
        key = _key(rule, side)
        if fingerprints := replaces.pop(tag(key), None):
            base = base.with_fingerprints({key: min(fingerprints)})
            others = others.with_pending([_key(rule, side.other)])
    owner = _lost_owner(record, link, intent, ruleset)
    if owner:
        replaces[tag(_OWNER_FIELD[side])] = owner[1]
        both = (owner[0], _UNKNOWN_OWNER) if side is Side.HUBSPOT else (_UNKNOWN_OWNER, owner[0])
        link = replace(link, hubspot_owner=both[0], salesforce_owner=both[1])
    if owner or crossing or base != link.base(side):
        # If the announced write still arrives, its revision shows that it came too late.
        intent = replace(
            intent, revision=ruleset.fingerprinter.revision(f"after {intent.revision.hex()}")
        )
    link = link.announcing(side, replace(intent, replaces=replaces))
    if side is Side.HUBSPOT:
        return replace(link, hubspot_base=base, salesforce_base=others)
    return replace(link, salesforce_base=base, hubspot_base=others)


def _lost_owner(
    record: Record, link: Link, intent: Intent, ruleset: Ruleset
) -> tuple[str, frozenset[bytes]] | None:
    """The owner to assume on this side where the announced one never arrived, and the fingerprints
    of owners that a late write may still put there; None where nothing is to be withdrawn.

    A link keeps owners as plain ids, next to the bases.
    """
    name = _OWNER_FIELD[record.ref.side]
    shown = str(record.fields.get(name) or "")
    last = link.hubspot_owner if record.ref.side is Side.HUBSPOT else link.salesforce_owner
    if last is None or shown == last or name not in record.fields:
        return None
    replaced = intent.replaces.get(tag(name), frozenset())
    ours = _is_ours(record, name, ruleset.fingerprinter.fingerprint(name, shown), replaced, ruleset)
    if not ours and not replaced:
        return None
    return (shown if ours else last), replaced | {ruleset.fingerprinter.fingerprint(name, last)}


def _is_ours(
    record: Record, name: str, shown: bytes, replaced: frozenset[bytes], ruleset: Ruleset
) -> bool:
    """Whether a value is nobody's edit: one that the announced write should have replaced, or one
    that another write of ours left.
    """
    if shown in replaced:
        return True
    if record.ref.side is Side.SALESFORCE:
        our_user = ruleset.our_user_in(record)
        return bool(our_user) and record.modified_by == our_user
    origin = record.origins.get(name)
    return bool(ruleset.our_app) and origin is not None and origin.by == ruleset.our_app


def _company_was_set_since(record: Record, name: str, intent: Intent) -> bool:
    """Whether somebody has set the contact's company since our write of it was announced."""
    origin = record.origins.get(name) if name == PRIMARY_COMPANY else None
    return origin is not None and intent.at is not None and origin.at > intent.at


def _differing(
    record: Record, link: Link, salesforce: Record, ruleset: Ruleset
) -> Iterator[tuple[str, bytes, bytes]]:
    """The fields that do not show what the two sides agreed on: their key in the base, the agreed
    fingerprint and the shown one.
    """
    base = link.base(record.ref.side)
    forms = ruleset.mapping_of(salesforce).forms(record.ref.side)
    for name, form in forms.items():
        agreed = base.fingerprint_of(form.key)
        if agreed is None or name not in record.fields:
            continue
        value = form.canonical(record.fields[name])
        shown = ruleset.fingerprinter.fingerprint(form.key, value)
        if agreed not in {shown, ruleset.fingerprinter.fingerprint_diverged(form.key, value)}:
            yield form.key, agreed, shown


def _shown_fingerprints(
    record: Record, written: Collection[str], salesforce: Record, ruleset: Ruleset
) -> Iterator[tuple[str, bytes]]:
    """What a record shows in the fields that are about to be written, by their key in the base."""
    if not written:
        return
    forms = ruleset.mapping_of(salesforce).forms(record.ref.side)
    for name in sorted(written):
        if name in forms:
            form = forms[name]
            value = form.canonical(record.fields.get(name))
            yield form.key, ruleset.fingerprinter.fingerprint(form.key, value)
    owner = _OWNER_FIELD[record.ref.side]
    if owner in written:
        yield owner, ruleset.fingerprinter.fingerprint(owner, str(record.fields.get(owner) or ""))


def _without_agreed(
    replaces: Mapping[bytes, frozenset[bytes]],
    base: Base,
    owner_field: str,
    owner: str | None,
    ruleset: Ruleset,
) -> Mapping[bytes, frozenset[bytes]]:
    """What is replaced, without values that are announced or agreed on now."""
    agreed = {key: base.fingerprints.get(key, b"") for key in replaces}
    if tag(owner_field) in replaces:
        agreed[tag(owner_field)] = ruleset.fingerprinter.fingerprint(owner_field, owner or "")
    left = {key: fingerprints - {agreed[key]} for key, fingerprints in replaces.items()}
    return {key: fingerprints for key, fingerprints in left.items() if fingerprints}


def revision_shown(record: Record, ruleset: Ruleset, otherwise: bytes = b"") -> bytes:
    """The revision that a record shows, `otherwise` where it shows none. By it a record is known
    that has no write in flight.
    """
    text = _revision_text(record, ruleset)
    return bytes.fromhex(text) if _REVISION.fullmatch(text) else otherwise


def _revision_text(record: Record, ruleset: Ruleset) -> str:
    """The revision that a record shows, "" where it shows none."""
    return str(record.fields.get(ruleset.revision_field(record.ref.side)) or "")


def _key(rule: FieldRule, side: Side) -> str:
    """The key under which the base of a side keeps a mapping."""
    return key_of(rule.on(side), compared_format(rule, side))


def counterparts(side: Side, salesforce: Record, ruleset: Ruleset) -> Mapping[str, str]:
    """Field of `side` -> the corresponding field of the other side."""
    pairs = (
        *((rule.hubspot, rule.salesforce) for rule in ruleset.mapping_of(salesforce).field_map),
        *_FURTHER_PAIRS,
    )
    return dict(pairs) if side is Side.HUBSPOT else {theirs: mine for mine, theirs in pairs}


def _keys(side: Side, salesforce: Record, ruleset: Ruleset) -> Mapping[str, str]:
    """Field of `side` -> its key in the base."""
    return {name: form.key for name, form in ruleset.mapping_of(salesforce).forms(side).items()}
