"""A write that was announced and has not reached its record is withdrawn: its value is again an
edit of the other side that has still to cross.

Law: a value counts as withdrawn only where it is nobody's edit (`authorship`). A person's edit
stays one, and crosses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from crmsync.model.crm_names import (
    DEAL_STAGE,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PARENT_ACCOUNT,
    PIPELINE,
    PRIMARY_COMPANY,
    RECORD_TYPE_ID,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
    STAGE_NAME,
)
from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import PENDING, tag
from crmsync.model.links import LONGEST_WRITE, EarlierWrites, Intent, Link
from crmsync.model.records import Record, Side
from crmsync.rules.fields.values import compared_format
from crmsync.rules.merge.authorship import (
    is_last_edited_by_us,
    is_left_by_others,
    is_left_by_us,
    is_nobodys_edit,
    replaced,
    shown_revision,
    was_set_since,
)
from crmsync.rules.merge.baseline import key_of
from crmsync.rules.merge.ruleset import Ruleset

OWNER_FIELD: Mapping[Side, str] = {
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

UNKNOWN_OWNER = "?"
"""An id that no owner has, so that any owner counts as changed."""


def without_lost_write(
    record: Record, link: Link, stored: Link, salesforce: Record, ruleset: Ruleset
) -> Link:
    """The link without the write that was announced for `record` and has not arrived there.

    `stored` is the link before anything was withdrawn. A record that shows what it has as agreed on
    has lost nothing, even if the other record's write was lost in the same field.
    """
    side = record.ref.side
    others_of = counterparts(side, salesforce, ruleset)
    intent = link.intent(side)
    differs = list(differing(record, stored, salesforce, ruleset))
    replaces = _without_shown(record, stored, {key for key, _, _ in differs}, salesforce, ruleset)
    base, others = link.base(side), link.base(side.other)
    crossing: set[str] = set()
    undelivered: set[str] = set()
    for key, agreed, shown in differs:
        in_flight = bool(replaced(record, tag(key), stored, ruleset))
        if PENDING & {agreed, base.fingerprint_of(key)} and not in_flight:
            # The value has still to cross already, as a write to the other side was lost.
            continue
        name = key.partition(" since ")[0]
        is_later = name == PRIMARY_COMPANY and was_set_since(record, name, intent.at)
        is_ours = not is_later and is_nobodys_edit(record, name, tag(key), shown, stored, ruleset)
        if not is_ours and is_last_edited_by_us(record, ruleset):
            # By the record alone, it would look like Salesforce's formatting of our value.
            base = base.with_pending([key])
        if not is_ours and (intent.arrived or not in_flight):
            # A person's edit. If our value had been there before, it does not cross once more.
            continue
        base = base.with_fingerprints({key: shown}) if is_ours else base
        replaces[tag(key)] = (
            replaces.get(tag(key), frozenset()) | {agreed} | ({shown} if is_ours else set())
        )
        if other := others_of.get(name):
            # What was marked as an edit already, as an undo's value is, stays one.
            (undelivered if is_ours and agreed not in PENDING else crossing).add(other)
    names_across = _keys(side.other, salesforce, ruleset)
    others = others.with_pending(names_across[one] for one in crossing if one in names_across)
    others = others.with_undelivered(
        names_across[one] for one in undelivered if one in names_across
    )
    resting = [
        rule for rule in ruleset.mapping_of(salesforce).resting if tag(_key(rule, side)) in replaces
    ]
    for rule in resting:
        # Whether it arrived is not visible while the mapping rests: it has still to cross when the
        # mapping syncs again.
        key = _key(rule, side)
        left = replaces.pop(tag(key))
        in_view = _shown(record, rule, salesforce, ruleset) & left
        base = base.with_fingerprints({key: min(in_view or left)})
    others = others.with_undelivered(_key(rule, side.other) for rule in resting)
    owner = _lost_owner(record, stored, ruleset)
    if owner:
        replaces[tag(OWNER_FIELD[side])] = owner[1]
        link = _with_owner(link, stored, side, owner[0], had_it=_had_owner(intent))
    if owner or crossing or undelivered or base != link.base(side):
        # If the announced write still arrives, its revision shows that it came too late.
        revision = ruleset.fingerprinter.revision(f"after {intent.revision.hex()}")
        intent = replace(intent, revision=revision, earlier=with_earlier(intent), arrived=False)
    link = link.announcing(side, replace(intent, replaces=replaces))
    if side is Side.HUBSPOT:
        return replace(link, hubspot_base=base, salesforce_base=others)
    return replace(link, salesforce_base=base, hubspot_base=others)


def without_late_write(
    record: Record, link: Link, stored: Link, salesforce: Record, ruleset: Ruleset
) -> Link:
    """The link without what an earlier write of ours has left in `record`, which shows the write
    that was announced last: it came after that one's worker had read the record.

    `stored` is the link before anything was withdrawn.
    """
    side = record.ref.side
    late = {
        key: shown
        for key, name, shown in may_be_late(record, stored, salesforce, ruleset)
        if is_left_by_us(record, name, ruleset)
    }
    if _has_late_owner(record, stored, ruleset):
        shown_owner = str(record.fields.get(OWNER_FIELD[side]) or "")
        link = _with_owner(link, stored, side, shown_owner, had_it=True)
    if not late:
        return link
    others_of = counterparts(side, salesforce, ruleset)
    names_across = _keys(side.other, salesforce, ruleset)
    crossing = (others_of.get(key.partition(" since ")[0], "") for key in late)
    base = link.base(side).with_fingerprints(late)
    others = link.base(side.other).with_undelivered(
        names_across[one] for one in crossing if one in names_across
    )
    if side is Side.HUBSPOT:
        return replace(link, hubspot_base=base, salesforce_base=others)
    return replace(link, salesforce_base=base, hubspot_base=others)


def may_be_late(
    record: Record, link: Link, salesforce: Record, ruleset: Ruleset
) -> Iterator[tuple[str, str, bytes]]:
    """The fields in which the record shows what an earlier write of ours may have left, although it
    shows the write that was announced last: key in the base, name, and the shown fingerprint. None
    where it shows no revision: no write of ours has reached it.
    """
    intent = link.intent(record.ref.side)
    if intent.earlier is None or not shown_revision(record, ruleset):
        return
    for key, _, shown in differing(record, link, salesforce, ruleset):
        if tag(key) in intent.earlier.fields and shown in intent.replaces.get(tag(key), ()):
            yield key, key.partition(" since ")[0], shown


def _lost_owner(
    record: Record, link: Link, ruleset: Ruleset
) -> tuple[str | None, frozenset[bytes]] | None:
    """The owner to assume on this side where the announced one never arrived, and the fingerprints
    of owners that a late write may still put there; None where nothing is to be withdrawn. A link
    keeps owners as plain ids, next to the bases.

    None is to be assumed where a person has given HubSpot's record another owner since a worker
    read both for that write: it is later than Salesforce's then, and crosses (OWN-12).
    """
    name, last = OWNER_FIELD[record.ref.side], _last_owner(record, link)
    shown, fingerprint = str(record.fields.get(name) or ""), new_owner(record, link, ruleset)
    if last is None or fingerprint is None:
        return None
    intent = link.intent(record.ref.side)
    replaces = intent.replaces.get(tag(name), frozenset())
    ours = is_nobodys_edit(record, name, tag(name), fingerprint, link, ruleset)
    if not replaces and (not ours or last == UNKNOWN_OWNER):
        # An owner that has still to cross already, as one that an undo put back, stays so.
        return None
    in_flight = replaces | {ruleset.fingerprinter.fingerprint(name, last)}
    if ours:
        return shown, in_flight
    read = intent.at - LONGEST_WRITE if intent.at else None
    is_later = is_left_by_others(record, name, ruleset) and was_set_since(record, name, read)
    return None if is_later else last, in_flight


def new_owner(record: Record, link: Link, ruleset: Ruleset) -> bytes | None:
    """The fingerprint of the owner that a record shows, None where the link has it as agreed on."""
    name, last = OWNER_FIELD[record.ref.side], _last_owner(record, link)
    shown = str(record.fields.get(name) or "")
    if last is None or shown == last or name not in record.fields:
        return None
    return ruleset.fingerprinter.fingerprint(name, shown)


def _last_owner(record: Record, link: Link) -> str | None:
    """The owner that the link knows on a record's side; None before owners were first read."""
    return link.hubspot_owner if record.ref.side is Side.HUBSPOT else link.salesforce_owner


