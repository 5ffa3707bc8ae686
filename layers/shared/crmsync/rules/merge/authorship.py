"""Whose a value is that a record shows: a person's, or one that a write of ours left.

Law: a value that the announced write should have replaced, or that another write of ours left, is
nobody's edit. HubSpot's history shows who set a property last. Salesforce shows only who edited the
record last, and in our field which of our writes came last; where that is an earlier one, only the
fields of such writes are ours.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from crmsync.model.links import Intent, Link
from crmsync.model.records import Record, Side, Value
from crmsync.rules.merge.ruleset import Ruleset


def replaced(record: Record, key: bytes, link: Link, ruleset: Ruleset) -> frozenset[bytes]:
    """What a field may show without being anybody's edit: what the announced write replaces, and
    what an earlier one of ours has left. `key` is the field's tag.

    Nothing has come of the earlier writes where the record shows none of their revisions, unless it
    has taken another record's place, whose revision it need not have.
    """
    intent = link.intent(record.ref.side)
    known, earlier = intent.replaces.get(key, frozenset()), intent.earlier
    if earlier is None or _has_taken_a_place(record, link):
        return known
    if _shows_any(record, earlier.revisions, ruleset):
        return known
    return known - earlier.values.get(key, frozenset())


def is_nobodys_edit(
    record: Record, name: str, key: bytes, shown: bytes, link: Link, ruleset: Ruleset
) -> bool:
    """Whether a value is nobody's edit: one that the announced write should have replaced, or one
    that another write of ours left. `key` is the field's tag.

    A Salesforce record that shows no revision at all has got no value of ours that the link does
    not know, unless it has taken another record's place: what we write without a revision is the id
    of its counterpart.
    """
    intent = link.intent(record.ref.side)
    is_known = shown in intent.replaces.get(key, ())
    if shown in replaced(record, key, link, ruleset):
        return not (intent.arrived and is_left_by_others(record, name, ruleset))
    if record.ref.side is Side.SALESFORCE:
        if not (is_known or shown_revision(record, ruleset) or _has_taken_a_place(record, link)):
            return False
        fields = _fields_written_last(record, intent, ruleset)
        return is_last_edited_by_us(record, ruleset) and (fields is None or key in fields)
    return is_left_by_us(record, name, ruleset)


def is_left_by_us(record: Record, name: str, ruleset: Ruleset) -> bool:
    """Whether crmsync was the last to edit a HubSpot property or a Salesforce record."""
    if record.ref.side is Side.SALESFORCE:
        return is_last_edited_by_us(record, ruleset)
    origin = record.origins.get(name)
    return bool(ruleset.our_app) and origin is not None and origin.by == ruleset.our_app


def is_left_by_others(record: Record, name: str, ruleset: Ruleset) -> bool:
    """Whether HubSpot's history, if it was read, shows that others set a property last."""
    is_known = name in record.origins and bool(ruleset.our_app)
    return is_known and not is_left_by_us(record, name, ruleset)


def is_last_edited_by_us(record: Record, ruleset: Ruleset) -> bool:
    """Whether crmsync was the last to edit a Salesforce record."""
    us = ruleset.our_user_in(record) if record.ref.side is Side.SALESFORCE else ""
    return bool(us) and record.modified_by == us


def _fields_written_last(
    record: Record, intent: Intent, ruleset: Ruleset
) -> frozenset[bytes] | None:
    """The tags of the fields of our last write to a record, if that is one of the earlier ones."""
    earlier = intent.earlier
    shows_it = earlier and _shows_any(record, earlier.revisions, ruleset)
    return earlier.fields if earlier and shows_it else None


def _shows_any(record: Record, revisions: Collection[bytes], ruleset: Ruleset) -> bool:
    """Whether a record shows one of these revisions."""
    return shown_revision(record, ruleset) in {one.hex() for one in revisions}


def _has_taken_a_place(record: Record, link: Link) -> bool:
    """Whether a record has come in place of one that the stored link has."""
    return link.stored is not None and record.ref not in link.stored


def shown_revision(record: Record, ruleset: Ruleset) -> Value:
    """The revision that a record shows, if any."""
    return record.fields.get(ruleset.revision_field(record.ref.side))


def was_set_since(record: Record, name: str, moment: datetime | None) -> bool:
    """Whether somebody has set a HubSpot property since then."""
    origin = record.origins.get(name)
    return origin is not None and moment is not None and origin.at > moment
