"""What a pair that has ended leaves to the new pair of one of its records.

Law: what was announced for a pair that has ended is no edit of the new pair's record, whenever it
arrives, and what has arrived says nothing of how the new pair began.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from crmsync.model.facts import Facts
from crmsync.model.fingerprints import PENDING, UNAGREED, tag, tags
from crmsync.model.links import Intent, Link
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.merge.intents import has_arrived, under_way_for_ended
from crmsync.rules.merge.lost_writes import OWNER_FIELD, with_earlier
from crmsync.rules.merge.ruleset import Ruleset


def released(match: Record, ended: Collection[Link], ruleset: Ruleset) -> Record:
    """A record that is to be paired again, without the revision that it shows of a pair that has
    ended: of the new pair's beginning that says nothing.
    """
    of_match = (one for one in ended if one.on(match.ref.side) == match.ref)
    shows_ended = any(
        one.intent(match.ref.side).revision and has_arrived(match, one, ruleset) for one in of_match
    )
    if not shows_ended:
        return match
    field = ruleset.revision_field(match.ref.side)
    return replace(match, fields={**match.fields, field: None})


def with_late_writes(
    link: Link, facts: Facts, match: Ref, salesforce: Record, ruleset: Ruleset
) -> Link:
    """The link of a new pair, with what was announced to be written to one of its records for an
    ended pair, and may still arrive (decision 25).

    Args:
        link: The new link.
        facts: What was gathered: the record that is paired again, as it was read, and the links
            that end with that.
        match: That record.
        salesforce: The Salesforce record of the new pair.
        ruleset: The rules of the kind.
    """
    for place, ended in under_way_for_ended(facts, ruleset, facts.since):
        if place != match:
            continue
        before = ended.intent(match.side)
        intent = Intent(
            ruleset.fingerprinter.revision(f"after {before.revision.hex()}"),
            _values_to_come(ended, match.side, salesforce, ruleset),
            before.at,
            with_earlier(before),
        )
        link = link.announcing(match.side, intent)
    return link


def _values_to_come(
    ended: Link, side: Side, salesforce: Record, ruleset: Ruleset
) -> dict[bytes, frozenset[bytes]]:
    """Tag of a field -> the fingerprints of the values that writes for the ended link can leave
    there. Empty if its fingerprints are made with another key; of a mapping that rests nothing.
    """
    if ended.key != ruleset.fingerprinter.number:
        return {}
    intent, base = ended.intent(side), ended.base(side)
    forms = ruleset.mapping_of(salesforce).forms(side).values()
    known = tags(one.key for one in forms)
    to_come = {
        key: frozenset({base.fingerprints[key]}) - PENDING - {UNAGREED}
        for key in intent.replaces
        if key in base.fingerprints and key in known
    }
    owner = OWNER_FIELD[side]
    if tag(owner) in intent.replaces:
        last = ended.hubspot_owner if side is Side.HUBSPOT else ended.salesforce_owner
        to_come[tag(owner)] = frozenset({ruleset.fingerprinter.fingerprint(owner, last or "")})
    for key, values in intent.earlier.values.items() if intent.earlier else ():
        if key in to_come:
            to_come[key] |= values
    return {key: values for key, values in to_come.items() if values}