def _has_late_owner(record: Record, link: Link, ruleset: Ruleset) -> bool:
    """Whether the owner that a record shows was left by an earlier write of ours."""
    side, name = record.ref.side, OWNER_FIELD[record.ref.side]
    intent, fingerprint = link.intent(side), new_owner(record, link, ruleset)
    if intent.earlier is None or fingerprint is None:
        return False
    left = intent.replaces.get(tag(name), ()) if tag(name) in intent.earlier.fields else ()
    return fingerprint in left and is_left_by_us(record, name, ruleset)


def _had_owner(intent: Intent) -> bool:
    """Whether the Salesforce record had the owner that the link knows: it was read there, or the
    write that announced it has been noted as arrived.
    """
    key = tag(SALESFORCE_OWNER)
    late = intent.earlier.values.get(key, frozenset()) if intent.earlier else frozenset()
    return intent.arrived or not intent.replaces.get(key, frozenset()) - late


def _with_owner(link: Link, stored: Link, side: Side, shown: str | None, *, had_it: bool) -> Link:
    """The link with an owner of `side`, if any, that is not news; the other side's is to cross.

    Where the Salesforce record had the owner that the stored link knows (`had_it`), and shows
    another one by now, that owner was overtaken.
    """
    if shown is None:
        return link
    if side is Side.HUBSPOT:
        return replace(link, hubspot_owner=shown, salesforce_owner=UNKNOWN_OWNER)
    last = stored.salesforce_owner
    overtaken = last if had_it and last not in {None, UNKNOWN_OWNER, shown} else ""
    link = replace(link, hubspot_owner=UNKNOWN_OWNER, salesforce_owner=shown)
    return replace(link, overtaken_owner=overtaken or "")


