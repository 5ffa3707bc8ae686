"""What the two sides of a pair agreed on at a moment in the past, worked out from HubSpot's history
of its properties.

A link that was restored from a backup has an older base, and a rebuilt one has none. Both sides
were in step until some moment, so what HubSpot showed then is what they had agreed on. Salesforce
keeps no history that could be read: its record has not changed if it is older than the moment, and
a field has not changed if it still shows what HubSpot showed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import CHANGED, UNAGREED, tag
from crmsync.model.links import Intent, Link
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.values import (
    IncompatibleValueError,
    canonical,
    compared_format,
    convert_mapped,
)
from crmsync.rules.merge.baseline import key_of, view
from crmsync.rules.merge.intents import revision_shown
from crmsync.rules.merge.policies import is_in_sync
from crmsync.rules.merge.ruleset import Ruleset

MOST_VERSIONS = 20
"""How many values of a property HubSpot keeps at least (docs/vendors.md#hubspot-records)."""


def out_of_step(
    link: Link, hubspot: Record, salesforce: Record, ruleset: Ruleset
) -> tuple[FieldRule, ...]:
    """The mappings in which the two sides differ, and at least one of them does not show what the
    link has as agreed on.
    """
    mapping = ruleset.mapping_of(salesforce)
    shown = view(hubspot, mapping.hubspot_forms, link, ruleset.fingerprinter)
    across = view(salesforce, mapping.salesforce_forms, link, ruleset.fingerprinter)
    return tuple(
        rule
        for rule in mapping.field_map
        if not is_in_sync(shown.state(rule.hubspot), across.state(rule.salesforce))
    )


def with_base_of(
    link: Link,
    hubspot: Record,
    salesforce: Record,
    rows: Iterable[FieldRule],
    ruleset: Ruleset,
    moment: datetime,
) -> Link:
    """The link with what was agreed on in the mappings `rows` at `moment` (UTC), when the two sides
    were in step. `hubspot` was read with its history.

    Where the history does not reach back to the moment, nothing counts as agreed on: the field is
    merged as at a first meeting. No write is in flight any more.
    """
    fingerprinter = ruleset.fingerprinter
    if fingerprinter.knows(link.key) and link.hubspot_base.fingerprints:
        fingerprinter = fingerprinter.of(link.key)
    hubspot_base = dict(link.hubspot_base.fingerprints)
    salesforce_base = dict(link.salesforce_base.fingerprints)
    for rule in rows:
        mine, theirs = (compared_format(rule, side) for side in (Side.HUBSPOT, Side.SALESFORCE))
        mine_tag, theirs_tag = tag(key_of(rule.hubspot, mine)), tag(key_of(rule.salesforce, theirs))
        values = value_at(hubspot, rule.hubspot, moment)
        if not values:
            hubspot_base[mine_tag] = salesforce_base[theirs_tag] = UNAGREED
            continue
        agreed = values[0]
        hubspot_base[mine_tag] = fingerprinter.fingerprint(
            key_of(rule.hubspot, mine), canonical(mine, agreed)
        )
        shown = canonical(theirs, salesforce.fields.get(rule.salesforce))
        is_unchanged = salesforce.modified_at <= moment or shown == _across(rule, agreed)
        salesforce_base[theirs_tag] = (
            fingerprinter.fingerprint(key_of(rule.salesforce, theirs), shown)
            if is_unchanged
            else CHANGED
        )
    return replace(
        link,
        hubspot_base=replace(link.hubspot_base, fingerprints=hubspot_base),
        salesforce_base=replace(link.salesforce_base, fingerprints=salesforce_base),
        hubspot_intent=Intent(revision_shown(hubspot, ruleset)),
        salesforce_intent=Intent(revision_shown(salesforce, ruleset)),
        tying=Intent(),
        wrote=frozenset(),
        key=fingerprinter.number,
    )


def versions_since(record: Record, moment: datetime) -> list[Record]:
    """A HubSpot record as it was at a moment (UTC) and after each of its edits since, the newest
    first. It was read with its history; properties without a history are as they are now.
    """
    times = {one.at for past in record.past.values() for one in past if one.at > moment}
    return [_as_of(record, time) for time in (*sorted(times, reverse=True), moment)]


def _as_of(record: Record, moment: datetime) -> Record:
    then = {name: value for name in record.past for value in value_at(record, name, moment)}
    return replace(record, fields={**record.fields, **then})


def value_at(record: Record, name: str, moment: datetime) -> tuple[Value] | tuple[()]:
    """The value of a property at a moment, or nothing if the history does not reach back that
    far. A property that was first set later was blank.
    """
    past = record.past.get(name, ())
    earlier = [one for one in past if one.at <= moment]
    if earlier:
        return (earlier[-1].value,)
    return () if len(past) >= MOST_VERSIONS else (None,)


def _across(rule: FieldRule, value: Value) -> Value:
    """A value of HubSpot in the form in which Salesforce's are compared. Where it cannot cross,
    one that equals none.
    """
    try:
        crossed = convert_mapped(rule, Side.SALESFORCE, value).value
    except IncompatibleValueError:
        return "\0"
    return canonical(compared_format(rule, Side.SALESFORCE), crossed)
