"""Intent first: a link is saved with what is about to be written before it is written, so it may be
ahead of what a record shows.

Law: a value that the link has as agreed on counts only where the record shows our write, or where
none of our writes is in flight. A write that was announced and never arrived is withdrawn
(`lost_writes`) before the pair is merged; then its value is an edit that has still to cross.

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
    PRIMARY_COMPANY,
    SALESFORCE_CONTACT,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.fingerprints import REVISION_BYTES, Base, tag
from crmsync.model.links import LONGEST_WRITE, Intent, Link
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.merge.authorship import replaced
from crmsync.rules.merge.lost_writes import (
    OWNER_FIELD,
    UNKNOWN_OWNER,
    differing,
    may_be_late,
    new_owner,
    without_late_write,
    without_lost_write,
)
from crmsync.rules.merge.owners import SHOWN_ID
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.ruleset import Ruleset

_REVISION = re.compile(f"[0-9a-f]{{{2 * REVISION_BYTES}}}")
"""A revision as a record shows it, in hexadecimal digits."""


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


def writes_may_follow(facts: Facts, ruleset: Ruleset, now: datetime) -> bool:
    """Whether another worker may still be going to write what it announced for the pair, or for an
    ended pair of a record that is paired again.

    A change that was put off meets its own announcement for its pair, not another worker's.
    """
    link, hubspot, salesforce = facts.link, facts.hubspot, facts.salesforce
    if link is None:
        return any(under_way_for_ended(facts, ruleset, now))
    if facts.change.tries or facts.change.held or not (hubspot and salesforce):
        return False
    return may_be_under_way(link, hubspot, salesforce, ruleset, now)


def under_way_for_ended(
    facts: Facts, ruleset: Ruleset, now: datetime | None
) -> Iterator[tuple[Ref, Link]]:
    """The records that may be paired again to which a worker may still be going to write what it
    announced for an ended pair, each with the link of that pair. `now` is None where no time is
    known.
    """
    records = [one for one in (facts.named_counterpart, *facts.candidates) if one]
    for record in records if facts.tombstones else ():
        for link in facts.tombstones:
            intent = link.intent(record.ref.side)
            has_ended = now and intent.at and now - intent.at >= LONGEST_WRITE
            if link.on(record.ref.side) != record.ref or has_ended or not intent.replaces:
                continue
            if not has_arrived(record, link, ruleset):
                yield record.ref, link


def withdraw_lost(link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> Link:
    """The link without writes that were announced and have not reached their record, or that an
    earlier write of ours has overtaken: the other side's value has still to cross. Unchanged where
    every write has arrived in its turn.
    """
    stored = link = _without_settled_owner(link, salesforce)
    for record in (hubspot, salesforce):
        if not has_arrived(record, stored, ruleset):
            link = without_lost_write(record, link, stored, salesforce, ruleset)
        elif stored.intent(record.ref.side).earlier:
            link = without_late_write(record, link, stored, salesforce, ruleset)
    return link


def _without_settled_owner(link: Link, salesforce: Record) -> Link:
    """The link without the owner that was overtaken, once owners have crossed since, or the
    Salesforce record shows yet another one.
    """
    shown = str(salesforce.fields.get(SALESFORCE_OWNER) or "")
    if not link.overtaken_owner or link.owners == (UNKNOWN_OWNER, shown):
        return link
    return replace(link, overtaken_owner="")


def asks_for_history(link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset) -> bool:
    """Whether only HubSpot's history shows if a value there is a person's edit or was left by an
    older write of ours.

    A value that the announced write should have replaced is nobody's edit, unless that write has
    been noted as arrived: somebody may have entered it since. The company is an exception: it is
    associated before the write that shows its arrival.
    """
    if hubspot.origins or not ruleset.our_app:
        return False
    if has_arrived(hubspot, link, ruleset):
        has_earlier = link.hubspot_intent.earlier is not None
        return has_earlier and any(may_be_late(hubspot, link, salesforce, ruleset))
    arrived = link.hubspot_intent.arrived
    differs = {key: shown for key, _, shown in differing(hubspot, link, salesforce, ruleset)}
    if owner := new_owner(hubspot, link, ruleset):
        differs[OWNER_FIELD[Side.HUBSPOT]] = owner
    return any(
        arrived or key == PRIMARY_COMPANY or shown not in replaced(hubspot, tag(key), link, ruleset)
        for key, shown in differs.items()
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
        earlier = before.earlier
        carried = dict(before.replaces)
        if has_arrived(record, link, ruleset):
            # An earlier write may still come after it. What only the last one replaced cannot.
            late = earlier.values if earlier else {}
            carried = {key: one & late[key] for key, one in carried.items() if key in late}
        for key, fingerprint in _shown_fingerprints(record, writes[side], salesforce, ruleset):
            carried[tag(key)] = carried.get(tag(key), frozenset()) | {fingerprint}
        replaces = _without_agreed(carried, bases[side], OWNER_FIELD[side], owner, ruleset)
        if earlier:
            values = _not_shown(replaces, record, salesforce, ruleset)
            earlier = replace(earlier, values=values)
        if writes[side]:
            revision = ruleset.fingerprinter.revision(
                f"{hubspot.ref} {salesforce.ref} {link.version} {hubspot.modified_at} "
                f"{salesforce.modified_at}"
            )
            intents[side] = Intent(revision, replaces, earlier=earlier)
        else:
            # The merge has taken the earlier writes into account, so none is in flight. If one
            # still arrives, the record shows another revision.
            revision = revision_shown(record, ruleset, b"" if replaces else before.revision)
            at = before.at if replaces or earlier else None
            intents[side] = Intent(revision, replaces, at, earlier, before.arrived)
    return intents


def written(link: Link, plan: Plan, pair: tuple[Record, Record], ruleset: Ruleset) -> Link:
    """The link once the plan has been applied to these records, as they were read before. What a
    record that was written showed then is from now on a person's edit, even if an earlier write of
    ours arrives last, and so is whatever no write of ours has left.
    """
    places = {one.place for one in plan.effects if isinstance(one, UpdateRecord)}
    for record in pair:
        intent = link.intent(record.ref.side)
        if record.ref not in places or intent.earlier is None:
            continue
        shown = {
            tag(key): fingerprint
            for key, fingerprint in _shown_fingerprints(record, record.fields, pair[1], ruleset)
        }
        left = {key: one - {shown.get(key, b"")} for key, one in intent.replaces.items()}
        replaces = {key: one for key, one in left.items() if one}
        noted = replace(intent, replaces=replaces, arrived=True)
        link = link.announcing(record.ref.side, noted)
    return link


def revision_on(link: Link, place: object, side: Side, portal_id: int) -> Mapping[str, Value]:
    """The revision to write to `place` along with the fields, so that the record shows that the
    write arrived; empty where no write was announced for the record.
    """
    revision = link.intent(side).revision
    if not revision:
        return {}
    name = names.revision_fields(portal_id)[side]
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
    owner = OWNER_FIELD[record.ref.side]
    if owner in written:
        yield owner, ruleset.fingerprinter.fingerprint(owner, str(record.fields.get(owner) or ""))


def _not_shown(
    replaces: Mapping[bytes, frozenset[bytes]],
    record: Record,
    salesforce: Record,
    ruleset: Ruleset,
) -> Mapping[bytes, frozenset[bytes]]:
    """What is replaced, without values that the record shows: only a write that is still under way
    can bring the others. Without fields of which it is not known what they show.
    """
    shown = {
        tag(key): fingerprint
        for key, fingerprint in _shown_fingerprints(record, record.fields, salesforce, ruleset)
    }
    left = {key: some - {shown[key]} for key, some in replaces.items() if key in shown}
    return {key: some for key, some in left.items() if some}


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