def with_earlier(intent: Intent) -> EarlierWrites | None:
    """The writes that may arrive after the next one: this intent's, and those before it."""
    known = intent.earlier or EarlierWrites(frozenset(), frozenset())
    if not intent.revision:
        return intent.earlier
    revisions, fields = known.revisions | {intent.revision}, known.fields | intent.replaces.keys()
    return EarlierWrites(revisions, fields, intent.at)


def differing(
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


def _without_shown(
    record: Record, link: Link, differs: Collection[str], salesforce: Record, ruleset: Ruleset
) -> dict[bytes, frozenset[bytes]]:
    """What the link's write to a record replaces. In fields in which the record shows the announced
    value, whoever entered it, that is only what an earlier write may still bring: anything else
    that it shows later is an edit. `differs` has the keys of the other fields.
    """
    intent, base = link.intent(record.ref.side), link.base(record.ref.side)
    values = intent.earlier.values if intent.earlier else {}
    forms = ruleset.mapping_of(salesforce).forms(record.ref.side)
    shown = {
        tag(form.key)
        for name, form in forms.items()
        if name in record.fields and form.key not in differs and base.fingerprint_of(form.key)
    }
    left = {
        key: one & values.get(key, frozenset()) if key in shown else one
        for key, one in intent.replaces.items()
    }
    return {key: one for key, one in left.items() if one}


def _shown(
    record: Record, rule: FieldRule, salesforce: Record, ruleset: Ruleset
) -> frozenset[bytes]:
    """The fingerprint of what a record shows in a mapping that rests, none where that was not read:
    HubSpot's property is read as long as HubSpot has it.
    """
    side = record.ref.side
    name, mapping = rule.on(side), ruleset.mapping_of(salesforce)
    if name not in record.fields:
        return frozenset()
    form = (mapping.whole or mapping).forms(side)[name]
    value = form.canonical(record.fields[name])
    return frozenset({ruleset.fingerprinter.fingerprint(form.key, value)})


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


def _key(rule: FieldRule, side: Side) -> str:
    """The key under which the base of a side keeps a mapping."""
    return key_of(rule.on(side), compared_format(rule, side))
