"""Intent first: the link is saved with what we are about to write before it is written, so it may
be ahead of what a record shows.

Law: a value that the link has as agreed on counts only where the record shows our write, or where
nothing of ours is in flight. What was announced and never arrived is taken back here, before a pair
is merged; then it is an edit that has still to cross, like any other.

A record tells by our revision field which of our writes reached it last. Two workers on one pair,
and a worker that died, are therefore told apart from a person who edits it: a value that an older
write of ours put there is no person's, and neither is one that a write which never arrived should
have replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
from crmsync.model.links import LONGEST_WRITE, REVISION_BYTES, Intent, Link, tag
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.fields.values import canonical, spelling
from crmsync.rules.merge.baseline import key_of
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.ruleset import Ruleset

_OWNER_FIELD: Mapping[Side, str] = {
    Side.HUBSPOT: HUBSPOT_OWNER,
    Side.SALESFORCE: SALESFORCE_OWNER,
}

_BESIDE_THE_MAP = (
    (HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT),
    (PRIMARY_COMPANY, PARENT_ACCOUNT),
    (DEAL_STAGE, STAGE_NAME),
    (PIPELINE, RECORD_TYPE_ID),
)
"""Fields that cross by a rule of their own: HubSpot's and Salesforce's."""

_REVISION = re.compile(f"[0-9a-f]{{{2 * REVISION_BYTES}}}")
"""How a record shows a revision: in hexadecimal digits."""

_UNKNOWN_OWNER = "?"
"""Nobody's id: an owner that differs from it counts as changed."""


def has_landed(record: Record, link: Link, ruleset: Ruleset) -> bool:
    """Whether the record shows the write that should have reached it last: the one announced last,
    unless a look has taken that back.
    """
    intent, shown = link.intent(record.ref.side), _text_shown(record, ruleset)
    if not intent.revision:
        return not (intent.replaces and shown)
    return shown == intent.revision.hex()


def may_be_unwritten(link: Link, side: Side, now: datetime) -> bool:
    """Whether something that was announced for `side` may never arrive: whoever announced it has
    surely ended by `now`.
    """
    intent = link.intent(side)
    return bool(intent.replaces) and (intent.at is None or now - intent.at >= LONGEST_WRITE)


def may_be_under_way(
    link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset, now: datetime
) -> bool:
    """Whether another worker may still be about to write what it announced for the pair."""
    announced = (
        link.intent(one.ref.side)
        for one in (hubspot, salesforce)
        if not has_landed(one, link, ruleset)
    )
    times = (one.at for one in announced if one.replaces and one.at)
    return any(now - at < LONGEST_WRITE for at in times)


def take_back(link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> Link:
    """The link without what was announced for a record and has not reached it: the value across has
    still to cross.

    The link as it is where everything has landed.
    """
    for record in (hubspot, salesforce):
        if not has_landed(record, link, ruleset):
            link = _taken_back_from(record, link, salesforce, ruleset)
    return link


def asks_for_history(link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> bool:
    """Whether only HubSpot's history can tell if a value there is a person's or was left by an
    older write of ours.

    A value that our announced write should have replaced is not a person's; but for the company,
    which is associated before the write that shows its arrival.
    """
    if hubspot.origins or not ruleset.our_app or has_landed(hubspot, link, ruleset):
        return False
    replaces = link.hubspot_intent.replaces
    return any(
        key == PRIMARY_COMPANY or shown not in replaces.get(tag(key), ())
        for key, _, shown in _differing(hubspot, link, salesforce, ruleset)
    )


def announce(
    before: Link,
    after: Link,
    writes: Mapping[Side, frozenset[str]],
    pair: tuple[Record, Record],
    ruleset: Ruleset,
) -> Link:
    """The link to save before the pair is written: `after`, with the intent of each side that gets
    something.

    `before` is the link that the plan was made with, `writes` names the fields that each side gets.
    """
    hubspot, salesforce = pair
    revision = ruleset.fingerprinter.revision(
        f"{hubspot.ref} {salesforce.ref} {before.version} {hubspot.modified_at} {salesforce.modified_at}"
    )
    for record in pair:
        side = record.ref.side
        carried = {} if has_landed(record, before, ruleset) else dict(before.intent(side).replaces)
        if writes[side]:
            for key, fingerprint in _shown_seals(record, writes[side], salesforce, ruleset):
                carried[tag(key)] = carried.get(tag(key), frozenset()) | {fingerprint}
            new = Intent(revision, _without_agreed(carried, after, side, ruleset))
        else:
            # The merge has seen to what is carried on, so it is under way no more; should it come
            # late, the record shows another revision.
            old, late = before.intent(side), _without_agreed(carried, after, side, ruleset)
            revision_now = _revision_shown(record, b"" if late else old.revision, ruleset)
            new = Intent(revision_now, late, old.at if late else None)
        after = after.announcing(side, new)
    return after


def revision_on(link: Link, place: object, side: Side, portal_id: int) -> Mapping[str, Value]:
    """What a write to `place` carries so that the record shows that it got there; nothing where
    nothing was announced for the record.
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
    """Whether a write to an account is meant for the contact behind it, which a person account is
    written through (PA-3).
    """
    contact = link.salesforce
    return (
        isinstance(place, Ref)
        and place.object == ACCOUNT
        and place.side is Side.SALESFORCE
        and isinstance(contact, Ref)
        and contact.object == SALESFORCE_CONTACT
    )


def _taken_back_from(record: Record, link: Link, salesforce: Record, ruleset: Ruleset) -> Link:
    side = record.ref.side
    others_of = across(side, salesforce, ruleset)
    intent = link.intent(side)
    replaces = dict(intent.replaces)
    base, others = link.base(side), link.base(side.other)
    crossing: set[str] = set()
    for key, agreed, shown in _differing(record, link, salesforce, ruleset):
        in_flight = tag(key) in intent.replaces
        name = key.partition(" since ")[0]
        is_ours = _is_ours(record, name, shown, intent.replaces.get(tag(key), frozenset()), ruleset)
        is_ours = is_ours and not _was_parted_since(record, name, intent)
        if not is_ours and not in_flight:
            continue
        base = base.showing({key: shown}) if is_ours else base
        replaces[tag(key)] = (
            replaces.get(tag(key), frozenset()) | {agreed} | ({shown} if is_ours else set())
        )
        if other := others_of.get(name):
            crossing.add(other)
    names_across = _keys(side.other, salesforce, ruleset)
    others = others.still_to_cross(names_across[one] for one in crossing if one in names_across)
    for rule in ruleset.mapping_of(salesforce).resting:
        # Nobody can see whether it arrived, and no write goes along with it now: it has still to
        # cross when the mapping counts again.
        key = _key(rule, side)
        if fingerprints := replaces.pop(tag(key), None):
            base = base.showing({key: min(fingerprints)})
            others = others.still_to_cross([_key(rule, side.other)])
    owner = _owner_not_arrived(record, link, intent, ruleset)
    if owner:
        replaces[tag(_OWNER_FIELD[side])] = owner[1]
        both = (owner[0], _UNKNOWN_OWNER) if side is Side.HUBSPOT else (_UNKNOWN_OWNER, owner[0])
        link = replace(link, hubspot_owner=both[0], salesforce_owner=both[1])
    if owner or crossing or base != link.base(side):
        # Should the announced write still arrive, it is known as one that came too late.
        intent = replace(
            intent, revision=ruleset.fingerprinter.revision(f"after {intent.revision.hex()}")
        )
    link = link.announcing(side, replace(intent, replaces=replaces))
    if side is Side.HUBSPOT:
        return replace(link, hubspot_base=base, salesforce_base=others)
    return replace(link, salesforce_base=base, hubspot_base=others)


def _owner_not_arrived(
    record: Record, link: Link, intent: Intent, ruleset: Ruleset
) -> tuple[str, frozenset[bytes]] | None:
    """The owner to go by on this side, where the announced one never arrived, and the fingerprints of
    those that a late write may still put there.

    Owners are kept as plain ids beside the bases. None: nothing is to be taken back.
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
    """Whether a value is one that our announced write should have replaced, or was left by another
    write of ours; not a person's.
    """
    if shown in replaced:
        return True
    if record.ref.side is Side.SALESFORCE:
        our_user = ruleset.our_user_in(record)
        return bool(our_user) and record.modified_by == our_user
    origin = record.origins.get(name)
    return bool(ruleset.our_app) and origin is not None and origin.by == ruleset.our_app


def _was_parted_since(record: Record, name: str, intent: Intent) -> bool:
    """Whether somebody has set the contact's company since ours was announced; the association may
    have been made before.
    """
    origin = record.origins.get(name) if name == PRIMARY_COMPANY else None
    return origin is not None and intent.at is not None and origin.at > intent.at


def _differing(
    record: Record, link: Link, salesforce: Record, ruleset: Ruleset
) -> Iterator[tuple[str, bytes, bytes]]:
    """The fields that show something else than the two sides agreed on: their key in the base, the
    agreed fingerprint and the shown one.
    """
    base = link.base(record.ref.side)
    forms = ruleset.mapping_of(salesforce).forms(record.ref.side)
    for name, form in forms.items():
        key = key_of(name, form)
        agreed = base.fingerprint_of(key)
        if agreed is None or name not in record.fields:
            continue
        value = canonical(form, record.fields[name])
        shown = ruleset.fingerprinter.fingerprint(key, value)
        if agreed not in {shown, ruleset.fingerprinter.fingerprint_diverged(key, value)}:
            yield key, agreed, shown


def _shown_seals(
    record: Record, written: frozenset[str], salesforce: Record, ruleset: Ruleset
) -> Iterator[tuple[str, bytes]]:
    """What a record shows in the fields that are about to be written, by their key in the base."""
    forms = ruleset.mapping_of(salesforce).forms(record.ref.side)
    for name in sorted(written & forms.keys()):
        key = key_of(name, forms[name])
        yield (
            key,
            ruleset.fingerprinter.fingerprint(key, canonical(forms[name], record.fields.get(name))),
        )
    owner = _OWNER_FIELD[record.ref.side]
    if owner in written:
        yield owner, ruleset.fingerprinter.fingerprint(owner, str(record.fields.get(owner) or ""))


def _without_agreed(
    replaces: Mapping[bytes, frozenset[bytes]], after: Link, side: Side, ruleset: Ruleset
) -> Mapping[bytes, frozenset[bytes]]:
    """A value that is announced now, or agreed on now, is none that it replaces."""
    agreed = dict(after.base(side).fingerprints)
    owner = _OWNER_FIELD[side]
    last = after.hubspot_owner if side is Side.HUBSPOT else after.salesforce_owner
    agreed[tag(owner)] = ruleset.fingerprinter.fingerprint(owner, last or "")
    left = {key: fingerprints - {agreed.get(key, b"")} for key, fingerprints in replaces.items()}
    return {key: fingerprints for key, fingerprints in left.items() if fingerprints}


def _revision_shown(record: Record, otherwise: bytes, ruleset: Ruleset) -> bytes:
    """The revision to know a record by that has nothing in flight: the one that it shows, if it
    shows one.
    """
    text = _text_shown(record, ruleset)
    return bytes.fromhex(text) if _REVISION.fullmatch(text) else otherwise


def _text_shown(record: Record, ruleset: Ruleset) -> str:
    """What a record shows as the revision of our newest write; "" where there was none."""
    return str(record.fields.get(ruleset.revision_field(record.ref.side)) or "")


def _key(rule: FieldRule, side: Side) -> str:
    """By what the base of a side keeps a row."""
    return key_of(rule.on(side), spelling(rule, side))


def across(side: Side, salesforce: Record, ruleset: Ruleset) -> Mapping[str, str]:
    """Field of `side` -> the field that it goes with on the other."""
    pairs = (
        *((rule.hubspot, rule.salesforce) for rule in ruleset.mapping_of(salesforce).field_map),
        *_BESIDE_THE_MAP,
    )
    return dict(pairs) if side is Side.HUBSPOT else {theirs: mine for mine, theirs in pairs}


def _keys(side: Side, salesforce: Record, ruleset: Ruleset) -> Mapping[str, str]:
    """Field of `side` -> its key in the base."""
    return {
        name: key_of(name, form)
        for name, form in ruleset.mapping_of(salesforce).forms(side).items()
    }
